"""An invitation cut into the passages that are read one by one, and what stands in each."""

import functools
import re

import msgspec

from rooms.join import addresses, interop, labels, markup, quotes, urls, words
from rooms.join.invitation import EntryPoint, Invitation
from rooms.join.recognise import PROVIDERS, Recognised, known_host, of_interest, recognise
from rooms.join.text import LIMIT, readable, undone
from rooms.join.unwrap import unwrap

CONFERENCE, ONLINE_URL, LOCATION, BODY = "conference", "online_url", "location", "body"
SUBJECT, QUOTED, HIDDEN = "subject", "quoted", "hidden"
"""Where something stood."""

SHORT = 16 * 1024
"""Characters of a subject, a location or an entry that are read."""

MOST_PLACES = 32
"""Locations, and entries of conference data, that are read."""

MOST_LINKS = 100
"""Join links of one passage that are kept; nobody means the hundred and first."""

_ENDINGS = tuple(
    sorted(
        {
            f".{host.rpartition('.')[2]}/"
            for provider in PROVIDERS.values()
            for link in provider.links
            for host in link.hosts.split()
            if "." in host
        }
    )
)
_PASSWORD = re.compile(r"[?&](?:pwd|pw|tk)=[^&#]")
_NO_SCHEME = re.compile(r"[^\s<>\"'`\\^{}|\x80-\U0010ffff]{1,2000}")
_HOST_BACK = re.compile(r"[A-Za-z0-9\-]{0,63}(?:\.[A-Za-z0-9\-]{1,63}){0,5}\.?")


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A join link where it stands."""

    found: Recognised
    place: str
    passage: int
    at: int
    through: tuple[str, ...] = ()
    has_password: bool = False
    """Whether the link lets in without asking."""


class Opaque(msgspec.Struct, frozen=True, kw_only=True):
    """A rewritten link that cannot be read."""

    gateway: str
    hint: str
    joins: bool
    """Whether its host or the words before it say that it joins a meeting."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A link to the dialling instructions of an interoperability service."""

    found: interop.Interop
    at: int


class Passage:
    """A part of an invitation with what was found in it; labels are read when asked for."""

    def __init__(self, number: int, place: str, text: str, mail_domain: str = "") -> None:
        """A part to be read; `number` counts from 0 in order of trust."""
        self.number = number
        self.place = place
        self.text = text
        self.mentions: list[Mention] = []
        self.opaque: list[Opaque] = []
        self.ways: list[Way] = []
        self.urls: list[str] = []
        """All links, as they were before mail filters rewrote them."""
        self._spans: list[tuple[int, int]] = []
        self._labels: list[labels.Printed] | None = None
        if "://" in text:
            self._links()
        self.addresses = addresses.printed(text, self._spans, mail_domain)

    @property
    def labels(self) -> list[labels.Printed]:
        """What the passage prints behind labels."""
        if self._labels is None:
            self._labels = labels.printed(self.text_without_links)
        return self._labels

    @functools.cached_property
    def text_without_links(self) -> str:
        """The text with bars instead of its links, so that no number is read out of a link."""
        pieces: list[str] = []
        at = 0
        for start, end in self._spans:
            pieces += (self.text[at:start], "|" * (end - start))
            at = end
        return "".join((*pieces, self.text[at:])) if pieces else self.text

    def without_scheme(self) -> None:
        """Look for links that somebody typed without `https://`."""
        text = self.text_without_links
        if "/" not in text:
            return
        low = text.lower()
        if len(low) != len(text):
            return
        for ending in _ENDINGS:
            at = low.find(ending)
            while at >= 0 and len(self.mentions) < MOST_LINKS:
                host = _HOST_BACK.match(text[max(0, at - 120) : at][::-1])
                start = at - len(host[0] if host else "")
                before = text[start - 1 : start]
                body = _NO_SCHEME.match(text, start)
                if body and not before.isalnum() and before not in tuple("@/:.=#?&%-_|"):
                    self._mention("https://" + body[0].rstrip(".,;:!?'*~)]"), start)
                at = low.find(ending, body.end() if body else at + 1)

    def _links(self) -> None:
        for start, end, written in urls.find(self.text):
            self._spans.append((start, end))
            if not of_interest(written):
                self.urls.append(written)
            elif len(self.mentions) < MOST_LINKS:
                self._mention(written, start)

    def _mention(self, written: str, at: int) -> None:
        unwrapped = unwrap(written)
        if unwrapped.opaque:
            self._unreadable(unwrapped.opaque, unwrapped.hint, at)
            return
        self.urls.append(unwrapped.url)
        found = recognise(usable(unwrapped.url))
        if found is not None:
            mention = Mention(
                found=found,
                place=self.place,
                passage=self.number,
                at=at,
                through=unwrapped.through,
                has_password=_PASSWORD.search(found.url) is not None,
            )
            self.mentions.append(mention)
        elif (way := interop.of_link(unwrapped.url)) is not None:
            self.ways.append(Way(found=way, at=at))

    def _unreadable(self, gateway: str, hint: str, at: int) -> None:
        joins = known_host(hint) if hint else False
        joins = joins or words.JOIN.stand_in(self.text[max(0, at - 80) : at].lower())
        self.opaque.append(Opaque(gateway=gateway, hint=hint, joins=joins))


def usable(url: str) -> str:
    """A link without a password that somebody replaced by dots or a placeholder."""
    if url.endswith(("?pwd=", "&pwd=", "?pwd", "&pwd")):
        return url.rpartition("pwd")[0].rstrip("?&")
    return url


def passages_of(invitation: Invitation) -> tuple[list[Passage], list[str]]:
    """The passages of an invitation, the most trusted first, and notes on the reading."""
    notes = []
    body, html = invitation.body, invitation.html
    if len(body) > LIMIT:
        body = body[:LIMIT]
        notes.append("cut at 256 kB")
    parts = [
        (CONFERENCE, _entry(entry))
        for entry in invitation.conference[:MOST_PLACES]
        if entry.kind not in {"phone", "more"}
    ]
    parts += [(ONLINE_URL, invitation.online_url)] if invitation.online_url else []
    parts += [(LOCATION, location) for location in invitation.locations[:MOST_PLACES]]
    parts = [(place, readable(text[:SHORT])) for place, text in parts]
    if body:
        parts += _parts_of_body(undone(body), html=html)
    if invitation.subject:
        parts.append((SUBJECT, readable(invitation.subject[:SHORT])))
    found = [(place, text) for place, text in parts if text and not text.isspace()]
    domain = invitation.organizer_domain.lower()
    return [Passage(number, *part, domain) for number, part in enumerate(found)], notes


def _entry(entry: EntryPoint) -> str:
    """A way in that is kept as data, in the words of an invitation."""
    lines = [entry.uri]
    if entry.meeting_id:
        lines.append(f"Meeting ID: {entry.meeting_id}")
    if entry.passcode:
        lines.append(f"Passcode: {entry.passcode}")
    return "\n".join(lines)


def _parts_of_body(body: str, *, html: bool) -> list[tuple[str, str]]:
    hidden = older = ""
    if html or ("<" in body and markup.LOOKS_LIKE_HTML.search(body)):
        parts = markup.parts_of(body)
        body, older = parts.get(markup.NEWEST, ""), readable(parts.get(markup.QUOTED, ""))
        hidden = readable(parts.get(markup.HIDDEN, ""))
    newest, quoted = quotes.split(readable(body))
    if older:
        quoted = f"{quoted}\n{older}"
    return [(BODY, newest), (QUOTED, quoted), (HIDDEN, hidden)]
