"""What a source that watches is given, and what it told."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from yarl import URL

from connector.errors import ConnectorError
from rooms.room import Room


class FakeWatch:
    """Remembers what it is told.

    A hint's mark is committed at once, as if the room were read in no time, unless `commits` is
    false: then it waits in `pending` for `commit`.
    """

    def __init__(self, *rooms: Room, **spans: Any) -> None:
        self.rooms: dict[str, Room] = {}
        self.past = timedelta(days=180)
        self.ahead = timedelta(days=550)
        self.served_past = timedelta(days=1)
        self.served_ahead = timedelta(days=7)
        self.every = timedelta(minutes=15)
        self.hook: URL | None = None
        self.hints: list[tuple[str, bytes | None]] = []
        self.beyonds: list[str] = []
        self.coverage: dict[str, bool] = {}
        self.marks: dict[str, bytes] = {}
        self.kept: list[tuple[str, bytes | None]] = []
        self.failures: list[tuple[str | None, ConnectorError]] = []
        self.wells: list[str | None] = []
        self.pending: dict[str, bytes] = {}
        self.commits = True
        self._version = self._told = 0
        self._news = asyncio.Event()
        self.arrange(*rooms, **spans)

    def arrange(self, *rooms: Room, **spans: Any) -> None:
        """Watch these rooms from now on, and these spans."""
        self.rooms = {room.id: room for room in rooms}
        for name, value in spans.items():
            assert hasattr(self, name), name
            setattr(self, name, value)
        self._version += 1
        self._happened()

    async def rearranged(self) -> None:
        """Wait for the next `arrange`; the first one is known."""
        self._told = self._told or 1
        while self._told == self._version:
            await self._news.wait()
        self._told = self._version

    def hint(self, room: str, mark: bytes | None = None) -> None:
        """Remembered."""
        self.hints.append((room, mark))
        if mark is not None:
            self.pending[room] = mark
        if self.commits:
            self.commit(room)
        self._happened()

    def commit(self, room: str) -> None:
        """The room was read after a hint."""
        if room in self.pending:
            self.marks[room] = self.pending.pop(room)

    def beyond(self, room: str) -> None:
        """Remembered."""
        self.beyonds.append(room)
        self._happened()

    def covered(self, room: str, *, by: bool) -> None:
        """Remembered."""
        self.coverage[room] = by
        self._happened()

    def mark(self, room: str) -> bytes | None:
        """What was committed last."""
        return self.marks.get(room)

    async def keep(self, room: str, mark: bytes | None) -> None:
        """Committed at once."""
        self.kept.append((room, mark))
        self.marks.pop(room, None)
        if mark is not None:
            self.marks[room] = mark
        self._happened()

    def failing(self, error: ConnectorError, *, room: str | None = None) -> None:
        """Remembered."""
        self.failures.append((room, error))
        self._happened()

    def well(self, *, room: str | None = None) -> None:
        """Remembered."""
        self.wells.append(room)
        self._happened()

    def hinted(self, room: str) -> int:
        """How many hints a room had."""
        return sum(name == room for name, _ in self.hints)

    async def until(self, so: Callable[[], object], seconds: float = 10) -> None:
        """Wait until something is so; looked at whenever something was told."""
        async with asyncio.timeout(seconds):
            while not so():
                await self._news.wait()

    def _happened(self) -> None:
        """Wake whoever waits; everybody looks again."""
        news, self._news = self._news, asyncio.Event()
        news.set()
