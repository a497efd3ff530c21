"""What becomes of rooms when the inventory changes, and of all that is kept by their ids."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from rooms.audit import Audit, Entry
from rooms.model import Value
from rooms.room import Room

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables

T = TypeVar("T")

KEPT = timedelta(days=400)
"""How long a retired room is remembered: as long as a display's token lasts."""
_BY_ROOM = ("agendas", "reads", "accounts", "marks", "faults", "attendance", "attended")
_OF_DOORS = ("displays", "tokens")
_MEANWHILE = "\x1f"
"""Before an id that is no room's: two rooms may change their ids with each other."""


class Changeover(Value, frozen=True, kw_only=True):
    """Rooms whose ids mean something else afterwards."""

    renamed: Mapping[str, str] = {}
    """New ids by former ones."""
    retired: Mapping[str, str] = {}
    """Mailboxes of rooms that are there no more."""
    lists: Mapping[str, str] = {}
    """New ids of room lists by former ones."""
    came: frozenset[str] = frozenset()
    """Rooms that were not there before."""
    taken: frozenset[str] = frozenset()
    """Ids that were another room's, which is gone: what was kept and let in by them ends."""

    def __bool__(self) -> bool:
        return bool(self.renamed or self.retired or self.came or self.lists)

    @property
    def disused(self) -> Collection[str]:
        """Ids that no room has any more."""
        return {*self.retired, *self.renamed} - {*self.renamed.values()}

    def of(self, entries: Mapping[str, T]) -> dict[str, T]:
        """Entries by the ids that their rooms have afterwards."""
        moved = {self.renamed.get(room, room): one for room, one in entries.items()}
        stale = self.taken - {*self.renamed.values()}
        kept = {room: one for room, one in moved.items() if room not in stale}
        for room in self.renamed.values():
            kept.pop(room, None)
        return kept | {new: entries[old] for old, new in self.renamed.items() if old in entries}


def changeover(
    before: Mapping[str, Room],
    after: Mapping[str, Room],
    renamed: Mapping[str, str],
    retired: Mapping[str, str],
) -> Changeover:
    """How rooms change; `retired` has the mailboxes of those that left earlier.

    A room that goes while another comes with its mailbox is the same room by a new id: where the
    inventory is in files nothing else says so.
    """
    names = {old: new for old, new in renamed.items() if old in before and new in after}
    gone = {name: one for name, one in before.items() if name not in after and name not in names}
    new = {*after} - {*before} - {*names.values()}
    if gone and new:
        names |= _moved(gone, {name: after[name] for name in new})
    for former, name in names.items():
        gone.pop(former, None)
        new.discard(name)
    fresh = {*names.values()} - {*before}
    return Changeover(
        renamed=names,
        retired={name: one.mailbox.lower() for name, one in gone.items()},
        came=frozenset(new | ({*names} & {*after} - {*names.values()})),
        taken=frozenset(
            name
            for name in (new & retired.keys()) | fresh
            if retired.get(name, "") != after[name].mailbox.lower()
        ),
    )


def _moved(gone: Mapping[str, Room], new: Mapping[str, Room]) -> dict[str, str]:
    """New ids by former ones of rooms that are the same by their mailboxes."""
    homes = Counter(map(_home, (*gone.values(), *new.values())))
    came = {_home(one): name for name, one in new.items()}
    return {
        former: came[home]
        for former, one in gone.items()
        if (home := _home(one)) in came and homes[home] == 2  # else nobody knows which is which
    }


def rewrite(tables: "Tables", change: Changeover, at: datetime) -> None:
    """Have what is kept follow its rooms: in the same piece of work as the inventory."""
    many = tables.conn.executemany
    for room in sorted(change.taken):
        _end(tables, room, at)
    ended = [(room,) for room in change.taken]
    many("DELETE FROM displays WHERE room = ?", ended)
    kept = [(room,) for room in {*change.taken, *change.renamed.values()} - {*change.renamed}]
    away = [(_MEANWHILE + new, old) for old, new in change.renamed.items()]
    back = [(new, _MEANWHILE + new) for new in change.renamed.values()]
    for table in _BY_ROOM:
        many(f"DELETE FROM {table} WHERE room = ?", kept)  # noqa: S608 - our own names
    for table in (*_BY_ROOM, *_OF_DOORS):
        still = " AND revoked IS NULL" if table == "tokens" else ""
        sql = f"UPDATE {table} SET room = ? WHERE room = ?{still}"  # noqa: S608
        many(sql, away)
        many(sql, back)
    known = {room for (room,) in tables.execute("SELECT room FROM retired_rooms")}
    came = [(room,) for room in known & {*change.came, *change.renamed.values()}]
    many("DELETE FROM retired_rooms WHERE room = ?", came)
    many(
        "REPLACE INTO retired_rooms (room, mailbox, at) VALUES (?, ?, ?)",
        [(room, mailbox, at.isoformat()) for room, mailbox in change.retired.items()],
    )
    tables.conn.execute("DELETE FROM retired_rooms WHERE at < ?", [(at - KEPT).isoformat()])


def _end(tables: "Tables", room: str, at: datetime) -> None:
    """End the tokens of a room that is gone: what it was called is another room now."""
    sql = "SELECT id, name FROM tokens WHERE room = ? AND revoked IS NULL"
    for id_, name in tables.execute(sql, [room]).fetchall():
        tables.execute("UPDATE tokens SET revoked = ? WHERE id = ?", [at.isoformat(), id_])
        detail = {"name": name, "room": room}
        entry = Entry(at=at, actor="bridge", action="tokens.revoke", object=id_, detail=detail)
        Audit.add(tables, entry)


def _home(room: Room) -> tuple[str, str]:
    return room.source, room.mailbox.lower()
