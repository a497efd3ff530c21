"""Proposals of discovery that people approve and reject."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from bridge.callers import SCOPES, Caller
from bridge.deciding import Decisions, InFiles
from bridge.discovery import Discovery
from bridge.health import Health
from bridge.keeping import Counter
from bridge.rejections import Rejections
from bridge.views.decision_shapes import DecidedShape, DecisionOrder
from bridge.views.discovery_shapes import DifferenceShape
from bridge.views.web import Problem
from connector.discovery import FoundRoom
from connector.errors import Unavailable
from rooms.audit import Audit, Wanted
from rooms.database import Database
from rooms.inventory import Edit
from tests.bridge.inventory.keeping import OWNER, STORE, Keeping, keeping
from tests.bridge.test_discovery import (
    NAMES,
    SUBJECT,
    Able,
    Directory,
    World,
    configured,
    listed,
)
from tests.bridge.test_settings import GRAPH
from tests.fakes.virtual import FixedClock

ANNA = Caller(
    name="anna",
    scopes=SCOPES["facilities"],
    role="facilities",
    rooms=frozenset(["kestrel", "heron"]),
    lists=frozenset(["north"]),
)
LISTS = {"north": {"name": "North"}, "south": {"name": "South"}}
FILES = GRAPH + "data_dir: data\n"


class Deciding:
    """A keeper, a discovery that asks a directory, and decisions about it."""

    def __init__(
        self, kept: Keeping, rejections: Rejections, *told: Sequence[FoundRoom] | Exception
    ) -> None:
        self.kept = kept
        self.health = Health(kept.clock)
        self.directory = Directory(*told)
        self.able = Able(m365=self.directory)
        self.begin_again(rejections)

    def begin_again(self, rejections: Rejections) -> None:
        """As at a start."""
        keeper, clock = self.kept.keeper, self.kept.clock
        self.discovery = Discovery(
            self.able, health=self.health, clock=clock, rejections=rejections
        )
        self.decisions = Decisions(self.discovery, keeper, Counter(keeper), clock)

    async def run(self, times: int = 1) -> None:
        """Ask some times, by the inventory of now."""
        await self.discovery.adopt(self.kept.configuration)
        for _ in range(times):
            self.kept.clock.move(timedelta(hours=1))
            await self.discovery.run()

    async def found(self, caller: Caller = OWNER) -> dict[str, DifferenceShape]:
        """What is proposed, by what it is about."""
        (one,) = (await self.discovery.stands(None, caller)).sources
        return {f"{each.what} {each.room or each.mailbox}": each for each in one.findings}

    async def decide(self, caller: Caller = OWNER, **order: Any) -> DecidedShape:
        """Decide; names of proposals stand for their ids."""
        known = {name: one.id for name, one in (await self.found()).items()}
        for key in ("approve", "reject", "take_back"):
            if key in order:
                order[key] = [known.get(name, name) for name in order[key]]
        order["fields"] = {known[name]: one for name, one in order.get("fields", {}).items()}
        done = await self.decisions.decide(msgspec.convert(order, DecisionOrder), caller)
        await self.discovery.adopt(self.kept.configuration)
        return done

    async def refused(self, caller: Caller = OWNER, **order: Any) -> str:
        """Why a decision is refused."""
        before = (await self.kept.keeper.current()).digest()
        with pytest.raises(Problem) as caught:
            await self.decide(caller, **order)
        assert (await self.kept.keeper.current()).digest() == before
        return caught.value.code

    @property
    def rooms(self) -> dict[str, Any]:
        """The inventory's."""
        return dict(self.kept.keeper.document().rooms)

    @property
    def codes(self) -> list[str]:
        return [one.code for one in self.health.of(SUBJECT)]


@asynccontextmanager
async def deciding(
    folder: Path, *told: Sequence[FoundRoom] | Exception, bridge: str = STORE, rooms: str = ""
) -> AsyncIterator[Deciding]:
    """With five rooms, of which two are in the north, where the store decides."""
    async with keeping(folder, bridge, rooms) as kept:
        made = Deciding(kept, rejections_of(kept), *told)
        if not kept.keeper.in_files:
            entries = {
                name: {
                    "name": name.title(),
                    "mailbox": f"{name}@example.com",
                    "time_zone": "Europe/London",
                    "lists": ["north" if name in {"kestrel", "heron"} else "south"],
                }
                for name in NAMES
            }
            plan = await kept.keeper.plan(Edit(rooms=entries, lists=LISTS), OWNER)
            assert plan.fits, plan.problems
            await kept.keeper.apply(plan, OWNER)
        yield made


