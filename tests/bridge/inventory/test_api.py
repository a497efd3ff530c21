"""The inventory over HTTP: each route, each refusal, over a real socket."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from bridge.callers import SCOPES, Caller
from bridge.health import Health
from bridge.keeping import Counter
from bridge.tokens import Tokens
from bridge.views import guard, inventory
from bridge.views.house import House
from bridge.views.site import site
from rooms.audit import Audit
from rooms.store import Store
from tests.bridge.conftest import Client
from tests.bridge.inventory.keeping import OWNER, STORE, Keeping
from tests.bridge.test_settings import GRAPH, ROOM

KESTREL = {
    "mailbox": "kestrel@example.com",
    "time_zone": "Europe/London",
    "name": "Kestrel",
    "lists": ["north"],
}
OWL = {"mailbox": "owl@example.com", "time_zone": "Europe/London", "lists": ["south"]}
CODEC = {"kind": "cisco", "address": "10.0.0.1", "username": "u"}
ANNA = Caller(
    name="anna",
    scopes=SCOPES["facilities"],
    role="facilities",
    rooms=frozenset(["kestrel"]),
    lists=frozenset(["north"]),
)
BOB = msgspec.structs.replace(OWNER, name="bob")


class Api:
    """Callers of one inventory."""

    def __init__(self, client: Client, kept: Keeping) -> None:
        self.client = client
        self.kept = kept
        self.caller = OWNER

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The status, what was answered, and its ETag."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"/api/v1/inventory{path}"
        async with self.client.request(method, url, json=body, headers=named) as answer:
            told = await answer.json() if await answer.read() else None
            return answer.status, told, answer.headers.get("ETag", "")

    async def good(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """What was answered well."""
        status, told, _ = await self.ask(method, path, body, **headers)
        assert status in {200, 201}, told
        return told

    async def refused(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Status and code of a refusal."""
        status, told, _ = await self.ask(method, path, body, **headers)
        return status, told["code"]

    async def apply(self, **order: Any) -> Any:
        """Plan and apply."""
        plan = await self.good("POST", "/plans", order)
        return await self.good("POST", f"/plans/{plan['id']}/apply")


@pytest.fixture
def bridge_yaml() -> str:
    return STORE


@pytest.fixture
def kept(tmp_path: Path, bridge_yaml: str) -> Keeping:
    """Opened before the loop runs."""
    made = Keeping(tmp_path, bridge_yaml, "" if bridge_yaml == STORE else ROOM)
    made.folder.write("pw", "x")
    return made


@pytest.fixture
def house(kept: Keeping) -> House:
    """Who guards the routes."""
    return House(
        store=Store(kept.database),
        health=Health(kept.clock),
        clock=kept.clock,
        tokens=Tokens(kept.database, Audit(kept.database), kept.clock),
        started=kept.clock.now(),
    )


