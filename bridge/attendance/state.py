"""What is remembered of a room's bookings, and who must check in to which until when. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from bridge.views.house import AskedToCheckIn, Attendance
from rooms.display import CheckIn
from rooms.model import Booking
from rooms.room import Room

HORIZON = timedelta(days=1)
"""How long before it matters when a booking became known its first sight is written down."""

How = Literal["display", "service", "booked", "extended", "joined", "call", "presence"]
"""How somebody checked in; the last two are told by room systems, without a touch."""

UNKNOWN = "outcome_unknown"
"""Why it is asked again for a release: nobody knows whether it was done."""

Outcome = Literal["attended", "released", "given_up", "nobody", "unsure", "exempt"]
"""What came of a booking. `given_up`: its series went with it; `nobody`: nobody came, and the room
was not given back; `unsure`: nobody checked in, and the bridge could not tell whether anybody
could."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One booking at one time; moved to another time it is another one."""

    booking: str
    start: datetime
    end: datetime
    seen: datetime
    """When the bridge knew it first; no service tells cheaply when it was made."""
    series: str = ""
    exempt: str = ""
    """Why nobody is asked to check in, as a code."""
    came: datetime | None = None
    how: How | None = None
    missed: bool = False
    """Whether its time to check in passed while all was well, and nobody came."""
    released: datetime | None = None
    given_up: bool = False
    """Whether its whole series was released."""
    tries: int = 0
    """Releases that were refused for good; another one needs another key."""
    why: str = ""
    """Why it was not released, as a code."""

    @property
    def waits(self) -> bool:
        """Whether somebody must still check in."""
        return not (self.exempt or self.came or self.released)

    @property
    def outcome(self) -> Outcome:
        """What came of it, once it is over."""
        if self.released:
            return "given_up" if self.given_up else "released"
        if self.came:
            return "attended"
        if self.exempt:
            return "exempt"
        return "nobody" if self.missed else "unsure"


class Strike(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """How many occurrences of a series in a row nobody came to."""

    series: str
    count: int
    last: datetime
    """The start of the last one that was counted."""


class Record(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """All that is remembered of one room."""

    entries: tuple[Entry, ...] = ()
    strikes: tuple[Strike, ...] = ()

    def entry(self, booking: str) -> Entry | None:
        """What is known of a booking that is not over."""
        return next((one for one in reversed(self.entries) if one.booking == booking), None)

    def put(self, entry: Entry) -> "Record":
        """The same with this entry in place of the one of its booking and start."""
        entries = (entry if same(one, entry) else one for one in self.entries)
        return msgspec.structs.replace(self, entries=tuple(entries))


def same(one: Entry, other: Entry | Booking) -> bool:
    """Whether both are one booking at one time."""
    name = other.booking if isinstance(other, Entry) else other.id
    return one.booking == name and one.start == other.start


def renewed(record: Record, bookings: Sequence[Booking], policy: CheckIn, now: datetime) -> Record:
    """A record that knows the bookings that a room shows now.

    What was cancelled or moved is forgotten, but not what was done: a booking that was released
    and is back at the same time is not released twice.
    """
    known = {(one.booking, one.start): one for one in record.entries}
    entries = []
    for booking in bookings:
        old = known.pop((booking.id, booking.start), None)
        if old is None and (booking.end <= now or booking.start > now + policy.ahead + HORIZON):
            continue
        seen = old.seen if old else now
        new = old or Entry(booking=booking.id, start=booking.start, end=booking.end, seen=now)
        entries.append(
            msgspec.structs.replace(
                new,
                end=booking.end,
                series=booking.series,
                exempt=exempt(booking, seen, policy),
            )
        )
    shown = {booking.id for booking in bookings}
    for one in known.values():
        done = one.came or one.released or one.why == UNKNOWN
        if one.end <= now or (done and one.booking not in shown):
            entries.append(one)
    entries.sort(key=lambda one: (one.start, one.booking))
    return msgspec.structs.replace(record, entries=tuple(entries))


def exempt(booking: Booking, seen: datetime, policy: CheckIn) -> str:
    """Why nobody is asked to check in to a booking; empty where somebody is."""
    if not booking.takes_room:
        return "not_taking_the_room"
    if booking.all_day:
        return "all_day"
    if booking.end - booking.start >= policy.longest:
        return "too_long"
    return "known_too_late" if booking.start - seen < policy.ahead else ""


def opens(entry: Entry, policy: CheckIn) -> datetime:
    """From when on one can check in."""
    return entry.start - policy.before


def until(entry: Entry, policy: CheckIn, since: datetime) -> datetime:
    """How long the room waits: a whole grace, also after the bridge itself was away."""
    return max(entry.start, since) + policy.grace


def attendance(record: Record, room: Room, since: datetime, now: datetime) -> Attendance:
    """What is told of all this."""
    policy, may = room.policy.check_in, room.policy.allows("release")
    asked = {}
    for entry in record.entries:
        if entry.waits and now < entry.end:
            last = until(entry, policy, since)
            asked[entry.booking] = AskedToCheckIn(
                opens=opens(entry, policy),
                until=last,
                releases=policy.release and may and last < entry.end,
            )
    came = (one.booking for one in record.entries if one.came and now < one.end)
    return Attendance(checked_in=frozenset(came), asked=asked)


def is_open(entry: Entry, at: datetime, policy: CheckIn) -> bool:
    """Whether one can check in to a booking: until its end, where the room was not given back."""
    return entry.released is None and opens(entry, policy) <= at < entry.end


def at_hand(entries: Iterable[Entry], at: datetime, policy: CheckIn) -> Iterator[Entry]:
    """The bookings that somebody in the room at an instant may have come for.

    Those that run; where none does, the ones that can be checked in to already.
    """
    open_ = [one for one in entries if is_open(one, at, policy)]
    running = [one for one in open_ if one.start <= at and one.exempt != "all_day"]
    yield from running or open_
