"""Whose turn it is: many things, each due at its own time, and some before others."""

import asyncio
import heapq
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

from rooms.clock import Clock

K = TypeVar("K", bound=Hashable)

FIRST, TOLD, USUAL = range(3)
"""Ranks: what people wait for, what a service told of, and whatever comes round by itself."""


class _Turn(NamedTuple):
    """When a key is due; the number tells among equals which came first, and which is overtaken."""

    rank: int
    due: float
    number: int


class Turns(Generic[K]):
    """Due times in seconds of the monotonic clock; each key has one at most.

    Of all that is due the lowest rank goes first: a backlog does not hold up what is urgent.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns: dict[K, _Turn] = {}
        self._later: list[tuple[float, int, K]] = []
        """A heap by the time that they are due."""
        self._ready: list[tuple[_Turn, K]] = []
        """A heap by rank of what is due."""
        self._count = 0
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self._turns)

    def at(self, key: K, due: float, rank: int = USUAL) -> None:
        """Its turn is then, whatever was said before."""
        self._count += 1
        self._turns[key] = _Turn(rank, due, self._count)
        heapq.heappush(self._later, (due, self._count, key))
        self._news.set()

    def sooner(self, key: K, due: float, rank: int = USUAL) -> bool:
        """Its turn is then at the latest; whether that is sooner than it was."""
        known = self._turns.get(key)
        if known is not None and known.due <= due:
            return False
        self.at(key, due, rank)
        return True

    def drop(self, key: K) -> None:
        """It has no turn any more."""
        self._turns.pop(key, None)

    async def next(self) -> K:
        """Wait for the first key that is due, and take it out."""
        while True:
            self._sort()
            while self._ready:
                turn, key = heapq.heappop(self._ready)
                if self._turns.get(key) == turn:
                    del self._turns[key]
                    return key
            self._news.clear()
            wait = self._later[0][0] - self._clock.monotonic() if self._later else None
            try:
                async with asyncio.timeout(wait):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _sort(self) -> None:
        """Move what is due by now; drop what was overtaken."""
        now = self._clock.monotonic()
        while self._later:
            due, number, key = self._later[0]
            turn = self._turns.get(key)
            current = turn is not None and turn.number == number
            if current and due > now:
                return
            heapq.heappop(self._later)
            if turn is not None and current:
                heapq.heappush(self._ready, (turn, key))
