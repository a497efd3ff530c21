"""When a room's calendar is read next. Pure."""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

Starts = Sequence[datetime]
"""When a room's bookings begin, in order."""

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


def is_near(starts: Starts | None, now: datetime) -> bool:
    """Whether a meeting starts soon, or perhaps does: the room was never read."""
    if starts is None:
        return True
    first = bisect_right(starts, now)
    return first < len(starts) and starts[first] <= now + NEAR


def interval(starts: Starts | None, now: datetime, *, near: timedelta, far: timedelta) -> timedelta:
    """How often the calendar is read now."""
    return near if is_near(starts, now) else far


def until_next(
    starts: Starts | None,
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
    close = is_near(starts, now)
    if safety is not None and starts is not None:
        found = Next(max(safety, least), "safety")
    else:
        every = near if close else far
        # What was learnt from counting changes a little all the time, and a place in it with it.
        wait = least if least > every else _until_place(now.timestamp(), every, phase)
        found = Next(wait, "near" if close else "far")
    starts = starts or ()
    latest = now + found.wait + max(BEFORE_START)
    for start in starts[bisect_right(starts, now) : bisect_left(starts, latest)]:
        for before in BEFORE_START:
            left = start - before - now
            if timedelta() < left < found.wait:
                found = Next(left, "before_start")
    return found


def _until_place(now: float, interval: timedelta, phase: float) -> timedelta:
    """Until the next instant at that place in the interval, unless that is next to nothing away."""
    length = interval.total_seconds()
    wait = (phase - now / length) % 1.0 * length
    return timedelta(seconds=wait if wait >= length / 10 else wait + length)
