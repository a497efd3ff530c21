"""Rooms that wait for their turn, by the time at which it comes."""

import asyncio
from collections.abc import Collection
from heapq import heappop, heappush

from rooms.clock import Clock


class Rota:
    """A heap of rooms; each is due at one time, or taken out by whoever works on it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, str]] = []
        self._due: dict[str, float] = {}
        self._held_until = self._probing = 0.0
        self._sooner = asyncio.Event()

    @property
    def rooms(self) -> Collection[str]:
        """Whoever waits."""
        return self._due.keys()

    def put(self, room: str, seconds: float) -> None:
        """Let a room be due in so many seconds, in place of when it was."""
        self._due[room] = at = self._clock.monotonic() + seconds
        heappush(self._heap, (at, room))
        self._wake()

    def drop(self, room: str) -> None:
        """Take a room out; harmless where it does not wait."""
        self._due.pop(room, None)

    def hold(self, seconds: float) -> None:
        """Let one room's turn come in so many seconds, and again, until `release`.

        For when the whole service fails: one asks whether it still does.
        """
        self._probing = seconds
        self._held_until = self._clock.monotonic() + seconds

    def release(self) -> None:
        """Let everybody's turn come as it was."""
        if self._probing:
            self._probing = self._held_until = 0.0
            self._wake()

    async def next(self) -> str:
        """The room that is due first, taken out, when its time has come."""
        while True:
            self._forget_former()
            sooner = self._sooner
            wait = self._wait()
            if wait is not None and wait <= 0:
                room = heappop(self._heap)[1]
                del self._due[room]
                if self._probing:
                    self.hold(self._probing)
                return room
            try:
                async with asyncio.timeout(wait):
                    await sooner.wait()
            except TimeoutError:
                pass

    def _wait(self) -> float | None:
        """Seconds until somebody is due; None while nobody waits."""
        if not self._heap:
            return None
        return max(self._heap[0][0], self._held_until) - self._clock.monotonic()

    def _forget_former(self) -> None:
        """Pass over what was put otherwise or dropped since."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)

    def _wake(self) -> None:
        sooner, self._sooner = self._sooner, asyncio.Event()
        sooner.set()