@pytest.fixture
async def api(kept: Keeping, house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """An inventory with nobody around it, and callers who are whom the test says."""
    app = site(house, inventory.routes(Counter(kept.keeper)))
    async with kept.database.running(), TestClient(TestServer(app)) as client:
        made = Api(client, kept)
        monkeypatch.setattr(guard, "identified", lambda *_: made.caller)
        yield made


@pytest.fixture
async def two(api: Api) -> Api:
    """Two rooms in two lists, one with a codec."""
    unit = CODEC | {"room": "owl"}
    lists = {"north": {"name": "North"}, "south": {}}
    unit["password_file"] = "pw"
    await api.apply(
        rooms={"kestrel": KESTREL, "owl": OWL}, room_lists=lists, endpoints={"codec": unit}
    )
    return api


async def test_what_is_kept_is_told_with_its_version(two: Api) -> None:
    status, told, tag = await two.ask("GET", "")
    assert (status, tag, told["version"], told["kept_in"]) == (200, '"s1"', "s1", "store")
    assert [one["id"] for one in told["rooms"]] == ["kestrel", "owl"]
    assert told["room_lists"] == [
        {"id": "north", "entry": {"name": "North"}},
        {"id": "south", "entry": {}},
    ]
    again = await two.ask("GET", "", If_None_Match=tag)
    assert again == (304, None, tag)


async def test_each_entry_is_told_by_itself(two: Api) -> None:
    status, told, tag = await two.ask("GET", "/rooms/kestrel")
    assert (status, told, tag) == (200, {"id": "kestrel", "entry": KESTREL}, '"s1"')
    assert (await two.good("GET", "/lists/north"))["entry"] == {"name": "North"}
    unit = await two.good("GET", "/endpoints/codec")
    assert (unit["room"], unit["entry"]["address"]) == ("owl", "10.0.0.1")
    for path in ("/rooms/codec", "/lists/kestrel", "/endpoints/owl"):
        assert await two.refused("GET", path) == (404, "unknown_entry")


class TestIfMatch:
    """Whoever changes one entry says which version they saw."""

    @pytest.mark.parametrize(
        "match", ['"s1"', "*", '"s0", "s1"', '"s1","other"', '  "s1"  ', '"x" , *']
    )
    async def test_the_version_in_force_is_let_pass(self, two: Api, match: str) -> None:
        body = {"entry": {"floor": "2"}}
        status, told, tag = await two.ask("PATCH", "/rooms/kestrel", body, If_Match=match)
        assert (status, told["version"], tag) == (200, "s2", '"s2"')

    @pytest.mark.parametrize("match", ['"s0"', "s1", 'W/"s1"', '"s1', '"x", "y"', "", '"*"'])
    async def test_anything_else_is_refused_and_changes_nothing(self, two: Api, match: str) -> None:
        body = {"entry": {"floor": "2"}}
        for method in ("PATCH", "PUT", "DELETE"):
            order = None if method == "DELETE" else body
            refused = await two.refused(method, "/rooms/kestrel", order, If_Match=match)
            assert refused == (412, "changed_meanwhile")
        assert (await two.ask("GET", ""))[2] == '"s1"'

    async def test_without_it_nothing_is_changed(self, two: Api) -> None:
        for kind, name in (("rooms", "owl"), ("lists", "south"), ("endpoints", "codec")):
            for method, body in (
                ("PUT", {"entry": {}}),
                ("PATCH", {"entry": {}}),
                ("DELETE", None),
            ):
                refused = await two.refused(method, f"/{kind}/{name}", body)
                assert refused == (428, "if_match_needed")

    async def test_a_plan_is_for_one_version_by_itself(self, two: Api) -> None:
        plan = await two.good("POST", "/plans", {"rooms": {"owl": {"floor": "1"}}})
        assert plan["base"] == "s1"
        path = f"/plans/{plan['id']}/apply"
        assert await two.refused("POST", path, If_Match='"s0"') == (412, "changed_meanwhile")
        await two.apply(rooms={"kestrel": {"floor": "5"}})
        assert await two.refused("POST", path) == (412, "changed_meanwhile")
        assert await two.refused("POST", path, If_Match="*") == (412, "changed_meanwhile")

    async def test_of_two_at_the_same_time_one_has_to_look_again(self, two: Api) -> None:
        """Both are planned while the other is read: neither is for what the other made."""
        plans = await asyncio.gather(
            *(two.good("POST", "/plans", {"rooms": {"owl": {"floor": one}}}) for one in "12345")
        )
        applied = await asyncio.gather(
            *(two.ask("POST", f"/plans/{plan['id']}/apply") for plan in plans)
        )
        assert sorted(status for status, _, _ in applied) == [200, 412, 412, 412, 412]
        changes = await asyncio.gather(
            *(
                two.ask("PATCH", "/rooms/owl", {"entry": {key: "x"}}, If_Match='"s2"')
                for key in ("building", "floor", "name")
            )
        )
        assert sorted(status for status, _, _ in changes) == [200, 412, 412]
        assert (await two.good("GET", "/changes"))["changes"][0]["change"] == 3


class TestSingleEntries:
    """PUT, PATCH and DELETE."""

    async def test_put_adds_what_is_not_there(self, two: Api) -> None:
        body = {"entry": OWL | {"mailbox": "new@example.com"}, "why": "opened"}
        told = await two.good("PUT", "/rooms/new", body, If_Match='"s1"')
        assert [(one["what"], one["id"]) for one in told["changes"]] == [("added", "new")]
        assert (told["by"], told["why"], told["undoes"]) == ("ada", "opened", None)

    async def test_put_leaves_nothing_of_what_was_there(self, two: Api) -> None:
        await two.apply(rooms={"owl": {"floor": "2", "check_in": {"enabled": "true"}}})
        wanted = {"mailbox": "owl@example.com", "time_zone": "Europe/Paris"}
        await two.good("PUT", "/rooms/owl", {"entry": wanted}, If_Match="*")
        assert (await two.good("GET", "/rooms/owl"))["entry"] == wanted
        assert await two.refused("GET", "/endpoints/codec") == (404, "unknown_entry")

    async def test_put_of_the_same_changes_nothing(self, two: Api) -> None:
        told = await two.good("PUT", "/rooms/kestrel", {"entry": KESTREL}, If_Match="*")
        assert (told["changes"], told["change"], told["version"]) == ([], 0, "s1")
        assert len((await two.good("GET", "/changes"))["changes"]) == 1
        assert (await two.good("GET", "/rooms/kestrel"))["entry"] == KESTREL

    async def test_patch_merges_and_null_removes(self, two: Api) -> None:
        body = {"entry": {"check_in": {"enabled": "true", "grace": "10m"}, "name": None}}
        await two.good("PATCH", "/rooms/kestrel", body, If_Match="*")
        await two.good(
            "PATCH", "/rooms/kestrel", {"entry": {"check_in": {"grace": None}}}, If_Match="*"
        )
        entry = (await two.good("GET", "/rooms/kestrel"))["entry"]
        assert entry["check_in"] == {"enabled": "true"}
        assert "name" not in entry

    async def test_patch_and_delete_need_what_is_there(self, two: Api) -> None:
        for kind in ("rooms", "lists", "endpoints"):
            assert await two.refused("PATCH", f"/{kind}/nowhere", {"entry": {}}, If_Match="*") == (
                404,
                "unknown_entry",
            )
            assert await two.refused("DELETE", f"/{kind}/nowhere", If_Match="*") == (
                404,
                "unknown_entry",
            )

    async def test_an_endpoint_moves_and_goes(self, two: Api) -> None:
        body = {"entry": {"room": "kestrel"}}
        told = await two.good("PATCH", "/endpoints/codec", body, If_Match="*")
        (change,) = told["changes"]
        assert (change["what"], change["former"], change["room"]) == ("moved", "owl", "kestrel")
        told = await two.good("DELETE", "/endpoints/codec", If_Match="*")
        assert [one["what"] for one in told["changes"]] == ["removed"]
        assert "endpoints" not in (await two.good("GET", "/rooms/kestrel"))["entry"]

    async def test_dry_runs_only_plan(self, two: Api) -> None:
        for method, path, body in (
            ("PATCH", "/rooms/owl", {"entry": {"floor": "3"}}),
            ("PUT", "/lists/west", {"entry": {"name": "West"}}),
            ("DELETE", "/endpoints/codec", None),
        ):
            plan = await two.good(method, f"{path}?dry_run=true", body)
            assert plan["fits"]
            assert len(plan["changes"]) == 1
        assert (await two.ask("GET", ""))[2] == '"s1"'

    @pytest.mark.parametrize("kind", ["rooms", "lists", "endpoints"])
    async def test_an_id_cannot_be_smuggled_in_as_a_setting(self, two: Api, kind: str) -> None:
        """Else one entry would be read as another."""
        name = {"rooms": "kestrel", "lists": "north", "endpoints": "codec"}[kind]
        body = {"entry": {"id": "other"}}
        refused = await two.refused("PATCH", f"/{kind}/{name}", body, If_Match="*")
        assert refused == (422, "inventory_unfit")
        same = {"entry": {"id": name}}
        told = await two.good("PATCH", f"/{kind}/{name}", same, If_Match="*")
        assert told["changes"] == []


class TestRefusals:
    """What is asked for in a way that cannot be."""

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "{",
            "[]",
            '{"entry": 5}',
            '{"entry": {}, "more": 1}',
            '{"why": "x"}',
            "[" * 9_999,
            '{"entry": ' + '{"a":' * 9_999,
        ],
    )
    async def test_bodies_that_are_none(self, two: Api, body: str) -> None:
        headers = {"If-Match": "*", "Content-Type": "application/json"}
        for method, path in (("PUT", "/rooms/owl"), ("POST", "/plans")):
            if body == '{"why": "x"}' and path == "/plans":
                continue  # a plan that changes nothing
            url = f"/api/v1/inventory{path}"
            async with two.client.request(method, url, data=body, headers=headers) as answer:
                assert (answer.status, (await answer.json())["code"]) == (400, "bad_body")

    async def test_a_form_of_another_page_is_no_order(self, two: Api) -> None:
        headers = {"If-Match": "*", "Content-Type": "text/plain"}
        url = "/api/v1/inventory/rooms/owl"
        async with two.client.put(url, data='{"entry": {}}', headers=headers) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, "bad_body")

    @pytest.mark.parametrize(
        ("order", "entry"),
        [
            ({"rooms": {"gone": None}}, "room gone"),
            ({"room_lists": {"gone": None}}, "list gone"),
            ({"endpoints": {"gone": None}}, "endpoint gone"),
            ({"endpoints": {"new": CODEC}}, "endpoint new"),
            ({"endpoints": {"codec": {"room": "gone"}}}, "endpoint codec"),
            ({"endpoints": {"codec": {"room": ["owl"]}}}, "endpoint codec"),
            ({"renamed": {"gone": "new"}}, "room gone"),
            ({"renamed": {"owl": "kestrel"}}, "room owl"),
        ],
    )
    async def test_plans_that_fit_no_inventory(self, two: Api, order: Any, entry: str) -> None:
        status, told, _ = await two.ask("POST", "/plans", order)
        assert (status, told["code"]) == (422, "inventory_unfit")
        assert [one["entry"] for one in told["problems"]] == [entry]

    @pytest.mark.parametrize(
        ("patch", "setting"),
        [
            ({"lists": 5}, "lists"),
            ({"lists": [{}]}, "lists[0]"),
            ({"lists": {"a": "b"}}, "lists"),
            ({"endpoints": {}}, "endpoints"),
            ({"endpoints": [5]}, "endpoints[0].kind"),
            ({"mailbox": ["a", "b"]}, "mailbox"),
            ({"check_in": "yes"}, "check_in"),
            ({"check_in": {"enabled": []}}, "check_in.enabled"),
            ({"wrong": "x"}, "wrong"),
            ({"time_zone": "Nowhere"}, "time_zone"),
        ],
    )
    async def test_what_is_wrong_is_told_with_its_place(
        self, two: Api, patch: Any, setting: str
    ) -> None:
        for caller in (OWNER, ANNA):
            two.caller = caller
            plan = await two.ask("POST", "/plans", {"rooms": {"kestrel": patch}})
            if caller is ANNA and "lists" in patch:
                assert plan[1]["code"] == "not_yours"
                continue
            assert plan[0] == 201, plan
            assert not plan[1]["fits"]
            found = [(one["entry"], one["setting"]) for one in plan[1]["findings"]]
            assert ("rooms.kestrel", setting) in found
            status, told, _ = await two.ask("POST", f"/plans/{plan[1]['id']}/apply")
            assert (status, told["code"]) == (422, "inventory_unfit")
            assert told["problems"]

    async def test_a_plan_may_have_sixteen_mebibytes_and_no_more(self, two: Api) -> None:
        headers = {"Content-Type": "application/json"}
        room = json.dumps({"rooms": {"owl": {"floor": "2"}}}).encode()
        for size, status in ((16 << 20, 201), ((16 << 20) + 1, 413)):
            body = io.BytesIO(room.ljust(size))
            url = "/api/v1/inventory/plans"
            async with two.client.post(url, data=body, headers=headers) as answer:
                assert answer.status == status
        entry = {"entry": {"name": "y" * (70 << 10)}}
        assert await two.refused("PATCH", "/rooms/owl", entry, If_Match="*") == (
            413,
            "body_too_large",
        )

    async def test_secrets_need_a_vault_and_an_endpoint(self, two: Api) -> None:
        order = {"endpoints": {"codec": {}}, "secrets": {"codec": {"password": "planted"}}}
        assert await two.refused("POST", "/plans", order) == (409, "no_vault")

    async def test_what_there_is_not(self, two: Api) -> None:
        assert await two.refused("GET", "/plans/none") == (404, "unknown_plan")
        assert await two.refused("POST", "/plans/none/apply") == (404, "unknown_plan")
        for number in ("99", "-1", "x", "1" * 40, "１"):
            status, code = await two.refused("POST", f"/changes/{number}/undo")
            assert (status, code) in {(409, "not_undoable"), (404, "unknown_change")}
        for query in ("limit=0", "limit=501", "limit=x", "before=x", "limit=", "before=-1"):
            assert await two.refused("GET", f"/changes?{query}") == (400, "bad_query")


