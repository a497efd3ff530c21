"""How many requests a source sent, and what for."""

from collections import Counter
from threading import Lock
from typing import Literal

Purpose = Literal["read", "watch", "write", "discover", "sign_in"]
"""`watch` is all that only tells that something changed: deltas, subscriptions, their renewal."""


class Meter:
    """Counts the requests of one source; drivers count each before it is sent, from any thread."""

    def __init__(self) -> None:
        self.spent: Counter[Purpose] = Counter()
        self._lock = Lock()

    def count(self, purpose: Purpose = "read") -> None:
        """One more request."""
        with self._lock:
            self.spent[purpose] += 1

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.spent.values())