def rejections_of(kept: Keeping, rows: Sequence[tuple[Any, ...]] = ()) -> Rejections:
    """As they are read at a start: the thread of the database runs here already."""

    class Read:
        def rows(self, _sql: str) -> Sequence[tuple[Any, ...]]:
            return rows

    made = Rejections(cast("Database", Read()))
    made._database = kept.database
    return made


def told(local: str, **more: Any) -> FoundRoom:
    """A room of the service."""
    usual = {"mailbox": f"{local}@example.com", "name": local.title(), "time_zone": "Europe/London"}
    return FoundRoom(**(usual | more))


async def test_what_is_approved_is_one_change_that_can_be_undone(tmp_path: Path) -> None:
    answer = [
        told("kestrel", capacity=12, floor="3"),
        *listed(*NAMES[1:]),
        told("eagle", capacity=4, lists=("North", "Tower")),
    ]
    async with deciding(tmp_path, answer) as world:
        await world.run(2)
        (one,) = (await world.discovery.stands()).sources
        differing = [each.id for each in one.findings if each.what == "differs"]
        assert len(differing) == 2
        approve = ["new eagle@example.com", *differing]
        dry = await world.decide(approve=approve, dry_run=True)
        assert dry.plan
        assert (dry.plan.fits, dry.applied, "eagle" in world.rooms) == (True, None, False)
        done = await world.decide(approve=approve)
        assert done.applied
        assert {(each.what, each.kind, each.id) for each in done.applied.changes} == {
            ("added", "list", "tower"),
            ("added", "room", "eagle"),
            ("changed", "room", "kestrel"),
        }
        assert (world.rooms["kestrel"]["capacity"], world.rooms["kestrel"]["floor"]) == ("12", "3")
        assert world.rooms["eagle"]["lists"] == ["north", "tower"]
        assert await world.found() == {}
        undo = await world.kept.keeper.undo(done.applied.change, OWNER)
        await world.kept.keeper.apply(undo, OWNER)
        assert set(world.rooms) == set(NAMES)


async def test_fields_that_are_given_stand_in_place_of_what_is_proposed(tmp_path: Path) -> None:
    async with deciding(tmp_path, [*listed(*NAMES), told("eagle", time_zone="")]) as world:
        await world.run()
        new = "new eagle@example.com"
        dry = await world.decide(approve=[new], dry_run=True)
        assert dry.plan
        assert not dry.plan.fits, "nobody knows its time zone"
        assert await world.refused(approve=[new]) == "inventory_unfit"
        given = {"id": "aquila", "time_zone": "Europe/Paris", "lists": ["south"]}
        await world.decide(approve=[new], fields={new: given})
        assert world.rooms["aquila"]["time_zone"] == "Europe/Paris"
        assert await world.found() == {}


async def test_fields_that_would_change_another_room_are_refused(tmp_path: Path) -> None:
    async with deciding(tmp_path, [*listed(*NAMES), told("eagle")]) as world:
        await world.run()
        new = "new eagle@example.com"
        code = await world.refused(approve=[new], fields={new: {"id": "kestrel"}})
        assert code == "bad_body"
        assert await world.refused(approve=[new], reject=[new]) == "bad_body"
        assert await world.refused(approve=[new, "0123456789ab"]) == "unknown_proposal"


async def test_a_new_room_never_takes_the_place_of_one_that_is_approved_with_it(
    tmp_path: Path,
) -> None:
    answer = [told("kestrel", capacity=12), *listed(*NAMES[1:]), told("eagle")]
    async with deciding(tmp_path, answer) as world:
        await world.run(2)
        both = ["new eagle@example.com", "differs kestrel"]
        for approve in (both, both[::-1]):
            fields = {both[0]: {"id": "kestrel"}}
            assert await world.refused(approve=approve, fields=fields) == "bad_body"