async def test_plans_of_others_are_invisible(two: Api) -> None:
    plan = await two.good("POST", "/plans", {"rooms": {"owl": {"floor": "1"}}})
    assert (await two.good("GET", f"/plans/{plan['id']}"))["changes"] == plan["changes"]
    two.caller = BOB
    assert await two.refused("GET", f"/plans/{plan['id']}") == (404, "unknown_plan")
    assert await two.refused("POST", f"/plans/{plan['id']}/apply") == (404, "unknown_plan")
    two.caller = OWNER
    await two.good("POST", f"/plans/{plan['id']}/apply")
    assert await two.refused("POST", f"/plans/{plan['id']}/apply") == (404, "unknown_plan")


async def test_history_is_told_in_pages_and_undone(two: Api) -> None:
    for floor in "123":
        await two.apply(rooms={"owl": {"floor": floor}}, why=f"to {floor}")
    first = (await two.good("GET", "/changes?limit=2"))["changes"]
    rest = (await two.good("GET", f"/changes?before={first[-1]['change']}"))["changes"]
    assert [one["change"] for one in [*first, *rest]] == [4, 3, 2, 1]
    assert await two.refused("POST", "/changes/3/undo") == (409, "not_undoable")
    plan = await two.good("POST", "/changes/4/undo?dry_run=true")
    assert plan["undoes"] == 4
    told = await two.good("POST", "/changes/4/undo")
    assert (told["undoes"], told["version"]) == (4, "s5")
    assert (await two.good("GET", "/rooms/owl"))["entry"]["floor"] == "2"


