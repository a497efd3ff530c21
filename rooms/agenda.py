"""Events become bookings: joined, masked, ordered. Pure."""

import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Protocol

from rooms import join
from rooms.model import (
    Agenda,
    Booking,
    Days,
    Event,
    JoinDetails,
    LeftOut,
    NoJoinReason,
    Response,
    Value,
    Window,
)
from rooms.room import Policy, Room

TITLE_LIMIT = 500
"""Characters of a title that are kept; no display and no endpoint shows more."""

SERIES_BYTES = 9
"""Of a series' name: it must differ within one room only."""

_place = attrgetter("start", "end", "id")

_URL_SAFE = bytes.maketrans(b"+/", b"-_")

# C0 and C1 controls, zero-width and directional marks: they forge what a display shows.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


# What Exchange and Outlook put before the subject of a meeting that was called off, in the words of
# whoever did so. Where a room does not process the message, nothing else tells of it.
_CANCELLED = re.compile(
    r"\s*(?:Cancell?ed|Abgesagt|Annul[ée]e?|Cancelad[oa]|Annullat[oa]|Geannuleerd|Inställt)"
    r"(?: event)?\s?:",
    re.IGNORECASE,
)

STRIPPED_AT_LEAST = 20
STRIPPED_SHARE = 0.95
"""A mailbox strips bodies when this share of at least so many accepted invitations has none."""


