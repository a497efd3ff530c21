"""The meetings an invitation may mean, each given what was printed for it."""

import functools
import re
from collections.abc import Iterable, Sequence

from rooms.join import addresses, words
from rooms.join.meeting import BARE, Found, Meeting, by_likelihood
from rooms.join.neighbours import Neighbours
from rooms.join.passages import HIDDEN, QUOTED, Mention, Passage
from rooms.join.provider import Provider
from rooms.join.recognise import PROVIDERS

_NUMBER = re.compile(r"\d{3}[ \-\u00a0\u202f]?\d{2}")
_ID_OF_USER = re.compile(r"(\d{5,40})(?:\.(\d{1,20}))?(?:\..*)?")


def meetings_of(passages: Sequence[Passage]) -> list[Meeting]:
    """The meetings an invitation may mean, the likeliest first."""
    meetings = _by_links(passages)
    for passage in passages:
        _give_addresses(passage, meetings)
    if not meetings:
        meetings = _by_printed_id(passages)
    for passage in passages if meetings else ():
        _give_labels(passage, meetings)
    if len(meetings) > 1:
        for meeting in meetings:
            meeting.penalty = _doubt(meeting, passages)
        meetings.sort(key=by_likelihood)
    return meetings


def _by_links(passages: Sequence[Passage]) -> list[Meeting]:
    """One meeting for all links that lead to it."""
    known: dict[tuple[str, str], Meeting] = {}
    for passage in passages:
        for mention in passage.mentions:
            meeting = known.get(_key(mention)) or _same_teams_meeting(mention, known.values())
            if meeting is None:
                provider = mention.found.provider
                meeting = Meeting(provider, mention.place, (mention.passage, mention.at))
            known[_key(mention)] = meeting
            meeting.mentions.append(mention)
            meeting.id = meeting.id or mention.found.id
    return list(dict.fromkeys(known.values()))


def _key(mention: Mention) -> tuple[str, str]:
    found = mention.found
    return found.provider.name, (found.id or found.key or found.alias or found.name or found.url)


def _same_teams_meeting(mention: Mention, known: Iterable[Meeting]) -> Meeting | None:
    """The Teams meeting that a link of the other kind in the same invitation leads to as well.

    The short link tells the id, the long one the thread, and nothing tells that they belong
    together; each invitation has one of each.
    """
    if mention.found.provider.name != "teams":
        return None
    old = {QUOTED, HIDDEN}
    for meeting in known:
        same_age = meeting.place == mention.place or old.isdisjoint((meeting.place, mention.place))
        if meeting.provider.name == "teams" and same_age:
            kinds = {bool(other.found.id) for other in meeting.mentions}
            if kinds == {not mention.found.id}:
                return meeting
    return None


def _doubt(meeting: Meeting, passages: Sequence[Passage]) -> int:
    """What the form of its first link, and the words beside it, say against a meeting."""
    if not meeting.mentions:
        return 0
    mention = meeting.mentions[0]
    text = passages[mention.passage].text
    start = text.rfind("\n", max(0, mention.at - 60), mention.at) + 1
    before = text[max(start, mention.at - 60) : mention.at]
    end = mention.at + len(mention.found.url)
    after = text[end : end + 30].partition("\n")[0]
    stale = words.STALE.stand_in(f"{before} {after}".lower())
    return 2 * mention.found.link.rank + (8 if stale else 0)