async def test_rejections_and_approvals_are_made_together_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = [
        told("kestrel", capacity=12),
        *listed(*NAMES[1:]),
        told("eagle"),
        told("owl"),
        told("wren", time_zone="Nowhere"),
    ]
    async with deciding(tmp_path, answer) as world:
        await world.run(2)
        await world.decide(reject=["new owl@example.com"])
        (owl,) = (await world.discovery.stands()).rejected
        decided: dict[str, Any] = {"reject": ["differs kestrel"], "take_back": [owl.id]}
        code = await world.refused(approve=["new wren@example.com"], **decided)
        assert code == "inventory_unfit"
        assert [one.id for one in (await world.discovery.stands()).rejected] == [owl.id]

        async def fails(*_: object, **__: object) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        with monkeypatch.context() as patch:
            patch.setattr(world.discovery.rejections, "change", fails)
            code = await world.refused(approve=["new eagle@example.com"], **decided)
        assert code == "disk_failing"
        assert [one.id for one in (await world.discovery.stands()).rejected] == [owl.id]
        await world.decide(approve=["new eagle@example.com"], **decided)
        assert "eagle" in world.rooms
        assert [one.room for one in (await world.discovery.stands()).rejected] == ["kestrel"]


async def test_a_room_goes_only_when_two_runs_missed_it_and_somebody_says_so(
    tmp_path: Path,
) -> None:
    async with deciding(tmp_path, listed(*NAMES), listed(*NAMES[1:])) as world:
        await world.run(2)
        assert await world.refused(approve=["gone kestrel"]) == "discovery_unconfirmed"
        await world.run()
        assert set(world.rooms) == set(NAMES), "nothing goes by itself"
        done = await world.decide(approve=["gone kestrel"])
        assert done.applied
        assert [(one.what, one.id) for one in done.applied.changes] == [("removed", "kestrel")]


async def test_rooms_that_went_with_a_shrunk_list_take_a_second_look_and_an_engineer(
    tmp_path: Path,
) -> None:
    shrunk = listed(*NAMES[2:])
    async with deciding(tmp_path, listed(*NAMES), listed(*NAMES[1:]), shrunk) as world:
        await world.run(2)
        await world.run()
        assert "discovery_shrunk" in world.codes
        assert await world.refused(approve=["gone kestrel"]) == "discovery_doubted"
        await world.run()
        assert await world.refused(ANNA, approve=["gone heron"]) == "discovery_doubted"
        assert (await world.found())["gone heron"].doubted
        await world.decide(approve=["gone heron"])
        assert "heron" not in world.rooms


async def test_what_is_rejected_comes_no_more_until_the_service_says_something_else(
    tmp_path: Path,
) -> None:
    def answer(capacity: int) -> Sequence[FoundRoom]:
        return [told("kestrel", capacity=capacity), *listed(*NAMES[1:])]

    async with deciding(tmp_path, answer(8)) as world:
        await world.run(2)
        assert world.codes == ["discovery_differs"]
        await world.decide(ANNA, reject=["differs kestrel"])
        assert (await world.found(), world.codes) == ({}, [])
        (kept,) = (await world.discovery.stands()).rejected
        assert (kept.room, kept.by, kept.at) == ("kestrel", "anna", world.kept.clock.now())
        await world.run(3)
        assert await world.found() == {}
        world.directory.told = [answer(10)]
        await world.run()
        assert (await world.found())["differs kestrel"].there == "10"
        await world.run()
        assert (await world.discovery.stands()).rejected == (), "it is of no use any more"
        log = (await Audit(world.kept.database).page(Wanted())).rows
        assert [one.action for one in log[:2]] == ["discovery.take_back", "discovery.reject"]


async def test_a_rejection_can_be_taken_back_and_outlives_a_restart(tmp_path: Path) -> None:
    async with deciding(tmp_path, [*listed(*NAMES), told("eagle")]) as world:
        await world.run()
        await world.decide(reject=["new eagle@example.com"])
        columns = "id, source, what, mailbox, room, field, said, lists, actor, at"
        rows = await world.kept.database.change(
            lambda tables: tables.execute(f"SELECT {columns} FROM discovery_rejections").fetchall()
        )
        world.begin_again(rejections_of(world.kept, rows))
        await world.run(2)
        assert await world.found() == {}
        (kept,) = (await world.discovery.stands()).rejected
        await world.decide(take_back=[kept.id])
        assert set(await world.found()) == {"new eagle@example.com"}


