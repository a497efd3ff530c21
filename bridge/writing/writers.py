"""What changes calendars: opened where the policy of a room allows it, and nowhere else."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bridge.logs import fault
from bridge.settings.model import Configuration, SourceSettings, writing_sources
from connector import load
from connector.errors import ConnectorError, Unavailable
from connector.outside import Outside
from connector.writing import Writer
from rooms.room import Room

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Open:
    """A source that is open for writing, or is being opened."""

    settings: SourceSettings
    writer: asyncio.Future[Writer]
    task: asyncio.Task[None]


class Writers:
    """One writer for each source that may be written to, opened when it is first needed."""

    def __init__(self, outside: Callable[[str, SourceSettings], Outside]) -> None:
        self._outside = outside
        self._open: dict[str, _Open] = {}
        self._sources: dict[str, SourceSettings] = {}
        self._rooms: dict[str, Room] = {}
        self._group: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep what is opened until the end."""
        async with asyncio.TaskGroup() as self._group:
            try:
                yield
            finally:
                for name in list(self._open):
                    await self._close(name)

    async def adopt(self, configuration: Configuration) -> None:
        """Only these sources are written to from now on."""
        self._sources = dict(writing_sources(configuration))
        self._rooms = {room.id: room for room in configuration.inventory.rooms}
        for name, opened in list(self._open.items()):
            if self._sources.get(name) != opened.settings:
                await self._close(name)

    async def close(self, name: str) -> None:
        """Do not write to a source for now: what it knows of tokens is gone with it."""
        if name in self._open:
            await self._close(name)

    async def writer(self, name: str) -> Writer:
        """What writes to a source.

        Raises:
            KeyError: nobody may, or nothing can.
            Unavailable, Denied, NotFound, Malformed: it cannot be opened.
        """
        opened = self._open.get(name)
        if opened is None or opened.task.done():
            opened = self._open[name] = self._opened(name, self._sources[name])
        return await asyncio.shield(opened.writer)

    def able(self, room: Room) -> bool:
        """Whether what holds a room's calendar can be written to at all."""
        return room.source in self._sources

    def known(self, room: Room) -> bool:
        """Whether a room's policy, as it is now, wants its calendar written to."""
        now = self._rooms.get(room.id)
        return now is not None and now.policy.writes != "none"

    def allows(self, room: Room, writer: Writer) -> bool:
        """Whether a room may still be written to as when it was asked for, with that writer."""
        now, opened = self._rooms.get(room.id), self._open.get(room.source)
        if now is None or opened is None or opened.task.done():
            return False
        same = (now.source, now.mailbox) == (room.source, room.mailbox)
        theirs = opened.writer.done() and opened.writer.result() is writer
        return same and theirs and now.policy.allows(room.policy.writes)

    def _opened(self, name: str, settings: SourceSettings) -> _Open:
        driver = load.writing(settings.kind)  # imported already, when the settings were read
        writer: asyncio.Future[Writer] = asyncio.get_running_loop().create_future()

        async def hold() -> None:
            try:
                outside = self._outside(name, settings)
                async with driver.connect(settings.options, outside) as opened:
                    writer.set_result(opened)
                    await asyncio.Event().wait()
            except ConnectorError as error:
                _fail(writer, error)
            except Exception as error:  # noqa: BLE001 - one source's fault must not end the rest
                log.error("writing to source %s: %s", name, fault(error))
                _fail(writer, Unavailable("a fault of the bridge", reason="unexpected"))
            finally:
                _fail(writer, Unavailable("the configuration changes", reason="unreachable"))

        assert self._group is not None  # noqa: S101 - asked while running
        return _Open(settings=settings, writer=writer, task=self._group.create_task(hold()))

    async def _close(self, name: str) -> None:
        opened = self._open.pop(name)
        opened.task.cancel()
        await asyncio.wait([opened.task])


def _fail(writer: asyncio.Future[Writer], error: ConnectorError) -> None:
    """Tell whoever waits, if anybody still does."""
    if not writer.done():
        writer.set_exception(error)
        writer.exception()
