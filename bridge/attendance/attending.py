"""Looks at each room when somebody should have come, and gives back where nobody did.

In doubt a room is kept: a meeting that is thrown out while people sit in it is worse than a room
that stands empty.
"""

import asyncio
import logging
import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from bridge.attendance import signs, state, strikes, troubles
from bridge.attendance.clock import Unbroken
from bridge.attendance.doubts import doubt
from bridge.attendance.keeping import Keeping
from bridge.attendance.release import ACTOR, GONE, NOT_ALLOWED, PASSING, Answer
from bridge.attendance.signs import Came
from bridge.attendance.state import Entry, Record
from bridge.calling.notes import Notes
from bridge.rota import Rota
from bridge.views.house import NOBODY_ASKED, Attendance, House
from rooms.room import Room

log = logging.getLogger(__name__)

REST = 3600.0
"""Seconds after which a room is looked at though nothing is to be done."""
UNREAD = 60.0
"""Seconds after which a room is looked at that was never read."""
AGAIN = 20.0
"""Seconds after which it is looked again whether a room can be given back."""
MOST = 300.0
"""Seconds between two tries at most."""
TICK = 10.0
"""Seconds between two looks at the clocks."""
PURGE_EVERY = 3600.0
UNHEARD = timedelta(minutes=2)
"""How long the calendar may take to show a booking that somebody came for."""


class Release(Protocol):
    """Who gives rooms back."""

    async def __call__(self, room: Room, entry: Entry, *, count: int) -> Answer:
        """Release a booking, or with a count of occurrences its series."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """What attendance is looked after with."""

    house: House
    keeping: Keeping
    notes: Notes
    release: Release
    hint: Callable[[str], None]
    """Has a room read."""
    changed: Callable[[str], None]
    """Told when a room's attendance is another."""


