"""Displays, put together: what they show beside the agenda, and where callers ask for it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bridge.calling.composition import Calling
from bridge.occupancy.composition import Occupancies
from bridge.prepared import Prepared
from bridge.settings.model import Configuration
from bridge.views.house import House
from bridge.views.stream import Hub
from bridge.views.web import Route
from bridge.writing.composition import Writing


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
        self.occupancy = Occupancies(made, house, hub, calling.units, writing)
        self.routes: Sequence[Route] = ()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what is done by the clock, until the end."""
        async with self.occupancy.running():
            yield

    async def adopt(self, configuration: Configuration) -> None:
        """Work by this configuration."""
        await self.occupancy.adopt(configuration)

    def heard(self, room: str, *, changed: bool) -> None:  # noqa: ARG002 - a contract
        """A room was read well."""
        self.occupancy.heard(room)
