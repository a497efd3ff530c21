"""What changed in a calendar and when, so that clients can ask for what is new."""

from bisect import bisect_right
from datetime import date, datetime
from typing import Literal

import msgspec

from connector.simulators.graph.entry import Entry

KEPT = 5_000
"""Changes that a mailbox remembers; who knows only older ones has to begin anew."""

Kind = Literal["created", "updated", "deleted"]


class Forgotten(LookupError):
    """So old a state is no longer known."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one entry."""

    version: int
    """Of the mailbox, after the change."""
    at: datetime
    kind: Kind
    number: int
    """The entry."""
    day: date | None
    """The occurrence concerned; None for the entry as such."""
    before: Entry | None
    """What it was; None where it was made."""


class Changes:
    """The newest changes, oldest first."""

    def __init__(self) -> None:
        self._log: list[Change] = []
        self._known_since = 0

    def add(self, change: Change) -> None:
        """Remember one more."""
        self._log.append(change)
        if len(self._log) > 2 * KEPT:
            self._known_since = self._log[-KEPT - 1].version
            del self._log[:-KEPT]

    def between(self, since: int, until: int) -> list[Change]:
        """The changes after one version, up to another.

        Raises:
            Forgotten: not all of them are known.
        """
        if since < self._known_since:
            raise Forgotten(since)
        first = bisect_right(self._log, since, key=lambda change: change.version)
        last = bisect_right(self._log, until, key=lambda change: change.version)
        return self._log[first:last]

    def version(self, until: datetime) -> int:
        """The version at a moment; that of the oldest state where the moment is before it."""
        for change in reversed(self._log):
            if change.at <= until:
                return change.version
        return self._known_since
