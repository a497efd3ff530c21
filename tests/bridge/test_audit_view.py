"""The audit log over the API: for auditors, whole, and from where each thing was done."""

import json
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
from aiohttp import web as aiohttp_web

from rooms import audit as audit_module
from rooms.audit import Entry
from rooms.chain import Row, Walk
from tests.bridge.conftest import Client, Views
from tests.bridge.test_callers import FOREIGN
from tests.fakes.virtual import NOON

LOG = "/api/v1/audit"


@pytest.fixture
async def auditor(views: Views) -> dict[str, str]:
    """The headers of an auditor, whose token is the log's first entry."""
    return FOREIGN | await views.token("audit")


async def got(client: Client, headers: Mapping[str, str], path: str = LOG) -> Any:
    async with client.get(path, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def fill(views: Views, count: int) -> None:
    for number in range(count):
        at = NOON + timedelta(minutes=number)
        await views.audit.record(
            Entry(at=at, actor=f"token:{number % 2}", action="x.y", object=f"o{number}")
        )


async def test_entries_come_newest_first_in_pages(
    client: Client, views: Views, auditor: dict[str, str]
) -> None:
    await fill(views, 9)
    seen: list[int] = []
    path = f"{LOG}?limit=4"
    while path:
        told = await got(client, auditor, path)
        seen += [one["seq"] for one in told["entries"]]
        path = f"{LOG}?limit=4&before={told['before']}" if told["before"] else ""
    assert seen == list(range(10, 0, -1))


async def test_entries_are_filtered(client: Client, views: Views, auditor: dict[str, str]) -> None:
    await fill(views, 6)
    told = await got(client, auditor, f"{LOG}?actor=token:1&action=x&since=2026-11-23T12:02:00Z")
    assert [one["object"] for one in told["entries"]] == ["o5", "o3"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "bad_query"),
        ("limit=1001", "bad_query"),
        ("limit=x", "bad_query"),
        ("before=-1", "bad_query"),
        ("before=٣", "bad_query"),
        (f"before={'9' * 40}", "bad_query"),
        ("since=yesterday", "bad_time"),
        ("since=2026-11-23T12:00:00", "bad_time"),
    ],
)
async def test_a_bad_query_is_told(
    client: Client, auditor: dict[str, str], query: str, code: str
) -> None:
    async with client.get(f"{LOG}?{query}", headers=auditor) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, code)


async def test_an_export_is_whole_and_can_be_checked_without_the_appliance(
    client: Client, views: Views, auditor: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "CHUNK", 7)
    await fill(views, 50)
    async with client.get(f"{LOG}/export", headers=auditor) as answer:
        assert answer.content_type == "application/x-ndjson"
        assert answer.headers["Cache-Control"] == "no-store"
        lines = (await answer.read()).splitlines()
    walk = Walk()
    assert [walk.step(msgspec.json.decode(line, type=Row)) for line in lines] == [None] * 51
    assert await got(client, auditor, f"{LOG}/head") == {
        "seq": 51,
        "hash": walk.head.hash,
        "at": walk.head.at,
    }
    assert list(json.loads(lines[0])) == [
        "seq", "at", "actor", "action", "object", "origin", "detail", "former", "hash",
    ]  # fmt: skip


async def test_an_export_ends_with_the_right_to_it(
    client: Client, views: Views, auditor: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "CHUNK", 2)
    await fill(views, 50)
    monkeypatch.setattr(views.tokens, "holds", lambda _: False)
    with pytest.raises(Exception, match=r"not completed|disconnected|reset"):
        async with client.get(f"{LOG}/export", headers=auditor) as answer:
            await answer.read()


async def test_a_log_is_checked_and_the_first_bad_entry_named(
    client: Client, views: Views, auditor: dict[str, str]
) -> None:
    await fill(views, 5)
    head = await got(client, auditor, f"{LOG}/head")
    known = f"{LOG}/verification?head={head['seq']}:{head['hash']}"
    assert await got(client, auditor, known) == {"ok": True, "head": head, "bad": None}
    await views.database.change(lambda db: db.execute("DROP TRIGGER audit_no_update"))
    await views.database.change(lambda db: db.execute("UPDATE audit SET object='z' WHERE seq=3"))
    told = await got(client, auditor, f"{LOG}/verification")
    assert (told["ok"], told["bad"]) == (False, {"seq": 3, "why": "was changed"})
    assert told["head"]["seq"] == 2
    async with client.get(f"{LOG}/verification?head=3", headers=auditor) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("path", ["", "/export", "/head", "/verification"])
async def test_nobody_else_reads_it(client: Client, views: Views, path: str) -> None:
    for headers, status in (
        ({}, 403),
        (FOREIGN, 401),
        (FOREIGN | await views.token("read", "join", "write"), 403),
        (FOREIGN | await views.token(room="kestrel"), 403),
    ):
        async with client.get(LOG + path, headers=headers) as answer:
            assert answer.status == status


async def test_an_entry_says_from_where_its_actor_called(
    client: Client, views: Views, auditor: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aiohttp_web.BaseRequest, "remote", "192.0.2.7")
    headers = FOREIGN | await views.token("read", "people")
    views.house.proxies = ()
    async with client.post("/api/v1/tokens", headers=headers, json={"name": "new"}) as answer:
        assert answer.status == 201
    views.house.proxies = (ip_network("192.0.2.7/32"),)
    behind = headers | {"X-Forwarded-For": "198.51.100.9, 203.0.113.5"}
    async with client.post("/api/v1/tokens", headers=behind, json={"name": "new"}) as answer:
        assert answer.status == 201
    entries = (await got(client, auditor))["entries"]
    assert [one["origin"] for one in entries[:3]] == ["203.0.113.5", "192.0.2.7", ""]
    assert {one["actor"] for one in entries} == {"token:test", "test"}
