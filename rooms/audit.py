"""The audit log: who did what. Rows are added, never changed."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from rooms.database import Database
from rooms.model import Value


class Entry(Value, frozen=True, kw_only=True):
    """One thing that somebody did."""

    at: datetime
    actor: str
    """A token's name, `control:<user>` for the command line, or `bridge` itself.

    `cli:<user>` for who changed the vault's file.
    """
    action: str
    """What was done, as `tokens.create`."""
    object: str = ""
    """What it was done to."""
    detail: Mapping[str, str | int] = {}
    """More of it; never a secret, a subject or a person outside."""


class Audit:
    """The log in `bridge.db`; triggers there refuse to change or remove a row."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, entry: Entry) -> None:
        """Write down one entry before whoever did it hears of success."""
        row = (
            entry.at.isoformat(),
            entry.actor,
            entry.action,
            entry.object,
            msgspec.json.encode(entry.detail).decode(),
        )
        await self._database.change(
            lambda db: db.execute(
                "INSERT INTO audit (at, actor, action, object, detail) VALUES (?, ?, ?, ?, ?)", row
            )
        )
