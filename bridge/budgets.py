"""The budgets of all sources, and what was spent of them, kept for the next start."""

import asyncio

from bridge.budget import Budget
from bridge.settings.budgets import per_day, per_minute
from bridge.settings.model import SourceSettings
from connector.meter import Meter
from rooms.clock import Clock
from rooms.spending import Spending

KEEP_EVERY = 5.0
"""Seconds between two writings: so much may be forgotten by a crash."""


class Budgets:
    """A budget for each source, by name."""

    def __init__(self, clock: Clock, spending: Spending | None) -> None:
        self._clock = clock
        self._spending = spending
        self._budgets: dict[str, Budget] = {}
        self._kept: dict[str, int] = {}

    def of(self, name: str, settings: SourceSettings) -> Budget:
        """What a source may ask for: what was spent stays so when it is opened anew."""
        limits = per_day(settings), per_minute(settings)
        known = self._budgets.get(name)
        if known is None or known.limits != limits:
            found = self._spending.found(name) if self._spending else ()
            known = Budget(
                known.meter if known else Meter(),
                self._clock,
                per_day=limits[0],
                per_minute=limits[1],
                before=known.steps if known else found,
            )
            self._budgets[name] = known
        return known

    async def run(self) -> None:
        """Keep what is spent, every few seconds and at the end."""
        try:
            while True:
                await asyncio.sleep(KEEP_EVERY)
                await self._save()
        finally:
            await self._save()

    async def _save(self) -> None:
        for name, budget in list(self._budgets.items()):
            total = budget.meter.total
            steps = budget.steps
            if self._spending and steps and total != self._kept.get(name):
                self._kept[name] = total
                await self._spending.keep(name, steps)
