"""What a unit lists, compared with what it should list."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from rooms.join import dial_string
from rooms.model import Agenda, Booking

REACH = timedelta(hours=12)
"""How far ahead is compared: units read one day, the CLI tells today and tomorrow."""
QUARTER = timedelta(minutes=15)
ZONES = tuple(QUARTER * number for number in range(-48, 57))
"""Every offset from UTC that clocks have."""

MOST = 200
"""A unit that lists more is not compared: each would be looked at with every offset."""

Span = tuple[datetime, datetime]


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting as a unit tells it."""

    id: str = ""
    start: datetime
    """In UTC; without a zone where the unit tells its own local time."""
    ends: tuple[datetime, ...]
    """When it ends, in each way in which the unit's answer can be understood."""
    dialable: bool | None = None
    """Whether it can be joined from there; None where the unit does not tell."""
    dials: tuple[str, ...] | None = None
    """What would be dialled; None where the unit does not tell."""


def agrees(
    listed: Sequence[Meeting], agenda: Agenda, now: datetime, protocols: tuple[str, ...]
) -> bool | None:
    """Whether a unit lists these bookings for the next hours; None where that cannot be told.

    Private and all-day bookings may be missing: units hide them by settings of their own. Where
    the unit tells local times, one offset from UTC has to explain all of them, and without a
    booking to find it by nothing can be said, nor of more meetings than any room has.
    """
    if len(listed) > MOST:
        return None
    local = any(one.start.tzinfo is None for one in listed)
    if local and not nearest(agenda, now):
        return None
    return any(
        _agrees([_shifted(one, offset) for one in listed], agenda, now, protocols)
        for offset in (ZONES if local else (timedelta(),))
    )


def nearest(agenda: Agenda, now: datetime) -> list[Booking]:
    """The bookings that are compared."""
    return [one for one in agenda.bookings if one.end > now and one.start < now + REACH]


def _agrees(
    listed: Sequence[Meeting], agenda: Agenda, now: datetime, protocols: tuple[str, ...]
) -> bool:
    left = [one for one in listed if one.start < now + REACH and max(one.ends) > now]
    for booking in sorted(nearest(agenda, now), key=lambda one: one.private or one.all_day):
        found = next((one for one in left if _same(one, booking)), None)
        if found is not None:
            left.remove(found)
            if not _joined(found, booking, protocols):
                return False
        elif not (booking.private or booking.all_day):
            return False
    return not [one for one in left if not any(_same(one, any_) for any_ in agenda.bookings)]


def _same(meeting: Meeting, booking: Booking) -> bool:
    start, end = _minute(booking.start), _minute(booking.end)
    return _minute(meeting.start) == start and end in map(_minute, meeting.ends)


def _joined(meeting: Meeting, booking: Booking, protocols: tuple[str, ...]) -> bool:
    """Whether what can be joined can be joined at the unit too, with the address it was given."""
    dial = dial_string(booking.join, protocols) if booking.can_join and booking.join else None
    if dial is None or booking.private:
        return True
    if meeting.dialable is False:
        return False
    return not meeting.dials or any(
        told.removeprefix("sip:").removeprefix("h323:") == dial.address for told in meeting.dials
    )


def _shifted(meeting: Meeting, offset: timedelta) -> Meeting:
    if meeting.start.tzinfo is not None:
        return meeting
    return msgspec.structs.replace(
        meeting,
        start=_utc(meeting.start, offset),
        ends=tuple(_utc(end, offset) for end in meeting.ends),
    )


def _utc(local: datetime, offset: timedelta) -> datetime:
    return local.replace(tzinfo=UTC) - offset


def _minute(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(second=0, microsecond=0)


def instant(value: object) -> datetime | None:
    """A time of the epoch in seconds or milliseconds: which of them it is, its size tells."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def spans(start: datetime, duration: object) -> Iterable[datetime]:
    """When a meeting of a duration without a unit may end: minutes, seconds or milliseconds."""
    if not isinstance(duration, int | float) or isinstance(duration, bool):
        return
    for each in (timedelta(minutes=1), timedelta(seconds=1), timedelta(milliseconds=1)):
        try:
            yield start + each * duration
        except (OverflowError, ValueError):
            continue
