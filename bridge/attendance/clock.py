"""Whether time went on as it should: who was away, or whose clock was set, has seen nothing."""

from datetime import datetime, timedelta

from rooms.clock import Clock

JUMP = timedelta(seconds=20)
"""By how much the time of day and the steady clock may part between two looks."""


class Unbroken:
    """Compares the time of day with the clock that only grows.

    They part when somebody sets the clock, and when the machine slept: then meetings began and
    people came without the bridge noticing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now, self._steady = clock.now(), clock.monotonic()

    def jumped(self) -> datetime | None:
        """The present, if time did not go on steadily since the last look."""
        now, steady = self._clock.now(), self._clock.monotonic()
        passed = timedelta(seconds=steady - self._steady)
        parted = abs(now - self._now - passed)
        self._now, self._steady = now, steady
        return now if parted > JUMP else None
