"""The inventory in `bridge.db`: each entry a row, each change kept with what was before."""

import asyncio
import re
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from rooms.database import Database
from rooms.inventory import Change, Document, Fields
from rooms.model import Value

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables

encode = msgspec.json.Encoder().encode
_decode = msgspec.json.decode
PACKED = 4096
"""Bytes from which on a part of the history is kept packed: a tenth of it, written in half the
time. JSON begins with a bracket or a brace, what is packed (RFC 1950) with neither."""

Entries = Mapping[str, Mapping[str, Fields | None]]
"""Entries by id, by kind (`rooms`, `lists`); None for one that is not there."""

Encoded = Mapping[str, Mapping[str, msgspec.Raw | None]]
"""The same as they are kept."""


class Applied(Value, frozen=True, kw_only=True):
    """One change that was applied."""

    seq: int
    at: datetime
    actor: str
    why: str
    undoes: int | None = None
    """The change that it undid."""
    changes: tuple[Change, ...]


class Rows:
    """What the database holds of the inventory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        rooms: dict[str, Fields] = {}
        lists: dict[str, Fields] = {}
        for kind, name, entry in database.rows(
            "SELECT kind, id, entry FROM inventory ORDER BY rowid"
        ):
            (rooms if kind == "rooms" else lists)[name] = _decode(entry)
        self.document = Document(rooms=rooms, lists=lists)
        ((last,),) = database.rows("SELECT coalesce(max(seq), 0) FROM inventory_changes")
        self.last: int = last
        """The number of the newest change; 0 where there never was one."""

    async def write(
        self,
        document: Document,
        applied: Applied,
        told: bytes,
        beside: "Callable[[Tables], object]" = lambda _: None,
    ) -> None:
        """Make this the inventory, with what is written `beside` it, whole or not at all.

        `told` is the change's changes, encoded.

        Raises:
            sqlite3.Error: nothing was changed.
        """
        row = {
            "seq": applied.seq,
            "at": applied.at.isoformat(),
            "actor": applied.actor,
            "why": applied.why,
            "undoes": applied.undoes,
        }
        before, after, again = await asyncio.to_thread(_written, self.document, document)

        def work(tables: "Tables") -> None:
            _put(tables, after, again)
            parts = {"changes": told, "before": before, "after": encode(after)}
            packed = {name: _packed(part) for name, part in parts.items()}
            tables.table("inventory_changes").insert(row | packed)
            beside(tables)

        await self._database.change(work)
        self.document, self.last = document, applied.seq

    async def before(self, seq: int) -> tuple[Entries, Entries] | None:
        """The entries that a change touched, before it and after it; None for no such change."""

        def work(tables: "Tables") -> tuple[Any, ...] | None:
            sql = "SELECT before, after FROM inventory_changes WHERE seq = ?"
            found: tuple[Any, ...] | None = tables.execute(sql, [seq]).fetchone()
            return found

        row = await self._database.change(work)
        return None if row is None else (_decode(_unpacked(row[0])), _decode(_unpacked(row[1])))

    async def unnamed(self, names: Collection[str], pattern: re.Pattern[str]) -> set[str]:
        """Those that neither the inventory nor any change of it has; `pattern` finds them in it."""
        parts = (
            "SELECT entry FROM inventory",
            "SELECT after FROM inventory_changes ORDER BY seq DESC",
            "SELECT before FROM inventory_changes ORDER BY seq DESC",
        )

        def work(tables: "Tables") -> set[str]:
            left = set(names)
            for sql in parts:
                for (part,) in tables.execute(sql):
                    left.difference_update(pattern.findall(_unpacked(part).decode()))
                    if not left:
                        return left
            return left

        return await self._database.change(work)

    async def history(self, before: int | None, limit: int) -> list[Applied]:
        """Changes, the newest first, from before a number on."""

        def work(tables: "Tables") -> list[Applied]:
            columns = "seq, at, actor, why, undoes, changes"
            sql = f"SELECT {columns} FROM inventory_changes WHERE seq < ? ORDER BY seq DESC LIMIT ?"  # noqa: S608
            first = self.last + 1 if before is None else before
            return [_applied(row) for row in tables.execute(sql, [first, limit])]

        return await self._database.change(work)


def differing(before: Document, after: Document) -> tuple[Entries, Entries]:
    """Only the entries that are not the same, as they were and as they are."""
    old: dict[str, dict[str, Fields | None]] = {}
    new: dict[str, dict[str, Fields | None]] = {}
    pairs = (("rooms", before.rooms, after.rooms), ("lists", before.lists, after.lists))
    for kind, had, has in pairs:
        gone: dict[str, Fields | None] = {name: had[name] for name in had if name not in has}
        changed = {
            name: (had.get(name), fields)
            for name, fields in has.items()
            if had.get(name) is not fields and had.get(name) != fields
        }
        old[kind] = gone | {name: was for name, (was, _) in changed.items()}
        new[kind] = dict.fromkeys(gone) | {name: is_ for name, (_, is_) in changed.items()}
    return old, new


def _written(before: Document, after: Document) -> tuple[bytes, Encoded, Document | None]:
    """What is written where one inventory becomes another: see `differing` and `_order`."""
    old, new = differing(before, after)
    return encode(old), _encoded(new), _order(before, after)


def _order(before: Document, after: Document) -> Document | None:
    """The whole inventory where its entries have another order, else None."""
    for had, has in ((before.rooms, after.rooms), (before.lists, after.lists)):
        stay = [name for name in had if name in has]
        new = [name for name in has if name not in had]
        if list(has) != stay + new:
            return after
    return None


def _encoded(entries: Entries) -> Encoded:
    """Entries as they are kept, each made once for its row and for the history."""
    return {
        kind: {name: None if one is None else msgspec.Raw(encode(one)) for name, one in of.items()}
        for kind, of in entries.items()
    }


def _put(tables: "Tables", entries: Encoded, again: Document | None) -> None:
    execute = tables.conn.executemany
    if again is not None:
        tables.conn.execute("DELETE FROM inventory")
        entries = _encoded({"rooms": again.rooms, "lists": again.lists})
    gone = [(kind, name) for kind, of in entries.items() for name, one in of.items() if one is None]
    if gone:
        execute("DELETE FROM inventory WHERE kind = ? AND id = ?", gone)
    execute(
        "INSERT INTO inventory (kind, id, entry) VALUES (?, ?, ?)"
        " ON CONFLICT (kind, id) DO UPDATE SET entry = excluded.entry",
        _rows(entries),
    )


def _rows(entries: Encoded) -> Iterator[tuple[str, str, bytes]]:
    for kind, of in entries.items():
        for name, one in of.items():
            if one is not None:
                yield kind, name, bytes(one)


def _applied(row: Sequence[Any]) -> Applied:
    seq, at, actor, why, undoes, changes = row
    return Applied(
        seq=seq,
        at=datetime.fromisoformat(at),
        actor=actor,
        why=why,
        undoes=undoes,
        changes=_decode(_unpacked(changes), type=tuple[Change, ...]),
    )


def _packed(part: bytes) -> bytes:
    return part if len(part) < PACKED else zlib.compress(part, level=1)


def _unpacked(part: bytes) -> bytes:
    return part if part[:1] in {b"[", b"{"} else zlib.decompress(part)
