"""The rooms of one calendar source, read one after another and a few at a time."""

import logging
from asyncio import TaskGroup
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal, Protocol

from bridge import cadence
from bridge.budget import Budget
from bridge.cadence import Cause, Next
from bridge.counts import Counts
from bridge.health import Health, Subject
from bridge.logs import fault
from bridge.pace import Breaker, Gate, doubling, spread
from bridge.reading import NO_RULES, Reading
from bridge.seat import Seat
from bridge.settings.model import Poll, WindowSpan
from bridge.turns import FIRST, TOLD, USUAL, Turns
from connector.errors import ConnectorError, Denied, NotFound, Unavailable
from connector.meter import Meter
from connector.source import CalendarSource
from rooms import join
from rooms.clock import Clock
from rooms.model import Agenda, Window
from rooms.room import Room
from rooms.signs import Signs
from rooms.store import Store

log = logging.getLogger(__name__)

CONFIRM_AFTER = timedelta(seconds=2)
"""After which a read that is doubted is repeated."""
MAILBOX_LIMIT = 3
"""Reads of one mailbox in flight; Graph allows four for each app and mailbox."""
FAULTS = 5
"""Failures of one room in a row after which it is read less and less often."""
SLOWEST = 30
"""Times the usual interval: how rarely a room that keeps failing is read at most."""
GRANTED_WITHIN = timedelta(hours=2)
"""How long Exchange may take to heed a grant (application-rbac: 30 minutes to 2 hours)."""
SOON = 10.0
"""Seconds after which a first failure is tried again."""
SAFETY_SPREAD = 0.25
"""The share by which the intervals of covered rooms differ, so that they drift apart."""

_Turn = tuple[str, Literal["plan", "hint"]]
"""A room, and whether its read comes by itself or was told of: it can wait for both."""


