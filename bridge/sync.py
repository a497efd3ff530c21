"""Every calendar source, each in a lane of its own."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from yarl import URL

from bridge.budgets import Budgets
from bridge.counts import Counts
from bridge.health import Health, Subject
from bridge.lane import Heard, Lane
from bridge.logs import fault
from bridge.moves import Moves
from bridge.pace import spread
from bridge.settings.model import Configuration, Site, SourceSettings
from bridge.watch import SourceWatch
from connector import load
from connector.discovery import Discovers
from connector.errors import ConnectorError, NotFound, Unavailable
from connector.keep import Keep
from connector.outside import Outside
from connector.source import CalendarSource, Credential, Identified
from connector.watching import Call, Notified, Reply, Watching
from rooms.clock import Clock
from rooms.model import Agenda, Window
from rooms.room import Room
from rooms.signs import Signs
from rooms.spending import Spending
from rooms.store import Store

log = logging.getLogger(__name__)

REOPEN_AFTER = 60.0
"""Seconds before a source that cannot be opened is tried again."""


@dataclass(kw_only=True)
class _Open:
    """A source that is looked after."""

    settings: SourceSettings
    lane: Lane
    watch: SourceWatch
    vault: bool
    """Whether it has a place for secrets of its own."""
    task: asyncio.Task[None] | None = None


class Sync:
    """Keeps the agendas of all rooms as their sources have them."""

    def __init__(
        self,
        outside: Outside,
        *,
        store: Store,
        health: Health,
        clock: Clock,
        heard: Heard,
        keep: Callable[[str], Keep | None] = lambda _: None,
        beyond: Callable[[str], None] = lambda _: None,
        spending: Spending | None = None,
    ) -> None:
        self._outside = outside
        self._store = store
        self._health = health
        self._clock = clock
        self._heard = heard
        self._keep = keep
        self._budgets = Budgets(clock, spending)
        self._beyond = beyond
        self._configuration: Configuration | None = None
        self._withheld: set[str] = set()
        self._reached: dict[str, CalendarSource] = {}
        self._open: dict[str, _Open] = {}
        self._moves = Moves(health, self.look)
        self._searches: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self.counts = Counts()
        self.on_withheld: Callable[[str], Awaitable[None]] = _nobody
        """Who else has the source open."""

    @property
    def lanes(self) -> Mapping[str, Lane]:
        """The lanes by the name of their source."""
        return {name: source.lane for name, source in self._open.items()}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after what is adopted until the end."""
        async with asyncio.TaskGroup() as self._group:
            keeping = self._group.create_task(self._budgets.run())
            try:
                yield
            finally:
                for task in self._searches:
                    task.cancel()
                for name in list(self._open):
                    await self._close(name)
                keeping.cancel()

    async def adopt(self, configuration: Configuration) -> None:
        """Look after exactly these sources and rooms; what stays the same is not disturbed."""
        self._configuration = configuration
        for name, source in list(self._open.items()):
            vault = self._keep(name) is not None
            same = (
                configuration.sources.get(name),
                vault,
                hook_of(configuration.site, name, source.settings.kind),
            )
            if same != (source.settings, source.vault, source.watch.hook):
                await self._close(name)
        for name, settings in configuration.sources.items():
            if name in self._withheld:
                continue
            if name not in self._open:
                self._open[name] = self._opened(name, settings, configuration)
        self._moves.adopt(configuration.sources, configuration.inventory.rooms)
        self._arrange(configuration)

    def _arrange(self, configuration: Configuration) -> None:
        """Give every room to the source that it is read from."""
        site = configuration.site
        rooms: dict[str, list[Room]] = {}
        for room in configuration.inventory.rooms:
            rooms.setdefault(self._moves.source_of(room), []).append(room)
        for name, source in self._open.items():
            source.lane.adopt(
                rooms.get(name, ()), poll=site.poll, span=site.window, rules=configuration.rules
            )
            source.watch.adopt(site)

    async def look(self, name: str, room: Room, window: Window | None = None) -> Agenda:
        """Read a room from a source beside its turns, and keep nothing.

        Raises:
            Unavailable, Denied, NotFound, Malformed: it cannot be read now.
        """
        opened, source = self._open.get(name), self._reached.get(name)
        if opened is None or source is None:
            raise Unavailable("the source is not open", reason="unreachable")
        if opened.lane.breaker.open:  # only probes are sent now
            raise Unavailable("the service refuses everybody", reason="service_error")
        return await opened.lane.look(source, room, window)

    def source_of(self, room: Room) -> str:
        """The name of the source that a room is read from now."""
        return self._moves.source_of(room)

    def _lost(self, name: str, room: Room, error: NotFound) -> None:
        """A source does not have the mailbox of a room that it is read from."""

        async def find() -> None:
            if await self._moves.lost(room, name, error.reason) and self._configuration:
                self._arrange(self._configuration)

        if self._group is not None:
            task = self._group.create_task(find())
            self._searches.add(task)
            task.add_done_callback(self._searches.discard)

    def signs(self) -> dict[str, Signs]:
        """What was counted in the calendar of each room that was read."""
        return {
            room: signs for source in self._open.values() for room, signs in source.lane.signs()
        }

    async def withhold(self, name: str) -> None:
        """Do not read a source from now on: what it knows of tokens is gone with it."""
        self._withheld.add(name)
        await self.on_withheld(name)
        if name in self._open:
            await self._close(name)

    async def release(self, name: str) -> None:
        """Read a source, from its beginning where it was read already."""
        self._withheld.discard(name)
        if name in self._open:
            await self._close(name)
        if self._configuration is not None:
            await self.adopt(self._configuration)

    def reached(self, source: str) -> CalendarSource | None:
        """A source as it is open for reading now."""
        return self._reached.get(source)

    def credentials(self, name: str) -> Sequence[Credential]:
        """What a source proves itself with; nothing of one that is not read."""
        source: object = self._reached.get(name)
        return source.credentials() if isinstance(source, Identified) else ()

    def discovering(self) -> dict[str, Discovers]:
        """The sources that can list rooms, but for those whose service refuses everybody."""
        reached: dict[str, object] = {**self._reached}
        return {
            name: source
            for name, source in reached.items()
            if isinstance(source, Discovers)
            and name in self._open
            and not self._open[name].lane.breaker.open
        }

    def outside(self, name: str, settings: SourceSettings) -> Outside:
        """How a source reaches its service, and where it keeps what it must."""
        assert self._configuration is not None  # noqa: S101 - asked after adopting
        proxy = settings.proxy or self._configuration.site.proxy
        return replace(
            self._outside,
            proxy=proxy,
            trust=settings.tls,
            keep=self._keep(name),
            meter=self._budgets.of(name, settings).meter,
        )

    def hint(self, room: str) -> None:
        """A room is worth reading again."""
        for source in self._open.values():
            source.lane.hint(room)

    def notified(self, kind: str, name: str, call: Call) -> Reply | None:
        """Hand a call of a service to its source; None where no such source takes any."""
        opened, source = self._open.get(name), self._reached.get(name)
        if opened is None or opened.settings.kind != kind or not isinstance(source, Notified):
            return None
        return source.notified(call)

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
            budget=self._budgets.of(name, settings),
            lost=lambda room, error: self._lost(name, room, error),
        )
        watch = SourceWatch(
            lane,
            store=self._store,
            health=self._health,
            hook=hook_of(site, name, settings.kind),
            beyond=self._beyond,
        )
        outside = self.outside(name, settings)
        assert self._group is not None  # noqa: S101 - adopted while running
        made = _Open(settings=settings, lane=lane, watch=watch, vault=outside.keep is not None)
        made.task = self._group.create_task(self._looked_after(name, made, outside))
        return made

    async def _looked_after(self, name: str, made: _Open, outside: Outside) -> None:
        """Open a source and run its lane; what cannot be opened is tried again for ever."""
        driver = load.source(made.settings.kind)
        while True:
            try:
                async with driver.connect(made.settings.options, outside) as source:
                    self._reached[name] = source
                    try:
                        await self._attended(source, made)
                    finally:
                        del self._reached[name]
            except ConnectorError as error:
                self._health.only(Subject("source", name), error.reason, str(error), error.fix)
            except Exception as error:  # noqa: BLE001 - one source's fault must not end the rest
                log.error("source %s: %s", name, fault(error))
                self._health.only(Subject("source", name), "unexpected")
                made.lane.again()
            await asyncio.sleep(spread(REOPEN_AFTER))

    async def _attended(self, source: CalendarSource, made: _Open) -> None:
        """Read a source's rooms, and let it tell of changes beside that."""
        async with asyncio.TaskGroup() as group:
            if isinstance(source, Watching):
                group.create_task(made.watch.keep_going(source, self._clock))
            await made.lane.run(source)

    async def _close(self, name: str) -> None:
        source = self._open.pop(name)
        source.watch.end()
        source.watch.well()
        if source.task is not None:
            source.task.cancel()
            await asyncio.wait([source.task])


def hook_of(site: Site, name: str, kind: str) -> URL | None:
    """Where services reach the appliance with what concerns one source."""
    return URL(site.public_url) / "hooks" / kind / name if site.public_url else None


async def _nobody(_: str) -> None:
    """Nobody else has a source open."""
