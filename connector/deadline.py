"""Deadlines for many things at a time: one timer for all of them, where each had its own before.

A timer costs as much as a tenth of a request, and hardly any ever goes off.
"""

import asyncio
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary

NEVER = float("inf")


class within:  # noqa: N801 - it reads as `asyncio.timeout` does
    """End what is done inside after so many seconds, as `asyncio.timeout` does.

    Raises:
        TimeoutError: on leaving, where it was ended.
    """

    __slots__ = ("_cancelling", "_ended", "_seconds", "_task", "_watch", "due")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ended = False
        self.due = NEVER
        """When, in the time of the loop."""

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a task")
        loop = task.get_loop()
        self._task, self._cancelling = task, task.cancelling()
        self.due = loop.time() + self._seconds
        self._watch = _watches.get(loop) or _watches.setdefault(loop, _Watch())
        self._watch.add(self, loop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        self._watch.drop(self)
        # Whoever else cancelled the task besides is not to be robbed of it.
        alone = self._ended and self._task.uncancel() <= self._cancelling
        if alone and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def end(self) -> None:
        """It is time."""
        self._ended = True
        self._task.cancel()


class _Watch:
    """The deadlines of one loop that are to come."""

    __slots__ = ("_at", "_coming", "_timer")

    def __init__(self) -> None:
        self._coming: set[within] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._at = NEVER
        """When the timer goes off, be it for one that was met meanwhile."""

    def add(self, one: within, loop: asyncio.AbstractEventLoop) -> None:
        """Look after one more."""
        self._coming.add(one)
        if one.due < self._at:
            self._set(one.due, loop)

    def drop(self, one: within) -> None:
        """Look after it no more: it was met, or is over."""
        self._coming.discard(one)
        if not self._coming:
            self._unset()

    def _set(self, due: float, loop: asyncio.AbstractEventLoop) -> None:
        self._unset()
        self._timer, self._at = loop.call_at(due, self._ring, loop), due

    def _unset(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._at = None, NEVER

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        """End what is due; loops may call a little early."""
        due = max(loop.time(), self._at)
        for one in [one for one in self._coming if one.due <= due]:
            self._coming.discard(one)
            one.end()
        self._unset()
        if self._coming:
            self._set(min(one.due for one in self._coming), loop)


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch] = WeakKeyDictionary()
