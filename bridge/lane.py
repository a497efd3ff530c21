"""The rooms of one calendar source, read one after another and a few at a time."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from bridge import cadence
from bridge.health import Health, Subject
from bridge.logs import fault
from bridge.pace import Breaker, Gate, doubling, spread
from bridge.settings.model import Poll, WindowSpan
from bridge.turns import Turns
from connector.errors import ConnectorError, Denied, Unavailable
from connector.source import CalendarSource
from rooms import join
from rooms.agenda import Account, agenda_of
from rooms.clock import Clock
from rooms.doubt import doubtful
from rooms.model import Agenda, Event, Window
from rooms.room import Room
from rooms.signs import Signs, signs_of
from rooms.store import Store

log = logging.getLogger(__name__)

READ_LIMIT = 120.0
"""Seconds for one whole calendar."""
CONFIRM_AFTER = 2.0
"""Seconds before a read that is doubted is repeated."""
MAILBOX_LIMIT = 3
"""Reads of one mailbox in flight; Graph allows four for each app and mailbox."""
FAULTS = 5
"""Failures of one room in a row after which it is read less and less often."""
SLOWEST = 30
"""Times the usual interval: how rarely a room that keeps failing is read at most."""
NO_RULES = join.Rules()
GRANTED_WITHIN = timedelta(hours=2)
"""How long Exchange may take to heed a grant (application-rbac: 30 minutes to 2 hours)."""
SOON = 10.0
"""Seconds after which a first failure is tried again."""


class Heard(Protocol):
    """Who hears of reads."""

    def __call__(self, room: str, /, *, changed: bool) -> None:
        """A room was read well; whether its agenda shows anything different."""


@dataclass(kw_only=True)
class Seat:
    """One room in the lane."""

    room: Room
    phase: float
    since: datetime
    """When the room was added, or the appliance started."""
    failures: int = 0
    reading: bool = False
    hinted: bool = False
    doubted: bool = False
    """Whether the last read was not believed."""
    basis: int | None = None
    """What its agenda was made from; the same again makes the same."""
    signs: Signs | None = None
    """What was counted in its calendar."""


class _Read(NamedTuple):
    """What one read brought."""

    events: Sequence[Event]
    window: Window
    at: datetime
    basis: int
    """Python's own hash: short, quick, and keyed anew in every process."""


