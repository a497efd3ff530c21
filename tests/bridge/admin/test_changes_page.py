"""Changes of the inventory: told to who looks after it, and taken back from the page."""

import re
from typing import Any

import pytest

from bridge.admin.history import RoomHistory
from bridge.callers import Caller
from bridge.inventory.rows import Applied, encode
from bridge.views.inventory_shapes import PlanShape
from rooms.inventory import Change, Document, Edit
from tests.bridge.admin.conftest import FACILITIES, PROOF, House, person
from tests.bridge.admin.stocked import Stock, made, stock
from tests.bridge.conftest import Client
from tests.fakes.virtual import NOON

__all__ = ["made", "stock"]  # fixtures
PATH = "/admin/changes"
MOVED = Change(
    what="changed", kind="room", id="kestrel", before={"floor": "1"}, after={"floor": "<2>"}
)
LIGHT = Change(
    what="changed",
    kind="room",
    id="kestrel",
    before={"display": '{"theme":"dark"}', "all_day": "show"},
    after={"all_day": "hide"},
)
PASSWORD = Change(
    what="changed",
    kind="endpoint",
    id="codec",
    room="kestrel",
    after={"password": "vault:endpoint/codec/password-1a2b3c4d"},
)
FOREIGN = Change(what="removed", kind="room", id="heron")


async def text(client: Client, path: str = PATH) -> str:
    answer = await client.get(path)
    assert answer.status == 200
    return " ".join((await answer.text()).split())


@pytest.fixture
async def changed(house: House) -> House:
    """Two rooms were changed, by two people."""
    await write(house, 1, "Ada", MOVED)
    await write(house, 2, "Bob", FOREIGN)
    return house


async def write(house: House, seq: int, actor: str, change: Change) -> None:
    """Into the history, as the keeper does."""
    document = Document(rooms={"kestrel": {"name": "K", "floor": "<2>"}})
    applied = Applied(seq=seq, at=NOON, actor=actor, why="", changes=(change,))
    await house.keeper._rows.write(document, applied, encode(applied.changes))


async def test_changes_are_told_the_newest_first(opened: Client, changed: House) -> None:
    page = await text(opened)
    assert "Kestrel: Settings were changed: Floor was 1, is &lt;2&gt;" in page
    assert page.index("Bob") < page.index("Ada")
    changed.person = FACILITIES
    page = await text(opened)
    assert "Ada" in page
    assert "heron" not in page
    assert "Kestrel: Einstellungen wurden geändert" in await text(opened, f"{PATH}?lang=de")


async def test_who_only_looks_is_refused(opened: Client, changed: House) -> None:
    changed.person = person("viewer")
    assert PATH not in await text(opened, "/admin")
    for path in (PATH, f"{PATH}/1"):
        assert (await opened.get(path)).status == 403
    answer = await opened.post(f"{PATH}/1/undo", data=PROOF)
    assert answer.status == 403


async def test_what_is_no_change_is_not_there(opened: Client, changed: House) -> None:
    for number in ("x", "-1", "9" * 16):
        assert (await opened.get(f"{PATH}/{number}")).status == 404
    assert (await opened.get(f"{PATH}/99")).status == 409


async def test_a_change_is_shown_before_it_is_taken_back(
    opened: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[Any, str]] = []

    async def undo(change: int, _: Caller) -> PlanShape:
        return PlanShape(
            id="p7",
            base="s1",
            fits=True,
            why="",
            undoes=change,
            changes=(),
            findings=(),
        )

    async def apply(plan: str, caller: Caller) -> None:
        done.append((plan, caller.name))

    keeping = house.admin.changes.keeping
    monkeypatch.setattr(keeping, "undo", undo)
    monkeypatch.setattr(keeping, "apply", apply)
    page = await text(opened, f"{PATH}/1")
    assert 'name="plan" value="p7"' in page
    assert done == []
    form = PROOF | {"plan": "p7"}
    answer = await opened.post(f"{PATH}/1/undo", data=form, allow_redirects=False)
    assert answer.headers["Location"] == f"{PATH}?done=undone"
    assert done == [("p7", "Grace Hopper")]
    monkeypatch.undo()


async def test_a_plan_that_is_gone_is_told(opened: Client) -> None:
    form = PROOF | {"plan": "p7"}
    answer = await opened.post(f"{PATH}/1/undo", data=form, allow_redirects=False)
    assert answer.headers["Location"] == f"{PATH}?failed=unknown_plan"
    assert "This was done already, or is too old." in await text(opened, answer.headers["Location"])


async def test_a_change_is_told_in_the_words_of_its_plan(opened: Client, changed: House) -> None:
    await write(changed, 3, "Ada", LIGHT)
    await write(changed, 4, "Ada", PASSWORD)
    page = await text(opened)
    assert "All-day meetings was Shown, is Left out" in page
    assert "Colours of the displays was Dark, is empty" in page
    assert "vault:" not in page
    changed.admin.room.history = RoomHistory(changed.audit, changed.keeper).of
    page = await text(opened, "/admin/rooms/kestrel")
    assert "Colours of the displays was Dark, is empty" in page
    assert "Password was empty, is a secret that is kept" in page


async def test_both_rooms_tell_of_a_system_that_moved(opened: Client, house: House) -> None:
    moved = Change(what="moved", kind="endpoint", id="codec", former="kestrel", room="wren")
    await write(house, 1, "Ada", moved)
    house.admin.room.history = RoomHistory(house.audit, house.keeper).of
    assert "A room system left for another room" in await text(opened, "/admin/rooms/kestrel")
    assert "A room system came from another room" in await text(opened, "/admin/rooms/wren")
    assert "A room system" not in await text(opened, "/admin/rooms/heron")


async def test_another_order_is_told_and_taken_back(stock: Stock) -> None:
    units = [{"id": name, "kind": "sip", "address": "10.0.0.1"} for name in ("left", "right")]
    await stock.apply(Edit(rooms={"kestrel": {"endpoints": units}}))
    number = await stock.apply(Edit(rooms={"kestrel": {"endpoints": units[::-1]}}))
    words = "Only the order of rooms, lists or systems"
    assert f'aria-label="Take back: {words}"' in await stock.text(PATH)
    undone = await stock.text(f"{PATH}/{number}")
    assert words in undone
    (plan,) = re.findall(r'name="plan" value="([^"]+)"', undone)
    await stock.send(f"{PATH}/{number}/undo", {"plan": plan})
    found = stock.document.rooms["kestrel"]["endpoints"]
    assert [one["id"] for one in found] == ["left", "right"]
