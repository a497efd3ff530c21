"""Channels and the control API of the simulated workspace."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.connector.simulators.google_workspace import EVENTS, Caller, calling
from tests.fakes.virtual import NOON, FixedClock

HOUR = timedelta(hours=1)
STOP = "/calendar/v3/channels/stop"


@asynccontextmanager
async def called() -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """An address, and what is called there."""
    heard: list[dict[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        assert await request.read() == b""
        heard.append({key.lower(): value for key, value in request.headers.items()})
        return web.Response()

    application = web.Application()
    application.router.add_post("/hook", take)
    server = TestServer(application)
    async with server:
        yield str(server.make_url("/hook")), heard


async def opened(caller: Caller, address: str, **more: Any) -> Any:
    caller.workspace.channels.plain_http = True
    body = {"id": "one", "type": "web_hook", "address": address, "token": "secret", **more}
    status, told = await caller.ask("POST", f"{EVENTS}/watch", json=body)
    assert status == 200, told
    return told


async def test_a_channel_says_hello_and_tells_of_changes_without_a_body() -> None:
    async with calling() as caller, called() as (address, heard):
        told = await opened(caller, address)
        await caller.workspace.channels.settled()
        caller.kestrel.add("Call", NOON, NOON + HOUR)
        await caller.workspace.channels.settled()
        first, second = heard
        assert (first["x-goog-resource-state"], second["x-goog-resource-state"]) == (
            "sync",
            "exists",
        )
        assert (first["x-goog-message-number"], second["x-goog-message-number"]) == ("1", "2")
        assert second["x-goog-channel-id"] == "one"
        assert second["x-goog-channel-token"] == "secret"
        assert second["x-goog-resource-id"] == told["resourceId"]
        assert second["x-goog-channel-expiration"] == "Mon, 30 Nov 2026 12:00:00 GMT"
        assert int(told["expiration"]) == int((NOON + timedelta(days=7)).timestamp() * 1000)


async def test_a_channel_ends_by_itself_or_when_it_is_stopped() -> None:
    clock = FixedClock()
    async with calling(clock) as caller, called() as (address, heard):
        told = await opened(caller, address, params={"ttl": "600"})
        other = await opened(caller, address, id="two")
        await caller.workspace.channels.settled()
        body = {"id": "two", "resourceId": other["resourceId"]}
        assert other["resourceId"] == told["resourceId"]
        assert (await caller.ask("POST", STOP, json=body))[0] == 204
        assert await caller.refused(STOP, "POST", json=body) == (404, "notFound")
        caller.kestrel.add("Call", NOON, NOON + HOUR)
        await caller.workspace.channels.settled()
        clock.move(timedelta(seconds=601))
        caller.kestrel.add("Call", NOON, NOON + HOUR)
        await caller.workspace.channels.settled()
        assert [one["x-goog-channel-id"] for one in heard] == ["one", "two", "one"]


async def test_two_channels_at_once_both_tell() -> None:
    async with calling() as caller, called() as (address, heard):
        await opened(caller, address)
        await opened(caller, address, id="two")
        await caller.workspace.channels.settled()
        heard.clear()
        caller.workspace.channels.state = "not_exists"
        caller.kestrel.add("Call", NOON, NOON + HOUR)
        await caller.workspace.channels.settled()
        assert {one["x-goog-channel-id"] for one in heard} == {"one", "two"}
        assert {one["x-goog-resource-state"] for one in heard} == {"not_exists"}


async def test_messages_get_lost() -> None:
    async with calling() as caller, called() as (address, heard):
        await opened(caller, address)
        await caller.workspace.channels.settled()
        caller.workspace.channels.drop_share = 0.5
        for _ in range(40):
            caller.kestrel.add("Call", NOON, NOON + HOUR)
        await caller.workspace.channels.settled()
        assert len(heard) + caller.workspace.channels.dropped == 41
        assert 5 < caller.workspace.channels.dropped < 35


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"address": "http://example.com/"}, "push.webhookUrlNotHttps"),
        ({"type": "pigeon"}, "invalid"),
        ({"token": "x" * 257}, "invalid"),
        ({"id": "one"}, "channelIdNotUnique"),
        ({"id": None}, "required"),
    ],
)
async def test_channels_that_make_no_sense_are_refused(more: dict[str, Any], reason: str) -> None:
    async with calling() as caller, called() as (address, _):
        await opened(caller, address)
        body = {"id": "new", "type": "web_hook", "address": address, **more}
        found = await caller.refused(f"{EVENTS}/watch", "POST", json=body)
        assert found == (400, reason)


async def test_everything_is_controlled_over_http() -> None:
    async with calling() as caller:
        control = "/control"
        room = {"address": "heron@example.com", "shared_with": ["a@example.com"]}
        assert (await caller.ask("POST", f"{control}/calendars", json=room))[0] == 201
        assert len((await caller.get(f"{control}/calendars"))["calendars"]) == 2
        events = f"{control}/calendars/heron@example.com/events"
        meeting = {"summary": "Call", "start": "2026-11-23T12:00", "end": "2026-11-23T13:00"}
        status, made = await caller.ask("POST", events, json=meeting)
        assert (status, made["start"]["dateTime"]) == (201, "2026-11-23T12:00:00Z")
        change = {"start": "2026-11-23T14:00:00Z", "response": "declined"}
        _, told = await caller.ask("PATCH", f"{events}/{made['id']}", json=change)
        assert told["end"]["dateTime"] == "2026-11-23T15:00:00Z"
        assert told["attendees"][1]["responseStatus"] == "declined"
        assert (await caller.ask("DELETE", f"{events}/{made['id']}"))[1]["status"] == "cancelled"
        assert len((await caller.get(events))["events"]) == 1
        share = {"address": "a@example.com", "role": None}
        path = f"{control}/calendars/heron@example.com"
        assert (await caller.ask("POST", f"{path}/share", json=share))[1]["roles"] == {}
        assert (await caller.ask("DELETE", f"{path}/sync-tokens"))[0] == 200
        assert (await caller.ask("DELETE", path))[0] == 200
        fault = {"kind": "status", "status": 429, "reason": "rateLimitExceeded"}
        assert (await caller.ask("POST", f"{control}/faults", json=fault))[0] == 201
        assert len((await caller.get(f"{control}/faults"))["faults"]) == 1
        assert await caller.refused() == (429, "rateLimitExceeded")
        assert (await caller.ask("DELETE", f"{control}/faults"))[1] == {"faults": []}
        assert (await caller.ask("PATCH", f"{control}/channels", json={"delay": 1.5}))[0] == 200
        assert (await caller.get(f"{control}/channels"))["channels"] == []
        asked = (await caller.get(f"{control}/requests"))["requests"]
        assert [one["status"] for one in asked] == [200, 429]
        assert (await caller.ask("DELETE", f"{control}/requests"))[0] == 200
        clock = {"offset_seconds": 60}
        told = (await caller.ask("PUT", f"{control}/clock", json=clock))[1]
        assert told["now"] == "2026-11-23T12:01:00Z"
        assert (await caller.ask("DELETE", f"{control}/tokens"))[1] == {"revoked": 1}
        assert (await caller.ask("POST", f"{control}/faults", json={"kind": "x"}))[0] == 400
        assert (await caller.ask("DELETE", path))[0] == 404
