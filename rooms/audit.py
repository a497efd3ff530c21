"""The audit log: who did what, from where. Rows are added, never changed, each chained to the last.

`rooms.chain` says how, and what that proves.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from rooms.chain import Bad, Detail, Head, Row, Walk, detail_of, linked
from rooms.database import Database
from rooms.model import Value

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables

CHUNK = 500
"""Rows that are read at once: other work of the database's thread waits a few milliseconds."""
SEARCHED = 10 * CHUNK
"""Rows that are looked at in one piece for the few that somebody wants."""
_encode = msgspec.json.Encoder().encode
_BEFORE_ALL, _AFTER_ALL = -(2**63), 2**63 - 1
_TEXTS = ("at", "actor", "action", "object", "origin", "detail", "former", "hash")
_COLUMNS = f"seq, {', '.join(_TEXTS)}"
_READ = f"seq, {', '.join(f'CAST({name} AS BLOB)' for name in _TEXTS)}"
"""As bytes: what somebody put into the file need not be text, and must be found all the same."""
_LAST = "SELECT seq, CAST(hash AS BLOB), CAST(at AS BLOB) FROM audit ORDER BY seq DESC LIMIT 1"
_CALLER: ContextVar[tuple[str, str]] = ContextVar("caller", default=("", ""))


@contextmanager
def calling(actor: str, origin: str) -> Iterator[None]:
    """What this actor is noted to have done meanwhile was done from there.

    Also what a task does for them that is begun meanwhile; entries of others are left alone.
    """
    before = _CALLER.set((actor, origin))
    try:
        yield
    finally:
        _CALLER.reset(before)


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
    detail: Detail = msgspec.field(default_factory=dict)
    """More of it, before and after; never a secret, a subject or a person outside."""
    origin: str = ""
    """From where: the client's address, or `control`; if not given, from where its actor calls."""

    def __post_init__(self) -> None:
        actor, origin = _CALLER.get()
        if not self.origin and actor == self.actor:
            msgspec.structs.force_setattr(self, "origin", origin)


class Wanted(Value, frozen=True, kw_only=True):
    """Which entries somebody looks for; what is empty says nothing."""

    actor: str = ""
    action: str = ""
    """It, or all that begin with it and a dot: `tokens`."""
    object: str = ""
    """It, or all that begin with it and a slash: a room, and its bookings."""
    since: datetime | None = None


class Page(Value, frozen=True, kw_only=True):
    """Some of the entries that were wanted, the newest first."""

    rows: Sequence[Row]
    before: int | None = None
    """Go on with those before this one; None where there are no more."""


class Verdict(Value, frozen=True, kw_only=True):
    """Whether the log is as it was written."""

    head: Head
    """The last row up to which it is."""
    bad: Bad | None = None


