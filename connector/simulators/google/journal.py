"""What was asked of the workspace: a list of the newest requests, and counts of all."""

from collections import Counter, deque
from datetime import datetime

import msgspec

KEPT = 10_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request. It names no token and nothing that a calendar holds."""

    time: datetime
    method: str
    path: str
    query: str
    calendar: str
    status: int
    peer: str


class Journal:
    """Remembers requests."""

    def __init__(self) -> None:
        self._asked: deque[Asked] = deque(maxlen=KEPT)
        self._by_status: Counter[str] = Counter()

    def add(self, asked: Asked) -> None:
        """Remember a request that was answered."""
        self._asked.append(asked)
        self._by_status[str(asked.status)] += 1

    def requests(self, calendar: str | None = None) -> list[Asked]:
        """The newest requests, oldest first; of one calendar where it is named."""
        wanted = None if calendar is None else calendar.lower()
        return [asked for asked in self._asked if wanted in {None, asked.calendar}]

    @property
    def by_status(self) -> dict[str, int]:
        """How many requests there were since the journal was last cleared."""
        return dict(self._by_status)

    def clear(self) -> None:
        """Forget all of it."""
        self._asked.clear()
        self._by_status.clear()
