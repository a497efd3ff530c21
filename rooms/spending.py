"""What was asked of each source within the last day: a start must not begin its budget anew."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from rooms.database import Database

if TYPE_CHECKING:
    from sqlite_utils import Database as Tables


class Spent(NamedTuple):
    """What was sent within a few minutes."""

    at: datetime
    """When these minutes began."""
    requests: int


class Spending:
    """The requests of each source, by the names of the sources."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: dict[str, list[Spent]] = {}
        for source, at, count in database.rows(
            "SELECT source, at, count FROM spending ORDER BY at"
        ):
            self._found.setdefault(source, []).append(Spent(datetime.fromisoformat(at), count))

    def found(self, source: str) -> Sequence[Spent]:
        """What was on disk at the start, oldest first."""
        return self._found.get(source, ())

    async def keep(self, source: str, spent: Sequence[Spent]) -> None:
        """Keep what was spent, instead of what was kept of these minutes and of any before them.

        A disk that fails is told of elsewhere; the bridge goes on.
        """
        rows = [(source, one.at.isoformat(), one.requests) for one in spent]
        oldest = min(row[1] for row in rows)

        def work(db: "Tables") -> None:
            db.execute("DELETE FROM spending WHERE source = ? AND at < ?", [source, oldest])
            db.conn.executemany("REPLACE INTO spending VALUES (?, ?, ?)", rows)

        with suppress(sqlite3.Error):
            await self._database.change(work)
