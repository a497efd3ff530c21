"""What a provider tells of itself, remembered for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bridge.oidc.failed import SignOnFailed
from rooms.clock import Clock

Told = TypeVar("Told")

KEPT = timedelta(hours=1)
"""How long a description and keys are believed: a key that was withdrawn is good no longer."""
QUIET = timedelta(seconds=5)
"""After a failure, during which who waits for the same hears of it at once."""


class Remembered(Generic[Told]):
    """Is read by one at a time, and after a failure not at once again."""

    def __init__(self, clock: Clock, read: Callable[[], Awaitable[Told]]) -> None:
        self._clock = clock
        self._read = read
        self._told: tuple[datetime, Told] | None = None
        self._failed: tuple[datetime, SignOnFailed] | None = None
        self._reading = asyncio.Lock()

    async def get(self, *, age: timedelta = KEPT, quiet: timedelta = QUIET) -> Told:
        """As it was told less than `age` ago.

        Raises:
            SignOnFailed: it cannot be read, or could not less than `quiet` ago.
        """
        if self._told is None or self._clock.now() - self._told[0] >= age:
            async with self._reading:
                return await self._anew(age, quiet)
        return self._told[1]

    async def _anew(self, age: timedelta, quiet: timedelta) -> Told:
        now = self._clock.now()
        if self._told is not None and now - self._told[0] < age:  # by who was before us
            return self._told[1]
        if self._failed is not None and now - self._failed[0] < quiet:
            before = self._failed[1]
            raise SignOnFailed(before.why, before.detail, again=True)
        try:
            told = await self._read()
        except SignOnFailed as failed:
            self._failed = self._clock.now(), failed
            raise
        self._told, self._failed = (now, told), None
        return told
