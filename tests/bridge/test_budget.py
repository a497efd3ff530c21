"""No more requests than agreed, and those spread evenly."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.budget import DAY, RESERVE, Bucket, Budget
from bridge.budgets import Budgets
from bridge.settings.budgets import check_budgets
from bridge.settings.load import read
from bridge.settings.model import Inventory, Poll, Site, SourceSettings, WindowSpan
from bridge.settings.problem import Place, Problem
from bridge.settings.typed import duration
from connector.meter import Meter
from rooms.database import Database
from rooms.model import Event, Window
from rooms.room import Room
from rooms.spending import Spending
from tests.bridge.test_lane import World
from tests.bridge.test_settings import GRAPH, ROOM, Folder
from tests.fakes.furnished import furnished
from tests.fakes.sources import FakeSource, room
from tests.fakes.virtual import FixedClock, PatientDatabase, VirtualClock, in_virtual_time

HOUR = 3600


def most_within(spent: Sequence[tuple[float, int]], span: float) -> int:
    """The most that was spent within any span."""
    return max(
        (sum(count for at, count in spent if begin <= at < begin + span) for begin, _ in spent),
        default=0,
    )


@given(
    limit=st.integers(12, 2000),
    deeds=st.lists(
        st.tuples(st.floats(0, 40), st.sampled_from(["read", "watch"]), st.integers(1, 30)),
        max_size=120,
    ),
)
def test_no_span_ever_exceeds_its_limit(limit: int, deeds: list[tuple[float, str, int]]) -> None:
    bucket = Bucket(limit, 100, 0)
    floor = -limit * RESERVE / 2
    spent: list[tuple[float, int]] = []
    now = 0.0
    for after, kind, count in deeds:
        now += after
        bucket.draw(0, now)
        if kind == "read":
            for _ in range(count):
                if bucket.wait(0) == 0:
                    bucket.draw(1, now)
                    spent.append((now, 1))
        elif bucket._left - count >= floor:
            bucket.draw(count, now)
            spent.append((now, count))
    assert most_within(spent, 100) <= limit + 1


class Counting(FakeSource):
    """Counts its requests as drivers do."""

    def __init__(self, meter: Meter, pages: int = 1) -> None:
        super().__init__()
        self.meter = meter
        self.pages = pages
        self.spent: list[tuple[float, int]] = []

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        for _ in range(self.pages):
            self.meter.count()
            self.spent.append((asyncio.get_running_loop().time(), 1))
        return await super().fetch(room, window)


def played(
    tmp_path: Path, *, rooms: int, seconds: float, pages: int = 1, **limits: Any
) -> tuple[World, Counting]:
    """A lane with a budget, for so long."""
    database = PatientDatabase(furnished(tmp_path / "bridge.db"))
    world = World(database, Poll())

    async def run() -> Counting:
        async with database.running():
            meter = Meter()
            world.lane.budget = Budget(meter, world.clock, **limits)
            source = Counting(meter, pages)
            world.source = source
            world.lane.adopt(
                (room(f"room-{n}") for n in range(rooms)), poll=Poll(), span=WindowSpan()
            )
            await world.run(seconds)
            await world.stop()
            world.interval = world.lane.interval.total_seconds()  # type: ignore[attr-defined]
            return source

    return world, in_virtual_time(run())


def test_a_day_of_polling_stays_within_its_budget_and_uses_it(tmp_path: Path) -> None:
    _, source = played(tmp_path, rooms=20, seconds=26 * HOUR, per_day=2400)
    assert most_within(source.spent[::7], DAY) * 7 <= 2400 * 1.01
    assert len(source.spent) >= 1800


def test_what_the_budget_allows_is_spread_evenly_over_rooms_and_time(tmp_path: Path) -> None:
    world, source = played(tmp_path, rooms=20, seconds=12 * HOUR, per_day=2400)
    counts = [len(source.times(f"room-{n}")) for n in range(20)]
    assert max(counts) - min(counts) <= 4
    assert world.interval == pytest.approx(20 * DAY / 2400, rel=0.25)  # type: ignore[attr-defined]
    hours = [sum(HOUR * h <= at < HOUR * (h + 1) for at, _ in source.spent) for h in range(1, 12)]
    assert max(hours) <= 1.5 * min(hours)


def test_requests_per_read_are_learnt(tmp_path: Path) -> None:
    world, _ = played(tmp_path, rooms=20, seconds=6 * HOUR, pages=3, per_day=7200)
    assert world.lane.budget.per_read == pytest.approx(3, abs=0.01)
    assert world.interval == pytest.approx(20 * 3 * DAY / 7200, rel=0.25)  # type: ignore[attr-defined]


def test_a_minute_has_its_limit_too(tmp_path: Path) -> None:
    _, source = played(tmp_path, rooms=500, seconds=300, per_minute=120)
    assert most_within(source.spent, 60) <= 120
    assert len(source.spent) >= 400


def test_without_a_budget_nothing_waits(tmp_path: Path) -> None:
    _, source = played(tmp_path, rooms=500, seconds=10)
    assert len(source.spent) >= 500


def test_what_cannot_wait_is_paid_by_reads() -> None:
    async def story() -> float:
        meter, clock = Meter(), VirtualClock()
        budget = Budget(meter, clock, per_day=2400)
        for _ in range(200):
            meter.count("watch")
        assert budget.spent == 200
        await budget.enter()
        return clock.monotonic()

    assert in_virtual_time(story()) == pytest.approx(101 / (2200 / DAY), rel=0.01)


def test_what_was_spent_a_day_ago_is_forgotten() -> None:
    async def story() -> None:
        meter, clock = Meter(), VirtualClock()
        budget = Budget(meter, clock, per_day=2400)
        meter.count("watch")
        assert budget.spent == 1
        await asyncio.sleep(12 * HOUR)
        meter.count("sign_in")
        assert budget.spent == 2
        await asyncio.sleep(12 * HOUR)
        assert budget.spent == 1

    in_virtual_time(story())


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("budget: 10000", []),
        ("budget: 100", []),
        ("budget: 99", ["error"]),
        ("budget: many", ["error"]),
    ],
)
def test_a_budget_is_a_number_of_requests(tmp_path: Path, setting: str, wanted: list[str]) -> None:
    assert severities(tmp_path, setting, ROOM) == wanted


def test_a_budget_by_which_agendas_would_be_stale_is_warned_of(tmp_path: Path) -> None:
    assert severities(tmp_path, "budget: 100", ROOM + another("heron")) == ["warning"]


def another(name: str) -> str:
    return ROOM.replace("rooms:\n", "").replace("kestrel", name)


def severities(tmp_path: Path, setting: str, rooms: str) -> list[str]:
    folder = Folder(tmp_path)
    folder.write("rooms.yaml", rooms)
    file = folder.write("bridge.yaml", GRAPH + f"    {setting}\n")
    problems: list[Problem] = []
    read(file, problems)
    return [one.severity for one in problems if "budget" in one.path]


@pytest.mark.parametrize(("safety", "warned"), [("15m", 0), ("16m", 1), ("1h", 1)])
def test_rooms_must_not_be_stale_between_two_safety_reads(safety: str, warned: int) -> None:
    class Told(msgspec.Struct):
        notifications: str = "webhook"

    problems: list[Problem] = []
    site = Site(poll=Poll(safety=duration(safety)))
    for options, count in ((Told(), warned), (Told(notifications="poll"), 0), (None, 0)):
        problems.clear()
        sources = {"m365": SourceSettings(kind="demo", options=options)}
        check_budgets(site, sources, Inventory(), Place(problems, Path("bridge.yaml")))
        assert len(problems) == count


def spent(folder: Path, clock: FixedClock, *, more: int = 0) -> Budget:
    """One life of the appliance: a budget of 240 requests, of which so many are sent."""
    database = Database(folder / "bridge.db")
    budgets = Budgets(clock, Spending(database))

    async def life() -> Budget:
        async with database.running():
            keeping = asyncio.create_task(budgets.run())
            await asyncio.sleep(0)
            budget = budgets.of("m365", SourceSettings(kind="demo", options=None, budget=240))
            for _ in range(more):
                budget.meter.count("watch")
            keeping.cancel()
            await asyncio.wait([keeping])
        return budget

    return asyncio.run(life())


def test_a_start_does_not_begin_a_budget_anew(tmp_path: Path) -> None:
    clock = FixedClock()
    before = spent(tmp_path, clock, more=15)
    clock.move(timedelta(minutes=2))
    after = spent(tmp_path, clock)
    assert after.spent == before.spent == 15
    assert after._wait() > 0
    clock.move(timedelta(hours=25))
    later = spent(tmp_path, clock)
    assert later.spent == 0
    assert later._wait() == 0


def test_another_budget_keeps_what_was_spent() -> None:
    clock = FixedClock()
    budgets = Budgets(clock, None)
    first = budgets.of("m365", SourceSettings(kind="demo", options=None, budget=240))
    for _ in range(20):
        first.meter.count("read")
    second = budgets.of("m365", SourceSettings(kind="demo", options=None, budget=120))
    assert second.spent == 20
    assert second._wait() > 0
