"""Guesses at PINs: few at each display and each room, and fewer the longer it goes on."""

import math
from dataclasses import dataclass

from rooms.clock import Clock

TRIES, WITHIN = 5, 3600.0
"""So many wrong PINs in so many seconds close a display, or a room."""
FIRST_LOCK, LONGEST_LOCK = 900.0, 86400.0
"""Seconds; each time it lasts twice as long as the time before."""
FORGIVEN_AFTER = 86400.0
"""Seconds without a wrong PIN after which all begins anew."""


@dataclass(slots=True)
class _Guesses:
    """Wrong PINs at one display or room."""

    tries: int = 0
    since: float = 0.0
    last: float = 0.0
    locks: int = 0
    until: float = 0.0


class Pins:
    """Counts wrong PINs. Those who guess are known by their tokens, so that there are few.

    A right PIN forgives nothing: whoever guesses between people who know it would guess for ever.
    Four digits stand two months of guessing day and night, half of the time, and each guess is in
    the audit log.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._guesses: dict[str, _Guesses] = {}

    def locked(self, *keys: str) -> int:
        """Seconds for which no PIN is taken any more; 0 where one is."""
        now = self._clock.monotonic()
        left = (self._guesses[key].until - now for key in keys if key in self._guesses)
        return math.ceil(max(0.0, *left, 0.0))

    def wrong(self, *keys: str) -> int:
        """A wrong PIN; the seconds for which it was the last, 0 where it was not."""
        now = self._clock.monotonic()
        for key in [key for key, one in self._guesses.items() if now - one.last > FORGIVEN_AFTER]:
            del self._guesses[key]
        for key in keys:
            one = self._guesses.setdefault(key, _Guesses(since=now))
            one.last = now
            if now - one.since > WITHIN:
                one.tries, one.since = 0, now
            one.tries += 1
            if one.tries >= TRIES:
                one.until = now + min(FIRST_LOCK * 2**one.locks, LONGEST_LOCK)
                one.tries, one.since = 0, now
                one.locks += 1
        return self.locked(*keys)
