"""Where callers come to check in, and to ask what came of bookings."""

import sqlite3

from bridge.attendance import state
from bridge.attendance.attending import Attending
from bridge.attendance.keeping import KEPT, Keeping, Past, past
from bridge.attendance.signs import Came
from bridge.callers import Caller
from bridge.views import render
from bridge.views.attendance import AttendanceShape, AttendedShape
from bridge.views.booking_shapes import ActedShape
from bridge.views.house import House
from bridge.views.openapi import STATUSES
from bridge.views.web import Problem
from rooms.model import Booking
from rooms.room import Room


class Desk:
    """Speaks of attendance with callers."""

    def __init__(self, house: House, attending: Attending, keeping: Keeping) -> None:
        self._house, self._attending, self._keeping = house, attending, keeping
        self._clock = house.clock

    async def check_in(self, room: Room, booking: str, caller: Caller) -> ActedShape:
        """Somebody is there for a booking; saying so again changes nothing.

        Raises:
            Problem: one cannot check in to it now.
        """
        found = self._found(room, booking)
        entry, now = self._entry(room, found), self._clock.now()
        if not entry.came:
            how: state.How = "service" if caller.room is None else "display"
            await self._attending.mark(room, entry, Came(how, now, booking, caller.name))
        told = render.seen(found, room, caller.sight)
        joins = render.joins(found, caller.sight)
        shape = render.booking(told, room.zone, join=joins, checked_in=True)
        return ActedShape(done="checked_in", booking=shape, shown=True, overlaps=False)

    def _found(self, room: Room, booking: str) -> Booking:
        agenda = self._house.store.agenda(room.id)
        for one in agenda.bookings if agenda else ():
            if one.id == booking:
                return one
        raise _problem("unknown_booking")

    def _entry(self, room: Room, booking: Booking) -> state.Entry:
        """What is known of a booking that one can check in to now.

        Raises:
            Problem: one cannot.
        """
        policy, now = room.policy.check_in, self._clock.now()
        if not policy.enabled:
            raise _problem("check_in_off", "check_in.enabled in bridge.yaml or rooms.yaml")
        if booking.end <= now:
            raise _problem("booking_over")
        opens = booking.start - policy.before
        if now < opens:
            raise _problem("check_in_not_open", f"from {opens.astimezone(room.zone):%H:%M} on")
        record = self._attending.record(room)
        entry = record.entry(booking.id) if record else None
        if entry is None:  # it left the agenda in this very moment
            raise _problem("unknown_booking")
        if entry.released or self._attending.releasing(room.id, booking.id):
            raise _problem("booking_changed", "the room is being given back")
        return entry

    async def report(self, room: Room) -> AttendanceShape:
        """What came of a room's bookings.

        Raises:
            Problem: the disk cannot be read.
        """
        now = self._clock.now()
        try:
            over = await self._keeping.past(room.id, now - KEPT)
        except sqlite3.Error as error:
            raise _problem("disk_failing") from error
        entries = self._keeping.record(room.id).entries
        told = [_shape(one, one.outcome, room) for one in over]
        for entry in entries:
            if now < state.opens(entry, room.policy.check_in):
                continue
            settled = entry.outcome if entry.released or entry.came else "open"
            told.append(_shape(past(entry), settled, room))
        return AttendanceShape(
            room=room.id, since=(now - KEPT).astimezone(room.zone), bookings=tuple(told)
        )


def _shape(one: Past, outcome: str, room: Room) -> AttendedShape:
    zone = room.zone
    return AttendedShape(
        booking=one.booking,
        start=one.start.astimezone(zone),
        end=one.end.astimezone(zone),
        outcome=outcome,
        checked_in=one.came.astimezone(zone) if one.came else None,
        how=one.how,
        released=one.released.astimezone(zone) if one.released else None,
        exempt=one.exempt or None,
        kept_because=one.why or None,
    )


def _problem(code: str, words: str = "") -> Problem:
    return Problem(STATUSES[code], code, words)
