"""What is done by the calendar rather than by a room: purge, renewal, reconciliation."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bridge.logs import fault

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Chore:
    """Something done again and again; a run that is missed is made up for once."""

    name: str
    every: timedelta
    do: Callable[[], Awaitable[None]]
    jitter: timedelta = timedelta()


@asynccontextmanager
async def running(chores: list[Chore]) -> AsyncIterator[None]:
    """Do the chores in their time until the end.

    APScheduler is used as a clock only: no job store, no state. It is imported by a thread, which
    takes a tenth of a second that nobody should wait for at start.
    """
    scheduler = await asyncio.to_thread(_scheduler)
    for chore in chores:
        scheduler.add_job(
            _done,
            "interval",
            args=[chore],
            id=chore.name,
            seconds=chore.every.total_seconds(),
            jitter=chore.jitter.total_seconds() or None,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)


def _scheduler() -> Any:  # apscheduler has no types
    from apscheduler.schedulers.asyncio import AsyncIOScheduler  # noqa: PLC0415 - see above

    return AsyncIOScheduler(timezone="UTC")


async def _done(chore: Chore) -> None:
    """One run, whatever comes of it."""
    try:
        await chore.do()
    except Exception as error:  # noqa: BLE001 - one chore's fault must not end the others
        log.error("%s: %s", chore.name, fault(error))
