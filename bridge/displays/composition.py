"""Displays, put together: what they show beside the agenda, and where callers ask for it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bridge.calling.composition import Calling
from bridge.prepared import Prepared
from bridge.settings.model import Configuration
from bridge.views import board
from bridge.views.board import Boards
from bridge.views.faces import ics, panel
from bridge.views.faces.ics import Calendars
from bridge.views.faces.panel import Panels
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
        self._panels, self._boards = Panels(), Boards()
        self.routes: Sequence[Route] = (
            *ics.routes(Calendars()),
            *panel.routes(self._panels),
            *board.routes(self._boards),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what is done by the clock, until the end."""
        try:
            yield
        finally:
            self._panels.close()

    async def adopt(self, configuration: Configuration) -> None:
        """Work by this configuration."""
        self._boards.names = {one.id: one.name for one in configuration.inventory.lists}

    def heard(self, room: str, *, changed: bool) -> None:
        """A room was read well."""