class TestFacilities:
    """Somebody who looks after the north list only."""

    async def test_they_see_their_own_only(self, two: Api) -> None:
        two.caller = ANNA
        told = await two.good("GET", "")
        assert [one["id"] for one in told["rooms"]] == ["kestrel"]
        assert [one["id"] for one in told["room_lists"]] == ["north"]
        for path in ("/rooms/owl", "/lists/south", "/endpoints/codec"):
            assert await two.refused("GET", path) == (404, "unknown_entry")
            assert await two.refused("DELETE", path, If_Match="*") == (404, "unknown_entry")
            body = {"entry": {"name": "Mine"}}
            assert await two.refused("PATCH", path, body, If_Match="*") == (404, "unknown_entry")
            assert await two.refused("PUT", path, body, If_Match="*") in {
                (403, "not_yours"),
                (422, "inventory_unfit"),
            }

    async def test_they_change_their_own(self, two: Api) -> None:
        two.caller = ANNA
        told = await two.good("PATCH", "/rooms/kestrel", {"entry": {"floor": "9"}}, If_Match="*")
        assert told["by"] == "anna"
        assert await two.refused("POST", "/adopt") == (403, "forbidden")
        order = {"rooms": {"kestrel": {"writes": "full"}}}
        assert await two.refused("POST", "/plans", order) == (403, "not_yours")

    async def test_they_see_the_changes_of_their_own_in_whole_pages(self, two: Api) -> None:
        await two.apply(rooms={"kestrel": {"floor": "1"}})
        for number in range(5):
            await two.apply(rooms={"owl": {"floor": str(number)}})
        two.caller = ANNA
        seen = (await two.good("GET", "/changes?limit=2"))["changes"]
        assert [one["change"] for one in seen] == [2, 1], "others' changes take no place in a page"
        assert {one["id"] for change in seen for one in change["changes"]} == {"kestrel", "north"}
        assert await two.refused("POST", "/changes/7/undo") == (403, "not_yours")

    async def test_who_may_only_look_sees_nothing_of_it(self, two: Api) -> None:
        two.caller = Caller(name="vera", scopes=SCOPES["viewer"], role="viewer")
        for method, path in (("GET", ""), ("GET", "/rooms/owl"), ("POST", "/plans")):
            assert await two.refused(method, path) == (403, "forbidden")


