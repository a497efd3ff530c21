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
        self._held: dict[Task, float] = {}
        """Until when each that has a place keeps it, the first first: one timer is enough."""
        self._timer: asyncio.TimerHandle | None = None
        self._beside: set[Task] = set()

    async def acquire(self) -> None:
        """Wait for a place: to `hold`, or to `release`."""
        await self._free.acquire()

    def release(self) -> None:
        """Nobody needs that place."""
        self._free.release()

    def hold(self, task: Task) -> None:
        """The place is this task's until it ends, even before it began, or takes long."""
        self._keep(task, task.get_loop())
        task.add_done_callback(self._over)

    def _keep(self, task: Task, loop: asyncio.AbstractEventLoop) -> None:
        self._held[task] = until = loop.time() + self._prompt
        if self._timer is None:
            self._timer = loop.call_at(until, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the places of those that take long."""
        self._timer, now = None, loop.time()
        for task in [task for task, until in self._held.items() if until <= now]:
            del self._held[task]
            if len(self._beside) >= self._most:
                self._keep(task, loop)
            else:
                self._beside.add(task)
                self._free.release()
        if self._held and self._timer is None:
            self._timer = loop.call_at(next(iter(self._held.values())), self._look, loop)

    def _over(self, task: Task) -> None:
        if self._held.pop(task, None) is None:
            self._beside.discard(task)
        else:
            self._free.release()
