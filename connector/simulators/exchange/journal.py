"""What was asked of the server: a list of the newest requests, and counts of all."""

from collections import Counter, deque
from datetime import datetime

import msgspec

KEPT = 10_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request. It names no password, no token and nothing that a calendar holds."""

    time: datetime
    path: str
    operation: str
    """The SOAP operation; empty where none was read."""
    mailbox: str
    """Whose calendar was asked for, as far as the request says."""
    user: str
    auth: str
    """`Basic`, `NTLM`, `Negotiate`, `Bearer`, `connection` after a handshake, or empty."""
    status: int
    """Of HTTP; 0 where the answer broke off."""
    code: str
    """The worst code of the answer: `NoError`, or that of an error."""
    anchor: str
    """X-AnchorMailbox."""
    affinity: str
    """What the client said to come back to the same server: header and cookie."""
    connection: int
    """Which connection it came on, so that pools can be counted."""
    peer: str


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests there were since the beginning, or since they were last cleared."""

    requests: int
    by_status: dict[str, int]
    by_operation: dict[str, int]
    by_mailbox: dict[str, int]
    by_code: dict[str, int]


class Journal:
    """Remembers requests."""

    def __init__(self) -> None:
        self._asked: deque[Asked] = deque(maxlen=KEPT)
        self._counts: dict[str, Counter[str]] = {}

    def add(self, asked: Asked) -> None:
        """Remember a request that was answered."""
        self._asked.append(asked)
        for name in ("status", "operation", "mailbox", "code"):
            self._counts.setdefault(name, Counter())[str(getattr(asked, name))] += 1

    def requests(self, mailbox: str | None = None, operation: str | None = None) -> list[Asked]:
        """The newest requests, oldest first; of one mailbox or operation where it is named."""
        wanted = None if mailbox is None else mailbox.lower()
        return [
            asked
            for asked in self._asked
            if wanted in {None, asked.mailbox} and operation in {None, asked.operation}
        ]

    @property
    def counts(self) -> Counts:
        """All requests, counted."""
        return Counts(
            requests=sum(self._counts.get("status", Counter()).values()),
            by_status=self._count("status"),
            by_operation=self._count("operation"),
            by_mailbox=self._count("mailbox"),
            by_code=self._count("code"),
        )

    def clear(self) -> None:
        """Forget all of it."""
        self._asked.clear()
        self._counts.clear()

    def _count(self, name: str) -> dict[str, int]:
        return {key: count for key, count in self._counts.get(name, Counter()).items() if key}
