"""When a room's calendar is read next. Pure."""

import hashlib
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from rooms.model import Agenda

NEAR = timedelta(minutes=15)
"""A meeting that starts within this makes its room near."""
BEFORE_START = (timedelta(minutes=5), timedelta(minutes=1))
"""Reads before each start: the join button must be right when people stand at the door."""

Cause = Literal["start", "hint", "near", "far", "safety", "before_start", "confirm", "retry"]
"""Why a calendar is read: the appliance started or the room is new, the source told of a change,
its interval is over (`safety`: of a room whose changes are told), a meeting is about to start, a
read was not believed, a read failed."""


class Next(NamedTuple):
    """The next read of a room."""

    wait: timedelta
    cause: Cause


def phase(room: str) -> float:
    """A room's place within each interval, from 0 to 1: neighbours do not read together."""
    digest = hashlib.blake2b(room.encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


def is_near(agenda: Agenda | None, now: datetime) -> bool:
    """Whether a meeting starts soon, or perhaps does: the room was never read."""
    if agenda is None:
        return True
    return any(now < booking.start <= now + NEAR for booking in agenda.bookings)


def interval(agenda: Agenda | None, now: datetime, *, near: timedelta, far: timedelta) -> timedelta:
    """How often the calendar is read now."""
    return near if is_near(agenda, now) else far


def until_next(
    agenda: Agenda | None,
    now: datetime,
    *,
    near: timedelta,
    far: timedelta,
    phase: float,
    safety: timedelta | None = None,
    least: timedelta = timedelta(),
) -> Next:
    """How long until the next read: the room's place in the interval, or before a start.

    With `safety` the source tells of changes by itself, and the calendar is read after so long all
    the same. `least` is what the budget of requests allows.
    """
    close = is_near(agenda, now)
    if safety is not None and agenda is not None:
        found = Next(max(safety, least), "safety")
    else:
        every = near if close else far
        # What was learnt from counting changes a little all the time, and a place in it with it.
        wait = least if least > every else _until_place(now.timestamp(), every, phase)
        found = Next(wait, "near" if close else "far")
    latest = now + found.wait + max(BEFORE_START)
    for booking in agenda.bookings if agenda else ():
        for before in BEFORE_START if now < booking.start < latest else ():
            left = booking.start - before - now
            if timedelta() < left < found.wait:
                found = Next(left, "before_start")
    return found


def _until_place(now: float, interval: timedelta, phase: float) -> timedelta:
    """Until the next instant at that place in the interval, unless that is next to nothing away."""
    length = interval.total_seconds()
    wait = (phase - now / length) % 1.0 * length
    return timedelta(seconds=wait if wait >= length / 10 else wait + length)
