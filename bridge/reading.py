"""One read of one room, and what comes of it: what is shown, kept and counted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from bridge.counts import Counts
from bridge.seat import Seat
from bridge.settings.model import WindowSpan
from connector.deadline import within
from connector.errors import Unavailable
from connector.source import CalendarSource
from rooms import join
from rooms.agenda import Account, agenda_of
from rooms.clock import Clock
from rooms.doubt import doubtful
from rooms.model import Agenda, Event, Window
from rooms.room import Room
from rooms.signs import signs_of
from rooms.store import Mark, Store

READ_LIMIT = 120.0
"""Seconds for one whole calendar."""
NO_RULES = join.Rules()
UNTOLD = frozenset({"near", "far", "safety", "before_start"})
"""Reads that come by themselves: what they find in a covered room nobody told of."""


class _Read(NamedTuple):
    """What one read brought."""

    events: Sequence[Event]
    window: Window
    at: datetime
    basis: int
    """Python's own hash: short, quick, and keyed anew in every process."""


@dataclass(kw_only=True)
class Reading:
    """Reads rooms of one source and keeps what they show."""

    name: str
    store: Store
    clock: Clock
    counts: Counts
    span: WindowSpan
    rules: join.Rules = NO_RULES
    known: join.Known = field(init=False)

    def __post_init__(self) -> None:
        self.known = join.Known(self.rules)

    def adopt(self, span: WindowSpan, rules: join.Rules) -> None:
        """Read so much from now on, by these rules."""
        if rules != self.rules:
            self.known = join.Known(rules)
        self.span, self.rules = span, rules

    async def refresh(self, source: CalendarSource, seat: Seat) -> bool | None:
        """Read a room and keep what it shows; whether that is different, or None in doubt.

        A doubtful read is not kept; the next one is believed, whatever it brings. Most reads bring
        what the last one brought: those cost little more than their request.
        """
        room = seat.room
        read = await self.read(source, room)
        settles = seat.settles
        mark = Mark(self.name, seat.mark) if settles and seat.mark is not None else None
        if read.basis == seat.basis and self.store.kept(room.id) is not None:
            seat.doubted = None
            self.store.confirm(room, read.at, read.window, mark)
            seat.settled(mark.value if mark else None)
            return False
        old = self.store.agenda(room.id)
        agenda, account = self.agenda(room, read, old)
        if old is not None and not seat.doubted and doubtful(old, agenda, read.at):
            seat.doubted = seat.reading or "start"
            self.counts.confirmations[self.name] += 1
            return None
        if old is not None and self._untold(seat) and differ(old, agenda):
            self.counts.missed[self.name] += 1
        changed = await self.store.replace(room, agenda, account, mark)
        if settles:
            seat.settled(mark.value if mark else None)
        seat.doubted = None
        seat.basis = read.basis
        seat.starts = tuple([one.start for one in agenda.bookings])
        seat.signs = signs_of(read.events)
        return changed

    async def read(self, source: CalendarSource, room: Room, window: Window | None = None) -> _Read:
        """One whole calendar within a window, else within what is served.

        Raises:
            Unavailable, Denied, NotFound, Malformed: as the source does, or it took too long.
        """
        now = self.clock.now()
        # Services take whole seconds: of a fraction at the end they would answer too little, and a
        # booking that begins there would be missing until the next read.
        whole = now.replace(microsecond=0)
        window = window or Window.around(whole, self.span.past, self.span.ahead)
        try:
            with within(READ_LIMIT):
                events = await source.fetch(room, window)
        except TimeoutError as error:
            raise Unavailable("no whole calendar in time", reason="timeout") from error
        basis = hash((room, self.rules, tuple(events)))
        return _Read(events=events, window=window, at=now, basis=basis)

    def agenda(self, room: Room, read: _Read, old: Agenda | None) -> tuple[Agenda, Account]:
        """What a read makes of a room's agenda."""
        return agenda_of(
            room,
            read.events,
            window=read.window,
            as_of=read.at,
            previous=old,
            read=self.known.read,
        )

    def _untold(self, seat: Seat) -> bool:
        """Whether what this read finds different should have been told before."""
        cause = seat.doubted or seat.reading
        return seat.covered and not seat.owed and cause in UNTOLD


def differ(old: Agenda, new: Agenda) -> bool:
    """Whether two agendas differ where both look: their windows move on with the time."""
    before = {one for one in old.bookings if new.window.overlaps(one.window)}
    after = {one for one in new.bookings if old.window.overlaps(one.window)}
    return before != after