class TestFiles:
    """Where files decide."""

    @pytest.fixture
    def bridge_yaml(self) -> str:
        return GRAPH + "data_dir: data\n"

    async def test_everything_is_seen_and_planned_and_nothing_changed(self, api: Api) -> None:
        told = await api.good("GET", "")
        assert (told["kept_in"], told["version"][0]) == ("files", "f")
        plan = await api.good("POST", "/plans", {"rooms": {"owl": OWL | {"lists": None}}})
        assert plan["fits"]
        refusal = (409, "inventory_in_files")
        assert await api.refused("POST", f"/plans/{plan['id']}/apply") == refusal
        body = {"entry": {"floor": "1"}}
        assert await api.refused("PATCH", "/rooms/kestrel", body, If_Match="*") == refusal
        assert await api.refused("DELETE", "/rooms/kestrel", If_Match="*") == refusal

    async def test_the_store_takes_it_over_once(self, api: Api) -> None:
        taken = await api.good("POST", "/adopt")
        assert [(one["what"], one["id"]) for one in taken["changes"]] == [("added", "kestrel")]
        assert (await api.ask("POST", "/adopt"))[0] == 204
        await asyncio.to_thread(
            api.kept.folder.write, "rooms.yaml", ROOM.replace("Kestrel", "Other")
        )
        api.kept.configuration = msgspec.structs.replace(api.kept.configuration)
        assert await api.refused("POST", "/adopt") == (412, "changed_meanwhile")
        assert (await api.good("POST", "/adopt?replace=true"))["changes"][0]["what"] == "changed"