class Explained(Value, frozen=True, kw_only=True):
    """How the join details of one booking were found, for `explain`."""

    booking: str
    source: str | None = None
    rule: str | None = None
    confidence: float | None = None
    candidates: tuple[join.Candidate, ...] = ()
    tried: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Account(Value, frozen=True, kw_only=True):
    """What an agenda does not show: why each booking is as it is, and what was left out."""

    explained: tuple[Explained, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class Reader(Protocol):
    """What finds join details: `join.read` with the rules of the site."""

    def __call__(self, invitation: join.Invitation, /, *, dialing: join.Dialing) -> join.Found:
        """The join details of an invitation, or why there are none."""


def agenda_of(
    room: Room,
    events: Sequence[Event],
    *,
    window: Window,
    as_of: datetime,
    previous: Agenda | None = None,
    read: Reader = join.read,
) -> tuple[Agenda, Account]:
    """The agenda of a room, and the account of how it came about.

    An event whose times make no sense does not spoil the others, nor does it remove a booking: the
    one that `previous` has of it stays.
    """
    stripped, where, policy = strips_bodies(events), room.zone, room.policy
    known = {booking.id: booking for booking in previous.bookings} if previous else {}
    shown: list[Booking] = []
    how: dict[str, Explained] = {}
    left_out: list[LeftOut] = []
    for event, key in named(events):
        if event.when is None:
            left_out.append(LeftOut(id=key, reason="unreadable"))
            if key in known and window.overlaps(known[key].window):
                shown.append(known[key])
                how[key] = Explained(booking=key, notes=("kept: unreadable now",))
            continue
        when = event.when.window(where)
        if not window.overlaps(when):
            continue
        if reason := _hidden(event, policy):
            left_out.append(_left_out(_booking(event, key, when, policy), reason))
            continue
        found = read(join.invitation_of(event), dialing=policy.dialing)
        details, why = _offered(event, found, policy, stripped=stripped)
        shown.append(_booking(event, key, when, policy, details=details, why_not=why))
        how[key] = _how(key, found)
    shown.sort(key=_place)
    left_out.sort(key=lambda out: (out.start or window.start, out.id))
    return (
        Agenda(
            room=room.id,
            as_of=as_of,
            window=window,
            bookings=tuple(shown),
            buffers=policy.buffers,
        ),
        Account(explained=tuple([how[one.id] for one in shown]), left_out=tuple(left_out)),
    )


def strips_bodies(events: Sequence[Event]) -> bool:
    """Whether a mailbox deletes the text of invitations it accepts.

    Exchange rooms do so by default (`Set-CalendarProcessing -DeleteComments $true`), no service
    tells, and only the missing texts give it away.
    """
    if len(events) < STRIPPED_AT_LEAST:
        return False
    foreign = [e.body for e in events if not e.own and e.response is Response.ACCEPTED]
    empty = sum(not body or body.isspace() for body in foreign)
    return len(foreign) >= STRIPPED_AT_LEAST and empty >= STRIPPED_SHARE * len(foreign)


def plain(words: str) -> str:
    """One line of words without characters that are not seen or that turn the others round."""
    if words.isascii() and words.isprintable() and len(words) <= TITLE_LIMIT and "  " not in words:
        return words.strip()
    return " ".join(_UNSEEN.sub(" ", words).split())[:TITLE_LIMIT]


def named(events: Iterable[Event]) -> list[tuple[Event, str]]:
    """Each event with the id of its booking.

    The id follows the meeting's UID and, in a series, the occurrence's original start, so that it
    outlives a move of the meeting and of the mailbox to another service. Where a service gives one
    UID to several entries its own ids tell them apart.
    """
    events = list(events)
    names = [f"{event.uid}\0{event.occurrence}" for event in events]
    # Nearly always each is there once, and counting takes longer than finding that out.
    uses = Counter(names) if len(set(names)) < len(names) else {}
    return [
        (event, _key(name if event.uid and uses.get(name, 1) == 1 else f"{name}\0{event.id}"))
        for event, name in zip(events, names, strict=True)
    ]


def is_named(event: Event, booking: str) -> bool:
    """Whether a booking's id is of this event, however many others there were beside it."""
    name = f"{event.uid}\0{event.occurrence}"
    return booking in {_key(name), _key(f"{name}\0{event.id}")}


def series_of(event: Event) -> str:
    """What the occurrences of one series have in common; empty for a single meeting."""
    if not event.occurrence or not event.uid:
        return ""
    return _key(f"{event.uid}\0series", SERIES_BYTES)


def _key(name: str, size: int = 18) -> str:
    digest = hashlib.blake2b(name.encode(), digest_size=size).digest()
    # Three bytes are four characters, without padding.
    return binascii.b2a_base64(digest, newline=False).translate(_URL_SAFE).decode()


def _booking(
    event: Event,
    key: str,
    when: Window,
    policy: Policy,
    *,
    details: JoinDetails | None = None,
    why_not: NoJoinReason | None = None,
) -> Booking:
    """The booking that an event is; a private one keeps its time and loses its words."""
    privacy = policy.privacy
    named = not event.private or privacy.show_organizer
    organizer = plain(event.organizer.name or event.organizer.address)
    return Booking(
        id=key,
        start=when.start,
        end=when.end,
        all_day=isinstance(event.when, Days),
        title=privacy.private_title if event.private else plain(event.subject) or organizer,
        organizer=organizer if named else "",
        organizer_address=event.organizer.address if named else "",
        private=event.private,
        state="tentative" if event.response is Response.TENTATIVE else "confirmed",
        blocks=event.blocks,
        series=series_of(event),
        join=details,
        no_join_reason=why_not,
    )


def called_off(event: Event) -> bool:
    """Whether a meeting was called off, by its state or by what its subject says."""
    subject = event.subject
    return event.cancelled or (":" in subject and _CANCELLED.match(subject) is not None)


def _hidden(event: Event, policy: Policy) -> str | None:
    """Why an event is not in the agenda at all, or None."""
    if called_off(event):
        return "cancelled"
    if event.response is Response.DECLINED:
        return "declined"
    if isinstance(event.when, Days) and policy.all_day == "hide":
        return NoJoinReason.ALL_DAY_EXCLUDED
    if event.response is Response.TENTATIVE and policy.tentative == "hide":
        return NoJoinReason.TENTATIVE
    return None


def _left_out(booking: Booking, reason: str) -> LeftOut:
    return LeftOut(
        id=booking.id,
        start=booking.start,
        end=booking.end,
        title=booking.title,
        reason=reason,
    )


def _offered(
    event: Event, found: join.Found, policy: Policy, *, stripped: bool
) -> tuple[JoinDetails | None, NoJoinReason | None]:
    """The join details that a booking shows, and the reason why it has none to offer."""
    reason, details = found.reason, found.details
    if details is None:
        none = reason is NoJoinReason.NO_ONLINE_MEETING and stripped and not event.body.strip()
        return None, NoJoinReason.BODY_STRIPPED if none else reason
    if event.private and not policy.privacy.private_join:
        return None, NoJoinReason.PRIVATE_HIDDEN
    if event.response is Response.TENTATIVE and policy.tentative != "join":
        return details, NoJoinReason.TENTATIVE
    return details, reason


def _how(key: str, found: join.Found) -> Explained:
    return Explained(
        booking=key,
        source=found.source,
        rule=found.rule,
        confidence=found.confidence,
        candidates=found.candidates,
        tried=found.tried,
        notes=found.notes,
    )
