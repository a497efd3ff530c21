"""Events become bookings: joined, masked, ordered. Pure."""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from rooms import join
from rooms.model import Agenda, Booking, Days, Event, LeftOut, NoJoinReason, Response, Value, Window
from rooms.room import Policy, Room

TITLE_LIMIT = 500
"""Characters of a title that are kept; no display and no endpoint shows more."""

# C0 and C1 controls, zero-width and directional marks: they forge what a display shows.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


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
    stripped = strips_bodies(events)
    known = {booking.id: booking for booking in previous.bookings} if previous else {}
    known_invitations: dict[join.Invitation, join.Found] = {}
    shown: list[tuple[Booking, Explained]] = []
    left_out: list[LeftOut] = []
    for event, key in named(events):
        if event.when is None:
            left_out.append(LeftOut(id=key, reason="unreadable"))
            if key in known and window.overlaps(known[key].window):
                shown.append((known[key], Explained(booking=key, notes=("kept: unreadable now",))))
            continue
        when = event.when.window(room.zone)
        if not window.overlaps(when):
            continue
        base = _masked(event, key, when, room.policy)
        if reason := _hidden(event, room.policy):
            left_out.append(_left_out(base, reason))
            continue
        invitation = join.invitation_of(event)
        if invitation not in known_invitations:  # those of a series are alike
            known_invitations[invitation] = read(invitation, dialing=room.policy.dialing)
        found = known_invitations[invitation]
        shown.append(
            (_joined(base, event, found, room.policy, stripped=stripped), _how(key, found))
        )
    shown.sort(key=lambda pair: (pair[0].start, pair[0].end, pair[0].id))
    left_out.sort(key=lambda out: (out.start or window.start, out.id))
    return (
        Agenda(
            room=room.id,
            as_of=as_of,
            window=window,
            bookings=tuple(b for b, _ in shown),
            buffers=room.policy.buffers,
        ),
        Account(explained=tuple(how for _, how in shown), left_out=tuple(left_out)),
    )


def strips_bodies(events: Iterable[Event]) -> bool:
    """Whether a mailbox deletes the text of invitations it accepts.

    Exchange rooms do so by default (`Set-CalendarProcessing -DeleteComments $true`), no service
    tells, and only the missing texts give it away.
    """
    foreign = [e for e in events if not e.own and e.response is Response.ACCEPTED]
    empty = sum(not event.body.strip() for event in foreign)
    return len(foreign) >= STRIPPED_AT_LEAST and empty >= STRIPPED_SHARE * len(foreign)


def plain(words: str) -> str:
    """One line of words without characters that are not seen or that turn the others round."""
    return " ".join(_UNSEEN.sub(" ", words).split())[:TITLE_LIMIT]


def named(events: Iterable[Event]) -> list[tuple[Event, str]]:
    """Each event with the id of its booking.

    The id follows the meeting's UID and, in a series, the occurrence's original start, so that it
    outlives a move of the meeting and of the mailbox to another service. Where a service gives one
    UID to several entries its own ids tell them apart.
    """
    events = list(events)
    uses = Counter((event.uid, event.occurrence) for event in events)
    return [
        (event, _name(event, alone=bool(event.uid) and uses[event.uid, event.occurrence] == 1))
        for event in events
    ]


def is_named(event: Event, booking: str) -> bool:
    """Whether a booking's id is of this event, however many others there were beside it."""
    return booking in {_name(event, alone=True), _name(event, alone=False)}


def _name(event: Event, *, alone: bool) -> str:
    parts = [event.uid, event.occurrence]
    if not alone:
        parts.append(event.id)
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=18).digest()
    return base64.urlsafe_b64encode(digest).decode()


def _masked(event: Event, key: str, when: Window, policy: Policy) -> Booking:
    """The booking before its join details; a private one keeps its time and loses its words."""
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
    )


def _hidden(event: Event, policy: Policy) -> str | None:
    """Why an event is not in the agenda at all, or None."""
    if event.cancelled:
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


def _joined(
    booking: Booking, event: Event, found: join.Found, policy: Policy, *, stripped: bool
) -> Booking:
    """The booking with its join details, or with the reason why it has none to offer."""
    reason = found.reason
    details = found.details
    if reason is NoJoinReason.NO_ONLINE_MEETING and stripped and not event.body.strip():
        reason = NoJoinReason.BODY_STRIPPED
    if details is not None and event.private and not policy.privacy.private_join:
        reason, details = NoJoinReason.PRIVATE_HIDDEN, None
    elif details is not None and booking.state == "tentative" and policy.tentative != "join":
        reason = NoJoinReason.TENTATIVE
    return msgspec.structs.replace(booking, join=details, no_join_reason=reason)


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
