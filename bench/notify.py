"""What learning of changes costs and how soon it shows, in virtual time over a simulated service.

`requests_per_room_hour_notify`: requests caused by changes, and by the upkeep of the watch, at 25
changes a day; the baseline is the least that is possible: one request a change, one renewal a week.
Safety reads and reads before starts buy correctness, and stand apart; `…_poll` is what polling
costs. `notification_to_agenda_p99_vs_service`: from a notification to the agenda, without the
debounce, at 10,000 rooms from their cold start on, against one answer of the service. The real
drivers' requests are counted by their own tests.
"""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from bench.result import Row, row
from bridge.budget import Budget
from bridge.cadence import Cause
from bridge.counts import Counts
from bridge.health import Health
from bridge.lane import Lane
from bridge.settings.model import Poll, Site, WindowSpan
from bridge.watch import DEBOUNCE, SourceWatch
from connector.meter import Meter
from connector.watching import Watch
from rooms.model import Event, Window
from rooms.room import Room
from rooms.store import Store
from tests.fakes.sources import event, room
from tests.fakes.virtual import NOON, PatientDatabase, VirtualClock, in_virtual_time

CHANGES, MEETINGS = 25, 10
"""A day and room."""
HOURS, FEW = 24, 60
LEAST = CHANGES / 24 + 1 / 168
MANY, MINUTES = 10_000, 10
ANSWER = 0.1
"""Seconds."""
RENEWALS = 84 * 3600.0
"""Seconds between two renewals of a subscription: twice a week."""


class Service:
    """Calendars that change, and a service that tells of it or not."""

    def __init__(self, meter: Meter, rooms: Sequence[Room], *, tells: bool) -> None:
        self.meter = meter
        self.tells = tells
        self.told: dict[str, float] = {}
        """When the first change of a room was told that nobody has seen yet."""
        self._random = random.Random(7)
        self._notes = dict.fromkeys((one.id for one in rooms), 0)

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        """Its meetings, one with what changed last."""
        self.meter.count()
        await asyncio.sleep(ANSWER)
        first = window.start.replace(hour=8, minute=0, second=0, microsecond=0)
        days = (first + timedelta(days=day) for day in range(3))
        note = f"Note {self._notes[room.id]}"
        return [
            event(f"{day:%d}-{n}", day + timedelta(hours=n), subject=note)
            for day in days
            for n in range(MEETINGS)
        ]

    async def watch(self, watch: Watch, /) -> None:
        """Cover every room, and tell of each change."""
        if not self.tells:
            return
        for name in watch.rooms:
            watch.covered(name, by=True)
        names = list(watch.rooms)
        renewal = RENEWALS / len(names)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._renew(renewal))
            group.create_task(self._change(watch, names))

    async def _renew(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            self.meter.count("watch")

    async def _change(self, watch: Watch, names: Sequence[str]) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(len(names) * CHANGES / 86400))
            name = self._random.choice(names)
            self._notes[name] += 1
            self.told.setdefault(name, asyncio.get_running_loop().time())
            watch.hint(name)


class _Run:
    """One appliance's share of it."""

    def __init__(self, database: PatientDatabase, count: int, *, tells: bool) -> None:
        self.clock = VirtualClock(NOON)
        self.meter = Meter()
        self.rooms = [room(f"room-{number}") for number in range(count)]
        self.service = Service(self.meter, self.rooms, tells=tells)
        self.counts = Counts()
        self.waits: list[float] = []
        self.health = Health(self.clock)
        self.store = Store(database)

    def heard(self, name: str, /, *, changed: bool) -> None:
        """An agenda was kept."""
        if changed and name in self.service.told:
            told = self.service.told.pop(name)
            self.waits.append(asyncio.get_running_loop().time() - told)

    @asynccontextmanager
    async def going(self) -> AsyncIterator[None]:
        """Read and watch."""
        lane = Lane(
            "m365",
            store=self.store,
            health=self.health,
            clock=self.clock,
            counts=self.counts,
            heard=self.heard,
            poll=Poll(),
            span=WindowSpan(),
            budget=Budget(self.meter, self.clock),
        )
        lane.adopt(self.rooms, poll=Poll(), span=WindowSpan())
        watch = SourceWatch(lane, store=self.store, health=self.health, hook=None)
        watch.adopt(Site())
        tasks = [
            asyncio.ensure_future(watch.keep_going(self.service, self.clock)),
            asyncio.ensure_future(lane.run(self.service)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


def _played(count: int, seconds: float, *, tells: bool) -> _Run:
    with tempfile.TemporaryDirectory() as folder:
        database = PatientDatabase(Path(folder) / "bridge.db")
        run = _Run(database, count, tells=tells)

        async def play() -> None:
            async with database.running(), run.going():
                await asyncio.sleep(seconds)

        in_virtual_time(play())
    return run


def measure() -> list[Row]:
    """All figures."""
    told = _played(FEW, HOURS * 3600, tells=True)
    polled = _played(FEW, HOURS * 3600, tells=False)
    many = _played(MANY, MINUTES * 60, tells=True)
    waits = sorted(wait - DEBOUNCE for wait in many.waits)
    share = FEW * HOURS

    def reads(*causes: Cause) -> float:
        return sum(told.counts.causes["m365", cause] for cause in causes) / share

    upkeep = told.meter.spent["watch"] / share
    polling = polled.meter.total / share
    return [
        _hourly("requests_per_room_hour_notify", reads("hint", "retry", "confirm") + upkeep, 2),
        _hourly("requests_per_room_hour_notify (safety reads)", reads("safety"), 5),
        _hourly("requests_per_room_hour_notify (before starts)", reads("before_start"), 2),
        _hourly("requests_per_room_hour_poll", polling, 60),
        row(
            "notification_to_agenda_p99_vs_service",
            value=waits[int(len(waits) * 0.99)],
            unit="s",
            baseline=ANSWER,
            goal=5,
            better="less",
        ),
    ]


def _hourly(name: str, value: float, goal: float) -> Row:
    return row(name, value=value, unit="requests", baseline=LEAST, goal=goal, better="less")
