"""Calendar sources whose secrets were taken back: they are not read, also not after a restart."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from rooms.database import Database


class Revocation(NamedTuple):
    """When, and by whom."""

    at: datetime
    actor: str


class Revoked:
    """The sources that are revoked, by name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        rows = database.rows("SELECT name, at, actor FROM revoked_sources")
        self._known = {
            name: Revocation(datetime.fromisoformat(at), actor) for name, at, actor in rows
        }

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def get(self, name: str) -> Revocation | None:
        """A source's revocation; None where it is in force."""
        return self._known.get(name)

    async def add(self, name: str, *, at: datetime, actor: str) -> None:
        """Revoke a source; again is as good as once."""
        self._known[name] = Revocation(at, actor)
        row = {"name": name, "at": at.isoformat(), "actor": actor}
        await self._database.change(
            lambda db: db.table("revoked_sources").insert(row, pk="name", replace=True)
        )

    async def remove(self, name: str) -> None:
        """Let a source be read again."""
        if self._known.pop(name, None) is not None:
            await self._database.change(
                lambda db: db.execute("DELETE FROM revoked_sources WHERE name = ?", [name])
            )
