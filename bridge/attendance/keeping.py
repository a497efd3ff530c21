"""What is remembered of bookings, in memory and in the database; ids and times, nothing else."""

import logging
import sqlite3
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from bridge.attendance.state import Entry, Record
from rooms.changeover import Changeover
from rooms.database import Database

if TYPE_CHECKING:
    from sqlite_utils import Database as Tables

log = logging.getLogger(__name__)

KEPT = timedelta(days=30)
"""How long it is known what came of a booking."""

_encode = msgspec.msgpack.Encoder().encode
_record = msgspec.msgpack.Decoder(Record)
_NONE = _encode(Record())
_COLUMNS = "booking, start, end, outcome, came, how, released, exempt, why"


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a booking."""

    booking: str
    start: datetime
    end: datetime
    outcome: str
    came: datetime | None = None
    how: str | None = None
    released: datetime | None = None
    exempt: str = ""
    why: str = ""


def past(entry: Entry) -> Past:
    """What came of a booking that is over."""
    return Past(
        booking=entry.booking,
        start=entry.start,
        end=entry.end,
        outcome=entry.outcome,
        came=entry.came,
        how=entry.how,
        released=entry.released,
        exempt=entry.exempt,
        why=entry.why,
    )


class Keeping:
    """The records of all rooms. Memory goes on alone where the disk fails: health says that."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._records: dict[str, bytes] = {}
        self._written: dict[str, bytes] = {}

    async def load(self) -> None:
        """Remember what was known before the last stop.

        Raises:
            sqlite3.Error: the disk cannot be read.
        """
        rows = await self._database.change(
            lambda db: db.execute("SELECT room, record FROM attendance").fetchall()
        )
        self._records = {room: bytes(record) for room, record in rows}
        self._written = dict(self._records)

    def record(self, room: str) -> Record:
        """What is remembered of a room."""
        return _record.decode(self._records.get(room, _NONE))

    def follow(self, change: Changeover) -> None:
        """Rooms have other ids: who came to their bookings stays known, as is on disk already."""
        self._records, self._written = change.of(self._records), change.of(self._written)

    def put(self, room: str, record: Record) -> None:
        """Remember this of a room; `save` brings it to the disk."""
        self._records[room] = _encode(record)

    async def save(self, room: str, over: Sequence[Entry] = ()) -> None:
        """Write what is remembered of a room, and what came of bookings that are over."""
        record = self._records.get(room, _NONE)
        if record == self._written.get(room, _NONE) and not over:
            return
        rows = [(room, *_told(entry)) for entry in over]

        def work(db: "Tables") -> None:
            db.conn.execute("REPLACE INTO attendance VALUES (?, ?)", [room, record])
            db.conn.executemany(
                f"REPLACE INTO attended (room, {_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",  # noqa: S608 - our names
                rows,
            )

        if await self._tried(work):
            self._written[room] = record

    async def past(self, room: str, since: datetime) -> list[Past]:
        """What came of a room's bookings that ended since then, in order of time.

        Raises:
            sqlite3.Error: the disk cannot be read.
        """
        query = f"SELECT {_COLUMNS} FROM attended WHERE room = ? AND end > ? ORDER BY start"  # noqa: S608 - our names
        rows = await self._database.change(
            lambda db: db.execute(query, [room, _time(since)]).fetchall()
        )
        names = _COLUMNS.split(", ")
        return [msgspec.convert(_known(names, row), Past) for row in rows]

    async def purge(self, now: datetime, rooms: Collection[str]) -> None:
        """Forget what is older than thirty days, and rooms that are there no more."""
        gone = [room for room in self._records if room not in rooms]
        for room in gone:
            del self._records[room]
            self._written.pop(room, None)

        def work(db: "Tables") -> None:
            db.execute("DELETE FROM attended WHERE end <= ?", [_time(now - KEPT)])
            db.conn.executemany("DELETE FROM attendance WHERE room = ?", [(one,) for one in gone])
            db.conn.executemany("DELETE FROM attended WHERE room = ?", [(one,) for one in gone])

        await self._tried(work)

    async def _tried(self, work: "Callable[[Tables], None]") -> bool:
        try:
            await self._database.change(work)
        except sqlite3.Error as error:
            log.error("who came to bookings is not kept: %s", type(error).__name__)
            return False
        return True


def _told(entry: Entry) -> tuple[str | None, ...]:
    one = past(entry)
    came, released = (_time(when) if when else None for when in (one.came, one.released))
    start, end = _time(one.start), _time(one.end)
    return one.booking, start, end, one.outcome, came, one.how, released, one.exempt, one.why


def _known(names: Sequence[str], row: Sequence[str | None]) -> dict[str, str]:
    return {name: value for name, value in zip(names, row, strict=True) if value is not None}


def _time(instant: datetime) -> str:
    """As text that sorts by time."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}+00:00"
