"""Changes of the inventory: planned, applied whole, undone."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bridge.callers import SCOPES, Caller
from bridge.inventory import keeper, rows, wishes
from bridge.inventory.keeper import Changed, InFiles, NoVault, Unfit
from bridge.inventory.leave import NotYours
from bridge.inventory.wishes import NothingToUndo
from bridge.settings.load import usable
from bridge.settings.problem import Unusable
from rooms.inventory import Edit, Misfit
from tests.bridge.inventory.keeping import OWNER, STORE, Keeping, KeptVault, keeping
from tests.bridge.test_settings import GRAPH, ROOM

KESTREL = {"mailbox": "kestrel@example.com", "time_zone": "Europe/London", "name": "Kestrel"}
OWL = {"mailbox": "owl@example.com", "time_zone": "Europe/London"}
CODEC = {"kind": "cisco", "address": "10.0.0.1", "username": "u", "password": "vault:endpoint/x"}
SIP = {"kind": "sip", "address": "10.0.0.1"}
ANNA = Caller(
    name="anna",
    scopes=SCOPES["facilities"],
    role="facilities",
    rooms=frozenset(["kestrel"]),
    lists=frozenset(["north"]),
)


async def put(kept: Keeping, edit: Edit, caller: Caller = OWNER) -> int:
    """Plan and apply; the number of the change."""
    plan = await kept.keeper.plan(edit, caller)
    return (await kept.keeper.apply(plan, caller)).seq


async def two(kept: Keeping) -> None:
    """Two rooms in two lists."""
    await put(
        kept,
        Edit(
            rooms={"kestrel": KESTREL | {"lists": ["north"]}, "owl": OWL | {"lists": ["south"]}},
            lists={"north": {"name": "North"}, "south": {}},
        ),
    )


async def test_a_plan_changes_nothing_until_it_is_applied(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        plan = await kept.keeper.plan(Edit(rooms={"kestrel": KESTREL}), OWNER)
        assert [(one.what, one.kind, one.id) for one in plan.changes] == [
            ("added", "room", "kestrel")
        ]
        assert plan.fits
        assert not kept.keeper.document().rooms
        assert not kept.adopted
        await kept.keeper.apply(plan, OWNER)
        assert [room.name for room in kept.adopted[-1].inventory.rooms] == ["Kestrel"]


async def test_what_was_applied_is_there_at_the_next_start(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        await put(kept, Edit(rooms={"owl": {"capacity": "8"}}))
    async with keeping(tmp_path) as kept:
        rooms = {room.id: room for room in kept.configuration.inventory.rooms}
        assert list(rooms) == ["kestrel", "owl"]
        assert rooms["owl"].capacity == 8
        assert await kept.keeper.version() == "s2"


async def test_a_plan_for_an_inventory_that_was_changed_since_is_not_applied(
    tmp_path: Path,
) -> None:
    async with keeping(tmp_path) as kept:
        first = await kept.keeper.plan(Edit(rooms={"kestrel": KESTREL}), OWNER)
        second = await kept.keeper.plan(Edit(rooms={"owl": OWL}), OWNER)
        await kept.keeper.apply(first, OWNER)
        with pytest.raises(Changed):
            await kept.keeper.apply(second, OWNER)
        assert list(kept.keeper.document().rooms) == ["kestrel"]


async def test_a_plan_is_not_for_what_was_changed_while_it_was_read(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        quick = await kept.keeper.plan(Edit(rooms={"owl": OWL}), OWNER)
        slow = asyncio.create_task(kept.keeper.plan(Edit(rooms={"kestrel": KESTREL}), OWNER))
        await asyncio.sleep(0)
        await kept.keeper.apply(quick, OWNER)
        with pytest.raises(Changed):
            await kept.keeper.apply(await slow, OWNER)
        assert list(kept.keeper.document().rooms) == ["owl"]


async def test_what_many_rooms_take_long_for_is_done_in_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here: list[str] = []

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*args: Any) -> Any:
            if threading.current_thread() is threading.main_thread():
                here.append(name)
            return function(*args)

        return watching

    for module in (keeper, rows, wishes):
        for name in ("edited", "voided", "changes", "check_leave", "differing", "entries_of"):
            if function := getattr(module, name, None):
                monkeypatch.setattr(module, name, watched(name, function))
    async with keeping(tmp_path) as kept:
        await two(kept)
        undo = await kept.keeper.undo(1, OWNER)
        await kept.keeper.apply(undo, OWNER)
    assert here == []


async def test_a_secret_for_an_endpoint_that_is_not_there_is_refused(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        kept.keeper.vault = KeptVault()
        with pytest.raises(Misfit):
            await kept.keeper.plan(Edit(), OWNER, given={"c": {"password": "x"}})


@pytest.mark.parametrize(
    ("room", "path"),
    [
        ({"mailbox": "no address", "time_zone": "Europe/London"}, "rooms.owl.mailbox"),
        ({"mailbox": "o@example.com", "time_zone": "Nowhere/At_All"}, "rooms.owl.time_zone"),
        (OWL | {"capacity": "many"}, "rooms.owl.capacity"),
        (OWL | {"floors": "2"}, "rooms.owl.floors"),
        (OWL | {"lists": ["nowhere"]}, "rooms.owl.lists"),
        (OWL | {"endpoints": [{"id": "c", "kind": "toaster"}]}, "rooms.owl.endpoints[0].kind"),
        (OWL | {"endpoints": "none"}, "rooms.owl.endpoints"),
    ],
)
async def test_what_is_wrong_is_told_with_its_place_and_changes_nothing(
    tmp_path: Path, room: dict[str, object], path: str
) -> None:
    async with keeping(tmp_path) as kept:
        await put(kept, Edit(rooms={"kestrel": KESTREL}))
        plan = await kept.keeper.plan(Edit(rooms={"owl": room}), OWNER)
        assert [one.path for one in plan.problems] == [path]
        assert not plan.fits
        with pytest.raises(Unfit):
            await kept.keeper.apply(plan, OWNER)
        assert list(kept.keeper.document().rooms) == ["kestrel"]


async def test_two_rooms_cannot_have_the_same_endpoint(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        unit = CODEC | {"id": "c", "password_file": "secret"}
        del unit["password"]
        rooms = {"owl": OWL | {"endpoints": [unit]}, "kestrel": KESTREL | {"endpoints": [unit]}}
        plan = await kept.keeper.plan(Edit(rooms=rooms), OWNER)
        assert "rooms.kestrel.endpoints[0].id" in [one.path for one in plan.problems]


async def test_a_change_is_undone(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        retired = await put(kept, Edit(rooms={"owl": None}))
        assert list(kept.keeper.document().rooms) == ["kestrel"]
        plan = await kept.keeper.undo(retired, OWNER)
        await kept.keeper.apply(plan, OWNER)
        assert kept.keeper.document().rooms["owl"] == OWL | {"lists": ["south"]}
        history = await kept.keeper.history()
        assert [one.undoes for one in history] == [retired, None, None]


async def test_a_change_of_very_many_rooms_is_kept_packed_told_and_undone(tmp_path: Path) -> None:
    many = {
        f"r{number}": {"mailbox": f"r{number}@example.com", "time_zone": "Europe/London"}
        for number in range(500)
    }
    async with keeping(tmp_path) as kept:
        await two(kept)
        seq = await put(kept, Edit(rooms={**many, "owl": None}))
        sizes = "SELECT max(length(changes), length(after)) FROM inventory_changes ORDER BY seq"
        rows = await kept.database.change(lambda db: db.execute(sizes).fetchall())
        ((plain,), (packed,)) = rows
        assert packed < len(msgspec.json.encode(many)) / 4
        assert plain < packed
        told = (await kept.keeper.history())[0].changes
        assert {one.id: one.after for one in told if one.what == "added"} == many
        await kept.keeper.apply(await kept.keeper.undo(seq, OWNER), OWNER)
        assert sorted(kept.keeper.document().rooms) == ["kestrel", "owl"]


async def test_what_was_changed_again_cannot_be_undone_before_that(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        first = await put(kept, Edit(rooms={"owl": {"name": "Owl"}}))
        await put(kept, Edit(rooms={"owl": {"name": "Eule"}}))
        with pytest.raises(NothingToUndo, match="owl was changed again"):
            await kept.keeper.undo(first, OWNER)
        with pytest.raises(NothingToUndo, match="no change 99"):
            await kept.keeper.undo(99, OWNER)


async def test_where_files_decide_nothing_is_applied(tmp_path: Path) -> None:
    async with keeping(tmp_path, GRAPH + "data_dir: data\n", ROOM) as kept:
        plan = await kept.keeper.plan(Edit(rooms={"owl": OWL}), OWNER)
        assert [(one.what, one.id) for one in plan.changes] == [("added", "owl")]
        with pytest.raises(InFiles):
            await kept.keeper.apply(plan, OWNER)


async def test_the_files_inventory_is_taken_over_as_it_is(tmp_path: Path) -> None:
    rooms = ROOM + "room_lists: [{id: north, name: North}]\n"
    async with keeping(tmp_path, GRAPH + "data_dir: data\n", rooms) as kept:
        before = kept.configuration.inventory
        assert await kept.keeper.take_over(OWNER) is not None
        assert await kept.keeper.take_over(OWNER) is None
    async with keeping(tmp_path) as kept:
        assert kept.configuration.inventory == before


def test_a_store_that_is_empty_does_not_hide_the_rooms_of_the_files(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="the store is empty"):
        Keeping(tmp_path, rooms=ROOM)


async def test_an_edit_of_what_is_not_there_is_refused(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        for edit in (
            Edit(rooms={"owl": None}),
            Edit(renamed={"owl": "eagle"}),
            Edit(endpoints={"c": None}),
            Edit(endpoints={"c": CODEC}),
        ):
            with pytest.raises(Misfit):
                await kept.keeper.plan(edit, OWNER)


class TestFacilities:
    """Somebody who looks after one room list."""

    @pytest.mark.parametrize(
        "edit",
        [
            Edit(rooms={"owl": {"name": "Mine"}}),
            Edit(rooms={"owl": None}),
            Edit(rooms={"owl": {"lists": ["north"]}}),
            Edit(rooms={"kestrel": {"lists": ["south"]}}),
            Edit(rooms={"kestrel": {"lists": ["north", "south"]}}),
            Edit(rooms={"kestrel": {"lists": None}}),
            Edit(rooms={"new": OWL}),
            Edit(rooms={"kestrel": {"writes": "full"}}),
            Edit(rooms={"kestrel": {"privacy": {"private_join": "true"}}}),
            Edit(lists={"west": {}}),
            Edit(lists={"south": {"name": "Mine"}}),
            Edit(lists={"north": {"parent": "south"}}),
            Edit(endpoints={"c": CODEC | {"room": "owl"}}),
            Edit(renamed={"owl": "mine"}),
        ],
    )
    async def test_they_change_nothing_else(self, tmp_path: Path, edit: Edit) -> None:
        async with keeping(tmp_path) as kept:
            await two(kept)
            with pytest.raises(NotYours):
                await kept.keeper.plan(edit, ANNA)

    @pytest.mark.parametrize(
        "edit",
        [
            Edit(rooms={"owl": OWL}),
            Edit(lists={"south": {}}),
            Edit(endpoints={"c": {"kind": "sip"}}),
        ],
    )
    async def test_what_others_have_they_cannot_guess(self, tmp_path: Path, edit: Edit) -> None:
        """What is so already is refused as well."""
        async with keeping(tmp_path) as kept:
            await two(kept)
            await put(kept, Edit(endpoints={"c": SIP | {"room": "owl"}}))
            with pytest.raises(NotYours, match=r"in none of your|not given to you"):
                await kept.keeper.plan(edit, ANNA)

    async def test_a_system_of_others_is_refused_without_its_room(self, tmp_path: Path) -> None:
        async with keeping(tmp_path) as kept:
            await two(kept)
            await put(kept, Edit(endpoints={"c": SIP | {"room": "owl"}}))
            taken = {"after": OWL | {"lists": ["north"], "endpoints": [SIP | {"id": "c"}]}}
            for edit in (Edit(endpoints={"c": {"room": "kestrel"}}), Edit(rooms=taken)):
                with pytest.raises(NotYours) as refused:
                    await kept.keeper.plan(edit, ANNA)
                assert str(refused.value) == "the endpoint c is in none of your rooms"
            with pytest.raises(NotYours, match="the room owl is in none of your room lists"):
                await kept.keeper.plan(Edit(endpoints={"d": SIP | {"room": "owl"}}), ANNA)

    async def test_they_change_their_rooms(self, tmp_path: Path) -> None:
        async with keeping(tmp_path) as kept:
            await two(kept)
            await put(kept, Edit(rooms={"kestrel": {"floor": "3"}}), ANNA)
            await put(kept, Edit(rooms={"new": OWL | {"lists": ["north"]}}), ANNA)
            await put(kept, Edit(lists={"north": {"name": "Nord"}}), ANNA)
            await put(kept, Edit(rooms={"kestrel": None}), ANNA)


class TestSecrets:
    """Passwords of endpoints."""

    async def test_without_a_vault_nobody_can_give_one(self, tmp_path: Path) -> None:
        async with keeping(tmp_path) as kept:
            with pytest.raises(NoVault):
                await kept.keeper.plan(Edit(), OWNER, given={"c": {"password": "x"}})

    async def test_one_that_is_given_stands_nowhere_but_in_the_vault(self, tmp_path: Path) -> None:
        async with keeping(tmp_path) as kept:
            vault = KeptVault()
            kept.keeper.vault = vault
            unit = {key: value for key, value in CODEC.items() if key != "password"}
            edit = Edit(rooms={"kestrel": KESTREL}, endpoints={"c": unit | {"room": "kestrel"}})
            plan = await kept.keeper.plan(edit, OWNER, given={"c": {"password": "planted"}})
            assert plan.fits, plan.problems
            assert vault.kept == {}
            await kept.keeper.apply(plan, OWNER)
            (secret,) = vault.kept.values()
            assert secret == "planted"
            (endpoint,) = kept.configuration.inventory.endpoints
            assert endpoint.options.password.reveal() == "planted"
            text = msgspec.json.encode((kept.keeper.document(), await kept.keeper.history()))
            assert b"planted" not in text
        file = tmp_path / "data" / "bridge.db"
        assert b"planted" not in await asyncio.to_thread(file.read_bytes)

    async def test_an_address_that_changes_voids_it(self, tmp_path: Path) -> None:
        async with keeping(tmp_path) as kept:
            kept.keeper.vault = KeptVault()
            unit = {key: value for key, value in CODEC.items() if key != "password"}
            edit = Edit(rooms={"kestrel": KESTREL}, endpoints={"c": unit | {"room": "kestrel"}})
            plan = await kept.keeper.plan(edit, OWNER, given={"c": {"password": "planted"}})
            await kept.keeper.apply(plan, OWNER)
            moved = await kept.keeper.plan(Edit(endpoints={"c": {"address": "10.6.6.6"}}), OWNER)
            assert [one.path for one in moved.problems] == ["rooms.kestrel.endpoints[0].password"]
            again = await kept.keeper.plan(
                Edit(endpoints={"c": {"address": "10.6.6.6"}}),
                OWNER,
                given={"c": {"password": "new"}},
            )
            assert again.fits


def test_a_configuration_whose_inventory_nobody_can_tell_has_no_rooms(tmp_path: Path) -> None:
    kept = Keeping(tmp_path, STORE)
    kept.database.close()
    configuration, _ = usable(kept.file)
    assert configuration.inventory.rooms == ()