class Audit:
    """The log in `bridge.db`; triggers there refuse to change or remove a row."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._verifying = asyncio.Lock()

    @staticmethod
    def add(tables: "Tables", entry: Entry) -> None:
        """Write down one entry together with what it tells of: in the same piece of work."""
        connection = tables.conn
        last = connection.execute(_LAST).fetchone()
        former = _head(last) if last else Head()
        row = linked(
            former,
            {
                "at": entry.at.astimezone(UTC).isoformat(),
                "actor": entry.actor,
                "action": entry.action,
                "object": entry.object,
                "origin": entry.origin,
                "detail": entry.detail,
            },
        )
        fields = msgspec.structs.astuple(
            msgspec.structs.replace(row, detail=_encode(row.detail).decode())
        )
        sql = f"INSERT INTO audit ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"  # noqa: S608
        connection.execute(sql, fields)

    async def record(self, entry: Entry) -> None:
        """Write down one entry before whoever did it hears of success."""
        await self._database.change(lambda tables: self.add(tables, entry))

    async def head(self) -> Head:
        """The last row."""
        rows = await self._read(_LAST, ())
        return _head(rows[0]) if rows else Head()

    async def hash_of(self, seq: int) -> str | None:
        """The hash of one row; None where there is no such row."""
        rows = await self._read("SELECT CAST(hash AS BLOB) FROM audit WHERE seq = ?", (seq,))
        return _text(rows[0][0]) if rows else None

    async def page(self, wanted: Wanted, *, limit: int = CHUNK, before: int | None = None) -> Page:
        """Some of the entries, the newest first; `before` as the page before this one told it."""
        where, values = _condition(wanted)
        span = (
            "SELECT min(seq) FROM (SELECT seq FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?)"
        )
        sql = (
            f"SELECT {_READ} FROM audit WHERE seq >= ? AND seq < ?{where}"  # noqa: S608
            " ORDER BY seq DESC LIMIT ?"
        )
        top = _AFTER_ALL if before is None else before
        found: list[Row] = []
        while (low := (await self._read(span, (top, SEARCHED)))[0][0]) is not None:
            some = await self._read(sql, (low, top, *values, limit + 1 - len(found)))
            found += map(_row, some)
            if len(found) > limit:
                return Page(rows=found[:limit], before=found[limit - 1].seq)
            top = low
        return Page(rows=found)

    async def chunks(self, wanted: Wanted | None = None) -> AsyncIterator[list[Row]]:
        """All entries that are wanted, the oldest first, some at a time; later ones too."""
        where, values = _condition(wanted or Wanted())
        span = "SELECT max(seq) FROM (SELECT seq FROM audit WHERE seq > ? ORDER BY seq LIMIT ?)"
        sql = (
            f"SELECT {_READ} FROM audit WHERE seq > ? AND seq <= ?{where}"  # noqa: S608
            " ORDER BY seq LIMIT ?"
        )
        after = _BEFORE_ALL
        while (high := (await self._read(span, (after, SEARCHED)))[0][0]) is not None:
            rows = [_row(one) for one in await self._read(sql, (after, high, *values, CHUNK))]
            if rows:
                yield rows
            after = rows[-1].seq if len(rows) == CHUNK else high

    async def verify(self, known: Head | None = None) -> Verdict:
        """Check every row, one check at a time; other work of the process goes on meanwhile."""
        async with self._verifying:
            walk = Walk(known)
            async for rows in self.chunks():
                bad = await asyncio.to_thread(_walked, walk, rows)
                if bad is not None:
                    return Verdict(head=walk.head, bad=bad)
            return Verdict(head=walk.head, bad=walk.end())

    async def _read(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return await self._database.change(
            lambda tables: tables.conn.execute(sql, values).fetchall()
        )


def _walked(walk: Walk, rows: Sequence[Row]) -> Bad | None:
    return next((bad for bad in map(walk.step, rows) if bad is not None), None)


def _condition(wanted: Wanted) -> tuple[str, list[str]]:
    """What of a query picks these entries out; empty where all are wanted."""
    parts, values = "", []
    if wanted.actor:
        parts += " AND actor = ?"
        values.append(wanted.actor)
    for column, name, joint in (("action", wanted.action, "."), ("object", wanted.object, "/")):
        if name:
            parts += f" AND ({column} = ? OR substr({column}, 1, {len(name) + 1}) = ?)"
            values += [name, name + joint]
    if wanted.since is not None:
        parts += " AND at >= ?"
        values.append(wanted.since.astimezone(UTC).isoformat())
    return parts, values


def _row(columns: Sequence[Any]) -> Row:
    """A row of the table, whatever somebody did to it: its hash tells."""
    seq, *texts = columns
    told = dict(zip(_TEXTS, map(_text, texts), strict=True))
    detail = detail_of(told.pop("detail"))
    return Row(seq=seq, detail=detail, **told)


def _head(columns: Sequence[Any]) -> Head:
    seq, hash_, at = columns
    return Head(seq=seq, hash=_text(hash_), at=_text(at))


def _text(column: bytes | None) -> str:
    return (column or b"").decode(errors="replace")