async def test_facilities_decide_about_their_rooms_and_new_ones_for_their_lists(
    tmp_path: Path,
) -> None:
    answer = [
        told("kestrel", capacity=8),
        told("falcon", capacity=8),
        *listed("heron", "merlin", "osprey"),
        told("eagle", lists=("North",)),
        told("owl", lists=("South",)),
        told("jay", lists=("North", "South")),
    ]
    async with deciding(tmp_path, answer) as world:
        await world.run(2)
        mine = {name for name in await world.found(ANNA) if not name.startswith("gone")}
        assert mine == {"differs kestrel", "new eagle@example.com", "new jay@example.com"}
        assert await world.refused(ANNA, approve=["differs falcon"]) == "unknown_proposal"
        assert await world.refused(ANNA, reject=["new owl@example.com"]) == "unknown_proposal"
        assert await world.refused(ANNA, approve=["new jay@example.com"]) == "not_yours"
        await world.decide(ANNA, approve=["new eagle@example.com", "differs kestrel"])
        assert "eagle" in world.rooms
        await world.decide(reject=["new owl@example.com"])
        assert (await world.discovery.stands(None, ANNA)).rejected == ()
        (owl,) = (await world.discovery.stands()).rejected
        assert await world.refused(ANNA, take_back=[owl.id]) == "unknown_proposal"


async def test_facilities_learn_that_a_list_is_not_read_and_not_how_many_rooms_others_have(
    tmp_path: Path,
) -> None:
    outage = Unavailable("no connection", reason="unreachable")
    answers = (listed(*NAMES, "owl"), listed("kestrel"), outage)
    async with deciding(tmp_path, *answers) as world:
        await world.run(2)
        assert world.codes == ["discovery_shrunk"]
        (told,) = (await world.discovery.stands(None, ANNA)).sources
        assert (told.rooms, told.health) == (None, ())
        await world.run()
        (told,) = (await world.discovery.stands(None, ANNA)).sources
        assert [one.code for one in told.health] == ["discovery_failing"]


async def test_a_new_room_has_one_id_whichever_source_is_asked_for() -> None:
    world = World(FixedClock(), [told("lark", lists=("North",))])
    far = FoundRoom(mailbox="lark@example.org", name="Lark", lists=("South",))
    world.able.sources["other"] = Directory([far])
    await world.discovery.adopt(configured((), "m365", "other"))
    await world.run()
    proposals, _ = await world.discovery.proposals()
    ids = {one.id: one.entry.id for one in proposals if one.entry}
    assert sorted(ids.values()) == ["lark", "lark-2"]
    for source, room_list in (("m365", "north"), ("other", "south")):
        answer = await world.discovery.stands(source)
        assert [one.source for one in answer.sources] == [source]
        (found,) = answer.sources[0].findings
        assert found.entry
        assert found.entry.id == ids[found.id]
        assert [one.id for one in answer.room_lists] == [room_list]


async def test_where_files_decide_it_tells_what_to_write_and_keeps_rejections(
    tmp_path: Path,
) -> None:
    here = "rooms:\n  - {id: kestrel, mailbox: kestrel@example.com, time_zone: Europe/London}\n"
    answer = [told("kestrel", name="kestrel", capacity=8), told("eagle")]
    async with deciding(tmp_path, answer, bridge=FILES, rooms=here) as world:
        await world.run(2)
        approve = ["new eagle@example.com", "differs kestrel"]
        with pytest.raises(InFiles) as caught:
            await world.decide(approve=approve)
        shape = caught.value.shape()
        assert shape.code == "inventory_in_files"
        assert {one["id"]: one.get("capacity") for one in shape.entries.rooms} == {
            "eagle": None,
            "kestrel": "8",
        }
        dry = await world.decide(approve=approve, dry_run=True)
        assert dry.plan
        assert len(dry.plan.changes) == 2
        await world.decide(reject=approve)
        assert await world.found() == {}


async def test_one_address_of_several_rooms_is_for_the_service_to_mend(tmp_path: Path) -> None:
    async with deciding(tmp_path, [*listed(*NAMES), told("kestrel", name="Other")]) as world:
        await world.run(2)
        assert await world.refused(approve=["twice kestrel"]) == "not_approvable"
        await world.decide(reject=["twice kestrel"])
        await world.run(2)
        assert await world.found() == {}
