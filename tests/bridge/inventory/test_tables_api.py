"""Tables of rooms and rooms.yaml over HTTP, over a real socket; and bodies that are neither."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.health import Health
from bridge.inventory import texts
from bridge.inventory.texts import Text, inventory_of
from bridge.keeping import Counter
from bridge.tabling import Tables
from bridge.tokens import Tokens
from bridge.views import guard, inventory, inventory_tables
from bridge.views.house import House
from bridge.views.site import site
from rooms.audit import Audit, Wanted
from rooms.inventory import Edit
from rooms.store import Store
from tests.bridge.conftest import Client
from tests.bridge.inventory.keeping import OWNER, STORE, Keeping
from tests.bridge.inventory.test_tables import ANNA, KESTREL, LISTS_THERE, OWL
from tests.bridge.test_settings import GRAPH, ROOM

CSV = "text/csv"
YAML = "application/yaml"
HERON = "name,mailbox,time_zone\nHeron,heron@example.com,Europe/London\n"


class Api:
    """Callers of one inventory."""

    def __init__(self, client: Client, kept: Keeping) -> None:
        self.client = client
        self.kept = kept
        self.caller = OWNER

    async def raw(self, path: str) -> tuple[Any, bytes]:
        """Headers and bytes of what is written out."""
        async with self.client.get(f"/api/v1/inventory{path}") as answer:
            assert answer.status == 200
            return answer.headers, await answer.read()

    async def send(
        self, path: str, body: str | bytes, kind: str = CSV, **headers: str
    ) -> tuple[int, Any]:
        """The status, and what was answered."""
        named = {"Content-Type": kind} | {name.replace("_", "-"): v for name, v in headers.items()}
        url = f"/api/v1/inventory{path}"
        data = io.BytesIO(body if isinstance(body, bytes) else body.encode())
        async with self.client.post(url, data=data, headers=named) as answer:
            return answer.status, await answer.json()

    def rooms(self) -> list[str]:
        return list(self.kept.keeper.document().rooms)


@pytest.fixture
def bridge_yaml() -> str:
    return STORE


@pytest.fixture
def kept(tmp_path: Path, bridge_yaml: str) -> Keeping:
    """Opened before the loop runs."""
    return Keeping(tmp_path, bridge_yaml, "" if bridge_yaml == STORE else ROOM)


@pytest.fixture
def house(kept: Keeping) -> House:
    """Who guards the routes; made before the loop runs."""
    return House(
        store=Store(kept.database),
        health=Health(kept.clock),
        clock=kept.clock,
        tokens=Tokens(kept.database, Audit(kept.database), kept.clock),
        started=kept.clock.now(),
    )


@pytest.fixture
async def api(kept: Keeping, house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """An inventory, and callers who are whom the test says."""
    counter = Counter(kept.keeper)
    tables = inventory_tables.routes(Tables(kept.keeper, counter))
    app = site(house, (*inventory.routes(counter), *tables))
    async with kept.database.running(), TestClient(TestServer(app)) as client:
        made = Api(client, kept)
        monkeypatch.setattr(guard, "identified", lambda *_: made.caller)
        yield made


@pytest.fixture
async def two(api: Api) -> Api:
    """Two rooms in two lists."""
    order = {"rooms": {"kestrel": KESTREL, "owl": OWL}, "room_lists": LISTS_THERE}
    status, plan = await api.send("/plans", json.dumps(order), "application/json")
    assert status == 201
    status, _ = await api.send(f"/plans/{plan['id']}/apply", b"", "application/json")
    assert status == 200
    return api


async def test_a_table_is_only_planned_unless_more_is_asked_for(two: Api) -> None:
    status, plan = await two.send("/table", HERON)
    assert (status, plan["fits"], plan["count"], plan["bad"]) == (200, True, 1, 0)
    assert [(one["what"], one["id"]) for one in plan["changes"]] == [("added", "heron")]
    assert two.rooms() == ["kestrel", "owl"]
    status, done = await two.send(f"/plans/{plan['id']}/apply", b"", "application/json")
    assert (status, two.rooms()) == (200, ["kestrel", "owl", "heron"])
    assert done["change"] == 2


async def test_a_table_is_applied_at_once_where_that_is_asked_for(two: Api) -> None:
    status, done = await two.send("/table?dry_run=false&why=new+floor", HERON)
    assert (status, done["why"], done["rows"], done["bad"]) == (200, "new floor", [], 0)
    assert two.rooms() == ["kestrel", "owl", "heron"]
    status, again = await two.send("/table?dry_run=false", HERON)
    assert (status, again["changes"], again["change"]) == (200, [], 0)


async def test_bad_rows_keep_a_table_from_being_applied_and_are_told(two: Api) -> None:
    text = HERON + "Bad,bad,Europe/London\n"
    status, plan = await two.send("/table", text)
    assert (status, plan["fits"], plan["id"], plan["bad"]) == (200, False, "", 1)
    status, refused = await two.send("/table?dry_run=false", text)
    assert (status, refused["code"]) == (422, "inventory_unfit")
    assert [(one["row"], one["column"]) for one in refused["rows"]] == [(3, "mailbox")]
    assert two.rooms() == ["kestrel", "owl"]
    status, done = await two.send("/table?dry_run=false&only_good=true", text)
    assert (status, done["bad"]) == (200, 1)
    assert two.rooms() == ["kestrel", "owl", "heron"]


async def test_what_is_no_table_is_refused_with_its_place(two: Api) -> None:
    status, refused = await two.send("/table", "id,name\nkestrel,M\xfcller".encode("latin-1"))
    assert (status, refused["code"]) == (422, "table_unreadable")
    assert refused["detail"].startswith("row 2: is not UTF-8 (in Excel: Save As")
    assert (await two.send("/table", b""))[1]["code"] == "table_unreadable"


@pytest.mark.parametrize(
    ("path", "kind", "code"),
    [
        ("/table", "text/plain", "bad_body"),
        ("/table", "application/x-www-form-urlencoded", "bad_body"),
        ("/table", "multipart/form-data", "bad_body"),
        ("/yaml", CSV, "bad_body"),
        ("/table?dry_run=perhaps", CSV, "bad_query"),
        ("/table?only_good=1", CSV, "bad_query"),
        (f"/table?why={'x' * 501}", CSV, "bad_query"),
    ],
)
async def test_what_a_form_elsewhere_could_send_is_refused(
    two: Api, path: str, kind: str, code: str
) -> None:
    status, refused = await two.send(path, HERON, kind)
    assert (status, refused["code"]) == (400, code)


async def test_a_table_that_is_too_large_is_refused(two: Api) -> None:
    status, refused = await two.send("/table", b"id\n" + b"x" * (16 << 20))
    assert (status, refused["code"]) == (413, "body_too_large")


async def test_who_names_a_version_changes_no_other(two: Api) -> None:
    for path, body, kind in (("/table", HERON, CSV), ("/yaml", "rooms: []", YAML)):
        status, refused = await two.send(f"{path}?dry_run=false", body, kind, If_Match='"s0"')
        assert (status, refused["code"]) == (412, "changed_meanwhile")
    assert (await two.send("/table?dry_run=false", HERON, If_Match='"s1"'))[0] == 200


async def test_what_is_changed_while_a_file_is_read_is_not_what_was_named(
    two: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    async def meanwhile() -> None:
        edit = Edit(rooms={"heron": OWL | {"mailbox": "heron@example.com"}})
        await two.kept.keeper.apply(await two.kept.keeper.plan(edit, OWNER), OWNER)

    def read(data: bytes) -> Text:
        asyncio.run_coroutine_threadsafe(meanwhile(), loop).result(30)
        return inventory_of(data)

    _, text = await two.raw("/yaml")
    monkeypatch.setattr(texts, "inventory_of", read)
    status, refused = await two.send("/yaml?dry_run=false", text, YAML, If_Match='"s1"')
    assert (status, refused["code"]) == (412, "changed_meanwhile")
    assert two.rooms() == ["kestrel", "owl", "heron"]


async def test_a_table_that_is_written_out_changes_nothing_when_read_in(two: Api) -> None:
    for sign, name in ((",", "comma"), (";", "semicolon"), ("\t", "tab")):
        headers, text = await two.raw(f"/table?separator={name}")
        assert headers["Content-Type"] == "text/csv; charset=utf-8"
        assert headers["Content-Disposition"] == 'attachment; filename="rooms.csv"'
        assert headers["ETag"] == '"s1"'
        assert text.decode("utf-8-sig").startswith(f"id{sign}name{sign}mailbox")
        assert (await two.send("/table?retire_missing=true", text))[1]["changes"] == []
    async with two.client.get("/api/v1/inventory/table?separator=x") as answer:
        assert answer.status == 400


async def test_the_yaml_that_is_written_out_changes_nothing_when_read_in(two: Api) -> None:
    headers, text = await two.raw("/yaml")
    assert headers["Content-Type"] == "application/yaml; charset=utf-8"
    status, plan = await two.send("/yaml", text, YAML)
    assert (status, plan["changes"], plan["fits"], plan["count"]) == (200, [], True, 4)
    status, refused = await two.send("/yaml?dry_run=false", "rooms: [{id: owl}]", YAML)
    assert (status, refused["code"]) == (422, "inventory_unfit")
    assert {one["row"] for one in refused["rows"]} == {1}
    assert two.rooms() == ["kestrel", "owl"]


async def test_a_yaml_with_another_order_is_applied_though_no_entry_changes(two: Api) -> None:
    rooms = [{"id": name, **two.kept.keeper.document().rooms[name]} for name in ("owl", "kestrel")]
    lists = [{"id": name, **fields} for name, fields in LISTS_THERE.items()]
    text = json.dumps({"rooms": rooms, "room_lists": lists})
    for change in (2, 0):
        status, done = await two.send("/yaml?dry_run=false", text, YAML)
        assert (status, done["change"], done["changes"]) == (200, change, [])
        assert two.rooms() == ["owl", "kestrel"]
    async with two.client.get("/api/v1/inventory/changes") as answer:
        assert [one["change"] for one in (await answer.json())["changes"]] == [2, 1]
    log = (await Audit(two.kept.database).page(Wanted())).rows
    assert [one.action for one in log].count("inventory.reordered") == 1


async def test_facilities_get_and_change_their_part_alone(two: Api) -> None:
    two.caller = ANNA
    _, table = await two.raw("/table")
    _, text = await two.raw("/yaml")
    for told in (table, text):
        assert b"kestrel" in told
        assert b"owl" not in told
        assert b"south" not in told
    assert (await two.send("/table?retire_missing=true", table))[1]["changes"] == []
    assert (await two.send("/yaml", text, YAML))[1]["changes"] == []
    status, refused = await two.send("/table?dry_run=false", "id,floor\nowl,2\n")
    assert (status, refused["rows"][0]["row"]) == (422, 2)
    status, refused = await two.send("/yaml", "rooms: [{id: owl, floor: 2}]", YAML)
    assert (status, refused["code"]) == (403, "not_yours")


async def test_facilities_add_no_room_list_and_keep_those_of_others(two: Api) -> None:
    order = {
        "rooms": {"kestrel": {"lists": ["north", "vip"]}},
        "room_lists": {"vip": {"name": "Board"}},
    }
    _, plan = await two.send("/plans", json.dumps(order), "application/json")
    assert (await two.send(f"/plans/{plan['id']}/apply", b"", "application/json"))[0] == 200
    two.caller = ANNA
    _, table = await two.raw("/table")
    assert b"vip" in table
    assert b"Board" not in table
    status, plan = await two.send("/table?add_lists=true", table)
    assert (status, plan["rows"], plan["changes"], plan["fits"]) == (200, [], [], True)
    for name in ("vip-2", "south", "nowhere"):
        _, plan = await two.send("/table?add_lists=true", f"id,lists\nkestrel,north|vip|{name}\n")
        words = f"the room list {name} is not given to you"
        assert [one["words"] for one in plan["rows"]] == [words]


async def test_without_a_vault_no_password_is_taken(two: Api) -> None:
    text = "id,endpoint_id,endpoint_kind,endpoint_password\nowl,codec,cisco,planted\n"
    status, refused = await two.send("/table", text)
    assert (status, refused["code"]) == (409, "no_vault")
    assert "planted" not in str(refused)


class TestFiles:
    """A site whose inventory is in files."""

    @pytest.fixture
    def bridge_yaml(self) -> str:
        return GRAPH + "data_dir: data\n"

    async def test_a_table_is_planned_and_never_applied(self, api: Api) -> None:
        status, plan = await api.send("/table", HERON)
        assert (status, plan["fits"]) == (200, True)
        status, refused = await api.send("/table?dry_run=false", HERON)
        assert (status, refused["code"]) == (409, "inventory_in_files")


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "mailbox", "lists", "endpoints", "x"]), inner)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(["rooms", "room_lists", "endpoints", "renamed", "secrets", "why", "other"])
NAMES = st.sampled_from(["kestrel", "owl", "north", "new", "Bad Id", ""])


async def test_whatever_is_sent_as_a_plan_is_one_or_is_refused_and_changes_nothing(
    two: Api,
) -> None:
    before, loop = two.kept.keeper.document(), asyncio.get_running_loop()

    @settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
    @given(
        st.dictionaries(KEYS, st.dictionaries(NAMES, VALUES, max_size=2) | VALUES, max_size=3).map(
            lambda order: json.dumps(order).encode()
        )
        | st.binary(max_size=20)
    )
    def check(body: bytes) -> None:
        work = two.send("/plans", body, "application/json")
        status, told = asyncio.run_coroutine_threadsafe(work, loop).result(30)
        assert status in {201, 400, 403, 409, 422}, told
        if status != 201:
            assert told["code"] != "unexpected"
            assert told.get("detail") or told.get("problems"), told

    await asyncio.to_thread(check)
    assert two.kept.keeper.document() is before
