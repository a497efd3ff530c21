"""What somebody learns of others' rooms from what is wrong with a plan: nothing."""

import asyncio
import re
from typing import Any

import msgspec
import pytest

from bridge.inventory.discreet import told_to
from bridge.settings.problem import Problem
from tests.bridge.inventory import test_api
from tests.bridge.inventory.keeping import OWNER
from tests.bridge.inventory.test_api import ANNA, OWL, Api

api, bridge_yaml, house, kept, two = (
    test_api.api, test_api.bridge_yaml, test_api.house, test_api.kept, test_api.two,
)  # fmt: skip
ELSEWHERE = {
    "entry": "",
    "setting": "",
    "severity": "error",
    "words": "something elsewhere in the inventory is wrong, and until that is mended nothing can"
    " be changed",
    "hint": "an engineer sees what it is",
}


async def found(api: Api, order: dict[str, Any]) -> Any:
    """What is wrong with a plan."""
    plan = await api.good("POST", "/plans", order)
    assert not plan["fits"]
    _, refused, _ = await api.ask("POST", f"/plans/{plan['id']}/apply")
    assert (refused["code"], refused["problems"]) == ("inventory_unfit", plan["findings"])
    return plan["findings"]


async def test_what_is_wrong_with_rooms_of_others_is_said_without_its_place(two: Api) -> None:
    await asyncio.to_thread((two.kept.folder.path / "pw").unlink)
    order = {"rooms": {"kestrel": {"floor": "4"}}}
    (whole,) = await found(two, order)
    assert whole["entry"] == "rooms.owl"
    two.caller = ANNA
    assert await found(two, order) == [ELSEWHERE]
    order = {"rooms": {"kestrel": {"time_zone": "Mars"}}}
    own, other = await found(two, order)
    assert (own["entry"], own["setting"]) == ("rooms.kestrel", "time_zone")
    assert other == ELSEWHERE


@pytest.mark.parametrize("room", ["kestrel", "zander"])
async def test_a_clash_with_others_is_told_at_ones_own_entry(two: Api, room: str) -> None:
    """Whichever of the two comes first in the inventory."""
    two.caller = ANNA
    order = {"rooms": {room: OWL | {"lists": ["north"]}}}
    plan = await two.good("POST", "/plans", order)
    (clash,) = plan["findings"]
    assert (clash["entry"], clash["setting"]) == (f"rooms.{room}", "mailbox")
    assert (clash["severity"], "(another room)" in clash["words"]) == ("warning", True)
    assert "owl" not in clash["words"]
    two.caller = OWNER
    (clash,) = (await two.good("POST", "/plans", order))["findings"]
    assert {"owl", room} <= {*re.findall(r"[a-z]+", f"{clash['entry']} {clash['words']}")}


OTHERS = Problem(
    file="f", path="rooms.owl.endpoints[0].id", words="codec is at rooms.kestrel.endpoints[0].id"
)
MINE = Problem(
    file="f",
    path="rooms.kestrel.mailbox",
    words="is the mailbox of another room too (rooms.owl.mailbox)",
    hint="see room_lists.south.parent",
    severity="warning",
)


def test_of_two_that_clash_everybody_is_told_their_own() -> None:
    own, clash = told_to(ANNA, [MINE, OTHERS], ["rooms.kestrel"])
    assert own.words == "is the mailbox of another room too (another room)"
    assert own.hint == "see another room list"
    assert clash.path == "rooms.kestrel.endpoints[0].id"
    assert clash.words == "codec is at another room"
    assert list(told_to(OWNER, [MINE, OTHERS], [])) == [MINE, OTHERS]


def test_others_warnings_are_theirs_and_their_errors_are_one() -> None:
    far = msgspec.structs.replace(MINE, path="rooms.owl.mailbox", words="is odd")
    site = Problem(file="bridge.yaml", path="sources.m365.secret_file", words="cannot be read")
    errors = [site, msgspec.structs.replace(far, severity="error"), site]
    (one,) = told_to(ANNA, [far, *errors], [])
    assert (one.path, one.words) == ("", ELSEWHERE["words"])


def test_a_list_that_is_given_to_somebody_is_their_own() -> None:
    north = Problem(file="f", path="room_lists.north.parent", words="there is no room list x")
    south = msgspec.structs.replace(north, path="room_lists.south.parent")
    kept, hidden = told_to(ANNA, [north, south], [])
    assert (kept, hidden.path) == (north, "")


async def test_why_a_change_of_others_cannot_be_undone_is_not_said(two: Api) -> None:
    for floor in ("1", "2"):
        await two.apply(rooms={"owl": {"floor": floor}})
    for caller, named in ((OWNER, True), (ANNA, False)):
        two.caller = caller
        status, told, _ = await two.ask("POST", "/changes/2/undo")
        assert (status, told["code"]) == (409, "not_undoable")
        assert ("owl" in told.get("detail", "")) == named
