"""Every calendar source, each in a lane of its own."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bridge.health import Health, Subject
from bridge.lane import Counts, Heard, Lane
from bridge.pace import spread
from bridge.settings.model import Configuration, SourceSettings
from connector import load
from connector.errors import ConnectorError
from connector.outside import Outside
from rooms.clock import Clock
from rooms.store import Store

log = logging.getLogger(__name__)

REOPEN_AFTER = 60.0
"""Seconds before a source that cannot be opened is tried again."""


@dataclass(kw_only=True)
class _Open:
    """A source that is looked after."""

    settings: SourceSettings
    lane: Lane
    task: asyncio.Task[None]


class Sync:
    """Keeps the agendas of all rooms as their sources have them."""

    def __init__(
        self, outside: Outside, *, store: Store, health: Health, clock: Clock, heard: Heard
    ) -> None:
        self._outside = outside
        self._store = store
        self._health = health
        self._clock = clock
        self._heard = heard
        self._open: dict[str, _Open] = {}
        self._group: asyncio.TaskGroup | None = None
        self.counts = Counts()

    @property
    def lanes(self) -> Mapping[str, Lane]:
        """The lanes by the name of their source."""
        return {name: source.lane for name, source in self._open.items()}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after what is adopted until the end."""
        async with asyncio.TaskGroup() as self._group:
            try:
                yield
            finally:
                for name in list(self._open):
                    await self._close(name)

    async def adopt(self, configuration: Configuration) -> None:
        """Look after exactly these sources and rooms; what stays the same is not disturbed."""
        for name, source in list(self._open.items()):
            if configuration.sources.get(name) != source.settings:
                await self._close(name)
        site = configuration.site
        for name, settings in configuration.sources.items():
            if name not in self._open:
                self._open[name] = self._opened(name, settings, configuration)
            rooms = [room for room in configuration.inventory.rooms if room.source == name]
            self._open[name].lane.adopt(
                rooms, poll=site.poll, span=site.window, rules=configuration.rules
            )

    def hint(self, room: str) -> None:
        """A room is worth reading again."""
        for source in self._open.values():
            source.lane.hint(room)

    def _opened(self, name: str, settings: SourceSettings, configuration: Configuration) -> _Open:
        site = configuration.site
        lane = Lane(
            name,
            store=self._store,
            health=self._health,
            clock=self._clock,
            counts=self.counts,
            heard=self._heard,
            poll=site.poll,
            span=site.window,
            rules=configuration.rules,
        )
        outside = replace(self._outside, proxy=settings.proxy or site.proxy, trust=settings.tls)
        assert self._group is not None  # noqa: S101 - adopted while running
        task = self._group.create_task(self._looked_after(name, settings, lane, outside))
        return _Open(settings=settings, lane=lane, task=task)

    async def _looked_after(
        self, name: str, settings: SourceSettings, lane: Lane, outside: Outside
    ) -> None:
        """Open a source and run its lane; what cannot be opened is tried again for ever."""
        driver = load.source(settings.kind)
        while True:
            try:
                async with driver.connect(settings.options, outside) as source:
                    await lane.run(source)
            except ConnectorError as error:
                self._health.only(Subject("source", name), error.reason, str(error), error.fix)
            await asyncio.sleep(spread(REOPEN_AFTER))

    async def _close(self, name: str) -> None:
        source = self._open.pop(name)
        source.task.cancel()
        await asyncio.wait([source.task])
