"""Whatever is changed: nothing of a room reaches a device or a display of another."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.dispatch.dispatch import AT_A_TIME
from bridge.inventory.wishes import NothingToUndo
from bridge.settings.model import Configuration
from bridge.views.display_shapes import FaultOrder
from connector import load
from rooms.audit import Wanted
from rooms.inventory import Edit, Misfit
from rooms.model import Agenda
from rooms.room import Room
from tests.bridge.inventory.building import Building, Unit
from tests.bridge.inventory.keeping import OWNER
from tests.fakes.virtual import in_virtual_time

pytestmark = pytest.mark.allow_blocking

QUIET = 3600.0


def unit(name: str, address: str) -> dict[str, str]:
    """A room system."""
    return {"id": name, "kind": "cisco", "address": address}


def kept(mailbox: str, *units: dict[str, str]) -> dict[str, Any]:
    """A room."""
    room: dict[str, Any] = {"mailbox": f"{mailbox}@example.com", "time_zone": "Europe/London"}
    return room | ({"endpoints": [*units]} if units else {})


TWO = Edit(
    rooms={
        "kestrel": kept("kestrel", unit("first", "10.0.0.1")),
        "owl": kept("owl", unit("second", "10.0.0.2")),
    }
)


@pytest.fixture
def play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Building], Coroutine[Any, Any, None]]], None]:
    """Play a story in a building."""

    def played(story: Callable[[Building], Coroutine[Any, Any, None]]) -> None:
        building = Building(tmp_path)
        monkeypatch.setattr(load, "endpoint", lambda _kind: building)

        async def run() -> None:
            async with building.running():
                await building.apply(TWO)
                await building.read(list(building.house.rooms.values()))
                await asyncio.sleep(QUIET)
                building.settled()
                await story(building)
                building.check()

        in_virtual_time(run())

    return played


def test_a_renamed_room_keeps_what_is_its(play: Any) -> None:
    async def story(building: Building) -> None:
        token = await building.pair("kestrel")
        await building.faults.report("kestrel", FaultOrder(code="display"), actor="test")
        await asyncio.sleep(100)  # past the repetition of its list
        building.history.clear()
        change = await building.apply(Edit(renamed={"kestrel": "hawk"}))
        caller = building.caller(token)
        assert caller is not None
        assert caller.room == "hawk"
        assert building.made.store.agenda("kestrel") is None
        assert building.made.store.agenda("hawk") is not None
        assert [one.room for one in building.faults.of("hawk")] == ["hawk"]
        assert not building.faults.of("kestrel")
        assert [one.settings.id for one in building.calling.units.of("hawk")] == ["first"]
        await asyncio.sleep(20)
        assert not building.history, "it has its list"
        building.settled()
        await building.undo(change)
        caller = building.caller(token)
        assert caller is not None
        assert caller.room == "kestrel"
        assert building.faults.of("kestrel")

    play(story)


def test_two_rooms_that_change_names_change_nothing_else(play: Any) -> None:
    async def story(building: Building) -> None:
        token = await building.pair("kestrel")
        before = list(building.house.rooms.values())
        await building.apply(Edit(renamed={"kestrel": "owl", "owl": "kestrel"}))
        await building.read(before)  # what was on its way when they did
        building.check()
        caller = building.caller(token)
        assert caller is not None
        assert caller.room == "owl"
        await asyncio.sleep(QUIET)
        building.settled()

    play(story)


def test_a_rename_is_whole_at_the_next_start(tmp_path: Path, play: Any) -> None:
    tokens: list[str] = []

    async def story(building: Building) -> None:
        tokens.append(await building.pair("kestrel"))
        await building.faults.report("kestrel", FaultOrder(code="display"), actor="test")
        await building.apply(Edit(renamed={"kestrel": "hawk"}))

    play(story)

    async def later() -> None:
        building = Building(tmp_path)
        async with building.running():
            caller = building.caller(tokens[0])
            assert caller is not None
            assert caller.room == "hawk"
            assert [one.room for one in building.made.paired] == ["hawk"]
            assert building.made.store.agenda("hawk") is not None
            assert building.faults.of("hawk")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "endpoint", lambda _kind: Building)
        building = Building(tmp_path)
        patch.setattr(load, "endpoint", lambda _kind: building)
        in_virtual_time(later())


def test_where_the_disk_fails_nothing_is_renamed(play: Any) -> None:
    async def story(building: Building) -> None:
        token = await building.pair("kestrel")

        def fails(*_: object) -> None:
            raise OSError("full")

        building.made.following.writes.append(fails)
        with pytest.raises(OSError, match="full"):
            await building.apply(Edit(renamed={"kestrel": "hawk"}))
        caller = building.caller(token)
        assert caller is not None
        assert caller.room == "kestrel"
        assert set(building.house.rooms) == {"kestrel", "owl"}
        rows = await building.made.database.change(
            lambda db: db.execute("SELECT room FROM tokens").fetchall()
        )
        assert rows == [("kestrel",)]

    play(story)


def test_the_systems_of_a_retired_room_are_emptied_once(play: Any) -> None:
    async def story(building: Building) -> None:
        retired = await building.apply(Edit(rooms={"kestrel": None}))
        await asyncio.sleep(QUIET)
        assert building.showing == {"10.0.0.1": [], "10.0.0.2": ["owl@example.com"]}
        assert building.house.retired == {"kestrel": "kestrel@example.com"}
        entries = await building.made.audit.page(Wanted(action="endpoints"))
        assert [one.object for one in entries.rows] == ["first"]
        await building.undo(retired)
        await building.read(list(building.house.rooms.values()))
        await asyncio.sleep(QUIET)
        assert not building.house.retired
        building.settled()

    play(story)


def test_the_systems_of_many_retired_rooms_are_emptied_some_at_a_time(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = now = 0
    show = Unit.show

    async def counted(self: Unit, agenda: Agenda) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        try:
            await show(self, agenda)
        finally:
            now -= 1

    async def story(building: Building) -> None:
        many = {f"r{n}": kept(f"r{n}", unit(f"u{n}", f"10.0.1.{n}")) for n in range(200)}
        await building.apply(Edit(rooms=many))
        await building.read(list(building.house.rooms.values()))
        await asyncio.sleep(QUIET)
        monkeypatch.setattr(Unit, "show", counted)
        await building.apply(Edit(rooms=dict.fromkeys(many)))
        await asyncio.sleep(QUIET)
        assert most == AT_A_TIME
        assert not any(building.showing[f"10.0.1.{n}"] for n in range(200))

    play(story)


def test_a_unit_that_another_room_has_by_now_is_not_emptied(play: Any) -> None:
    async def story(building: Building) -> None:
        await building.apply(
            Edit(rooms={"kestrel": None}, endpoints={"second": {"address": "10.0.0.1"}})
        )
        await asyncio.sleep(QUIET)
        assert building.showing["10.0.0.1"] == ["owl@example.com"]
        assert ("10.0.0.1", []) not in building.history

    play(story)


@pytest.mark.parametrize("moment", [0.0, 0.1, 0.3])
def test_a_retired_room_that_is_back_is_not_emptied_any_more(play: Any, moment: float) -> None:
    async def story(building: Building) -> None:
        retired = await building.apply(Edit(rooms={"kestrel": None}))
        await asyncio.sleep(moment)  # its system takes a while for the empty list
        await building.undo(retired)
        await asyncio.sleep(QUIET)
        assert ("10.0.0.1", []) not in building.history
        building.settled()

    play(story)


def test_a_token_of_a_retired_room_never_opens_another_of_its_name(play: Any) -> None:
    async def story(building: Building) -> None:
        token = await building.pair("kestrel")
        (display,) = building.made.paired
        await building.apply(Edit(rooms={"kestrel": None}))
        assert building.caller(token) is not None
        await building.apply(Edit(renamed={"owl": "kestrel"}))
        assert building.caller(token) is None
        assert not list(building.made.paired)
        rows = await building.made.database.change(
            lambda db: db.execute("SELECT id FROM tokens WHERE revoked IS NULL").fetchall()
        )
        assert not rows
        entries = await building.made.audit.page(Wanted(action="tokens.revoke"))
        assert [one.detail for one in entries.rows] == [
            {"name": f"display {display.id}", "room": "kestrel"}
        ]

    play(story)


def test_units_that_change_addresses_show_each_their_own_room(play: Any) -> None:
    async def story(building: Building) -> None:
        await building.apply(
            Edit(endpoints={"first": {"address": "10.0.0.2"}, "second": {"address": "10.0.0.1"}})
        )
        await asyncio.sleep(QUIET)
        building.settled()
        assert building.showing["10.0.0.1"] == ["owl@example.com"]

    play(story)


NAMES, UNITS = ("kestrel", "owl", "hawk"), ("first", "second", "third")
ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
MAILBOXES = ("kestrel", "owl", "hawk", "wren")
STEPS = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(NAMES), st.sampled_from(MAILBOXES)),
    st.tuples(st.just("retire"), st.sampled_from(NAMES), st.just("")),
    st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("swap"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("move"), st.sampled_from(UNITS), st.sampled_from(NAMES)),
    st.tuples(st.just("address"), st.sampled_from(UNITS), st.sampled_from(ADDRESSES)),
    st.tuples(st.just("addresses"), st.sampled_from(UNITS), st.sampled_from(UNITS)),
    st.tuples(st.just("undo"), st.just(""), st.just("")),
    st.tuples(st.just("pair"), st.sampled_from(NAMES), st.just("")),
    st.tuples(st.just("read"), st.just(""), st.just("")),
    st.tuples(st.just("late"), st.just(""), st.just("")),
    st.tuples(st.just("wait"), st.sampled_from(("1.6", "0.3", "30")), st.just("")),
    st.tuples(st.just("restart"), st.just(""), st.just("")),
)


class Changing:
    """Does what comes, as far as it fits the inventory."""

    def __init__(self, building: Building) -> None:
        self.building = building
        self.changes: list[int] = []
        self.before: list[Room] = []

    async def step(self, what: str, one: str, other: str) -> None:
        """One thing after another; what does not fit is left."""
        building = self.building
        rooms = list(building.house.rooms.values())
        if what == "read":
            await building.read(rooms)
        elif what == "late":
            await building.read(self.before)
        elif what == "wait":
            await asyncio.sleep(float(one))
        elif what == "pair":
            if one in building.house.rooms:
                await building.pair(one)
        else:
            self.before = rooms
            await self._change(what, one, other)

    async def _change(self, what: str, one: str, other: str) -> None:
        keeper, building = self.building.made.keeper, self.building
        try:
            if what == "undo":
                plan = await keeper.undo(self.changes[-1] if self.changes else 0, OWNER)
            else:
                plan = await keeper.plan(_edit(building.configuration, what, one, other), OWNER)
        except (Misfit, NothingToUndo):
            return
        if plan.fits and plan.changes:
            self.changes.append((await keeper.apply(plan, OWNER)).seq)


def _edit(configuration: Configuration, what: str, one: str, other: str) -> Edit:
    at = {unit.id: unit.options.address for unit in configuration.inventory.endpoints}
    had = {room.id for room in configuration.inventory.rooms}
    read = {room.mailbox for room in configuration.inventory.rooms}
    new = one not in had and f"{other}@example.com" not in read
    both = {one, other} <= {*at}
    more = {} if one in at else {"kind": "cisco", "address": "10.0.0.3"}
    return {
        "add": Edit(rooms={one: kept(other)}) if new else Edit(),
        "retire": Edit(rooms={one: None}),
        "rename": Edit(renamed={one: other}),
        "swap": Edit(renamed={one: other, other: one}),
        "move": Edit(endpoints={one: {"room": other, **more}}),
        "address": Edit(endpoints={one: {"address": other}}),
        "addresses": Edit(endpoints={one: {"address": at[other]}, other: {"address": at[one]}})
        if both
        else Edit(),
    }[what]


async def _lived(building: Building, steps: list[tuple[str, str, str]]) -> None:
    changing = Changing(building)
    runs: list[list[tuple[str, str, str]]] = [[]]
    for step in steps:
        if step[0] == "restart":
            runs.append([])
        else:
            runs[-1].append(step)
    for number, run in enumerate(runs):
        async with building.running():
            if number == 0:
                await building.apply(TWO)
            await building.read(list(building.house.rooms.values()))
            building.check()
            for step in run:
                await changing.step(*step)
                building.check()
            await asyncio.sleep(QUIET)
            building.settled()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, min_size=3, max_size=14))
def test_nothing_of_a_room_reaches_another(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, str, str]]
) -> None:
    with TemporaryDirectory() as folder:
        building = Building(Path(folder))
        monkeypatch.setattr(load, "endpoint", lambda _kind: building)
        in_virtual_time(_lived(building, steps))
