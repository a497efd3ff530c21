"""Agendas as Server-Sent Events, over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from bridge.health import Subject
from bridge.views import stream
from tests.bridge.conftest import Client, Views
from tests.bridge.test_callers import FOREIGN
from tests.bridge.test_views import CALL, SECRET
from tests.fakes.virtual import FixedClock

STREAM = "/api/v1/rooms/kestrel/stream"


class Event(dict[str, str]):
    """One event by its fields."""

    @property
    def data(self) -> Any:
        return json.loads(self["data"])


class Listener:
    """Somebody who listens."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def next(self) -> Event:
        """The next event."""
        event = Event()
        async with asyncio.timeout(5):
            async for line in self.answer.content:
                text = line.decode().rstrip("\n")
                if text:
                    name, _, value = text.partition(": ")
                    event[name] = value
                elif event.keys() - {"retry"}:
                    return event
        raise EOFError

    async def ended(self) -> bool:
        """Whether nothing more comes."""
        async with asyncio.timeout(5):
            return await self.answer.content.read() is not None


@asynccontextmanager
async def listening(client: Client, **headers: str) -> AsyncIterator[Listener]:
    async with client.get(STREAM, headers=headers) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        yield Listener(answer)


async def test_the_agenda_comes_at_once_and_then_how_old_it_is(
    client: Client, views: Views
) -> None:
    await views.keep(CALL)
    async with listening(client) as listener:
        agenda, status = await listener.next(), await listener.next()
    assert agenda["event"] == "agenda"
    assert agenda["id"].startswith('W/"')
    assert agenda["retry"] == "3000"
    assert [one["title"] for one in agenda.data["bookings"]] == ["Call"]
    assert status["event"] == "status"
    assert "id" not in status
    assert status.data == {
        "as_of": "2026-11-23T12:00:00Z",
        "age_s": 0,
        "stale": False,
        "health": [],
        "time": "2026-11-23T12:00:00Z",
        "presence": {"state": "unknown", "since": None},
        "display": views.house.display(views.house.rooms["kestrel"]),
    }


async def test_each_change_is_told_and_nothing_else(client: Client, views: Views) -> None:
    await views.keep(CALL)
    async with listening(client) as listener:
        await listener.next()
        await listener.next()
        await views.keep(CALL)
        await views.keep(CALL, SECRET)
        told = await listener.next()
    assert [one["title"] for one in told.data["bookings"]] == ["Call", "Private meeting"]


async def test_whoever_comes_back_with_the_last_event_hears_the_status_only(
    client: Client, views: Views
) -> None:
    await views.keep(CALL)
    async with listening(client) as listener:
        last = (await listener.next())["id"]
    async with listening(client, **{"Last-Event-ID": last}) as listener:
        assert (await listener.next())["event"] == "status"
    await views.keep(CALL, SECRET)
    async with listening(client, **{"Last-Event-ID": last}) as listener:
        assert (await listener.next())["event"] == "agenda"


async def test_the_event_id_is_the_agendas_entity_tag(client: Client, views: Views) -> None:
    await views.keep(CALL)
    async with listening(client) as listener:
        told = await listener.next()
    answer = await client.get("/api/v1/rooms/kestrel/agenda")
    assert told["id"] == answer.headers["ETag"]
    assert told.data == await answer.json()


async def test_the_status_comes_again_and_again(
    client: Client, views: Views, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "STATUS_EVERY", 0.01)
    await views.keep(CALL)
    running = asyncio.create_task(views.hub.run())
    async with listening(client) as listener:
        await listener.next()
        clock.move(timedelta(minutes=5))
        ages = [(await listener.next()).data["age_s"] for _ in range(3)]
        assert ages[-1] == 300
        clock.move(timedelta(minutes=16))
        for _ in range(5):
            told = await listener.next()
            if told["event"] == "agenda":
                break
        assert told.data["stale"]
    running.cancel()


async def test_trouble_is_told_at_once(client: Client, views: Views) -> None:
    await views.keep(CALL)
    async with listening(client) as listener:
        await listener.next()
        await listener.next()
        views.health.bad(Subject("room", "kestrel"), "service_error")
        views.hub.troubled("kestrel")
        told = await listener.next()
    assert [trouble["code"] for trouble in told.data["health"]] == ["service_error"]


async def test_everyone_hears_what_they_may(client: Client, views: Views) -> None:
    await views.keep(CALL)
    display = FOREIGN | await views.token(room="kestrel")
    async with listening(client) as wide, listening(client, **display) as narrow:
        for listener in (wide, narrow):
            await listener.next()
            await listener.next()
        await views.keep(CALL, SECRET)
        assert (await wide.next()).data["bookings"][1]["join"]
        assert (await narrow.next()).data["bookings"][1]["join"] is None


async def test_a_revoked_token_hears_nothing_more(client: Client, views: Views) -> None:
    await views.keep(CALL)
    async with listening(client, **await views.token()) as listener:
        await listener.next()
        await listener.next()
        (token,) = views.tokens
        await views.tokens.revoke(token.id, actor="test")
        assert await listener.ended()


async def test_an_expired_token_hears_nothing_more(
    client: Client, views: Views, clock: FixedClock
) -> None:
    await views.keep(CALL)
    header = await views.token(expires=clock.now() + timedelta(hours=1))
    async with listening(client, **header) as listener:
        await listener.next()
        await listener.next()
        clock.move(timedelta(hours=1))
        views.hub.troubled("kestrel")
        assert await listener.ended()


async def test_a_listener_that_reads_nothing_is_let_go(
    client: Client, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BEHIND", 100_000)
    await views.keep(CALL)
    async with listening(client):
        views.health.bad(Subject("room", "kestrel"), "service_error", "x" * 100_000)
        for _ in range(200):
            views.hub.troubled("kestrel")
        for _ in range(100):
            await asyncio.sleep(0)
        assert not len(views.hub)


async def test_whoever_leaves_is_forgotten(client: Client, views: Views) -> None:
    await views.keep(CALL)
    async with listening(client) as listener:
        await listener.next()
        assert len(views.hub) == 1
        listener.answer.close()
    for _ in range(1000):
        await asyncio.sleep(0)
        views.hub.troubled("kestrel")
        if not len(views.hub):
            break
    assert not len(views.hub)
