"""How a room stands, for all that shows no words: a light, a feed of states."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from bridge.views.house import Attendance
from bridge.views.render import Standing as Agendas
from rooms.model import Agenda, Booking

State = Literal["free", "busy", "soon", "check_in"]

SOON = timedelta(minutes=10)
"""A meeting that starts within this is announced, on displays too (`standing.js`)."""


class Standing(NamedTuple):
    """A room at an instant, without a word of what its meetings are."""

    state: State
    until: datetime | None
    """When it is free, or taken; None where nothing is in sight."""
    next_start: datetime | None


def stand(agenda: Agenda, attendance: Attendance, now: datetime) -> Standing:
    """How a room stands by its agenda."""
    found = Agendas(agenda, now)
    following = found.next.start if found.next else None
    state: State = "busy" if found.busy else "free"
    if not found.busy and following is not None and following - now <= SOON:
        state = "soon"
    if _asks(agenda, attendance, now, busy=found.busy):
        state = "check_in"
    return Standing(state, found.until, following)


def changes(agenda: Agenda, attendance: Attendance, now: datetime) -> datetime | None:
    """When a room may stand differently, though nobody changes anything."""
    instants = (at for one in _taken(agenda) for at in (one.start - SOON, one.start, one.end))
    asked = (at for one in attendance.asked.values() for at in (one.opens, one.until))
    return min((at for part in (instants, asked) for at in part if at > now), default=None)


def _taken(agenda: Agenda) -> Iterator[Booking]:
    return (one for one in agenda.bookings if one.takes_room)


def _asks(agenda: Agenda, attendance: Attendance, now: datetime, *, busy: bool) -> bool:
    """Whether somebody must check in: to what runs, or to what comes while the room is free."""
    for one in _taken(agenda) if attendance.asked else ():
        asked = attendance.asked.get(one.id)
        if asked is not None and asked.opens <= now < asked.until:
            runs = one.start <= now < one.end
            if runs or (one.start > now and not busy):
                return True
    return False
