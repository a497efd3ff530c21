"""Attempts at changing a calendar, each under its key: done once however often it is asked for.

What was begun and never answered, because the service did not or the machine stopped, is taken up
again by the next request with the same key: it aims at what the first one aimed at.
"""

import asyncio
import hashlib
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec

from rooms.clock import Clock
from rooms.database import Database

if TYPE_CHECKING:
    from sqlite_utils import Database as Tables

KEPT = timedelta(hours=24)
"""How long an answer is given again."""
DEFINITE = 500
"""Answers below this status are kept: what failed on the way may be tried again."""


class Reused(Exception):
    """The key was used for something else."""


class Unkept(Exception):
    """The attempt could not be written down, so that nothing was begun."""


class Reply(NamedTuple):
    """What was answered."""

    status: int
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What somebody wants done once."""

    who: str
    """Whose key it is: others may use the same."""
    key: str
    """Empty where the caller gave none."""
    digest: bytes
    """Of all that was asked for."""


def claim(who: str, key: str, *asked: str | bytes) -> Claim:
    """The claim of a request; the same only for the same caller, path and body."""
    told = (part.encode() if isinstance(part, str) else part for part in asked)
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in told)).digest()
    return Claim(who=who, key=key, digest=digest)


@dataclass(kw_only=True)
class Attempt:
    """One try of what is to be done once."""

    key: str
    """The same for every try, unknown to others: services recognise it."""
    resumed: bool
    """Whether an earlier try may have done it already."""
    aim: dict[str, Any]
    """What the first try aimed at; empty before it is known."""
    _keep: Callable[[dict[str, Any]], Awaitable[None]] = field(repr=False)

    async def aims(self, **at: Any) -> None:
        """Write down what is aimed at, before it is tried; a later try aims at the same."""
        self.aim = at
        await self._keep(at)


class _Row(NamedTuple):
    at: str
    new: bool
    digest: bytes
    aim: bytes
    status: int | None
    body: bytes | None


class Attempts:
    """All attempts of the last day, in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._busy: dict[tuple[str, str], asyncio.Event] = {}

    async def once(self, claim: Claim, do: Callable[[Attempt], Awaitable[Reply]]) -> Reply:
        """Do it, unless it was done: then answer as before. The same at the same time waits.

        Raises:
            Reused: the key belongs to something else.
            Unkept: the database cannot be written; nothing was done.
        """
        key = claim.key or secrets.token_hex(16)
        async with self._alone(claim.who, key):
            try:
                row = await self._begun(claim, key)
            except sqlite3.Error as error:
                raise Unkept from error
            if row.digest != claim.digest:
                raise Reused
            if row.status is not None:
                return Reply(row.status, row.body or b"")
            return await self._tried(claim.who, key, row, do)

    async def _tried(
        self,
        who: str,
        key: str,
        row: _Row,
        do: Callable[[Attempt], Awaitable[Reply]],
    ) -> Reply:
        async def keep(aim: dict[str, Any]) -> None:
            try:
                await self._update(who, key, aim=msgspec.json.encode(aim))
            except sqlite3.Error as error:
                raise Unkept from error

        attempt = Attempt(
            key=_service_key(who, key, row.at),
            resumed=not row.new,
            aim=msgspec.json.decode(row.aim) if row.aim else {},
            _keep=keep,
        )
        reply = await do(attempt)
        if reply.status < DEFINITE:
            # It is done, and told so: without its answer the next try finds that by itself.
            with suppress(sqlite3.Error):
                await self._update(who, key, status=reply.status, body=reply.body)
        return reply

    async def purge(self) -> None:
        """Forget what is older than a day: answers hold titles, as agendas do."""
        before = (self._clock.now() - KEPT).isoformat()
        await self._database.change(
            lambda db: db.execute("DELETE FROM attempts WHERE at <= ?", [before])
        )

    async def _begun(self, claim: Claim, key: str) -> _Row:
        """What is known of a key; where that is nothing it is known from now on."""
        now = self._clock.now()
        row = (claim.who, key, now.isoformat(), claim.digest)

        def work(db: "Tables") -> _Row:
            db.execute("DELETE FROM attempts WHERE at <= ?", [(now - KEPT).isoformat()])
            found = db.execute(
                "SELECT at, digest, aim, status, body FROM attempts WHERE who = ? AND key = ?",
                row[:2],
            ).fetchone()
            if found is None:
                db.execute("INSERT INTO attempts (who, key, at, digest) VALUES (?, ?, ?, ?)", row)
                return _Row(row[2], True, claim.digest, b"", None, None)
            at, digest, aim, status, body = found
            return _Row(at, False, digest, aim or b"", status, body)

        return await self._database.change(work)

    async def _update(self, who: str, key: str, **values: Any) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        await self._database.change(
            lambda db: db.execute(
                f"UPDATE attempts SET {columns} WHERE who = ? AND key = ?",  # noqa: S608 - our names
                [*values.values(), who, key],
            )
        )

    @asynccontextmanager
    async def _alone(self, who: str, key: str) -> AsyncIterator[None]:
        """Only one request with a key at a time."""
        while (other := self._busy.get((who, key))) is not None:
            await other.wait()
        self._busy[who, key] = done = asyncio.Event()
        try:
            yield
        finally:
            del self._busy[who, key]
            done.set()


def _service_key(who: str, key: str, at: str) -> str:
    """The key as services get it: what callers chose stays here, and another day it is another."""
    return str(UUID(bytes=hashlib.sha256(f"{who}\0{key}\0{at}".encode()).digest()[:16]))