class Heard(Protocol):
    """Who hears of reads."""

    def __call__(self, room: str, /, *, changed: bool) -> None:
        """A room was read well; whether its agenda shows anything different."""


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
        budget: Budget | None = None,
        lost: Callable[[Room, NotFound], None] = lambda _room, _error: None,
    ) -> None:
        self.name = name
        self.budget = budget or Budget(Meter(), clock)
        self._store = store
        self._health = health
        self._clock = clock
        self._counts = counts
        self._heard = heard
        self._lost = lost
        self._poll = poll
        self._reading = Reading(
            name=name, store=store, clock=clock, counts=counts, span=span, rules=rules
        )
        self._turns: Turns[_Turn] = Turns(clock)
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
        reading = self._reading
        all_due = (poll, span, rules) != (self._poll, reading.span, reading.rules)
        self._poll = poll
        reading.adopt(span, rules)
        wanted = {room.id: room for room in rooms}
        for gone in self._seats.keys() - wanted.keys():
            self._drop(gone)
        due = []
        for room in wanted.values():
            seat = self._seats.get(room.id)
            if seat is None:
                self._seats[room.id] = Seat(
                    room=room, phase=cadence.phase(room.id), since=self._clock.now()
                )
                due.append(room.id)
            elif all_due or seat.room != room:
                if seat.room.mailbox != room.mailbox:
                    seat.mark = seat.starts = None
                seat.room = room
                due.append(room.id)
        for room_id in sorted(due, key=self._urgency):
            self._plan(self._seats[room_id], Next(timedelta(), "start"))

    def hint(self, room: str, after: float = 0.0, mark: bytes | None = None) -> None:
        """A room is worth reading again, in so many seconds. One hint, one read.

        Hints that come while one waits are the same hint. A mark is committed with that read.
        """
        seat = self._seats.get(room)
        if seat is None:
            return
        seat.heard(mark)
        due = self._clock.monotonic() + after
        if seat.hint_due is None or due < seat.hint_due:
            seat.hint_due = due
            self._turns.at((room, "hint"), due, TOLD if after else FIRST)

    def cover(self, room: str, *, by: bool) -> None:
        """Whether the source tells of a room's changes; where it ceases to, polling begins."""
        seat = self._seats.get(room)
        if seat is None or seat.covered == by:
            return
        seat.covered = by
        if not by and seat.reading is None and not seat.failures:
            next_ = self._usual(seat)
            due = self._clock.monotonic() + next_.wait.total_seconds()
            if self._turns.sooner((room, "plan"), due):
                seat.plan = next_.cause

    def uncover(self) -> None:
        """The source tells of nothing any more."""
        for room in self._seats:
            self.cover(room, by=False)

    @property
    def interval(self) -> timedelta:
        """How often rooms are read in which nothing happens, as the budget allows."""
        covered = bool(self._seats) and all(seat.covered for seat in self._seats.values())
        usual = self._poll.safety if covered else self._poll.far
        return max(usual, self.budget.interval(len(self._seats)))

    @property
    def seats(self) -> Mapping[str, Seat]:
        """What is known of each room."""
        return self._seats

    def signs(self) -> Iterator[tuple[str, Signs]]:
        """What was counted in the calendar of each room that was read."""
        return ((room, seat.signs) for room, seat in self._seats.items() if seat.signs)

    async def look(
        self, source: CalendarSource, room: Room, window: Window | None = None
    ) -> Agenda:
        """Read a room beside its turns, within what is served or another window; keep nothing.

        Raises:
            Unavailable, Denied, NotFound, Malformed: as the source does.
        """
        await self.budget.enter()
        try:
            read = await self._reading.read(source, room, window)
        finally:
            self.budget.leave()
        agenda, _ = self._reading.agenda(room, read, None)
        return agenda

    async def run(self, source: CalendarSource) -> None:
        """Read rooms for as long as the source lives."""
        async with TaskGroup() as group:
            while True:
                seat = await self._admitted()
                if self.breaker.open:
                    await self._turn(source, seat, probing=True)
                else:
                    group.create_task(self._turn(source, seat))

    def again(self) -> None:
        """A run ended in the midst of its reads: nothing is in flight, and every room is due."""
        self._mailboxes.clear()
        self.gate = Gate(self._clock)
        for room_id in sorted(self._seats, key=self._urgency):
            seat = self._seats[room_id]
            seat.reading = seat.again = None
            self._plan(seat, Next(timedelta(), "retry"))

    async def _admitted(self) -> Seat:
        """A room whose turn it is, with a place at the gate and in the budget.

        The budget outlives the lane: whoever is stopped while waiting gives the place back.
        """
        await self.gate.enter()
        await self.budget.enter()
        try:
            return await self._next()
        except BaseException:
            self.budget.withdraw()
            raise

    async def _next(self) -> Seat:
        """The room whose turn it is and whose mailbox is not too busy."""
        while True:
            room, why = await self._turns.next()
            seat = self._seats.get(room)
            if seat is None:
                continue
            cause: Cause = "hint" if why == "hint" else seat.plan
            if seat.reading is not None:
                seat.again = cause
            elif self._mailboxes[seat.room.mailbox] < MAILBOX_LIMIT:
                self._begin(seat, cause)
                return seat
            else:
                rank = TOLD if why == "hint" else USUAL
                self._turns.at((room, why), self._clock.monotonic() + 1, rank)

    def _begin(self, seat: Seat, cause: Cause) -> None:
        """One read answers whatever is due by now."""
        seat.begin(cause, self._clock.monotonic())
        self._turns.drop((seat.room.id, "plan"))
        if seat.hint_due is None:
            self._turns.drop((seat.room.id, "hint"))
        self._mailboxes[seat.room.mailbox] += 1
        self._counts.causes[self.name, cause] += 1

    async def _turn(self, source: CalendarSource, seat: Seat, *, probing: bool = False) -> None:
        """One room's turn, whatever comes of it."""
        room = seat.room
        try:
            if probing:
                await self.breaker.probe()
            next_ = await self._refreshed(source, seat)
        finally:
            seat.reading = None
            self._mailboxes[room.mailbox] -= 1
            if not self._mailboxes[room.mailbox]:
                del self._mailboxes[room.mailbox]
            self.gate.leave()
            self.budget.leave()
        if self._seats.get(room.id) is not seat:
            return
        if seat.room != room:
            seat.again = seat.again or "start"
        if seat.again == "hint":
            self._turns.at((room.id, "hint"), self._clock.monotonic(), TOLD)
        elif seat.again is not None:
            next_ = Next(timedelta(), seat.again)
        seat.again = None
        self._plan(seat, next_)

    def _plan(self, seat: Seat, next_: Next) -> None:
        """When a room is read next by itself. Before a start people wait for it."""
        if seat.reading is not None:
            seat.again = seat.again or next_.cause
            return
        seat.plan = next_.cause
        due = self._clock.monotonic() + next_.wait.total_seconds()
        rank = FIRST if next_.cause == "before_start" else USUAL
        self._turns.at((seat.room.id, "plan"), due, rank)

    def _drop(self, room: str) -> None:
        del self._seats[room]
        self._turns.drop((room, "plan"))
        self._turns.drop((room, "hint"))

    async def _refreshed(self, source: CalendarSource, seat: Seat) -> Next:
        """Bring one room up to date; when its next turn is."""
        began = self._clock.monotonic()
        try:
            changed = await self._reading.refresh(source, seat)
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
            return Next(CONFIRM_AFTER, "confirm")
        self._counts.changes[self.name] += changed
        self._health.good(Subject("source", self.name))
        self._health.good(Subject("room", seat.room.id))
        self._heard(seat.room.id, changed=changed)
        return self._usual(seat)

    def _failed(self, seat: Seat, error: ConnectorError, began: float) -> Next:
        """Say what failed; when the next try is."""
        self._counts.reads[self.name, error.reason] += 1
        if error.reason in {"throttled", "service_error"}:
            self.gate.throttled()
        near = self._poll.near.total_seconds()
        if error.everywhere:
            self._health.only(Subject("source", self.name), error.reason, str(error), error.fix)
            # A refused identity is tried once in a while only, an outage sooner.
            first = near if isinstance(error, Denied) else min(1.0, near)
            asked = error.retry_after or timedelta()
            self.breaker.trip(began, first, near, asked.total_seconds())
            return Next(timedelta(), "retry")
        if isinstance(error, NotFound):
            self._lost(seat.room, error)
        seat.failures += 1
        if self._pending(seat, error):
            self._health.only(Subject("room", seat.room.id), "access_pending")
        else:
            self._health.only(Subject("room", seat.room.id), error.reason, str(error), error.fix)
        asked = error.retry_after or timedelta()
        back_off = timedelta(seconds=spread(self._back_off(seat)))
        return Next(max(back_off, asked), "retry")

    def _pending(self, seat: Seat, error: ConnectorError) -> bool:
        """Whether a new room is refused that was granted, perhaps, and not heard of yet."""
        new = self._clock.now() - seat.since < GRANTED_WITHIN
        return new and error.reason == "access_denied" and self._store.kept(seat.room.id) is None

    def _back_off(self, seat: Seat) -> float:
        """Soon at first; a room that keeps failing less and less often, but always again."""
        often = cadence.interval(
            self._starts(seat),
            self._clock.now(),
            near=self._poll.near,
            far=self._poll.far,
        )
        usual = max(often, self.budget.interval(len(self._seats))).total_seconds()
        if seat.failures < FAULTS:
            return doubling(min(SOON, usual), seat.failures - 1, usual)
        # A small budget stretches what is usual; it must not stretch the rest thirty times as far.
        slowest = max(usual, SLOWEST * often.total_seconds())
        return doubling(usual, seat.failures - FAULTS, slowest)

    def _usual(self, seat: Seat) -> Next:
        """The next read of a room that is well."""
        safety = None
        if seat.covered:
            safety = timedelta(seconds=spread(self._poll.safety.total_seconds(), SAFETY_SPREAD))
        least = self.budget.interval(len(self._seats))
        if least:
            least = timedelta(seconds=spread(least.total_seconds()))
        return cadence.until_next(
            self._starts(seat),
            self._clock.now(),
            near=self._poll.near,
            far=self._poll.far,
            phase=seat.phase,
            safety=safety,
            least=least,
        )

    def _urgency(self, room: str) -> datetime:
        """The start of a room's next meeting; a room never read is more urgent than any."""
        now = self._clock.now()
        starts = self._starts(self._seats[room])
        if starts is None:
            return datetime.min.replace(tzinfo=now.tzinfo)
        to_come = (start for start in starts if start > now)
        return min(to_come, default=datetime.max.replace(tzinfo=now.tzinfo))

    def _starts(self, seat: Seat) -> cadence.Starts | None:
        """When a room's bookings begin; None where it was never read."""
        if seat.starts is None and (agenda := self._store.agenda(seat.room.id)) is not None:
            seat.starts = tuple([one.start for one in agenda.bookings])
        return seat.starts
