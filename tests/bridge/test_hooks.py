"""Where calendar services call."""

import asyncio
import io
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from bridge.limits import HOOK_LIMIT
from bridge.views import hooks
from bridge.views.hooks import BODY_LIMIT, HookReply
from tests.bridge.conftest import Client, Views
from tests.bridge.test_callers import FOREIGN
from tests.bridge.test_views import code

HOOK = "/hooks/graph/m365"


async def test_a_call_reaches_its_source_without_credentials(client: Client, views: Views) -> None:
    answer = await client.post(
        f"{HOOK}?validationToken=a%20b", data=b"body", headers=FOREIGN | {"X-Goog-State": "sync"}
    )
    assert (answer.status, await answer.text()) == (200, "a b")
    assert answer.content_type == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    ((kind, source, call),) = views.called
    assert (kind, source, call.body) == ("graph", "m365", b"body")
    assert call.headers["x-goog-state"] == "sync"


async def test_an_answer_may_have_a_content_type_of_its_own(client: Client, views: Views) -> None:
    views.replied = HookReply(200, "<é/>", {"Content-Type": "text/xml; charset=utf-8"})
    answer = await client.post("/hooks/cisco/secret", data=b"<Event/>", headers=FOREIGN)
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert await answer.text() == "<é/>"
    assert answer.headers["Cache-Control"] == "no-store"


def test_old_units_may_post_where_old_units_are_served() -> None:
    assert hooks.route(lambda *_: None).legacy


async def test_a_source_that_listens_to_nothing_is_not_found(client: Client) -> None:
    assert await code(client, "POST", "/hooks/graph/another") == (404, "unknown_source")


async def test_nothing_but_post_is_offered(client: Client) -> None:
    assert await code(client, "GET", HOOK) == (405, "method_not_allowed")


@pytest.mark.fault("hook_forged")
async def test_a_body_that_is_too_large_never_reaches_a_source(
    client: Client, views: Views
) -> None:
    assert await code(client, "POST", HOOK, data=io.BytesIO(bytes(BODY_LIMIT + 1))) == (
        413,
        "body_too_large",
    )

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * BODY_LIMIT
        yield b"x"

    assert (await client.post(HOOK, data=endless())).status == 413
    assert views.called == []
    assert (await client.post(HOOK, data=io.BytesIO(bytes(BODY_LIMIT)))).status == 202


@pytest.mark.fault("hook_forged")
async def test_a_flood_from_one_address_is_held_off_and_others_are_not(
    client: Client, views: Views
) -> None:
    views.house.proxies = (ip_network("127.0.0.1/32"),)
    flooding, other = ({"X-Forwarded-For": f"203.0.113.{number}"} for number in (1, 2))
    views.house.limits.count("203.0.113.1 hook", HOOK_LIMIT)
    views.house.limits._counts["203.0.113.1 hook"] = HOOK_LIMIT
    answer = await client.post(HOOK, headers=flooding)
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert (await client.post(HOOK, headers=other)).status == 202
    assert (await client.get("/healthz", headers=flooding)).status == 200


@pytest.mark.fault("hook_forged")
async def test_bodies_that_never_end_take_only_so_much_memory_together(
    client: Client, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "BODIES_LIMIT", 3000)
    ending = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        await ending.wait()

    waiting = [asyncio.create_task(client.post(HOOK, data=slow())) for _ in range(6)]
    refused, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    while len(pending) > 3:
        more, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        refused |= more
    assert {(await one).status for one in refused} == {429}
    assert (await client.post(HOOK)).status == 202
    ending.set()
    assert {(await one).status for one in pending} == {202}
    assert (await client.post(HOOK, data=bytes(3000))).status == 202


async def test_many_calls_at_once_are_all_taken(client: Client, views: Views) -> None:
    answers = await asyncio.gather(*(client.post(HOOK) for _ in range(50)))
    assert {answer.status for answer in answers} == {202}
    assert len(views.called) == 50
