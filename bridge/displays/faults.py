"""Faults of rooms that people reported: kept until somebody clears them, told by health and alerts.

What people wrote is for the API of services alone: it is in no log, alert, metric or audit entry.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TYPE_CHECKING, get_args

import msgspec

from bridge.health import Health, Subject
from bridge.views.display_shapes import LONGEST_NOTE, FaultCode, FaultOrder, FaultShape
from rooms.agenda import plain
from rooms.audit import Audit, Entry
from rooms.changeover import Changeover
from rooms.clock import Clock
from rooms.database import Database
from rooms.room import Room

if TYPE_CHECKING:
    from sqlite_utils import Database as Tables

log = logging.getLogger(__name__)

_KEEP = "INSERT OR REPLACE INTO faults (room, code, at, note) VALUES (?, ?, ?, ?)"
_DROP = "DELETE FROM faults WHERE room = ? AND code = ?"
CODES: tuple[FaultCode, ...] = get_args(FaultCode)


class Faults:
    """Every fault that is open, in memory and in the database."""

    def __init__(self, database: Database, audit: Audit, health: Health, clock: Clock) -> None:
        self._database = database
        self._audit = audit
        self._health = health
        self._clock = clock
        self._open: dict[str, dict[FaultCode, FaultShape]] = {}
        self._rooms: frozenset[str] = frozenset()
        self._read = False
        """Whether what was open before the start is known."""
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Take up what was open before the start.

        A disk that cannot be read stops nothing: it is read again before the next change.
        """
        try:
            async with self._writing:
                await self._take_up()
        except sqlite3.Error as error:
            log.error("what was reported of rooms cannot be read: %s", type(error).__name__)

    async def _take_up(self) -> None:
        """Read it, once.

        Raises:
            sqlite3.Error: the disk cannot be read.
        """
        if self._read:
            return

        def read(db: "Tables") -> list[tuple[str, FaultCode, str, str]]:
            return db.execute("SELECT room, code, at, note FROM faults ORDER BY at").fetchall()

        for room, code, at, note in await self._database.change(read):
            if code in CODES:
                since = datetime.fromisoformat(at)
                shape = FaultShape(room=room, code=code, since=since, note=note)
                self._open.setdefault(room, {})[code] = shape
        self._read = True
        self._tell_all()

    def adopt(self, rooms: Mapping[str, Room]) -> None:
        """Tell of the faults of these rooms; those of rooms that are gone are told no more."""
        self._rooms = frozenset(rooms)
        self._tell_all()

    def still(self) -> AbstractAsyncContextManager[None]:
        """Neither take a report nor clear one meanwhile."""
        return self._writing

    def follow(self, change: Changeover) -> None:
        """Rooms have other ids: what was reported of them stays theirs, as is on disk already."""
        moved = change.of(self._open)
        self._open = {
            room: {code: msgspec.structs.replace(one, room=room) for code, one in found.items()}
            for room, found in moved.items()
        }

    def of(self, room: str) -> Sequence[FaultShape]:
        """The faults of a room, the oldest first."""
        return tuple(self._open.get(room, {}).values())

    async def report(self, room: str, order: FaultOrder, *, actor: str) -> tuple[bool, FaultShape]:
        """Somebody reports one; whether it is new, and as it stands.

        The same kind twice is one; what is written beside it last is kept.

        Raises:
            sqlite3.Error: it could not be kept.
        """
        note = plain(order.note)[:LONGEST_NOTE]
        async with self._writing:
            await self._take_up()
            now = self._clock.now()
            known = self._open.get(room, {}).get(order.code)
            if known is not None and note in {"", known.note}:
                return False, known
            new = FaultShape(
                room=room, code=order.code, since=known.since if known else now, note=note
            )
            row = (room, new.code, new.since.isoformat(), note)
            await self._database.change(lambda db: db.execute(_KEEP, row))
            more = {} if known is None else {"note": "replaced"}
            await self._note(room, "rooms.fault_reported", new.code, actor, now, **more)
            self._open.setdefault(room, {})[new.code] = new
            self._tell(room)
            return known is None, new

    async def clear(self, room: str, code: str, *, actor: str) -> bool:
        """It is mended; whether there was such a fault.

        Raises:
            sqlite3.Error: it could not be kept.
        """
        async with self._writing:
            await self._take_up()
            known = self._open.get(room, {})
            found = next((one for one in known if one == code), None)
            if found is None:
                return False
            await self._database.change(lambda db: db.execute(_DROP, (room, found)))
            await self._note(room, "rooms.fault_cleared", found, actor, self._clock.now())
            del known[found]
            self._tell(room)
            return True

    def _tell_all(self) -> None:
        for room in self._open.keys() & self._rooms:
            self._tell(room)

    def _tell(self, room: str) -> None:
        subject, faults = Subject("fault", room), self._open.get(room)
        if not faults:
            self._health.good(subject, "fault_reported")
            return
        words = f"somebody reported: {', '.join(sorted(faults, key=CODES.index))}"
        since = min(one.since for one in faults.values())
        self._health.bad(subject, "fault_reported", words, since=since)

    async def _note(
        self, room: str, action: str, code: FaultCode, actor: str, now: datetime, **more: str
    ) -> None:
        detail = {"code": code, **more}
        await self._audit.record(
            Entry(at=now, actor=actor, action=action, object=room, detail=detail)
        )
