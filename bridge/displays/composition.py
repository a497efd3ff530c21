"""Displays, put together: what they show beside the agenda, and where callers ask for it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from bridge.attendance.composition import Attendances
from bridge.calling.composition import Calling
from bridge.displays import logos
from bridge.displays.faults import Faults
from bridge.displays.gate import Gate
from bridge.displays.pairing import Pairing
from bridge.occupancy.composition import Occupancies
from bridge.prepared import Prepared
from bridge.settings.model import Configuration
from bridge.views import alternatives, board, display, faults, pairing
from bridge.views.board import Boards
from bridge.views.faces import ics, panel
from bridge.views.faces.ics import Calendars
from bridge.views.faces.panel import Panels
from bridge.views.house import House
from bridge.views.rooms import SLICE
from bridge.views.stream import Hub
from bridge.views.web import Route
from bridge.writing.composition import Writing
from rooms.room import Room


class Displays:
    """All that a door has beside its agenda."""

    def __init__(
        self,
        made: Prepared,
        house: House,
        hub: Hub,
        writing: Writing,
        calling: Calling,
    ) -> None:
        self._made, self._house, self._hub = made, house, hub
        self._writing, self._calling = writing, calling
        self.desk = calling.desk
        """Where people, and pages for them, have room systems act."""
        self._doors = display.Doors(house)
        self._told: dict[str, str] = {}
        house.display = self._doors.version
        house.writable = self._writable
        house.dials = lambda room: bool(calling.joining.diallers(room))
        house.gate = Gate(made.audit, made.clock)
        self.faults = Faults(made.database, made.audit, house.health, made.clock)
        made.following.stills.append(self.faults.still)
        made.following.follows.append(self.faults.follow)
        elsewhere = alternatives.Elsewhere(self._doors, writing.actions)
        self.attendance = Attendances(made, house, hub, writing, calling)
        self._configuration = made.configuration
        self.pairing = Pairing(
            made.paired,
            house=house,
            hub=hub,
            audit=made.audit,
            public_url=lambda: self._configuration.site.public_url,
        )
        self.occupancy = Occupancies(made, house, hub, calling.units, writing)
        self.occupancy.on_presence.append(self._present)
        self._panels, self.boards = Panels(), Boards()
        self.routes: Sequence[Route] = (
            *display.routes(self._doors),
            *faults.routes(self.faults),
            *alternatives.routes(elsewhere),
            *self.attendance.routes,
            *pairing.routes(self.pairing),
            *ics.routes(Calendars()),
            *panel.routes(self._panels),
            *board.routes(self.boards),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what is done by the clock, until the end."""
        await self.faults.load()
        async with self.attendance.running(), self.pairing.running(), self.occupancy.running():
            try:
                yield
            finally:
                self._panels.close()

    async def adopt(self, configuration: Configuration) -> None:
        """Work by this configuration."""
        self._configuration = configuration
        rooms = {room.id: room for room in configuration.inventory.rooms}
        files = {room.policy.display.logo for room in rooms.values()} - {""}
        self._doors.logos = await asyncio.to_thread(logos.read, files, self._doors.logos)
        self._doors.forget(rooms)
        self.faults.adopt(rooms)
        self.attendance.adopt(configuration)
        self.boards.names = {one.id: one.name for one in configuration.inventory.lists}
        await self.occupancy.adopt(configuration)
        await self._tell(rooms.values())

    async def _tell(self, rooms: Iterable[Room]) -> None:
        """Tell displays at once that what they are offered has changed."""
        before, self._told = self._told, {}
        for number, room in enumerate(rooms):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            version = self._told[room.id] = self._doors.version(room)
            if before.get(room.id, version) != version:
                self._hub.troubled(room.id)

    def heard(self, room: str, *, changed: bool) -> None:
        """A room was read well."""
        self.attendance.heard(room, changed=changed)
        self.occupancy.heard(room)

    def _present(self, room: str, state: str, at: datetime) -> None:
        """A room's systems see somebody there: that checks in, too."""
        if state == "in_use":
            self.attendance.attending.present(room, at)

    def _writable(self, room: Room) -> bool:
        """Whether a room's calendar can be changed, as far as is known without trying."""
        return self._writing.able(room) and not self._made.revoked.get(room.source)
