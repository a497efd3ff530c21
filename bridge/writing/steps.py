"""One deed at one calendar source: read, write, look, and tell; each step within its time."""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from bridge.health import Health, Subject
from bridge.writing.model import Deed, Done, Refused, refusal, unfinished
from connector.errors import ConnectorError, Unavailable
from connector.source import CalendarSource
from connector.writing import Writer
from rooms.audit import Audit, Entry
from rooms.clock import Clock
from rooms.model import Booking, Event, Window
from rooms.room import Room
from rooms.store import Store

T = TypeVar("T")

CALL_LIMIT = 30.0
"""Seconds for one read or one change."""
SHOWN_LIMIT = 10.0
"""Seconds that an answer waits for the agenda to show what was done."""
LOOKS, BETWEEN_LOOKS = 4, 0.5
"""How often a service is asked whether it shows what was done, and seconds between."""


class Rooms(Protocol):
    """Who reads rooms."""

    def reached(self, source: str) -> CalendarSource | None:
        """A source as it is open for reading now."""

    def hint(self, room: str) -> None:
        """A room is worth reading again."""


class Opened(Protocol):
    """Who opens sources for writing."""

    async def writer(self, name: str) -> Writer:
        """What writes to a source; a KeyError where nothing can."""

    def known(self, room: Room) -> bool:
        """Whether a room's policy, as it is now, wants its calendar written to."""

    def allows(self, room: Room, writer: Writer) -> bool:
        """Whether a room may still be written to, with that writer."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """What deeds are done with."""

    rooms: Rooms
    writers: Opened
    store: Store
    health: Health
    audit: Audit
    clock: Clock
    waiting: defaultdict[str, set[asyncio.Event]] = field(default_factory=lambda: defaultdict(set))
    """Who waits for a room to be read."""


class Work:
    """A deed, and the source that it is done at."""

    def __init__(
        self, means: Means, room: Room, deed: Deed, source: CalendarSource, writer: Writer
    ) -> None:
        self._means = means
        self.room = room
        self.deed = deed
        self._source = source
        self.writer = writer
        self._wrote = False

    @classmethod
    async def begun(cls, means: Means, room: Room, deed: Deed) -> "Work":
        """The source of a room, open for reading and for writing.

        Raises:
            Refused: it cannot be opened, or can only be read.
        """
        source = means.rooms.reached(room.source)
        if source is None:  # revoked, or not open yet
            raise Refused("source_unavailable", "the calendar source is not open")
        try:
            async with asyncio.timeout(CALL_LIMIT):
                writer = await means.writers.writer(room.source)
        except KeyError:
            # Asked for under a policy that was taken back since, or of a kind that has no writer.
            code = "source_cannot_write" if means.writers.known(room) else "writes_not_allowed"
            raise Refused(code) from None
        except TimeoutError:
            raise Refused("source_unavailable", "the calendar source does not open") from None
        except ConnectorError as error:
            raise refusal(error) from error
        return cls(means, room, deed, source, writer)

    async def read(self, window: Window) -> Sequence[Event]:
        """What the calendar holds now."""
        try:
            async with asyncio.timeout(CALL_LIMIT):
                return await self._source.fetch(self.room, window)
        except TimeoutError as error:
            refused = Refused("source_unavailable", "timeout: no whole calendar in time")
            raise self._reading(refused) from error
        except ConnectorError as error:
            raise self._reading(refusal(error)) from error

    def _reading(self, refused: Refused) -> Refused:
        if self._wrote:
            return unfinished("something was written, and the calendar cannot be read again")
        return refused

    async def looked(
        self, window: Window, seen: Callable[[Sequence[Event]], bool]
    ) -> Sequence[Event]:
        """What the calendar holds once it shows what was done.

        Raises:
            Refused: it does not, however often it is looked at.
        """
        for look in range(LOOKS):
            if look:
                await asyncio.sleep(BETWEEN_LOOKS)
            events = await self.read(window)
            if seen(events):
                return events
        await self.record("outcome_unknown")
        raise unfinished("the calendar does not show yet what was written")

    async def write(self, change: Callable[[], Awaitable[T]]) -> T:
        """Change something, once.

        Raises:
            Refused: it was not changed, or nobody knows.
        """
        # The configuration may have changed, or the source been revoked, while others were waited
        # for: a writer that was closed could still send.
        if not self._means.writers.allows(self.room, self.writer):
            raise Refused("source_unavailable", "the configuration changes")
        self._wrote = True
        try:
            async with asyncio.timeout(CALL_LIMIT):
                return await change()
        except TimeoutError as error:
            raise await self._failed(Unavailable("no answer in time", reason="timeout")) from error
        except ConnectorError as error:
            raise await self._failed(error) from error

    async def _failed(self, error: ConnectorError) -> Refused:
        """A change was refused, or nobody knows: who looks after the appliance hears of it."""
        refused = refusal(error, sent=True)
        await self.record(refused.code)
        if refused.code == "source_refused":
            subject = Subject("room", self.room.id)
            self._means.health.bad(subject, "writes_refused", str(error), error.fix)
        self._means.rooms.hint(self.room.id)
        return refused

    async def undone(self, undo: Callable[[], Awaitable[None]]) -> Refused:
        """Take back what somebody else was earlier with."""
        try:
            await self.write(undo)
        except Refused as refused:
            return unfinished(f"it meets another booking and cannot be taken back ({refused.code})")
        await self.record("room_taken")
        self._means.rooms.hint(self.room.id)
        return Refused("room_taken", "somebody else was earlier; what was written is taken back")

    def outrun(self, code: str, words: str = "") -> Refused:
        """A refusal for what the calendar held when it was read, and the agenda may not show."""
        self._means.rooms.hint(self.room.id)
        return Refused(code, words)

    async def done(self, booking: Booking | None = None, *, overlaps: bool = False) -> Done:
        """A success, in the audit log first, and in the agenda if that can be waited for."""
        if booking is not None:
            self.deed.booking = booking.id
        await self.record("done")
        self._means.health.good(Subject("room", self.room.id), "writes_refused")
        return Done(booking=booking, shown=await self._shown(), overlaps=overlaps)

    async def _shown(self) -> bool:
        """Have the room read again; whether it was, in time."""
        means, room, since = self._means, self.room.id, self._means.clock.now()
        heard = asyncio.Event()
        means.waiting[room].add(heard)
        try:
            means.rooms.hint(room)
            async with asyncio.timeout(SHOWN_LIMIT):
                while True:
                    await heard.wait()
                    heard.clear()
                    kept = means.store.kept(room)
                    # One that began before may still come: it does not know what was done.
                    if kept is not None and kept.as_of >= since:
                        return True
        except TimeoutError:
            return False
        finally:
            means.waiting[room].discard(heard)

    async def record(self, outcome: str) -> None:
        """One entry of the audit log.

        Raises:
            Refused: it cannot be written, so that nothing is told as done.
        """
        deed, room = self.deed, self.room.id
        scope = {"scope": "series"} if deed.series else {}
        entry = Entry(
            at=self._means.clock.now(),
            actor=deed.actor,
            action=f"bookings.{deed.action}",
            object=f"{room}/{deed.booking}" if deed.booking else room,
            detail={"outcome": outcome, **scope},
        )
        try:
            await self._means.audit.record(entry)
        except sqlite3.Error as error:
            self._means.rooms.hint(room)
            raise unfinished("the audit log cannot be written") from error

    async def is_later(self, ours: Event, rivals: Sequence[Event]) -> bool:
        """Whether ours was made after one that it meets; where nobody knows, it was."""
        made = await self._made(ours)
        for rival in rivals:
            other = await self._made(rival)
            if made is None or other is None or (made, ours.uid) > (other, rival.uid):
                return True
        return False

    async def _made(self, event: Event) -> datetime | None:
        try:
            async with asyncio.timeout(CALL_LIMIT):
                return await self.writer.created(self.room, event)
        except (ConnectorError, TimeoutError):
            return None
