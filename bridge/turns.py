"""Whose turn it is: many things, each due at its own time."""

import asyncio
import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

from rooms.clock import Clock

K = TypeVar("K", bound=Hashable)


class Turns(Generic[K]):
    """A heap of due times in seconds of the monotonic clock; each key is in it at most once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._count = 0
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self._due)

    def at(self, key: K, due: float) -> None:
        """Its turn is then, whatever was said before."""
        self._due[key] = due
        self._count += 1  # among equals the first to come is the first to go
        heapq.heappush(self._heap, (due, self._count, key))
        self._news.set()

    def sooner(self, key: K, due: float) -> None:
        """Its turn is then at the latest."""
        if due < self._due.get(key, float("inf")):
            self.at(key, due)

    def drop(self, key: K) -> None:
        """It has no turn any more."""
        self._due.pop(key, None)

    async def next(self) -> K:
        """Wait for the first key that is due, and take it out."""
        while True:
            self._skip()
            wait = None
            if self._heap:
                wait = self._heap[0][0] - self._clock.monotonic()
                if wait <= 0:
                    _, _, key = heapq.heappop(self._heap)
                    del self._due[key]
                    return key
            self._news.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _skip(self) -> None:
        """Drop entries that were overtaken."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
