"""Rounds of delta, room by room: hints for whatever changed, near or far.

A baseline tells the service what to remember; rounds ask it what changed since. Its window is
frozen in the link, so there is a new baseline each week. All of it runs beside the reads, which
stay the truth: whatever fails here costs nothing but an interval.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from msgspec.structs import replace

from connector.errors import ConnectorError, Malformed
from connector.sources.graph import delta
from connector.sources.graph.marks import (
    ZONES,
    Known,
    Look,
    Mark,
    apply,
    differs,
    digest,
    known_of,
    minutes,
    packed,
    remembered,
    span,
    unpacked,
)
from connector.sources.graph.rota import Rota
from connector.sources.graph.service import Service
from connector.watching import Watch
from rooms.model import Window
from rooms.room import Room

IN_FLIGHT = 4
"""Rounds at a time."""
BASELINES = 4
"""Baselines at a time: with 10,000 rooms they take half a day, and no read waits for them."""
PAUSE = 0.1
"""Seconds between the pages of a baseline."""
FIRST = 60.0
"""Seconds before the first baseline: agendas are read first."""
REBASE = timedelta(days=7)
"""When a baseline is old; rooms take turns within the last third of it."""
AHEAD = timedelta(days=8)
"""What a baseline knows beyond what is served, so that it lasts until the next one."""
COVERED = 16
"""How many times more rarely a room is looked at of which the service tells by itself."""
KEEP = 3600.0
"""Seconds after which a younger link is kept though nothing changed."""
AGAIN = 60.0
"""Seconds before a room that failed is tried again; each failure doubles them."""
SLOWEST = 6 * 3600.0
"""Seconds between tries at most."""
QUARANTINE = 24 * 3600.0
"""Seconds in which delta is left alone in a room where its pages never ended."""
HELD = 60.0
"""Seconds without any round after a failure that concerns all rooms."""
SHRINKS = 3
"""How often the window is halved where the service cannot take it."""
NOTED = 256
"""Ids of items that the service told of, between two rounds."""


@dataclass(kw_only=True, eq=False)
class Seat:
    """One room."""

    room: Room
    mark: bytes | None
    share: float
    """Where in the last third of a week its baseline is renewed, from 0 to 1."""
    hinted: bytes | None = None
    """The mark that waits for the read of a hint."""
    kept_at: float = 0.0
    told: set[str] = field(default_factory=set)
    failures: int = 0
    shrunk: int = 0
    said: bool = False
    """Whether it was said that delta fails in this room."""


class Sensing:
    """The rounds of all rooms of a source."""

    def __init__(self, service: Service, watch: Watch, covers: Callable[[str], bool]) -> None:
        self._service = service
        self._watch = watch
        self._covers = covers
        self._clock = service.outside.clock
        self._seats: dict[str, Seat] = {}
        self._rounds = Rota(self._clock)
        self._baselines = Rota(self._clock)

    def arrange(self) -> None:
        """Take up rooms that are new or have another mailbox, and let go of those that left."""
        rooms = self._watch.rooms
        for gone in self._seats.keys() - rooms.keys():
            self._leave(gone)
        for name, room in rooms.items():
            seat = self._seats.get(name)
            if seat is not None and seat.room.mailbox == room.mailbox:
                seat.room = room
                continue
            self._leave(name)
            self._enter(room)

    async def run(self) -> None:
        """Go round until cancelled."""
        self.arrange()
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(self._work(self._rounds, self._round))
            for _ in range(BASELINES):
                group.create_task(self._work(self._baselines, self._baseline))

    def noted(self, room: str, item: str) -> None:
        """The service told of an item by itself: the next round need not."""
        seat = self._seats.get(room)
        if seat is not None and len(seat.told) < NOTED:
            seat.told.add(item)

    def soon(self, room: str) -> None:
        """Notifications of a room were lost: look what changed."""
        if room in self._rounds.rooms:
            self._rounds.put(room, random.uniform(0, 5))  # noqa: S311 - spreads load

    def _enter(self, room: Room) -> None:
        raw = self._watch.mark(room.id)
        mark = unpacked(raw)
        good = mark is not None and mark.mailbox == digest(room.mailbox.lower())
        seat = Seat(room=room, mark=raw if good else None, share=random.random())  # noqa: S311
        self._seats[room.id] = seat
        if good and mark is not None and mark.link:
            # The appliance has just started and reads all rooms: there is no hurry.
            self._rounds.put(room.id, random.random() * self._interval(seat))  # noqa: S311
        else:
            self._baselines.put(room.id, FIRST * (1 + random.random()))  # noqa: S311

    def _leave(self, room: str) -> None:
        self._seats.pop(room, None)
        self._rounds.drop(room)
        self._baselines.drop(room)

    async def _work(self, rota: Rota, work: Callable[[Seat], Awaitable[None]]) -> None:
        """Take one room after the other, whatever happens to it."""
        while True:
            seat = self._seats.get(await rota.next())
            if seat is None:
                continue
            try:
                await work(seat)
            except delta.Lost:
                if self._seated(seat):
                    self._lost(seat)
            except ConnectorError as error:
                if self._seated(seat):
                    self._failed(seat, error, rota)

    async def _round(self, seat: Seat) -> None:
        """Ask what changed."""
        mark = unpacked(seat.mark)
        if mark is None or not mark.link or self._outlived(seat, mark):
            self._baselines.put(seat.room.id, 0)
            return
        told, seat.told = seat.told, set()
        try:
            found = await delta.since(self._service, mark.link)
        except BaseException:
            seat.told |= told
            raise
        if not self._seated(seat):
            return
        known = known_of(mark)
        touched = apply(known, found.changes, Look(self._served(), mark.kept), told)
        remains = remembered(known) if touched.changed else mark.known
        seat.mark = packed(replace(mark, link=found.link, known=remains))
        self._well(seat)
        self._rounds.put(seat.room.id, self._interval(seat) * random.uniform(0.9, 1.1))  # noqa: S311
        await self._tell(seat, near=touched.near, beyond=touched.beyond, news=bool(found.changes))

    async def _baseline(self, seat: Seat) -> None:
        """Begin anew; only what differs from what was known is told."""
        now = self._clock.now()
        ahead = max(self._ahead(seat), self._watch.served_ahead)
        past = max(self._past(seat), self._watch.served_past)
        window = Window(start=now - past, end=now + ahead + AHEAD)
        kept = self._around(AHEAD)
        found = await delta.baseline(self._service, seat.room.mailbox, window, pause=PAUSE)
        if not self._seated(seat):
            return
        old = unpacked(seat.mark)
        known: Known = {}
        apply(known, found.changes, Look(kept, kept))
        near = old is not None and differs(known_of(old), known, self._served())
        seat.mark = packed(
            Mark(
                mailbox=digest(seat.room.mailbox.lower()),
                link=found.link,
                window=span(window),
                kept=kept,
                made=minutes(now),
                known=remembered(known),
            )
        )
        self._well(seat)
        self._rounds.put(seat.room.id, self._interval(seat) * random.uniform(0.5, 1.1))  # noqa: S311
        await self._tell(seat, near=near, beyond=old is not None, news=True)

    async def _tell(self, seat: Seat, *, near: bool, beyond: bool, news: bool) -> None:
        """Tell what a round brought; its mark is committed with what it is about."""
        room = seat.room.id
        now = self._clock.monotonic()
        if beyond:
            self._watch.beyond(room)
        if near:
            seat.hinted = seat.mark
            self._watch.hint(room, seat.mark)
        elif news or now - seat.kept_at > KEEP:
            if seat.hinted is not None and self._watch.mark(room) != seat.hinted:
                return  # the read of an earlier hint is to come: its mark must not overtake it
            seat.hinted = None
            seat.kept_at = now
            await self._watch.keep(room, seat.mark)

    def _lost(self, seat: Seat) -> None:
        """Forget the link, keep what is known, begin anew before long."""
        mark = unpacked(seat.mark)
        if mark is not None and mark.link:
            seat.mark = packed(replace(mark, link=""))
        seat.failures += 1
        self._baselines.put(seat.room.id, _doubled(AGAIN / 2, seat.failures))

    def _failed(self, seat: Seat, error: ConnectorError, rota: Rota) -> None:
        """Try again later; how much later depends on whom it concerns."""
        if error.everywhere:
            self._rounds.hold(HELD)
            self._baselines.hold(HELD)
            rota.put(seat.room.id, HELD * random.random())  # noqa: S311
            return
        seat.failures += 1
        if error.reason == "delta_endless":
            self._lost(seat)
            self._baselines.put(seat.room.id, QUARANTINE)
        else:
            if rota is self._baselines and error.reason == "service_error":
                seat.shrunk = min(seat.shrunk + 1, SHRINKS)
            asked = error.retry_after.total_seconds() if error.retry_after else 0
            rota.put(seat.room.id, max(asked, _doubled(AGAIN, seat.failures)))
        if isinstance(error, Malformed) and not seat.said:
            seat.said = True
            self._watch.failing(error, room=seat.room.id)

    def _well(self, seat: Seat) -> None:
        self._rounds.release()
        self._baselines.release()
        seat.failures = 0
        if seat.said:
            seat.said = False
            self._watch.well(room=seat.room.id)

    def _seated(self, seat: Seat) -> bool:
        """Whether the room is still here, with this mailbox."""
        return self._seats.get(seat.room.id) is seat

    def _outlived(self, seat: Seat, mark: Mark) -> bool:
        """Whether a baseline is old, or too narrow for what is watched now."""
        now = self._clock.now()
        age = minutes(now) - mark.made
        if age > REBASE.total_seconds() / 60 * (2 + seat.share) / 3:
            seat.shrunk = 0
            return True
        wanted = span(Window.around(now, self._past(seat), self._ahead(seat)))
        return not (_within(wanted, mark.window) and _within(self._served(), mark.kept))

    def _past(self, seat: Seat) -> timedelta:
        return self._watch.past / (1 << seat.shrunk)

    def _ahead(self, seat: Seat) -> timedelta:
        return self._watch.ahead / (1 << seat.shrunk)

    def _served(self) -> tuple[int, int]:
        return self._around(timedelta())

    def _around(self, more: timedelta) -> tuple[int, int]:
        """What is served in some zone, and some time ahead of it."""
        past, ahead = self._watch.served_past + ZONES, self._watch.served_ahead + ZONES + more
        return span(Window.around(self._clock.now(), past, ahead))

    def _interval(self, seat: Seat) -> float:
        usual = self._watch.every.total_seconds()
        return usual * COVERED if self._covers(seat.room.id) else usual


def _within(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _doubled(seconds: float, times: int) -> float:
    """Twice as long with each time, with a quarter of jitter."""
    return min(seconds * 2.0 ** min(times - 1, 16), SLOWEST) * random.uniform(0.75, 1.25)  # noqa: S311
