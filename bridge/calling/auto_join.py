"""Rooms that join their meetings and leave them by themselves, where the site wants that.

A meeting is dialled once: that is written down before it is tried, so that neither a restart nor
somebody who hung up is answered with another call.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.calling.joining import Joining
from bridge.calling.notes import Notes
from bridge.calling.units import Refused
from bridge.health import Health, Subject
from bridge.rota import Rota
from bridge.writing.attempts import Attempt, Attempts, Claim, Reply, Unkept, claim
from connector.errors import ConnectorError
from rooms.changeover import Changeover
from rooms.clock import Clock
from rooms.join import dial_string
from rooms.model import Agenda, Booking
from rooms.room import Room
from rooms.store import Store

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=5)
"""How long after a meeting's start, and after the instant to leave it, it is still tried."""
AGAIN = 15.0
"""Seconds between two tries, while the room is in another call or its system does not answer."""
REST = 3600.0
"""Seconds after which a room is looked at though nothing is to be done."""
UNREAD = 60.0
"""Seconds after which a room is looked at whose calendar was not read well of late."""
_FINAL = frozenset({"no_join", "no_endpoint", "endpoint_denied", "endpoint_unsupported"})
"""Refusals that the next try would meet again."""
_IMPOSSIBLE = {
    "no_endpoint": "no system of the room can dial its meetings",
    "endpoint_unsupported": "the room's system does not tell whether it is in a call",
}
ACTOR = "bridge"


class AutoJoin:
    """Looks at each room that joins by itself when something is to be done there."""

    def __init__(
        self,
        joining: Joining,
        attempts: Attempts,
        notes: Notes,
        *,
        store: Store,
        health: Health,
        clock: Clock,
        stale: Callable[[Agenda], bool],
    ) -> None:
        self._joining = joining
        self._attempts = attempts
        self._notes = notes
        self._store = store
        self._health = health
        self._clock = clock
        self._stale = stale
        self._rota = Rota(clock, self._look, subject=_subject, again=REST)
        self._rooms: dict[str, Room] = {}
        self._taken: set[tuple[str, str]] = set()
        """Bookings that systems told to be in; to be written down."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Join and leave until the end."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._rota.run())
            try:
                yield
            finally:
                task.cancel()

    def adopt(self, rooms: tuple[Room, ...]) -> None:
        """By the policies of these rooms."""
        wanted = {room.id: room for room in rooms if _wants(room)}
        for gone in self._rooms.keys() - wanted.keys():
            self._rota.drop(gone)
            self._health.good(_subject(gone))
        self._rooms = wanted
        for room in wanted.values():
            if room.policy.auto_join.before is None or self._joining.diallers(room.id):
                self._health.good(_subject(room.id))
            else:
                self._impossible(room.id, "no_endpoint")
            self.changed(room.id)

    def changed(self, room: str) -> None:
        """A room's agenda, or its policy, is another."""
        if room in self._rooms:
            self._rota.soon(room)

    def heard(self, room: str, booking: str) -> None:
        """A room's system told that it is in a booking's call, whoever dialled."""
        if room in self._rooms:
            self._taken.add((room, booking))
            self.changed(room)

    async def taken(self, room: str, booking: str) -> None:
        """Somebody joined a booking: if they hang up they are not called back."""
        agenda = self._store.agenda(room)
        found = [one for one in agenda.bookings if one.id == booking] if agenda else []
        if room not in self._rooms or not found:
            return

        async def done(_attempt: Attempt) -> Reply:
            return Reply(200, b"")

        try:
            await self._attempts.once(_claim(room, found[0]), done)
        except Unkept:
            log.warning("%s: it is not kept that somebody joined", _subject(room))

    async def _look(self, name: str) -> float | None:
        """Do what is to be done in a room now; seconds until it is to be looked at again."""
        room = self._rooms.get(name)
        if room is None:
            return None
        for taken in [one for one in self._taken if one[0] == room.id]:
            self._taken.discard(taken)
            await self.taken(*taken)
        agenda = self._store.agenda(room.id)
        if agenda is None or self._stale(agenda):
            return UNREAD
        waits = [REST]
        for booking in _callable(agenda):
            now = self._clock.now()
            ended = await self._leave_in_time(room, agenda, booking, now)
            begun = await self._join_in_time(room, booking, now)
            waits += [wait for wait in (ended, begun) if wait is not None]
        return min(waits)

    async def _join_in_time(self, room: Room, booking: Booking, now: datetime) -> float | None:
        before = room.policy.auto_join.before
        if before is None or now >= min(booking.start + GRACE, booking.end):
            return None
        if now < booking.start - before:
            return (booking.start - before - now).total_seconds()
        return None if await self._joined(room, booking) else AGAIN

    async def _joined(self, room: Room, booking: Booking) -> bool:
        """Join a booking unless that was tried; whether there is an end of it."""

        async def tried(attempt: Attempt) -> Reply:
            if attempt.aim:  # an earlier try may have dialled before the machine stopped
                return Reply(200, b"")
            await attempt.aims(dialled=True)
            try:
                joined = await self._joining.join(room, booking.id, sure=True)
            except Refused as refused:
                return await self._refused(room, booking, attempt, refused)
            self._health.good(_subject(room.id))
            if not joined.already:
                await self._note("bookings.auto_join", room, booking, endpoint=joined.endpoint)
            return Reply(200, b"")

        try:
            reply = await self._attempts.once(_claim(room.id, booking), tried)
        except Unkept:
            return False  # it could be dialled twice
        return reply.status < 500

    async def _refused(
        self, room: Room, booking: Booking, attempt: Attempt, refused: Refused
    ) -> Reply:
        """It was not dialled: for good, or until the next try."""
        if refused.code not in _FINAL:
            await attempt.aims()
            return Reply(503, b"")
        if refused.code in _IMPOSSIBLE:
            self._impossible(room.id, refused.code)
        await self._note("bookings.auto_join", room, booking, refused=refused.code)
        return Reply(409, b"")

    async def _leave_in_time(
        self, room: Room, agenda: Agenda, booking: Booking, now: datetime
    ) -> float | None:
        leave = room.policy.auto_join.leave
        if leave is None or now >= booking.end + leave + GRACE:
            return None
        if now < booking.end + leave:
            return (booking.end + leave - now).total_seconds()
        if _goes_on(agenda, booking, now):
            return None
        try:
            endpoint = await self._joining.leave(room, *_went_on(agenda, booking), sure=True)
        except ConnectorError:
            return AGAIN  # its health says what is wrong
        except Refused:
            self._health.bad(_subject(room.id), "auto_leave_unsure")
            return AGAIN
        self._health.good(_subject(room.id), "auto_leave_unsure")
        if endpoint:
            await self._note("bookings.auto_leave", room, booking, endpoint=endpoint)
        return None

    def _impossible(self, room: str, code: str) -> None:
        self._health.bad(_subject(room), "auto_join_impossible", f"{_IMPOSSIBLE[code]}")

    async def _note(self, action: str, room: Room, booking: Booking, **detail: str) -> None:
        await self._notes.note(ACTOR, action, room.id, booking=booking.id, **detail)


