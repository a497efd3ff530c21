"""The last known agenda of each room: memory answers, SQLite stands behind it."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from rooms.agenda import Account
from rooms.changeover import Changeover
from rooms.database import Database
from rooms.model import Agenda, Booking, Buffers, Value, Window
from rooms.room import Room

if TYPE_CHECKING:
    from sqlite_utils import Database as Tables

log = logging.getLogger(__name__)

SAVE_EVERY = 1.0
"""Seconds between two writings of the times of reads."""
SLICE = 100
"""Rooms looked at before others get their turn."""


class _Shown(Value, frozen=True, kw_only=True):
    """What makes two agendas different."""

    bookings: tuple[Booking, ...] = ()
    buffers: Buffers = Buffers()


class Kept(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One room's agenda as it is kept: encoded, an eighth of its size as objects."""

    mailbox: str
    shown: bytes
    as_of: datetime
    window: Window
    version: int
    """Grows with every change of what is shown, over all rooms."""


class Mark(NamedTuple):
    """Where the watch of a room stands, in the words of the source that watches."""

    source: str
    value: bytes


_encode = msgspec.msgpack.Encoder().encode
_shown = msgspec.msgpack.Decoder(_Shown)
_account = msgspec.msgpack.Decoder(Account)


class Store:
    """Agendas by room.

    What is served has been committed before, so that a crash never takes back what somebody saw.
    Where the disk fails, memory goes on alone and `failing` says why.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version = 0
        self._accounts: dict[str, int] = {}
        self.failing: str | None = None
        self._kept = dict(self._load())
        self._replacing: set[str] = set()
        self._mailboxes: Mapping[str, str] | None = None
        """Of the rooms in force; None before they are known."""
        self._still: asyncio.Event | None = None
        """While rooms get other ids; set when that is over."""
        self._unsaved: set[str] = set()
        rows = database.rows("SELECT room, source, mark FROM marks")
        self._marks = {room: Mark(source, value) for room, source, value in rows}
        self._unsaved_marks: dict[str, Mark] = {}
        self._void: set[str] = set()
        """Rooms of which the disk may still have a mark that means nothing any more."""

    def _load(self) -> Iterator[tuple[str, Kept]]:
        rows = self._database.rows(
            'SELECT room, mailbox, bookings, as_of, start, "end"'
            " FROM agendas JOIN reads USING (room)"
        )
        for room, mailbox, shown, as_of, start, end in rows:
            yield (
                room,
                Kept(
                    mailbox=mailbox,
                    shown=shown,
                    as_of=datetime.fromisoformat(as_of),
                    window=Window(
                        start=datetime.fromisoformat(start), end=datetime.fromisoformat(end)
                    ),
                    version=0,
                ),
            )

    def adopt(self, rooms: Iterable[Room]) -> None:
        """Forget what was kept of a mailbox that is not the room's any more."""
        mailboxes = {room.id: room.mailbox.lower() for room in rooms}
        self._mailboxes = mailboxes
        self._kept = {
            room: kept
            for room, kept in self._kept.items()
            if mailboxes.get(room, kept.mailbox) == kept.mailbox
        }
        # A mark tells of what was read: without that it would pass over changes.
        for room in self._marks.keys() - self._kept.keys():
            del self._marks[room]
            self._unsaved_marks.pop(room, None)
            self._void.add(room)

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Write nothing meanwhile but what was begun: rooms are getting other ids."""
        self._still = still = asyncio.Event()
        try:
            yield
        finally:
            self._still = None
            still.set()

    def follow(self, change: Changeover) -> None:
        """Rooms have other ids: on disk they have them already."""
        self._kept = change.of(self._kept)
        self._marks = change.of(self._marks)
        self._unsaved_marks = change.of(self._unsaved_marks)
        self._accounts = change.of(self._accounts)
        self._unsaved = {*change.of(dict.fromkeys(self._unsaved))}
        self._void = {*change.of(dict.fromkeys(self._void))}
        self._mailboxes = None  # until those in force are told

    def _rightful(self, room: Room) -> bool:
        """Whether what was read of a room is still that of the room of this id."""
        mailbox = room.mailbox.lower()
        return self._mailboxes is None or self._mailboxes.get(room.id) == mailbox

    @property
    def held(self) -> Collection[str]:
        """Rooms of which something is kept; of one that left, until its last booking is over."""
        return self._kept.keys()

    def kept(self, room: str) -> Kept | None:
        """A room's agenda as it is kept, or None where it was never read."""
        return self._kept.get(room)

    def agenda(self, room: str) -> Agenda | None:
        """A room's last agenda, or None where it was never read."""
        kept = self._kept.get(room)
        if kept is None:
            return None
        shown = _shown.decode(kept.shown)
        return Agenda(
            room=room,
            as_of=kept.as_of,
            window=kept.window,
            bookings=shown.bookings,
            buffers=shown.buffers,
        )

    async def account(self, room: str) -> Account:
        """How a room's agenda came about; read from disk, for `explain` only."""
        rows = await self._database.change(
            lambda db: list(db.query("SELECT account FROM accounts WHERE room = ?", [room]))
        )
        return _account.decode(rows[0]["account"]) if rows else Account()

    def mark(self, source: str, room: str) -> bytes | None:
        """Where a source's watch of a room stood when its agenda was kept last."""
        known = self._marks.get(room)
        return known.value if known is not None and known.source == source else None

    async def keep_mark(self, room: str, mark: Mark | None) -> None:
        """Keep a mark by itself; None forgets it.

        Of a room that was never read there is nothing whose place it could tell.
        """
        if self._still is not None:
            await self._still.wait()
        if room not in self._kept:
            return
        self._unsaved_marks.pop(room, None)
        if mark is None:
            self._marks.pop(room, None)
        else:
            self._marks[room] = mark
        await self._try(lambda db: _write_mark(db, room, mark))

    async def replace(
        self, room: Room, agenda: Agenda, account: Account, mark: Mark | None = None
    ) -> bool:
        """Keep a room's new agenda; whether it shows anything different.

        A mark of the watch is kept with it: both or neither survive a crash. What was read of a
        room that has another mailbox by now, or is gone, is not kept.
        """
        if self._still is not None:
            await self._still.wait()
        if not self._rightful(room):
            return False
        shown = _encode(_Shown(bookings=agenda.bookings, buffers=agenda.buffers))
        old = self._kept.get(room.id)
        changed = old is None or old.shown != shown
        if changed:
            self._version += 1
        kept = Kept(
            mailbox=room.mailbox.lower(),
            shown=shown if old is None or changed else old.shown,
            as_of=agenda.as_of,
            window=agenda.window,
            version=self._version if old is None or changed else old.version,
        )
        explained = _encode(account)
        news = explained if self._accounts.get(room.id) != hash(explained) else None
        self._replacing.add(room.id)
        try:
            await self._write(room.id, kept, news, changed=changed, mark=mark)
        finally:
            self._replacing.discard(room.id)
        if not self._rightful(room):
            await self._restore(room.id)
            return False
        self._accounts[room.id] = hash(explained)
        self._kept[room.id] = kept
        if mark is not None:
            self._marks[room.id] = mark
        return changed

    def confirm(
        self, room: Room, as_of: datetime, window: Window, mark: Mark | None = None
    ) -> None:
        """A room was read well and shows what it showed: only the time of the read changes.

        Nearly all reads end so. The time reaches the disk with the next `save`, and a mark with it:
        after a crash an agenda may seem a second older than it is, never younger.
        """
        if not self._rightful(room) or room.id not in self._kept:
            return
        kept = self._kept[room.id]
        self._kept[room.id] = msgspec.structs.replace(kept, as_of=as_of, window=window)
        self._unsaved.add(room.id)
        if mark is not None:
            self._marks[room.id] = mark
            if self.failing is None:  # or it could reach the disk before what it tells of
                self._unsaved_marks[room.id] = mark

    async def run(self) -> None:
        """Save the times of reads every second, and at the end."""
        try:
            while True:
                await asyncio.sleep(SAVE_EVERY)
                await self.save()
        finally:
            await self.save()

    async def save(self) -> None:
        """Write the times of the reads since the last time, all in one commit."""
        if self._still is not None:
            await self._still.wait()
        rooms, self._unsaved = self._unsaved, set()
        rows = [(room, *_times(kept)) for room in rooms if (kept := self._kept.get(room))]
        marks = [(room, *mark) for room, mark in self._unsaved_marks.items()]
        self._unsaved_marks = {}

        def work(db: "Tables") -> None:
            db.conn.executemany("REPLACE INTO reads VALUES (?, ?, ?, ?)", rows)
            db.conn.executemany("REPLACE INTO marks VALUES (?, ?, ?)", marks)

        if rows:
            await self._try(work)

    async def _write(
        self,
        room: str,
        kept: Kept,
        account: bytes | None,
        *,
        changed: bool,
        mark: Mark | None = None,
    ) -> None:
        """Commit one room's round: all of it or nothing."""
        times = _times(kept)
        void = room in self._void
        if mark is not None:
            self._unsaved_marks.pop(room, None)

        def work(db: "Tables") -> None:
            write = db.conn.execute
            if changed:
                write("REPLACE INTO agendas VALUES (?, ?, ?)", [room, kept.mailbox, kept.shown])
            if account is not None:
                write("REPLACE INTO accounts VALUES (?, ?)", [room, account])
            write("REPLACE INTO reads VALUES (?, ?, ?, ?)", [room, *times])
            if mark is not None or void:  # a mark of another mailbox goes with what it told of
                _write_mark(db, room, mark)

        await self._try(work)
        if self.failing is None:
            self._void.discard(room)

    async def _restore(self, room: str) -> None:
        """Write what there is of a room again, after what is not the room's any more."""
        kept = self._kept.get(room)
        if kept is not None:
            self._void.add(room)
            await self._write(room, kept, _encode(Account()), changed=True)
        else:
            await self._try(lambda db: _forget(db, room))

    async def reconcile(self) -> None:
        """Write again what the disk has otherwise than memory, after it could not be written."""
        rows = await self._database.change(
            lambda db: {row["room"]: row["bookings"] for row in db.query("SELECT * FROM agendas")}
        )
        for number, (room, kept) in enumerate(list(self._kept.items())):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            if self._still is not None or self._kept.get(room) is not kept:
                continue  # the next day will do
            if rows.get(room) != kept.shown and room not in self._replacing:
                log.warning("room %s: the disk's copy differed and is written again", room)
                await self._write(room, kept, None, changed=True)

    async def purge(self, before: datetime, rooms: Collection[str]) -> int:
        """Remove bookings that ended before an instant; how many.

        What is left of a room that is in the room list no more goes with its last booking.
        """
        removed = 0
        for number, room in enumerate(list(self._kept)):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            # A room that is being replaced is left: an older list must not reach the disk last.
            kept = self._kept.get(room)
            if kept is not None and room not in self._replacing and self._still is None:
                removed += await self._purge(room, kept, before, known=room in rooms)
        return removed

    async def _purge(self, room: str, kept: Kept, before: datetime, *, known: bool) -> int:
        shown = _shown.decode(kept.shown)
        left = tuple(booking for booking in shown.bookings if booking.end > before)
        gone = len(shown.bookings) - len(left)
        if not left and not known:
            del self._kept[room]
            self._marks.pop(room, None)
            self._unsaved_marks.pop(room, None)
            await self._try(lambda db: _forget(db, room))
        elif gone:
            self._version += 1
            less = Kept(
                mailbox=kept.mailbox,
                shown=_encode(_Shown(bookings=left, buffers=shown.buffers)),
                as_of=kept.as_of,
                window=kept.window,
                version=self._version,
            )
            self._kept[room] = less
            await self._write(room, less, _encode(Account()), changed=True)
        return gone

    async def _try(self, work: "Callable[[Tables], object]") -> None:
        """Write, or go on without the disk and say so once."""
        try:
            await self._database.change(work)
        except sqlite3.Error as error:
            if self.failing is None:
                log.warning("the database cannot be written, memory goes on alone: %s", error)
            self.failing = str(error)
        else:
            if self.failing is not None:
                log.warning("the database is written again")
            self.failing = None


def _times(kept: Kept) -> tuple[str, str, str]:
    window = kept.window
    return kept.as_of.isoformat(), window.start.isoformat(), window.end.isoformat()


def _write_mark(db: "Tables", room: str, mark: Mark | None) -> None:
    if mark is None:
        db.execute("DELETE FROM marks WHERE room = ?", [room])
    else:
        db.execute("REPLACE INTO marks VALUES (?, ?, ?)", [room, *mark])


def _forget(db: "Tables", room: str) -> None:
    for table in ("agendas", "reads", "accounts", "marks"):
        db.execute(f"DELETE FROM {table} WHERE room = ?", [room])  # noqa: S608 - our own names
