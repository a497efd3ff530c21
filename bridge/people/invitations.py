"""One-time codes with which people set their first password, or another one."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from rooms.clock import Clock
from rooms.database import Database

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables

LASTS, FIRST_LASTS = timedelta(hours=24), timedelta(hours=1)
"""How long a code is good; the first owner's sits in a terminal that they look at."""
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 signs, none of which is taken for another: no 0 and O, no 1 and I."""
GROUPS, GROUP = 5, 4
"""100 random bits, read and typed four signs at a time."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a code; the code itself is not."""

    person: str
    hash: bytes
    ends: datetime


class Invitations:
    """Codes that are open: one for each person at most."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._of: dict[str, Invitation] = {}
        for person, key, ends in database.rows("SELECT person, hash, ends FROM invitations"):
            self._of[person] = Invitation(
                person=person, hash=key, ends=datetime.fromisoformat(ends)
            )

    def of(self, person: str) -> Invitation | None:
        """The open invitation of a person."""
        found = self._of.get(person)
        return found if found is not None and found.ends > self._clock.now() else None

    def find(self, code: str) -> Invitation | None:
        """The open invitation that a code belongs to, however it was typed."""
        key = _hash(code)
        person = next((one.person for one in self._of.values() if one.hash == key), "")
        return self.of(person)

    async def open(self, person: str, *, first: bool) -> tuple[str, datetime]:
        """A new code in place of an older one, and when it ends. It is told this once.

        Raises:
            sqlite3.Error: nothing was kept.
        """
        signs = [secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP)]
        code = "-".join("".join(signs[at : at + GROUP]) for at in range(0, len(signs), GROUP))
        ends = self._clock.now() + (FIRST_LASTS if first else LASTS)
        made = Invitation(person=person, hash=_hash(code), ends=ends)
        row = msgspec.structs.asdict(made) | {"ends": ends.isoformat()}
        await self._database.change(
            lambda tables: tables.table("invitations").upsert(row, pk="person")
        )
        self._of[person] = made
        return code, ends

    def close(self, person: str) -> None:
        """Nobody can use it any more; whoever calls writes that down with `erase`."""
        self._of.pop(person, None)

    async def settle(self) -> None:
        """Forget those whose time is over."""
        now = self._clock.now()
        over = [one.person for one in self._of.values() if one.ends <= now]
        for person in over:
            self.close(person)
        if over:
            await self._database.change(lambda tables: erase(tables, *over))


def erase(tables: "Tables", *people: str) -> None:
    """Delete invitations from the database, together with what else is written."""
    tables.conn.executemany("DELETE FROM invitations WHERE person = ?", [(one,) for one in people])


def _hash(code: str) -> bytes:
    # 100 random bits: one round is enough, and no salt is needed. Looked up by its hash, how long
    # a comparison takes tells nothing of a code.
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(plain.encode(errors="surrogateescape")).digest()
