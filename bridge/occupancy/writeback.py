"""The presence of rooms, told to calendar services that show presence, where a site wants that."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bridge.health import Health, Subject
from bridge.logs import fault
from bridge.pace import doubling, spread
from bridge.settings.model import Configuration, SourceSettings, presence_sources
from bridge.turns import Turns
from bridge.views.house import House
from connector import load
from connector.errors import ConnectorError, Malformed, NotFound, Unavailable
from connector.outside import Outside
from connector.presence import Presences, Shown
from rooms.clock import Clock

log = logging.getLogger(__name__)

CODE = "presence_failing"
PACE = 0.02
"""Seconds between two requests: what the service takes of one application is more."""
FIRST_RETRY, LONGEST_RETRY = 30.0, 3600.0
LIMIT = 90.0
"""Seconds for one request."""
_SHOWN: dict[str, Shown] = {"in_call": "in_call", "free": "available"}
"""Where people sit without a call, services have no word for it: nothing is said then."""


@dataclass(kw_only=True)
class _Source:
    """A source whose rooms' presence is set."""

    settings: SourceSettings
    turns: Turns[str]
    task: asyncio.Task[None] | None = None
    said: dict[str, Shown] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)


class Writeback:
    """Keeps each service's word about its rooms; a session that is not renewed ends by itself."""

    def __init__(
        self,
        house: House,
        health: Health,
        clock: Clock,
        outside: Callable[[str, SourceSettings], Outside],
        revoked: Callable[[str], bool],
    ) -> None:
        self._house = house
        self._health = health
        self._clock = clock
        self._outside = outside
        self._revoked = revoked
        self._sources: dict[str, _Source] = {}
        self._group: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work until the end."""
        async with asyncio.TaskGroup() as self._group:
            try:
                yield
            finally:
                for source in self._sources.values():
                    if source.task is not None:
                        source.task.cancel()

    async def adopt(self, configuration: Configuration) -> None:
        """Only these sources are told of presence from now on."""
        wanted = dict(presence_sources(configuration))
        for name, source in list(self._sources.items()):
            if wanted.get(name) != source.settings:
                del self._sources[name]
                self._health.good(Subject("presence", name))
                if source.task is not None:
                    source.task.cancel()
                    await asyncio.wait([source.task])
        for name, settings in wanted.items():
            if name not in self._sources and self._group is not None:
                source = _Source(settings=settings, turns=Turns(self._clock))
                self._sources[name] = source
                source.task = self._group.create_task(self._work(name, source))
        for room in self._house.rooms:
            self.look(room)

    def look(self, room: str) -> None:
        """A room's presence may be another."""
        known = self._house.rooms.get(room)
        source = self._sources.get(known.source) if known is not None else None
        if source is None:
            return
        shown = _SHOWN.get(self._house.presence(room).state)
        if shown != source.said.get(room) and not source.failures.get(room):
            source.turns.sooner(room, self._clock.monotonic())

    async def _work(self, name: str, source: _Source) -> None:
        driver = load.presence(source.settings.kind)
        failures = 0
        while True:
            try:
                outside = self._outside(name, source.settings)
                async with driver.connect(source.settings.options, outside) as opened:
                    while True:
                        await self._turn(name, source, opened)
                        failures = 0
                        await asyncio.sleep(PACE)
            except ConnectorError as error:
                asked = error.retry_after.total_seconds() if error.retry_after else 0.0
                self._say(name, error)
                wait = max(asked, spread(doubling(FIRST_RETRY, failures, LONGEST_RETRY)))
            except Exception as error:  # noqa: BLE001 - one source's fault must not end the rest
                log.error("presence of source %s: %s", name, fault(error))
                wait = LONGEST_RETRY
            failures += 1
            await asyncio.sleep(wait)

    async def _turn(self, name: str, source: _Source, opened: Presences) -> None:
        """Whoever is due.

        Raises:
            ConnectorError: the whole service refuses, or asks for silence.
        """
        room = await source.turns.next()
        try:
            async with asyncio.timeout(LIMIT):
                wait = await self._tell(name, source, opened, room)
        except Exception as error:
            failures = source.failures[room] = source.failures.get(room, 0) + 1
            wait = spread(doubling(FIRST_RETRY, failures - 1, LONGEST_RETRY))
            source.turns.at(room, self._clock.monotonic() + wait)
            passing = isinstance(error, Unavailable | NotFound | Malformed | TimeoutError)
            if not passing or getattr(error, "retry_after", None):
                raise
            if isinstance(error, ConnectorError):
                self._say(name, error)
            return
        source.failures.pop(room, None)
        if not source.failures:
            self._health.good(Subject("presence", name), CODE)
        if wait is not None:
            source.turns.sooner(room, self._clock.monotonic() + wait)

    async def _tell(self, name: str, source: _Source, opened: Presences, room: str) -> float | None:
        """Tell of one room; seconds after which that must be renewed."""
        known = self._house.rooms.get(room)
        if known is None or known.source != name or self._revoked(name):
            source.said.pop(room, None)
            return None
        shown = _SHOWN.get(self._house.presence(room).state)
        if shown is None:
            if source.said.pop(room, None) is not None:
                await opened.clear(known.mailbox)
            return None
        source.said[room] = shown
        await opened.set(known.mailbox, shown)
        return spread(opened.lasts(shown).total_seconds(), 0.05)

    def _say(self, name: str, error: ConnectorError) -> None:
        words = f"the service does not take the presence of rooms: {error} ({error.reason})"
        self._health.bad(Subject("presence", name), CODE, words, error.fix)
