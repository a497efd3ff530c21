"""Virtual time: a loop whose clock jumps to the next timer when nothing else is to be done."""

import asyncio
import contextlib
import selectors
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlite_utils import Database as Tables

from rooms.database import Database

T = TypeVar("T")

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""A Monday."""
REAL_WAIT = 5.0
"""Real seconds that something outside the loop, such as the database's thread, may take."""


class _Jumping(selectors.DefaultSelector):
    """Waits for sockets as ever, but not for time."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0
        self.pending = 0
        """Things that go on outside the loop: while there are any, time stands still."""

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready; with nothing ready, time passes."""
        ready: list[Any] = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None or self.pending:
            return super().select(REAL_WAIT)
        self.ahead += max(timeout, 1e-6)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time."""

    def __init__(self) -> None:
        self.jumping = _Jumping()
        super().__init__(self.jumping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self.jumping.ahead

    @contextlib.contextmanager
    def standing(self) -> Iterator[None]:
        """Time stands still meanwhile."""
        self.jumping.pending += 1
        try:
            yield
        finally:
            self.jumping.pending -= 1

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override] # as loosely typed as it is called
        """Time stands still while a thread works."""
        self.jumping.pending += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._back)
        return future

    async def shutdown_default_executor(self, *timeout: Any) -> None:
        """Time stands still while threads end."""
        with self.standing():
            await super().shutdown_default_executor(*timeout)

    def _back(self, _: object) -> None:
        self.jumping.pending -= 1


class VirtualClock:
    """The clock of a virtual loop."""

    def __init__(self, start: datetime = NOON) -> None:
        self._start = start

    def now(self) -> datetime:
        """Virtual time of day."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Virtual seconds."""
        return asyncio.get_running_loop().time()


class FixedClock:
    """A clock that stands until it is moved."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start
        self._monotonic = 1000.0

    def now(self) -> datetime:
        """The time that was set."""
        return self._now

    def monotonic(self) -> float:
        """Seconds moved so far."""
        return self._monotonic

    def move(self, span: timedelta) -> None:
        """Let time pass."""
        self._now += span
        self._monotonic += span.total_seconds()


class PatientDatabase(Database):
    """A database whose thread takes no virtual time."""

    async def change(self, work: Callable[[Tables], T]) -> T:
        """As ever, while time stands still."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        with loop.standing():
            return await super().change(work)


def in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, however long that takes in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
