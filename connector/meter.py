"""How many requests a source sent, and what for; and what its service told by itself."""

from collections import Counter
from threading import Lock
from typing import Literal

Purpose = Literal["read", "watch", "write", "discover", "sign_in"]
"""`watch` is all that only tells that something changed: deltas, subscriptions, their renewal."""

Told = Literal["taken", "forged", "unknown", "malformed"]
"""What came of a notification: `forged` does not know the secret, `unknown` is of no subscription
that is held, `malformed` cannot be read."""


class Meter:
    """Counts the requests of one source; drivers count each before it is sent, from any thread."""

    def __init__(self) -> None:
        self.spent: Counter[Purpose] = Counter()
        self.told: Counter[Told] = Counter()
        self._lock = Lock()

    def count(self, purpose: Purpose = "read") -> None:
        """One more request."""
        with self._lock:
            self.spent[purpose] += 1

    def heard(self, told: Told) -> None:
        """One more notification."""
        with self._lock:
            self.told[told] += 1

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.spent.values())