class Attending:
    """Looks after who came, in all rooms whose policy wants that."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._house, self._keeping = means.house, means.keeping
        self._clock = means.house.clock
        self._rota = Rota(self._clock, self._look, subject=troubles.subject, again=UNREAD)
        self._unbroken = Unbroken(self._clock)
        self._rooms: dict[str, Room] = {}
        self._since: dict[str, datetime] = {}
        """Since when each room is watched without a break, by the same policy."""
        self._shown: dict[str, Attendance] = {}
        self._signs: defaultdict[str, list[Came]] = defaultdict(list)
        self._unread: set[str] = set()
        """Rooms that wait for a read before they can be given back."""
        self._releasing: set[tuple[str, str]] = set()
        self._barred: set[tuple[str, str, datetime]] = set()
        """What may not be released as the configuration is."""
        self._failures: Counter[tuple[str, str]] = Counter()
        """How often in a row bookings could not be released."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after who comes, until the end."""
        try:
            await self._keeping.load()
        except sqlite3.Error as error:  # nobody is asked to meetings that are not known for long
            log.error("who came to bookings cannot be read: %s", type(error).__name__)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in (self._rota.run(), self._tick())]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    def adopt(self, rooms: tuple[Room, ...]) -> None:
        """By the policies of these rooms."""
        wanted = {room.id: room for room in rooms if room.policy.check_in.enabled}
        for gone in self._rooms.keys() - wanted.keys():
            self._rota.drop(gone)
            self._house.health.good(troubles.subject(gone))
            self._since.pop(gone, None)
            self._signs.pop(gone, None)
            self._show(gone, NOBODY_ASKED)
        for room in wanted.values():
            before = self._rooms.get(room.id)
            if before is None or _watched(before) != _watched(room):
                self._since[room.id] = self._clock.now()
            self._house.health.good(troubles.subject(room.id), "release_not_allowed")
        self._rooms = wanted
        self._barred.clear()
        self._failures.clear()
        for name in wanted:
            self._rota.soon(name)

    def attendance(self, room: str) -> Attendance:
        """Who came to a room's bookings; the same object while nothing of it changes."""
        return self._shown.get(room, NOBODY_ASKED)

    def heard(self, room: str, *, changed: bool) -> None:
        """A room was read well."""
        if room in self._rooms and (changed or room in self._unread):
            self._unread.discard(room)
            self._rota.soon(room)

    def told(self, room: str, came: Came) -> None:
        """Somebody came, or was seen: by the door, by a call, by a room's system."""
        if room in self._rooms:
            self._signs[room].append(came)
            self._rota.soon(room)

    def came(self, room: str, at: datetime, booking: str = "") -> None:
        """A room's system is in a call."""
        self.told(room, Came("call", at, booking))

    def present(self, room: str, at: datetime) -> None:
        """A room's system sees people."""
        self.told(room, Came("presence", at))

    def record(self, room: Room) -> Record | None:
        """What is known of a room's bookings now; None where it was never read."""
        agenda = self._house.store.agenda(room.id)
        if agenda is None:
            return None
        now, old = self._clock.now(), self._keeping.record(room.id)
        new = state.renewed(old, agenda.bookings, room.policy.check_in, now)
        if new != old:
            self._keeping.put(room.id, new)
        return new

    def releasing(self, room: str, booking: str) -> bool:
        """Whether a booking is just being given back: nobody can stop that any more."""
        return (room, booking) in self._releasing

    async def mark(self, room: Room, entry: Entry, came: Came) -> None:
        """Somebody checked in to a booking; written down before anybody hears of it."""
        self._change(room.id, entry, came=came.at, how=came.how, why="")
        self._house.attended.check_ins[(came.how,)] += 1
        booking, how = entry.booking, came.how
        note = self._means.notes.note
        await note(came.actor, "bookings.check_in", f"{room.id}/{booking}", how=how)
        await self._keeping.save(room.id)
        self._tell(room)

    async def _tick(self) -> None:
        """Notice when time did not go on as it should, and forget what is old."""
        purged = self._clock.monotonic()
        while True:
            await asyncio.sleep(TICK)
            self._steady()
            if self._clock.monotonic() - purged >= PURGE_EVERY:
                purged = self._clock.monotonic()
                await self._keeping.purge(self._clock.now(), self._house.rooms.keys())

    def _steady(self) -> None:
        """After a jump of the clock everybody has a whole grace again."""
        now = self._unbroken.jumped()
        if now is not None:
            log.warning("the clock jumped: rooms are not given back for a whole grace")
            for name in self._rooms:
                self._since[name] = now
                self._rota.soon(name)

    async def _look(self, name: str) -> float | None:
        """Do what is to be done in a room now; seconds until it is to be looked at again."""
        room = self._rooms.get(name)
        if room is None:
            return None
        self._steady()
        record = self.record(room)
        if record is None:
            return UNREAD
        waits = [REST, await self._heed(room, record)]
        await self._close(room.id)
        for one in self._keeping.record(room.id).entries:
            if self._rooms.get(room.id) is not room:  # its policy is another by now
                waits.append(0.0)
                break
            entry = self._known(room.id, one)  # as it is after others were released
            waits.append(await self._due(room, entry) if entry else 0.0)
        if room.id in self._rooms:  # it may have left while a calendar was waited for
            troubles.judge(self._house.health, room, self._keeping.record(room.id))
        self._tell(room)
        await self._keeping.save(room.id)
        return max(0.0, min(waits))

    async def _heed(self, room: Room, record: Record) -> float:
        """Check in whoever came since the last look."""
        wait = REST
        for came in self._signs.pop(room.id, ()):
            if not signs.counts(came.how, room.policy):
                continue
            entries = list(signs.meant(record, came, room.policy))
            for entry in entries:
                if not entry.came:
                    await self.mark(room, entry, came)
            unknown = came.booking and record.entry(came.booking) is None
            if unknown and self._clock.now() - came.at < UNHEARD:
                self._signs[room.id].append(came)
                wait = AGAIN
        return wait

    async def _close(self, room: str) -> None:
        """Write down what came of bookings that are over."""
        now, record = self._clock.now(), self._keeping.record(room)
        over = [one for one in record.entries if one.end <= now]
        if not over:
            return
        for one in over:
            del self._failures[room, one.booking]
            self._barred.discard((room, one.booking, one.start))
            record = strikes.counted(record, one)
        left = tuple(one for one in record.entries if one.end > now)
        record = strikes.remembered(msgspec.structs.replace(record, entries=left), now)
        self._keeping.put(room, record)
        await self._keeping.save(room, over)

    async def _due(self, room: Room, entry: Entry) -> float:
        """See whether somebody must have come by now; seconds until the next look."""
        now, policy = self._clock.now(), room.policy.check_in
        left = (entry.end - now).total_seconds()
        if not entry.waits or left <= 0:
            return left
        last = state.until(entry, policy, self._since.get(room.id, now))
        how = signs.people(entry, self._house.presence(room.id), room.policy, now, last)
        if how is not None:
            await self.mark(room, entry, Came(how, now))
            return left
        if now < last:
            soonest = min(one for one in (entry.start, last) if one > now)
            return min(left, (soonest - now).total_seconds())
        return min(left, await self._late(room, entry))

    async def _late(self, room: Room, entry: Entry) -> float:
        """Nobody came in time: give the room back if that is certain."""
        now, key = self._clock.now(), (room.id, entry.booking, entry.start)
        why = doubt(self._house, room, entry, self._since.get(room.id, now), now)
        if why:
            self._change(room.id, entry, why=why)
            if why == "unread":
                self._unread.add(room.id)
                self._means.hint(room.id)
            return AGAIN
        new = not entry.missed
        entry = self._change(room.id, entry, missed=True)
        count = await self._struck(room, entry, new=new)
        if not room.policy.check_in.release:
            self._change(room.id, entry, why=troubles.OFF)
            return REST
        return REST if key in self._barred else await self._give_back(room, entry, count)

    async def _struck(self, room: Room, entry: Entry, *, new: bool) -> int:
        """How many occurrences nobody came to, where the series is to be given up for that."""
        policy = room.policy.check_in
        count = strikes.struck(self._keeping.record(room.id), entry, policy.strikes)
        if not count or not policy.strikes_dry_run:
            return count
        if new:
            what, note = f"{room.id}/{entry.booking}", self._means.notes.note
            await note(ACTOR, "bookings.series_would_be_given_up", what, occurrences=str(count))
        return 0

    async def _give_back(self, room: Room, entry: Entry, count: int) -> float:
        """Release a booking, once; seconds until it may be tried again."""
        name = (room.id, entry.booking)
        known = self._known(room.id, entry)
        if known is None or not known.waits:  # somebody came in this very moment
            return 0.0
        self._releasing.add(name)
        try:
            answer = await self._means.release(room, entry, count=count)
            if count and answer.code in NOT_ALLOWED:
                troubles.forbidden(self._house.health, room.id, answer.code)
                count = 0
                answer = await self._means.release(room, entry, count=0)
        finally:
            self._releasing.discard(name)
        if not answer.code:
            del self._failures[name]
            now = self._clock.now()
            self._change(room.id, entry, released=now, given_up=bool(count), why="")
            self._house.attended.releases["series" if count else "this",] += 1
            self._tell(room)
            await self._keeping.save(room.id)
            return REST
        self._change(room.id, entry, why=answer.code, tries=entry.tries + answer.final)
        if answer.code in NOT_ALLOWED:
            troubles.forbidden(self._house.health, room.id, answer.code)
            self._barred.add((*name, entry.start))
            return REST
        if answer.code in GONE | PASSING:
            self._means.hint(room.id)
        self._failures[name] += 1
        return min(AGAIN * (1 << min(self._failures[name] - 1, 4)), MOST)

    def _known(self, room: str, entry: Entry) -> Entry | None:
        """An entry as it is by now; None where it was moved or called off."""
        entries = self._keeping.record(room).entries
        return next((one for one in entries if state.same(one, entry)), None)

    def _change(self, room: str, entry: Entry, **changes: Any) -> Entry:
        """An entry as it is by now, but for these changes."""
        known = self._known(room, entry)
        if known is None:
            return entry
        entry = msgspec.structs.replace(known, **changes)
        self._keeping.put(room, self._keeping.record(room).put(entry))
        return entry

    def _tell(self, room: Room) -> None:
        if room.id in self._rooms:
            now, record = self._clock.now(), self._keeping.record(room.id)
            since = self._since.get(room.id, now)
            self._show(room.id, state.attendance(record, room, since, now))

    def _show(self, room: str, attendance: Attendance) -> None:
        if attendance != self.attendance(room):
            self._shown[room] = attendance
            self._means.changed(room)


def _watched(room: Room) -> tuple[object, ...]:
    """What makes watching begin anew when it changes.

    Where nothing could be given back, doors did not say that it would be.
    """
    policy = room.policy
    return policy.check_in, policy.allows("release"), room.mailbox, room.source
