"""How many requests a source may send: spread evenly, never more within any day than agreed.

A token bucket: so many requests are there at once, and more come at a steady rate. What the bridge
cannot hold back (watching, signing in, writing) draws from it too, and may take it below nothing:
reads then wait until that is made up.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

from connector.meter import Meter
from rooms.clock import Clock
from rooms.spending import Spent

DAY, MINUTE = 86400.0, 60.0
RESERVE = 1 / 12
"""The share of a budget that is not spent at the steady rate: half of it may be spent at once,
half is for what cannot wait."""
GRAIN = 1e-6
"""The share of a request that counts as none."""
SPARE = 0.1
"""The share of the steady rate that polling leaves to hints, and to reads before starts."""
STEP = 600.0
"""Seconds that are summed for what was spent within a day."""


class Bucket:
    """At most `limit` requests within any `span` seconds.

    That is so as long as it is never overdrawn by more than half of its reserve.
    """

    def __init__(self, limit: float, span: float, now: float) -> None:
        self.limit = limit
        self.span = span
        reserve = limit * RESERVE
        self.rate = (limit - reserve) / span
        """Requests a second."""
        self._most = max(reserve / 2, 1.0)
        self._left = self._most
        self._at = now

    def draw(self, count: float, now: float) -> None:
        """So many were sent since the last time."""
        self._left = min(self._left + (now - self._at) * self.rate, self._most) - count
        self._at = now

    def wait(self, held: float) -> float:
        """Seconds until one more may be sent, of which so many are on their way already.

        A bucket that holds less than they may need lets one through at a time.
        """
        needed = min(held + 1.0, self._most)
        missing = needed - self._left
        # Not to the last digit: time is too coarse to wait for that.
        return 0.0 if missing < GRAIN else missing / self.rate


class Budget:
    """What one source may ask for, and what it has."""

    def __init__(
        self,
        meter: Meter,
        clock: Clock,
        *,
        per_day: int | None = None,
        per_minute: int | None = None,
        before: Sequence[Spent] = (),
    ) -> None:
        """`before`: what was spent before this budget was made, oldest first."""
        self.meter = meter
        self._clock = clock
        self.per_day = per_day
        self.limits = per_day, per_minute
        self._seen = meter.total
        self._reads = 0
        self._asked = meter.spent["read"]
        self._inside = 0
        self._buckets = [
            Bucket(limit, span, clock.monotonic())
            for limit, span in ((per_day, DAY), (per_minute, MINUTE))
            if limit
        ]
        self._steps: deque[tuple[float, Spent]] = deque()
        if before:
            self._recall(before)

    @property
    def per_read(self) -> float:
        """Requests that one read takes, as they were counted since the start."""
        reads = self._reads + self._inside
        return max(1.0, (self.meter.spent["read"] - self._asked) / reads) if reads else 1.0

    @property
    def spent(self) -> int:
        """Requests of the last 24 hours, to ten minutes; since the start where that is sooner."""
        self._settle()
        return sum(one.requests for _, one in self._steps)

    @property
    def steps(self) -> Sequence[Spent]:
        """The same by ten minutes, oldest first."""
        self._settle()
        return [one for _, one in self._steps]

    def _recall(self, before: Sequence[Spent]) -> None:
        """Let the buckets be as empty as what was spent has made them.

        All of a step counts as spent at its end: rather a little too late than too soon.
        """
        now, at = self._clock.monotonic(), self._clock.now()
        for one in before:
            ago = (at - one.at).total_seconds()
            if not 0 <= ago < DAY:
                continue  # long ago, or by a clock that was wrong
            self._steps.append((now - ago, one))
        self._buckets = [Bucket(one.limit, one.span, now - DAY) for one in self._buckets]
        for began, one in self._steps:
            for bucket in self._buckets:
                bucket.draw(one.requests, min(began + STEP, now))
        for bucket in self._buckets:
            bucket.draw(0, now)

    async def enter(self) -> None:
        """Wait until a read fits in."""
        while (wait := self._wait()) > 0:  # noqa: ASYNC110 - nothing but time brings more
            await asyncio.sleep(wait)
        self._inside += 1

    def leave(self) -> None:
        """The read is over: its requests are counted."""
        self._inside -= 1
        self._reads += 1

    def withdraw(self) -> None:
        """There was no read after all."""
        self._inside -= 1

    def interval(self, rooms: int) -> timedelta:
        """How often so many rooms can be read by turns; next to nothing where nothing limits it."""
        seconds = 0.0
        others = self.spent - (self.meter.spent["read"] - self._asked) if self._buckets else 0
        for bucket in self._buckets:
            rate = bucket.rate * (1 - SPARE)
            if bucket.span == DAY:
                rate = max(rate - max(others, 0) / DAY, rate / 10)
            seconds = max(seconds, rooms * self.per_read / rate)
        return timedelta(seconds=seconds)

    def _wait(self) -> float:
        self._settle()
        held = self._inside * self.per_read
        return max((bucket.wait(held) for bucket in self._buckets), default=0.0)

    def _settle(self) -> None:
        """Take what was sent since the last time."""
        now, total = self._clock.monotonic(), self.meter.total
        count, self._seen = total - self._seen, total
        for bucket in self._buckets:
            bucket.draw(count, now)
        if count:
            if self._steps and now - self._steps[-1][0] < STEP:
                began, before = self._steps.pop()
                self._steps.append((began, Spent(before.at, before.requests + count)))
            else:
                self._steps.append((now, Spent(self._clock.now(), count)))
        while self._steps and now - self._steps[0][0] >= DAY:
            self._steps.popleft()
