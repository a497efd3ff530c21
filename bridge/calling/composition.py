"""Calling, put together: who dials, and where callers ask for it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from bridge.calling.auto_join import AutoJoin, moved_claims
from bridge.calling.desk import Desk
from bridge.calling.farewells import Farewells
from bridge.calling.joining import Joining
from bridge.calling.notes import Notes
from bridge.calling.wishes import Wishes
from bridge.dispatch import Dispatch
from bridge.explain import EndpointReport
from bridge.health import Health
from bridge.prepared import Prepared
from bridge.settings.model import Configuration
from bridge.views import endpoints, joining
from bridge.views.house import House
from bridge.views.web import Route
from bridge.visits import Visits
from bridge.writing.attempts import Attempts
from connector.endpoint import PhoneCall
from connector.outside import Outside
from rooms.model import Agenda

_UP = frozenset({"connected", "held"})
"""States of a call that goes on."""


class Calling:
    """All that room systems are told: lists by dispatch, calls by whoever wants them."""

    def __init__(
        self, made: Prepared, units: Dispatch, health: Health, house: House, devices: Outside
    ) -> None:
        self._dispatch = units
        self.units = units
        """Who looks after room systems."""
        clock = made.clock
        notes = Notes(made.audit, clock)
        self.joining = Joining(units, made.store, clock)

        def stale(agenda: Agenda) -> bool:
            return clock.now() - agenda.as_of > house.stale_after

        self._auto = AutoJoin(
            self.joining,
            Attempts(made.database, clock),
            notes,
            store=made.store,
            health=health,
            clock=clock,
            stale=stale,
        )
        self._farewells = Farewells(devices, units, notes, clock)
        made.following.follows += [units.follow, self.joining.follow]
        made.following.writes.append(moved_claims)
        self.desk = Desk(units, self.joining, notes, health, clock)
        self.desk.outside = devices
        self._report = EndpointReport(units, house)
        house.endpoints, house.room_endpoints = self._report, self._report.names
        wishes = Wishes(self.joining, notes, clock, self._taken)
        self.routes: Sequence[Route] = (*endpoints.routes(self.desk), *joining.routes(wishes))
        units.on_calls.append(self._heard)
        self.on_joined: list[Callable[[str, str], None]] = []
        """Told of the room and booking that somebody joined."""
        self.on_call: list[Callable[[str, str], None]] = []
        """Told of a room in a call that is up, and its booking; empty where that is not known."""

    def read_by(self, visits: Visits, fetched: Callable[[str], bool | None]) -> None:
        """Whom to ask how units come for their calendars, and whether they have the newest."""
        self.desk.visits = visits
        self._report.fetched = lambda name: bool(fetched(name))

    def _heard(self, name: str, calls: Sequence[PhoneCall] | None) -> None:
        """A room system told of its calls."""
        self.joining.told(name, calls)
        try:
            room = self._dispatch.settings(name).room
        except KeyError:  # what it said last, on its way out
            return
        for booking in {call.booking for call in calls or () if call.booking}:
            self._auto.heard(room, booking)

        for call in calls or ():
            if call.state in _UP:
                for tell in self.on_call:
                    tell(room, call.booking)

    async def _taken(self, room: str, booking: str) -> None:
        """Somebody joined a booking."""
        for tell in self.on_joined:
            tell(room, booking)
        await self._auto.taken(room, booking)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell room systems what there is to tell, until the end."""
        async with self._farewells.running(), self._dispatch.running(), self._auto.running():
            yield

    def changed(self, room: str) -> None:
        """A room's agenda shows something different."""
        self._dispatch.changed(room)
        self._auto.changed(room)

    async def adopt(self, configuration: Configuration) -> None:
        """Work by this configuration."""
        endpoints = configuration.inventory.endpoints
        self.joining.adopt(endpoints)  # first: nobody joins by what a room had before
        leaving = self._farewells.leaving(configuration)
        await self._farewells.recall(endpoints)
        await self._dispatch.adopt(endpoints, public_url=configuration.site.public_url)
        self._farewells.bid(leaving)
        self.desk.adopt(configuration)
        self._auto.adopt(configuration.inventory.rooms)
