"""Places for so many at a time, of which nobody keeps one for long.

What waits for an answer that does not come costs little but its place: it gives that up to whoever
waits, and goes on beside.
"""

import asyncio
from typing import Any

PROMPT = 1.0
"""Seconds for which a place is kept; what is well has mostly answered by then."""
BESIDE = 512
"""How many may go on beside; while there are more, places are kept for longer."""

Task = asyncio.Task[Any]


class Places:
    """So many places."""

    def __init__(self, size: int, *, prompt: float = PROMPT, beside: int = BESIDE) -> None:
        self._free = asyncio.Semaphore(size)
        self._prompt = prompt
        self._most = beside
        self._timers: dict[Task, asyncio.TimerHandle] = {}
        """Of those that have a place."""
        self._beside: set[Task] = set()

    async def acquire(self) -> None:
        """Wait for a place: to `hold`, or to `release`."""
        await self._free.acquire()

    def release(self) -> None:
        """Nobody needs that place."""
        self._free.release()

    def hold(self, task: Task) -> None:
        """The place is this task's until it ends, even before it began, or takes long."""
        self._wait(task)
        task.add_done_callback(self._over)

    def _wait(self, task: Task) -> None:
        loop = asyncio.get_running_loop()
        self._timers[task] = loop.call_later(self._prompt, self._late, task)

    def _late(self, task: Task) -> None:
        if len(self._beside) >= self._most:
            self._wait(task)
            return
        del self._timers[task]
        self._beside.add(task)
        self._free.release()

    def _over(self, task: Task) -> None:
        timer = self._timers.pop(task, None)
        if timer is None:
            self._beside.discard(task)
        else:
            timer.cancel()
            self._free.release()
