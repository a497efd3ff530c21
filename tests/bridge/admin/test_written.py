"""A plan as text for who keeps rooms in files."""

import re
from typing import Any, cast

from bridge.admin.written import LONGEST
from bridge.admin.written import written as told_of
from bridge.inventory.plans import Plan
from bridge.inventory.texts import inventory_of
from bridge.views.inventory_shapes import PlanOrder
from connector.secret import Secret
from rooms.inventory import Document, Edit, changes, edited
from tests.bridge.admin.conftest import person
from tests.bridge.admin.stocked import ROOMS, Stock, filed, made, stock, written
from tests.bridge.admin.test_planning import Form, planned
from tests.bridge.test_settings import ROOM
from tests.fakes.virtual import NOON

__all__ = ["filed", "made", "stock", "written"]  # fixtures
NAME = "endpoints/codec/password-1"
CODEC = {"id": "codec", "kind": "cisco", "address": "10.0.0.1", "password": f"vault:{NAME}"}
BEFORE = Document(
    rooms={
        "kestrel": {"mailbox": "kestrel@example.com", "endpoints": [{"id": "bar", "kind": "log"}]},
        "wren": {"mailbox": "wren@example.com"},
        "heron": {"mailbox": "heron@example.com"},
    },
    lists={"north": {"name": "North"}, "south": {"name": "South"}},
)


def plan(edit: Edit, **more: Any) -> Plan:
    """As the keeper makes one."""
    after = edited(BEFORE, edit)
    return Plan(
        id="p1",
        base="f1",
        document=after,
        changes=changes(BEFORE, after, edit.renamed, edit.renamed_lists),
        problems=(),
        configuration=None,
        seen=cast("Any", None),
        by="Ada",
        why="",
        made=NOON,
        **more,
    )


def entries(text: str) -> tuple[list[str], list[str]]:
    """Ids of the rooms and room lists of a text."""
    found = inventory_of(text.encode())
    assert found.findings == ()
    return list(found.document.rooms), list(found.document.lists)


def test_what_is_added_or_changed_is_whole_and_what_goes_is_named() -> None:
    told = told_of(
        plan(
            Edit(
                rooms={
                    "wren": {"floor": "2"},
                    "owl": {"mailbox": "owl@example.com"},
                    "heron": None,
                },
                lists={"north": {"name": "North wing"}, "south": None},
            )
        )
    )
    assert entries(told.changed) == (["wren", "owl"], ["north"])
    assert "wren@example.com" in told.changed
    assert set(told.removed) == {("room", "heron"), ("list", "south")}


def test_what_gets_another_id_is_one_that_goes_and_one_that_comes() -> None:
    told = told_of(plan(Edit(renamed={"heron": "stork"}, renamed_lists={"north": "nord"})))
    assert entries(told.changed) == (["stork"], ["nord"])
    assert set(told.removed) == {("room", "heron"), ("list", "north")}


def test_a_room_system_that_moves_changes_both_rooms() -> None:
    told = told_of(plan(Edit(endpoints={"bar": {"room": "wren"}})))
    assert set(entries(told.changed)[0]) == {"kestrel", "wren"}
    told = told_of(plan(Edit(endpoints={"bar": None})))
    assert entries(told.changed)[0] == ["kestrel"], "and so does one that goes"
    assert told.removed == ()


def test_names_of_secrets_that_no_vault_has_are_left_out() -> None:
    edit = Edit(rooms={"wren": {"endpoints": [CODEC]}})
    told = told_of(plan(edit, secrets={NAME: Secret("hunter2", vault=NAME)}))
    assert told.secrets
    assert "10.0.0.1" in told.changed
    assert "vault" not in told.changed
    assert "hunter2" not in told.changed
    assert f"vault:{NAME}" in told_of(plan(edit)).changed, "what it has stays"


def test_nothing_changed_is_nothing_to_write() -> None:
    told = told_of(plan(Edit()))
    assert (told.changed, told.removed, told.secrets) == ("", (), False)


async def test_the_page_has_the_text_and_where_it_goes(filed: Stock) -> None:
    page_of = person()
    change = Edit(rooms={"kestrel": {"floor": "7"}})
    made_plan = await filed.keeper.plan(change, page_of)
    path = f"/admin/plans/{made_plan.id}"
    page = await filed.text(f"{path}/text?next=/admin/rooms&back=/admin/tables")
    assert "floor: 7" in page
    assert "roombridge rooms diff rooms.yaml" in page
    assert f'href="{path}/rooms.yaml"' in page
    (link,) = set(re.findall(rf'href="({path}\?[^"]+)"', page))
    plan_page = await filed.text(link.replace("&amp;", "&"))
    assert f"{path}/text" in plan_page
    answer = await filed.client.get(f"{path}/rooms.yaml")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="rooms.yaml"'
    assert entries(await answer.text())[0] == ["kestrel"]


async def test_what_a_colleague_wrote_meanwhile_is_not_taken_back(filed: Stock) -> None:
    form = Form(filed)
    form.order = PlanOrder(rooms={"kestrel": {"floor": "7"}})
    where = await planned(filed, form)
    path, _, way = where.partition("?")
    await filed.rewrite(ROOM.replace("name: Kestrel", "name: Falcon"))
    for part in ("changes.yaml", "rooms.yaml"):
        answer = await filed.client.get(f"{path}/{part}")
        assert answer.status == 412
        assert "Somebody changed something in between." in await answer.text()
    page = await filed.text(f"{path}/text?{way}", status=412)
    assert "Somebody else was faster" in page
    assert "What was changed meanwhile" not in page
    anew = (await filed.send(f"{path}/anew?{way}")).headers["Location"].partition("?")[0]
    whole = await (await filed.client.get(f"{anew}/rooms.yaml")).text()
    assert "name: Falcon" in whole
    assert "floor: 7" in whole


async def test_a_long_text_is_a_file_only(filed: Stock) -> None:
    rooms = {f"room-{n}": {**ROOMS["wren"], "name": "N" * 60, "lists": []} for n in range(500)}
    made_plan = await filed.keeper.plan(Edit(rooms=rooms), person())
    page = await filed.text(f"/admin/plans/{made_plan.id}/text")
    assert "It is too long to be shown here." in page
    assert len(page) < LONGEST


async def test_who_looks_after_some_lists_gets_no_whole_file(stock: Stock) -> None:
    anna = stock.facilities("north")
    stock.look_as(anna)
    made_plan = await stock.keeper.plan(Edit(rooms={"wren": {"floor": "7"}}), anna)
    path = f"/admin/plans/{made_plan.id}"
    page = await stock.text(f"{path}/text")
    assert "rooms.yaml</a>" not in page
    assert (await stock.client.get(f"{path}/rooms.yaml")).status == 403
    assert "heron" not in await (await stock.client.get(f"{path}/changes.yaml")).text()
    stock.look_as(person(name="Bob"))
    for part in ("text", "changes.yaml", "rooms.yaml"):
        assert (await stock.client.get(f"{path}/{part}")).status == 404, "others have no part in it"


async def test_a_house_without_rooms_says_where_to_begin_to_who_may(stock: Stock) -> None:
    stock.look_as(person("facilities", rooms=frozenset(), lists=frozenset(["empty"])))
    page = await stock.text("/admin")
    for path in ("/admin/tables", "/admin/discovery", "/admin/add-room"):
        assert f'href="{path}"' in page
    stock.look_as(person("viewer", rooms=frozenset(), lists=frozenset()))
    page = await stock.text("/admin")
    assert "ask the person who invited you" in page
    assert 'href="/admin/add-room"' not in page