def _give_addresses(passage: Passage, meetings: list[Meeting]) -> None:
    """Each dialled address to the meeting it leads to, or to one of its own."""
    if not (meetings or passage.ways or passage.addresses):
        return
    near = Neighbours(passage, meetings)
    for way in passage.ways:
        meeting = near.of(way.at, {"printed"})
        if meeting is None:
            name = "pexip" if way.found.vendor == "pexip" else "teams"
            meeting = _new(meetings, PROVIDERS[name], passage, way.at)
        meeting.ways.append((passage.number, way))
    dialled = [one for one in passage.addresses if one.sure > addresses.NUMERIC]
    for one in dialled or passage.addresses:
        meeting = _owner(meetings, near, one)
        if meeting is None:
            meeting = _new(meetings, one.provider or _unnamed(passage), passage, one.at)
            found = _ID_OF_USER.fullmatch(one.user)
            named = one.provider is not None and one.provider.name != "teams"
            meeting.id = found[1] if found and named else ""
        meeting.addresses.append((passage.number, one))
    gateways = addresses.gateways(passage.text, [one.at for one in passage.addresses])
    if gateways:
        near = Neighbours(passage, meetings)
        for at, gateway in gateways:
            meeting = near.of(at)
            if meeting is not None:
                meeting.gateways.append((passage.number, at, gateway))


def _unnamed(passage: Passage) -> Provider:
    """The platform of an address at an unknown host: only for Teams a second number is printed."""
    teams = any(one.kind == "vtc" for one in passage.labels)
    return PROVIDERS["teams"] if teams else BARE


def _owner(meetings: Sequence[Meeting], near: Neighbours, one: addresses.Printed) -> Meeting | None:
    """The meeting that an address leads to."""
    for meeting in meetings:
        if meeting.says(one.user):
            return meeting
    if one.provider is not None:
        same = [meeting for meeting in meetings if meeting.provider is one.provider]
        if same:
            return near.of(one.at, among=same) or same[0]
        if one.provider.name not in {"teams", "pexip"}:
            return None
    return near.of(one.at, None if one.sure > addresses.NUMERIC else {"printed", "none", "closed"})


def _new(meetings: list[Meeting], provider: Provider, passage: Passage, at: int) -> Meeting:
    meeting = Meeting(provider, passage.place, (passage.number, at))
    meetings.append(meeting)
    return meeting


def _by_printed_id(passages: Sequence[Passage]) -> list[Meeting]:
    """Meetings without a readable link: a platform's name and a number that fits it."""
    meetings: list[Meeting] = []
    for passage in passages:
        if _NUMBER.search(passage.text) is None:
            continue
        low = passage.text.lower()
        named = [provider for word, provider in _words() if word in low]
        if not named:
            continue
        for one in passage.labels:
            if one.kind in {"id", "conference"}:
                fit = [p for p in named if p.digits[0] <= len(one.value) <= p.digits[1]]
                if fit and not any(m.id == one.value for m in meetings):
                    _new(meetings, _closest(fit, low, one.at), passage, one.at).id = one.value
    return meetings


@functools.cache
def _words() -> tuple[tuple[str, Provider], ...]:
    """The names of the platforms whose meetings can be told by a number alone."""
    return tuple((w, p) for p in PROVIDERS.values() if p.digits[1] for w in p.words)


def _closest(providers: Sequence[Provider], low: str, at: int) -> Provider:
    """The platform that is named last before a place, or else the first that is named."""

    def distance(provider: Provider) -> tuple[bool, int]:
        before = max(low.rfind(word, 0, at + 30) for word in provider.words)
        return before < 0, -before

    return min(providers, key=distance)


def _give_labels(passage: Passage, meetings: Sequence[Meeting]) -> None:
    """Each printed value to the meeting that names its number, or whose link stands before it."""
    if not meetings or len(passage.text) < 6:
        return
    if passage.place in {QUOTED, HIDDEN} and not any(
        m.order[0] == passage.number for m in meetings
    ):
        return
    near = Neighbours(passage, meetings)
    by_id = {meeting.id: meeting for meeting in reversed(meetings) if meeting.id}
    named: Meeting | None = None
    for one in passage.labels:
        if one.kind in {"id", "tap", "conference"}:
            named = by_id.get(one.value)
        owner = named or near.of(one.at)
        if owner is not None:
            owner.printed.append(Found(passage, one))
