"""The soak itself: people change calendars, services fail, the bridge restarts, and time passes."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp.test_utils import TestServer

from bridge.settings.model import Poll
from connector.simulators.graph import Tenant, app
from connector.simulators.graph.journal import Asked
from rooms.room import Room
from tests.fakes.virtual import VirtualClock
from tests.soak.calendars import Calendars, Shown, room_of
from tests.soak.site import SAFETY, SECRET, Bridge, graph_source
from tests.soak.trouble import Trouble

CHANGES = 25
"""Changes of a room's calendar a day."""
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
START = datetime(2026, 10, 12, 12, tzinfo=UTC)
"""Clocks change on the thirteenth day."""
CALM = 2 * SAFETY + timedelta(minutes=10)
"""After so long without faults and changes every agenda must be right, whatever was lost before."""
BUDGET = 150
"""Requests a room and day."""


@dataclass
class Report:
    """How a soak went."""

    seed: int
    days: int
    rooms: int
    changes: int = 0
    faults: int = 0
    restarts: int = 0
    crashes: int = 0
    drift: int = 0
    """Rooms whose agenda was wrong at the end of a day's calm, over all days."""
    final_drift: int = 0
    requests: int = 0
    busiest_day: int = 0
    """Most requests within any 24 hours, by the hour."""
    budget: int = 0
    causes: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        """Whether nothing was wrong, and not too much was asked."""
        return self.drift == self.final_drift == 0 and self.busiest_day <= self.budget

    def lines(self) -> Iterator[str]:
        """In words."""
        hours = self.rooms * self.days * 24
        yield f"seed: {self.seed}"
        yield f"{self.rooms} rooms, {self.days} days, {self.changes} changes"
        yield f"{self.faults} faults, {self.restarts} restarts, {self.crashes} of them crashes"
        yield f"{self.requests} requests, {self.requests / hours:.2f} a room and hour"
        yield f"budget: {self.busiest_day} of {self.budget} requests in the busiest 24 hours"
        yield "reads: " + ", ".join(f"{n} {cause}" for cause, n in self.causes.most_common())
        yield f"drift: {self.final_drift} at the end, {self.drift} over all days"


class Spent:
    """Counts what reaches the service, by the hour."""

    def __init__(self, tenant: Tenant) -> None:
        self._start = tenant.now()
        self._hours: Counter[int] = Counter()
        self._add = tenant.journal.add
        tenant.journal.add = self.add  # type: ignore[method-assign] # listens, and passes on

    def add(self, asked: Asked) -> None:
        """One request."""
        self._hours[(asked.time - self._start) // HOUR] += 1
        self._add(asked)

    @property
    def busiest_day(self) -> int:
        """Most requests within 24 whole hours."""
        last: deque[int] = deque(maxlen=24)
        most = 0
        for hour in range(max(self._hours, default=0) + 1):
            last.append(self._hours[hour])
            most = max(most, sum(last))
        return most

    @property
    def total(self) -> int:
        """All of them."""
        return self._hours.total()


async def soak(
    folder: Path,
    *,
    days: int,
    rooms: int,
    seed: int,
    start: datetime = START,
    say: Callable[[str], None] = lambda _: None,
) -> Report:
    """Let so much time pass; run it in a virtual loop."""
    clock = VirtualClock(start)
    rng = random.Random(seed)
    tenant = Tenant(clock=clock.now)
    tenant.register_app(secret=SECRET)
    spent = Spent(tenant)
    known = [room_of(number) for number in range(rooms)]
    report = Report(seed=seed, days=days, rooms=rooms, budget=BUDGET * rooms)
    calendars = Calendars(tenant, known, random.Random(seed + 1))
    trouble = Trouble(tenant, random.Random(seed + 2))
    async with TestServer(app(tenant)) as server:
        url = str(server.make_url("")).rstrip("/")
        sources = {"m365": graph_source(url, budget=report.budget)}
        bridge = Bridge(folder, clock, known, sources, poll=Poll(safety=SAFETY))
        async with bridge.reachable():
            await bridge.start()
            for day in range(days):
                life = asyncio.create_task(_life(calendars, known, rng))
                await _day(bridge, trouble, rng, report)
                life.cancel()
                trouble.end()
                await asyncio.sleep(CALM.total_seconds())
                report.final_drift = _drift(bridge, calendars, known, say)
                report.drift += report.final_drift
                say(f"day {day + 1}: {spent.total} requests, drift so far {report.drift}")
            _count(bridge, report)
            await bridge.stop()
    report.changes, report.faults = calendars.changes, trouble.faults
    report.requests, report.busiest_day = spent.total, spent.busiest_day
    return report


async def _life(calendars: Calendars, rooms: list[Room], rng: random.Random) -> None:
    """People change things, all day and night until the calm."""
    rate = CHANGES * len(rooms) / (DAY - CALM).total_seconds()
    while True:
        await asyncio.sleep(rng.expovariate(rate))
        calendars.change(rng.choice(rooms).id)


async def lively(calendars: Calendars, rooms: list[Room], days: int) -> None:
    """Days on which people change things and nothing fails."""
    rng = random.Random(days)
    end = CHANGES * len(rooms) * days
    for _ in range(end):
        await asyncio.sleep(rng.expovariate(end / (days * DAY.total_seconds())))
        calendars.change(rng.choice(rooms).id)


async def _day(bridge: Bridge, trouble: Trouble, rng: random.Random, report: Report) -> None:
    """A day of faults and restarts, but for the calm at its end."""
    left = DAY - CALM
    mailboxes = [mailbox.address for mailbox in trouble.tenant.mailboxes()]
    while left > timedelta():
        pause = min(left, timedelta(minutes=rng.randint(5, 180)))
        await asyncio.sleep(pause.total_seconds())
        left -= pause
        lasts = min(left, trouble.strike(mailboxes))
        await asyncio.sleep(lasts.total_seconds() / 2)
        if rng.random() < 0.15:
            await _restarted(bridge, rng, report)
        await asyncio.sleep(lasts.total_seconds() / 2)
        left -= lasts
        if rng.random() < 0.8:
            trouble.end()


async def _restarted(bridge: Bridge, rng: random.Random, report: Report) -> None:
    """The bridge stops, in order or not, and starts a little later."""
    report.restarts += 1
    _count(bridge, report)
    if rng.random() < 0.5:
        report.crashes += 1
        await bridge.crash()
    else:
        await bridge.stop()
    await asyncio.sleep(rng.randint(1, 600))
    await bridge.start()


def _drift(
    bridge: Bridge, calendars: Calendars, rooms: list[Room], say: Callable[[str], None]
) -> int:
    """How many rooms show something else than their calendar holds."""
    wrong = [room for room in rooms if _shown(bridge, room) != _true(bridge, calendars, room)]
    for room in wrong:
        shown, true = set(_shown(bridge, room)), set(_true(bridge, calendars, room))
        say(f"{room.id}: {len(shown - true)} too many, {len(true - shown)} missing")
    return len(wrong)


def _shown(bridge: Bridge, room: Room) -> list[Shown]:
    agenda = bridge.store.agenda(room.id)
    return sorted((b.start, b.end, b.title) for b in agenda.bookings) if agenda else []


def _true(bridge: Bridge, calendars: Calendars, room: Room) -> list[Shown]:
    agenda = bridge.store.agenda(room.id)
    return calendars.truth(room.id, agenda.window) if agenda else []


def _count(bridge: Bridge, report: Report) -> None:
    assert bridge.sync is not None
    for (_, cause), number in bridge.sync.counts.causes.items():
        report.causes[cause] += number
