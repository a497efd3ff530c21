"""Proposals that somebody rejected: remembered until the service says something else."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from bridge.discovered import Difference, Field, What, value_of
from bridge.proposing import Proposed, by_mailbox, said_of
from connector.discovery import FoundRoom
from rooms.audit import Audit, Entry
from rooms.changeover import Changeover
from rooms.database import Database
from rooms.model import Value

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables

_COLUMNS = ("id", "source", "what", "mailbox", "room", "field", "said", "lists", "actor", "at")


class Rejection(Value, frozen=True, kw_only=True):
    """One proposal that somebody does not want to see again."""

    id: str
    source: str
    what: What
    mailbox: str
    room: str
    field: Field
    said: str
    """What the service said in this matter."""
    lists: tuple[str, ...]
    """The room lists that a new room would have gone into."""
    actor: str
    at: datetime

    def holds(self, rooms: Mapping[str, FoundRoom]) -> bool:
        """Whether the service still says so; an empty list says nothing of any room."""
        if not rooms:
            return True
        there = rooms.get(self.mailbox)
        if there is None or self.what == "gone":
            return there is None and self.what == "gone"
        if self.what == "new":
            return said_of(Difference(what="new", mailbox=self.mailbox), rooms) == self.said
        return self.what == "twice" or value_of(there, self.field) == self.said


def rejection(one: Proposed, actor: str, at: datetime) -> Rejection:
    """What is remembered of a proposal."""
    known = one.difference
    return Rejection(
        id=one.id,
        source=one.source,
        what=known.what,
        mailbox=known.mailbox,
        room=known.room,
        field=known.field,
        said=one.said,
        lists=tuple(sorted(one.lists)),
        actor=actor,
        at=at,
    )


class Rejections:
    """All of them, in `bridge.db`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Rejection] = {}
        columns = ", ".join(_COLUMNS)
        for row in database.rows(f"SELECT {columns} FROM discovery_rejections ORDER BY at"):  # noqa: S608
            fields = dict(zip(_COLUMNS, row, strict=True))
            fields["lists"] = tuple(fields["lists"].split())
            fields["at"] = datetime.fromisoformat(fields["at"])
            self._known[fields["id"]] = Rejection(**fields)

    def __iter__(self) -> Iterator[Rejection]:
        return iter(tuple(self._known.values()))

    def __contains__(self, id_: object) -> bool:
        return id_ in self._known

    def get(self, id_: str) -> Rejection | None:
        """One of them."""
        return self._known.get(id_)

    async def change(
        self, add: Sequence[Rejection], remove: Collection[str], *, actor: str, at: datetime
    ) -> None:
        """Remember some and forget others, written down in the audit log.

        Raises:
            sqlite3.Error: nothing was changed.
        """
        gone = [known for id_ in remove if (known := self._known.get(id_)) is not None]
        if not add and not gone:
            return
        entries = [
            *(_entry("discovery.reject", one, actor, at) for one in add),
            *(_entry("discovery.take_back", one, actor, at) for one in gone),
        ]

        def work(tables: "Tables") -> None:
            ids = [(one.id,) for one in gone]
            tables.conn.executemany("DELETE FROM discovery_rejections WHERE id = ?", ids)
            marks = ", ".join("?" * len(_COLUMNS))
            sql = f"INSERT OR REPLACE INTO discovery_rejections ({', '.join(_COLUMNS)})"
            tables.conn.executemany(f"{sql} VALUES ({marks})", map(_row, add))
            for entry in entries:
                Audit.add(tables, entry)

        await self._database.change(work)
        for one in gone:
            self._known.pop(one.id, None)
        self._known |= {one.id: one for one in add}

    def write(self, tables: "Tables", change: Changeover, _at: datetime) -> None:
        """Rooms and lists have other ids: who looks after them sees the same here afterwards."""
        rows = [(one.room, " ".join(one.lists), one.id) for one in self._moved(change)]
        sql = "UPDATE discovery_rejections SET room = ?, lists = ? WHERE id = ?"
        tables.conn.executemany(sql, rows)

    def follow(self, change: Changeover) -> None:
        """The same in memory."""
        self._known |= {one.id: one for one in self._moved(change)}

    def _moved(self, change: Changeover) -> Iterator[Rejection]:
        """Those of which a room or a list has another id; one whose room's id is taken has none."""
        for one in self:
            room = change.renamed.get(one.room, "" if one.room in change.taken else one.room)
            lists = tuple(change.lists.get(name, name) for name in one.lists)
            if (room, lists) != (one.room, one.lists):
                yield msgspec.structs.replace(one, room=room, lists=lists)

    def over(
        self, source: str, believed: Sequence[FoundRoom] | None, former: Sequence[FoundRoom] | None
    ) -> set[str]:
        """Those of a source of which two answers in a row say something else."""
        if believed is None or former is None:
            return set()
        mine = [one for one in self if one.source == source]
        answers = (by_mailbox(believed), by_mailbox(former)) if mine else ()
        return {one.id for one in mine if not any(one.holds(rooms) for rooms in answers)}


def _row(one: Rejection) -> tuple[str, ...]:
    texts = (one.id, one.source, one.what, one.mailbox, one.room, one.field, one.said)
    return (*texts, " ".join(one.lists), one.actor, one.at.isoformat())


def _entry(action: str, one: Rejection, actor: str, at: datetime) -> Entry:
    told = {"source": one.source, "what": one.what, "mailbox": one.mailbox}
    told |= {key: value for key in ("room", "field") if (value := getattr(one, key))}
    return Entry(at=at, actor=actor, action=action, object=one.id, detail=told)
