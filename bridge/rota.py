"""Whoever is looked at again and again: each when it is due, and never twice at once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bridge.health import Subject
from bridge.logs import fault
from bridge.places import Places
from bridge.turns import Turns
from rooms.clock import Clock

log = logging.getLogger(__name__)

OCCUPIED = 1.0
"""Seconds after which it is tried again to look where somebody is just looking."""


class Rota:
    """Has each name looked at when that is due, so many at a time beside those that take long."""

    def __init__(
        self,
        clock: Clock,
        look: Callable[[str], Awaitable[float | None]],
        *,
        subject: Callable[[str], Subject],
        again: float,
        at_a_time: int = 64,
    ) -> None:
        """`look` says in how many seconds the name is due again; None: not before `soon`.

        Where it fails, the fault is logged under its `subject`, and it is due `again` so many
        seconds later.
        """
        self._clock = clock
        self._look = look
        self._subject = subject
        self._again = again
        self._turns: Turns[str] = Turns(clock)
        self._places = Places(at_a_time)
        self._looking: set[str] = set()

    def soon(self, name: str) -> None:
        """There is something to be done there, or may be."""
        self._turns.sooner(name, self._clock.monotonic())

    def drop(self, name: str) -> None:
        """It is not due any more; a look that has begun comes to its end."""
        self._turns.drop(name)

    async def run(self) -> None:
        """Look wherever it is due; until cancelled, and all looks with it."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._places.acquire()
                name = await self._turns.next()
                if name in self._looking:
                    self._places.release()
                    self._turns.sooner(name, self._clock.monotonic() + OCCUPIED)
                else:
                    self._looking.add(name)
                    self._places.hold(group.create_task(self._turn(name)))

    async def _turn(self, name: str) -> None:
        wait: float | None = self._again
        try:
            wait = await self._look(name)
        except Exception as error:  # noqa: BLE001 - the fault of one must not end the others
            log.error("%s: %s", self._subject(name), fault(error))
        finally:
            self._looking.discard(name)
        if wait is not None:
            self._turns.sooner(name, self._clock.monotonic() + wait)
