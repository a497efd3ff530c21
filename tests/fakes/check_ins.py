"""Somebody who takes check-ins and remembers them."""

from bridge.callers import Caller
from bridge.views.attendance import AttendanceShape, AttendedShape
from bridge.views.booking_shapes import ActedShape
from bridge.views.web import Problem
from rooms.room import Room
from tests.fakes.virtual import NOON


class FakeCheckIns:
    """Takes everything, or refuses with a code."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []
        self.refuses: Problem | None = None

    async def check_in(self, room: Room, booking: str, caller: Caller) -> ActedShape:
        """Somebody is there."""
        if self.refuses is not None:
            raise self.refuses
        self.taken.append((room.id, booking, caller.name))
        return ActedShape(done="checked_in", booking=None, shown=True, overlaps=False)

    async def report(self, room: Room) -> AttendanceShape:
        """One booking that nobody came to."""
        one = AttendedShape(
            booking="b1",
            start=NOON,
            end=NOON,
            outcome="released",
            checked_in=None,
            how=None,
            released=NOON,
            exempt=None,
            kept_because=None,
        )
        return AttendanceShape(room=room.id, since=NOON, bookings=(one,))
