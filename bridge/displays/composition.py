"""Displays, put together: what they show beside the agenda, and where callers ask for it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bridge.calling.composition import Calling
from bridge.displays.pairing import Pairing
from bridge.prepared import Prepared
from bridge.settings.model import Configuration
from bridge.views import pairing
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
        self.pairing = Pairing(
            made.paired,
            house=house,
            hub=hub,
            audit=made.audit,
            public_url=lambda: self._configuration.site.public_url,
        )
        self._configuration = made.configuration
        self.routes: Sequence[Route] = pairing.routes(self.pairing)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what is done by the clock, until the end."""
        async with self.pairing.running():
            yield

    async def adopt(self, configuration: Configuration) -> None:
        """Work by this configuration."""
        self._configuration = configuration

    def heard(self, room: str, *, changed: bool) -> None:
        """A room was read well."""
