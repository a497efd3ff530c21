"""The doctor's rounds in the running appliance: what is found becomes health, and ends there."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from bridge.doctor.finding import Finding
from bridge.doctor.visit import Visit
from bridge.findings import FINDINGS
from bridge.health import Health, Subject
from bridge.logs import fault
from rooms.clock import Clock

log = logging.getLogger(__name__)

SETTLED = 60.0
"""Seconds after a start or a change until the next round: calendars are read by then."""


class Rounds:
    """Makes visits, one at a time."""

    def __init__(self, health: Health, clock: Clock, visit: Callable[[str | None], Visit]) -> None:
        self._health = health
        self._clock = clock
        self._visit = visit
        self._one = asyncio.Lock()
        self._changed = asyncio.Event()
        self.as_of: datetime | None = None
        """When everything was looked at last."""

    def changed(self) -> None:
        """Something is configured otherwise: what was found may be over."""
        self._changed.set()

    async def attend(self) -> None:
        """A round after the start, and after each change. The daily ones are housekeeping's."""
        while True:
            await asyncio.sleep(SETTLED)
            self._changed.clear()
            try:
                await self.go()
            except Exception as error:  # noqa: BLE001 - a fault here must not end the appliance
                log.error("doctor: %s", fault(error))
            await self._changed.wait()

    async def go(self, room: str | None = None) -> None:
        """Look at everything, or at what concerns one room, and tell health."""
        async with self._one:
            visit = self._visit(room)
            self._settle(visit.subjects(), await visit.findings())
            if room is None:
                self.as_of = self._clock.now()

    def _settle(self, seen: Iterable[Subject], found: Iterable[Finding]) -> None:
        """What was found stands; what was looked at and is not found any more is over."""
        now = {(one.subject, one.code): one for one in found if one.code in FINDINGS}
        for subject in set(seen):
            for trouble in self._health.findings(subject):
                if (subject, trouble.code) not in now:
                    self._health.good(subject, trouble.code)
        for one in now.values():
            self._health.bad(one.subject, one.code, one.words, one.fix, severity=one.severity)
