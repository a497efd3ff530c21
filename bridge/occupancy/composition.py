"""Occupancy, put together: what tells of it, and everything that shows it beside the pages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.dispatch import Dispatch
from bridge.occupancy.faces import Faces
from bridge.occupancy.feed import Feed
from bridge.occupancy.lights import Lights
from bridge.occupancy.presence import Occupancy
from bridge.occupancy.writeback import Writeback
from bridge.prepared import Prepared
from bridge.settings.model import Configuration
from bridge.views.house import House
from bridge.views.stream import Hub
from bridge.writing.composition import Writing


class Occupancies:
    """Whether rooms are used, and who is told: displays, lights, a broker, calendar services."""

    def __init__(
        self, made: Prepared, house: House, hub: Hub, units: Dispatch, writing: Writing
    ) -> None:
        clock, health = made.clock, house.health
        self._occupancy = Occupancy(house, clock, hub.troubled)
        made.following.follows.append(self._occupancy.follow)
        self._faces = Faces(house, clock)
        self._lights = Lights(units, clock)
        self._feed = Feed(house, health, clock)
        self._writeback = Writeback(
            house, health, clock, writing.outside, lambda name: made.revoked.get(name) is not None
        )
        self.on_presence = self._occupancy.on_presence
        """Who wants to know what room systems see: a room, what, since when."""
        house.presence = self._occupancy.presence
        units.on_calls += [self._occupancy.called, self._lights.called]
        units.on_people.append(self._occupancy.saw)
        hub.on_news += [self._occupancy.look, self._faces.look, self._writeback.look]
        self._faces.on_change += [self._lights.told, self._feed.told]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell whoever is to be told, until the end."""
        works = (self._occupancy, self._faces, self._lights, self._feed)
        async with self._writeback.running(), asyncio.TaskGroup() as group:
            tasks = [group.create_task(one.run()) for one in works]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    async def adopt(self, configuration: Configuration) -> None:
        """Work by this configuration."""
        rooms, endpoints = configuration.inventory.rooms, configuration.inventory.endpoints
        self._occupancy.adopt(endpoints)
        lit = self._lights.adopt(endpoints)
        self._feed.adopt(configuration.site, rooms)
        wanted = rooms if self._feed.wanted else [room for room in rooms if room.id in lit]
        self._faces.adopt(wanted)
        await self._writeback.adopt(configuration)

    def heard(self, room: str) -> None:
        """A room was read well: it may be fresh again."""
        self._faces.heard(room)
