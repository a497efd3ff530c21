"""What was asked of the tenant: a list of the newest requests, and counts of all."""

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
    prefer: str
    mailbox: str
    status: int
    peer: str


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests there were since the beginning, or since they were last cleared."""

    requests: int
    tokens: int
    by_status: dict[str, int]
    by_mailbox: dict[str, int]


class Journal:
    """Remembers requests."""

    def __init__(self) -> None:
        self._asked: deque[Asked] = deque(maxlen=KEPT)
        self._by_status: Counter[str] = Counter()
        self._by_mailbox: Counter[str] = Counter()
        self._tokens = 0

    def add(self, asked: Asked) -> None:
        """Remember a request that was answered."""
        self._asked.append(asked)
        self._by_status[str(asked.status)] += 1
        self._by_mailbox[asked.mailbox] += 1
        self._tokens += asked.path.endswith("/oauth2/v2.0/token") and asked.status == 200

    def requests(self, mailbox: str | None = None) -> list[Asked]:
        """The newest requests, oldest first; of one mailbox where it is named."""
        wanted = None if mailbox is None else mailbox.lower()
        return [asked for asked in self._asked if wanted in {None, asked.mailbox}]

    @property
    def counts(self) -> Counts:
        """All requests, counted."""
        return Counts(
            requests=sum(self._by_status.values()),
            tokens=self._tokens,
            by_status=dict(self._by_status),
            by_mailbox={name: count for name, count in self._by_mailbox.items() if name},
        )

    def clear(self) -> None:
        """Forget all of it."""
        self._asked.clear()
        self._by_status.clear()
        self._by_mailbox.clear()
        self._tokens = 0
