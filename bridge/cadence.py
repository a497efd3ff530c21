"""When a room's calendar is read next. Pure."""

import hashlib
from datetime import datetime, timedelta

from rooms.model import Agenda

NEAR = timedelta(minutes=15)
"""A meeting that starts within this makes its room near."""
BEFORE_START = (timedelta(minutes=5), timedelta(minutes=1))
"""Reads before each start: the join button must be right when people stand at the door."""


def phase(room: str) -> float:
    """A room's place within each interval, from 0 to 1: neighbours do not read together."""
    digest = hashlib.blake2b(room.encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


def interval(agenda: Agenda | None, now: datetime, *, near: timedelta, far: timedelta) -> timedelta:
    """How often the calendar is read now."""
    if agenda is None:
        return near
    close = any(now < booking.start <= now + NEAR for booking in agenda.bookings)
    return near if close else far


def until_next(
    agenda: Agenda | None,
    now: datetime,
    *,
    near: timedelta,
    far: timedelta,
    phase: float,
) -> timedelta:
    """How long until the next read: the room's place in the interval, or before a start."""
    wait = _until_place(now.timestamp(), interval(agenda, now, near=near, far=far), phase)
    for booking in agenda.bookings if agenda else ():
        for before in BEFORE_START:
            left = booking.start - before - now
            if timedelta() < left < wait:
                wait = left
    return wait


def _until_place(now: float, interval: timedelta, phase: float) -> timedelta:
    """Until the next instant at that place in the interval, unless that is next to nothing away."""
    length = interval.total_seconds()
    wait = (phase - now / length) % 1.0 * length
    return timedelta(seconds=wait if wait >= length / 10 else wait + length)
