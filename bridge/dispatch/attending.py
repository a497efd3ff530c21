"""Listening to endpoints that tell things by themselves: a task each, for those only."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

from bridge.dispatch.ledger import Ledger
from bridge.dispatch.outbox import Outbox
from bridge.pace import doubling, spread
from bridge.turns import Turns
from connector.endpoint import Attended, Notice
from connector.errors import ConnectorError, Denied
from rooms.clock import Clock

START = 10.0
"""Seconds from an endpoint's first push to the first listening, about: a wrong password is then
known, and not tried twice."""
WAIT = 5.0
"""Seconds that listening waits for a push that goes on, or fails."""
PACE = 0.02
"""Seconds between two beginnings: ten thousand do not shake hands at once."""
FIRST_RETRY, LONGEST_RETRY = 5.0, 300.0
HELD = 600.0
"""Seconds that listening must have lasted for its next end to count as the first."""
OFFERED = 6 * 3600.0
"""Seconds until a unit is asked again that offered nothing to listen to: it may have new software
since."""
TOLD = 3
"""Failures in a row before somebody is told."""


class Attending:
    """Keeps listening to each, for ever."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        *,
        find: Callable[[str], Outbox | None],
        told: Callable[[Outbox, Notice], None],
        deaf: Callable[[Outbox], None],
        away: Callable[[Outbox], None],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._find = find
        self._told = told
        self._deaf = deaf
        self._away = away
        self._turns: Turns[str] = Turns(clock)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen until the end."""
        async with asyncio.TaskGroup() as group:
            beginning = group.create_task(self._run())
            try:
                yield
            finally:
                beginning.cancel()

    def adopt(self, box: Outbox) -> None:
        """Listen to this one too, if it tells anything."""
        if box.does.attend:
            self._later(box, spread(START, 0.5))

    async def drop(self, box: Outbox) -> None:
        """Listen no more, and wait for the end of it."""
        self.silence(box)
        task = box.attending
        if task is not None and task is not asyncio.current_task():
            await asyncio.wait([task])

    def silence(self, box: Outbox) -> None:
        """Listen no more."""
        self._turns.drop(box.settings.id)
        task = box.attending
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _later(self, box: Outbox, wait: float) -> None:
        self._turns.at(box.settings.id, self._clock.monotonic() + wait)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                box = self._find(await self._turns.next())
                if box is None or box.state == "denied" or box.attending is not None:
                    continue
                # Two that sign in at once with a wrong password would be two failures.
                if box.busy or (box.does.show and box.failures):
                    self._later(box, spread(WAIT))
                    continue
                box.attending = group.create_task(self._attend(box))
                await asyncio.sleep(PACE)

    async def _attend(self, box: Outbox) -> None:
        """Listen once; when that ends, see to it that it begins again."""
        began = self._clock.monotonic()
        endpoint = cast("Attended", box.endpoint)
        try:
            await self._ledger.tried(box, endpoint.attend(partial(self._told, box)), None)
        except Denied:
            return
        except ConnectorError as error:
            if self._clock.monotonic() - began >= HELD:
                box.attend_failures = 0
            box.attend_failures += 1
            self._say(box, error)
            wait = spread(doubling(FIRST_RETRY, box.attend_failures - 1, LONGEST_RETRY))
            asked = error.retry_after.total_seconds() if error.retry_after else 0.0
            self._later(box, max(wait, asked))
            self._away(box)
        else:
            box.attend_failures = 0
            self._ledger.over(box, "endpoint_unattended")
            self._later(box, spread(OFFERED))
        finally:
            box.attending = None
            self._deaf(box)

    def _say(self, box: Outbox, error: ConnectorError) -> None:
        """Say that it tells nothing, unless it is known to be away altogether."""
        if box.attend_failures >= TOLD and not box.failures:
            words = f"the room system does not tell what happens there: {error} ({error.reason})"
            self._ledger.say(box, "endpoint_unattended", words, error.fix)