def _wants(room: Room) -> bool:
    auto = room.policy.auto_join
    return auto.before is not None or auto.leave is not None


def _subject(room: str) -> Subject:
    return Subject("auto_join", room)


def _claim(room: str, booking: Booking) -> Claim:
    """A booking that was moved is another one."""
    key = f"auto_join {room} {booking.id} {booking.start.isoformat()}"
    return claim(ACTOR, key, key)


def moved_claims(tables: "Tables", change: Changeover, _at: datetime) -> None:
    """Rooms have other ids: what they joined by themselves is not dialled once more."""
    found = tables.execute("SELECT key FROM attempts WHERE who = ?", [ACTOR]).fetchall()
    for (key,) in found:
        what, _, rest = key.partition(" ")
        room, _, booking = rest.partition(" ")
        new = change.renamed.get(room)
        if what != "auto_join" or new is None:
            continue
        name = f"{what} {new} {booking}"
        digest = claim(ACTOR, name, name).digest
        sql = "UPDATE OR REPLACE attempts SET key = ?, digest = ? WHERE who = ? AND key = ?"
        tables.execute(sql, [f"\x1f{name}", digest, ACTOR, key])
    tables.execute(
        "UPDATE OR REPLACE attempts SET key = substr(key, 2) WHERE who = ? AND key LIKE ?",
        [ACTOR, "\x1fauto_join %"],
    )


def _callable(agenda: Agenda) -> Iterator[Booking]:
    """Meetings; neither days as a whole nor notes that do not take the room."""
    for one in agenda.bookings:
        if one.can_join and one.blocks and not one.all_day:
            yield one


def _went_on(agenda: Agenda, ended: Booking) -> Iterator[str]:
    """A booking, and those before it that led to the same meeting: the call may be theirs."""
    for one in _callable(agenda):
        if one is ended or (one.end <= ended.start and _dials(one) == _dials(ended)):
            yield one.id


def _goes_on(agenda: Agenda, ended: Booking, now: datetime) -> bool:
    """Whether another booking has the room in the same meeting now, or in a moment."""
    before = agenda.buffers.start
    return any(
        _dials(one) == _dials(ended)
        for one in _callable(agenda)
        if one is not ended and one.start - before <= now < one.end
    )


def _dials(booking: Booking) -> str:
    dial = dial_string(booking.join) if booking.join else None
    return dial.address if dial else ""
