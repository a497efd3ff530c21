"""How fast a service is asked: as fast as it bears."""

import asyncio
import random
from contextlib import suppress

from rooms.clock import Clock

START = 8.0
MOST = 64.0
STEP = 50
"""Good answers after which one more request may be in flight."""


class Gate:
    """How many requests to one tenant are in flight.

    A few more while all is well, half of them when it throttles (additive increase, multiplicative
    decrease). One loop enters; whoever it sends leaves.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limit = START
        self._inside = 0
        self._good = 0
        self._slowed_at = float("-inf")
        self._place = asyncio.Event()

    @property
    def limit(self) -> int:
        """How many may be in flight now."""
        return int(self._limit)

    async def enter(self) -> None:
        """Wait for a place and take it."""
        while self._inside >= self.limit:
            self._place.clear()
            await self._place.wait()
        self._inside += 1

    def leave(self) -> None:
        """Give the place back."""
        self._inside -= 1
        self._place.set()

    def well(self) -> None:
        """A good answer came."""
        self._good += 1
        if self._good >= STEP:
            self._good = 0
            self._limit = min(self._limit + 1, MOST)
            self._place.set()

    def throttled(self) -> None:
        """The service asked for less. Answers to what was already in flight count once."""
        now = self._clock.monotonic()
        if now - self._slowed_at >= 1:
            self._limit = max(self._limit / 2, 1.0)
            self._slowed_at = now
        self._good = 0


class Breaker:
    """Leaves a service alone that refuses everybody, but for one probe at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = float("-inf")
        self._times = 0
        self._opened_at = float("-inf")
        self._mended = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether only probes are sent."""
        return self._times > 0

    def trip(self, since: float, wait: float, longest: float, asked: float = 0.0) -> None:
        """A request begun at `since` failed for everybody; the next waits, doubling each time.

        It waits as long as the service `asked` for, at least. Requests that were in flight together
        fail together, and count once.
        """
        now = self._clock.monotonic()
        self._until = max(self._until, now + asked)
        if since < self._opened_at:
            return
        self._until = max(now + spread(doubling(wait, self._times, longest)), now + asked)
        self._opened_at = now
        self._times += 1

    def mend(self) -> None:
        """A request was answered well."""
        self._times = 0
        self._until = float("-inf")
        self._mended.set()

    async def probe(self) -> None:
        """Wait until a probe may be sent."""
        while (wait := self._until - self._clock.monotonic()) > 0:
            self._mended.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._mended.wait()


def spread(seconds: float, share: float = 0.1) -> float:
    """About so many seconds, so that what fails together does not return together."""
    return seconds * random.uniform(1 - share, 1 + share)  # noqa: S311 - spreads load, protects nothing


def doubling(first: float, times: int, most: float) -> float:
    """A span that doubles with each time, up to a bound."""
    return min(first * 2.0 ** min(times, 30), most)