@dataclass(kw_only=True)
class Counts:
    """What the lanes did, for `/metrics`."""

    reads: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By source and outcome: `ok`, or the reason of a failure."""
    changes: Counter[str] = field(default_factory=Counter)
    confirmations: Counter[str] = field(default_factory=Counter)


class Lane:
    """Reads the rooms of one source, each in its time, and keeps what they show.

    Every room is isolated from every other; what concerns the whole source stops it but for one
    probe at a time.
    """

    def __init__(
        self,
        name: str,
        *,
        store: Store,
        health: Health,
        clock: Clock,
        counts: Counts,
        heard: Heard,
        poll: Poll,
        span: WindowSpan,
        rules: join.Rules = NO_RULES,
    ) -> None:
        self._rules = rules
        self._known = join.Known(rules)
        self.name = name
        self._store = store
        self._health = health
        self._clock = clock
        self._counts = counts
        self._heard = heard
        self._poll = poll
        self._span = span
        self._turns: Turns[str] = Turns(clock)
        self._seats: dict[str, Seat] = {}
        self._mailboxes: Counter[str] = Counter()
        self.gate = Gate(clock)
        self.breaker = Breaker(clock)

    def adopt(
        self,
        rooms: Iterable[Room],
        *,
        poll: Poll,
        span: WindowSpan,
        rules: join.Rules = NO_RULES,
    ) -> None:
        """Look after exactly these rooms; new and changed ones are due at once.

        Those whose next meeting is soonest come first, behind those never read.
        """
        all_due = (poll, span, rules) != (self._poll, self._span, self._rules)
        if rules != self._rules:
            self._known = join.Known(rules)
        self._poll, self._span, self._rules = poll, span, rules
        wanted = {room.id: room for room in rooms}
        for gone in self._seats.keys() - wanted.keys():
            del self._seats[gone]
            self._turns.drop(gone)
        due = []
        for room in wanted.values():
            seat = self._seats.get(room.id)
            if seat is None:
                self._seats[room.id] = Seat(
                    room=room, phase=cadence.phase(room.id), since=self._clock.now()
                )
                due.append(room.id)
            elif all_due or seat.room != room:
                seat.room = room
                due.append(room.id)
        for room_id in sorted(due, key=self._urgency):
            self.hint(room_id)

    def hint(self, room: str) -> None:
        """A room is worth reading again. One hint, one read."""
        seat = self._seats.get(room)
        if seat is None:
            return
        if seat.reading:
            seat.hinted = True
        else:
            self._turns.sooner(room, self._clock.monotonic())

    def signs(self) -> Iterator[tuple[str, Signs]]:
        """What was counted in the calendar of each room that was read."""
        return ((room, seat.signs) for room, seat in self._seats.items() if seat.signs)

    async def run(self, source: CalendarSource) -> None:
        """Read rooms for as long as the source lives."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self.gate.enter()
                seat = await self._next()
                if self.breaker.open:
                    await self.breaker.probe()
                    await self._turn(source, seat)
                else:
                    group.create_task(self._turn(source, seat))

    async def _next(self) -> Seat:
        """The room whose turn it is and whose mailbox is not too busy."""
        while True:
            seat = self._seats.get(await self._turns.next())
            if seat is None:
                continue
            if self._mailboxes[seat.room.mailbox] < MAILBOX_LIMIT:
                seat.reading = True
                self._mailboxes[seat.room.mailbox] += 1
                return seat
            self._turns.at(seat.room.id, self._clock.monotonic() + 1)

    async def _turn(self, source: CalendarSource, seat: Seat) -> None:
        """One room's turn, whatever comes of it."""
        room = seat.room
        try:
            wait = await self._refreshed(source, seat)
        finally:
            seat.reading = False
            self._mailboxes[room.mailbox] -= 1
            if not self._mailboxes[room.mailbox]:
                del self._mailboxes[room.mailbox]
            self.gate.leave()
        if self._seats.get(room.id) is not seat:
            return
        if seat.hinted or seat.room != room:
            seat.hinted = False
            wait = 0.0
        self._turns.at(room.id, self._clock.monotonic() + wait)

    async def _refreshed(self, source: CalendarSource, seat: Seat) -> float:
        """Bring one room up to date; seconds until its next turn."""
        began = self._clock.monotonic()
        try:
            changed = await self._refresh(source, seat)
        except ConnectorError as error:
            return self._failed(seat, error, began)
        except Exception as error:  # noqa: BLE001 - one room's fault must not end the others
            log.error("room %s: %s", seat.room.id, fault(error))
            bug = Unavailable("a fault of the bridge", reason="unexpected")
            return self._failed(seat, bug, began)
        seat.failures = 0
        self.gate.well()
        self.breaker.mend()
        self._counts.reads[self.name, "ok"] += 1
        if changed is None:
            return CONFIRM_AFTER
        self._counts.changes[self.name] += changed
        self._health.good(Subject("source", self.name))
        self._health.good(Subject("room", seat.room.id))
        self._heard(seat.room.id, changed=changed)
        return self._usual(seat)

    async def _refresh(self, source: CalendarSource, seat: Seat) -> bool | None:
        """Read a room and keep what it shows; whether that is different, or None in doubt.

        A doubtful read is not kept; the next one is believed, whatever it brings. Most reads bring
        what the last one brought: those cost little more than their request.
        """
        room = seat.room
        read = await self._read(source, room)
        if read.basis == seat.basis and self._store.kept(room.id) is not None:
            seat.doubted = False
            self._store.confirm(room, read.at, read.window)
            return False
        old = self._store.agenda(room.id)
        agenda, account = self._agenda(room, read, old)
        if old is not None and not seat.doubted and doubtful(old, agenda, read.at):
            seat.doubted = True
            self._counts.confirmations[self.name] += 1
            return None
        changed = await self._store.replace(room, agenda, account)
        seat.doubted = False
        seat.basis = read.basis
        seat.signs = signs_of(read.events)
        return changed

    async def _read(self, source: CalendarSource, room: Room) -> _Read:
        now = self._clock.now()
        window = Window.around(now, self._span.past, self._span.ahead)
        try:
            async with asyncio.timeout(READ_LIMIT):
                events = await source.fetch(room, window)
        except TimeoutError as error:
            raise Unavailable("no whole calendar in time", reason="timeout") from error
        basis = hash((room, self._rules, tuple(events)))
        return _Read(events=events, window=window, at=now, basis=basis)

    def _agenda(self, room: Room, read: _Read, old: Agenda | None) -> tuple[Agenda, Account]:
        return agenda_of(
            room,
            read.events,
            window=read.window,
            as_of=read.at,
            previous=old,
            read=self._known.read,
        )

    def _failed(self, seat: Seat, error: ConnectorError, began: float) -> float:
        """Say what failed; seconds until the next try."""
        self._counts.reads[self.name, error.reason] += 1
        if error.reason in {"throttled", "service_error"}:
            self.gate.throttled()
        near = self._poll.near.total_seconds()
        if error.everywhere:
            self._health.only(Subject("source", self.name), error.reason, str(error), error.fix)
            # A refused identity is tried once in a while only, an outage sooner.
            first = near if isinstance(error, Denied) else min(1.0, near)
            self.breaker.trip(began, first, near)
            return 0.0
        seat.failures += 1
        if self._pending(seat, error):
            self._health.only(Subject("room", seat.room.id), "access_pending")
        else:
            self._health.only(Subject("room", seat.room.id), error.reason, str(error), error.fix)
        asked = error.retry_after or timedelta()
        return max(spread(self._back_off(seat)), asked.total_seconds())

    def _pending(self, seat: Seat, error: ConnectorError) -> bool:
        """Whether a new room is refused that was granted, perhaps, and not heard of yet."""
        new = self._clock.now() - seat.since < GRANTED_WITHIN
        return new and error.reason == "access_denied" and self._store.kept(seat.room.id) is None

    def _back_off(self, seat: Seat) -> float:
        """Soon at first; a room that keeps failing less and less often, but always again."""
        usual = cadence.interval(
            self._store.agenda(seat.room.id),
            self._clock.now(),
            near=self._poll.near,
            far=self._poll.far,
        ).total_seconds()
        if seat.failures < FAULTS:
            return doubling(min(SOON, usual), seat.failures - 1, usual)
        return doubling(usual, seat.failures - FAULTS, SLOWEST * usual)

    def _usual(self, seat: Seat) -> float:
        """Seconds until the next read of a room that is well."""
        return cadence.until_next(
            self._store.agenda(seat.room.id),
            self._clock.now(),
            near=self._poll.near,
            far=self._poll.far,
            phase=seat.phase,
        ).total_seconds()

    def _urgency(self, room: str) -> datetime:
        """The start of a room's next meeting; a room never read is more urgent than any."""
        now = self._clock.now()
        agenda = self._store.agenda(room)
        if agenda is None:
            return datetime.min.replace(tzinfo=now.tzinfo)
        starts = (booking.start for booking in agenda.bookings if booking.start > now)
        return min(starts, default=datetime.max.replace(tzinfo=now.tzinfo))
