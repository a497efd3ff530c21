"""Attendance, put together: what tells that somebody came, and who gives rooms back."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from bridge.attendance.attending import Attending, Means
from bridge.attendance.desk import Desk
from bridge.attendance.keeping import Keeping
from bridge.attendance.release import GivingBack
from bridge.attendance.signs import Came
from bridge.attendance.state import How
from bridge.calling.composition import Calling
from bridge.calling.notes import Notes
from bridge.prepared import Prepared
from bridge.settings.model import Configuration
from bridge.views import attendance
from bridge.views.bookings import Asked
from bridge.views.house import House
from bridge.views.stream import Hub
from bridge.views.web import Route
from bridge.writing.composition import Writing
from bridge.writing.model import Action
from rooms.clock import Clock
from rooms.model import Booking

SOON = timedelta(minutes=1)
"""A booking that begins within so long was made by somebody who stands in the room."""
_AT_THE_DOOR: dict[Action, How] = {"create": "booked", "extend": "extended"}


class Presences:
    """Tells attendance of touches at the door and of calls."""

    def __init__(self, attending: Attending, clock: Clock) -> None:
        self._attending, self._clock = attending, clock

    def acted(self, asked: Asked, action: Action, booking: Booking) -> None:
        """Somebody made or changed a booking: whoever did so at the door is there."""
        now, how = self._clock.now(), _AT_THE_DOOR.get(action)
        if how is None or asked.caller.room is None or booking.start > now + SOON:
            return
        self._attending.told(asked.room.id, Came(how, now, booking.id, asked.caller.name))

    def joined(self, room: str, booking: str) -> None:
        """Somebody joined a booking from the room."""
        self._attending.told(room, Came("joined", self._clock.now(), booking))

    def in_call(self, room: str, booking: str) -> None:
        """A room's system told of a call that is up; the booking it is for, where it knows."""
        self._attending.came(room, self._clock.now(), booking)


class Attendances:
    """All that is known of who came."""

    def __init__(
        self, made: Prepared, house: House, hub: Hub, writing: Writing, calling: Calling
    ) -> None:
        keeping = Keeping(made.database)
        made.following.follows.append(keeping.follow)
        self.attending = Attending(
            Means(
                house=house,
                keeping=keeping,
                notes=Notes(made.audit, made.clock),
                release=GivingBack(writing.actions),
                hint=writing.hint,
                changed=hub.changed,
            )
        )
        """Its `came` and `present` are for whoever watches room systems."""
        self.heard = self.attending.heard
        """Tells that a room was read well."""
        house.attendance = self.attending.attendance
        signs = Presences(self.attending, made.clock)
        writing.actions.done.append(signs.acted)
        calling.on_joined.append(signs.joined)
        calling.on_call.append(signs.in_call)
        desk = Desk(house, self.attending, keeping)
        self.routes: Sequence[Route] = attendance.routes(desk)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after who comes, until the end."""
        async with self.attending.running():
            yield

    def adopt(self, configuration: Configuration) -> None:
        """By the policies of this configuration."""
        self.attending.adopt(configuration.inventory.rooms)
