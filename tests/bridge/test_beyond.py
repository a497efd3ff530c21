"""What lies outside of the served window is read when somebody asks."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.beyond import AT_ONCE, KEPT_FOR, READS, Beyond
from bridge.settings.model import Configuration, Inventory, Site, SourceSettings
from bridge.sync import Sync
from connector.errors import Unavailable
from connector.outside import Outside
from rooms.model import Agenda, Event, Window
from rooms.room import Room
from tests.bridge.conftest import Client, Views
from tests.bridge.test_views import AGENDA, code, get
from tests.fakes.sources import FakeSource, event, room
from tests.fakes.virtual import NOON, FixedClock

DAY = timedelta(days=1)
NEAR = event("near", NOON + timedelta(hours=1))
FAR = event("far", NOON + 100 * DAY)
LONG_AGO = event("ago", NOON - 100 * DAY)


class Whole(FakeSource):
    """Answers with what overlaps the window, as a service does."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[Window] = []

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        self.windows.append(window)
        found = await super().fetch(room, window)
        return [one for one in found if window.overlaps(one.when.window(room.zone))]  # type: ignore[union-attr]


@pytest.fixture
async def source(views: Views, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Whole]:
    """The calendar behind the views, through a real sync."""
    found = Whole()
    found.answer("kestrel", [LONG_AGO, NEAR, FAR])

    @asynccontextmanager
    async def connect(_options: Any, _outside: Outside) -> AsyncIterator[Whole]:
        yield found

    monkeypatch.setattr("connector.load.source", lambda _: SimpleNamespace(connect=connect))
    beyond: list[Beyond] = []
    session: Any = None  # nobody asks it
    sync = Sync(
        Outside(http=session, sockets=session, clock=views.clock),
        store=views.store,
        health=views.health,
        clock=views.clock,
        heard=lambda _room, /, *, changed: None,
        beyond=lambda name: beyond[0].forget(name),  # noqa: PLW0108 - it is not made yet
    )
    beyond.append(Beyond(sync, clock=views.clock))
    views.house.beyond = beyond[0]
    async with sync.running():
        configuration = Configuration(
            file=Path("bridge.yaml"),
            site=Site(),
            sources={"m365": SourceSettings(kind="graph", options=None)},
            inventory=Inventory(rooms=(room(),)),
        )
        await sync.adopt(configuration)
        beyond[0].adopt(configuration.site)
        while views.store.kept("kestrel") is None:  # noqa: ASYNC110 - it is next to no time
            await asyncio.sleep(0)
        found.windows.clear()
        yield found


def asked(start: datetime | None, end: datetime | None = None) -> str:
    """The path of a question."""
    parts = {"from": start, "to": end}
    query = "&".join(f"{key}={at:%Y-%m-%dT%H:%M:%SZ}" for key, at in parts.items() if at)
    return f"{AGENDA}?{query}"


async def titles(client: Client, path: str, **more: Any) -> list[str]:
    return [one["title"] for one in (await get(client, path, **more))["bookings"]]


async def test_within_the_window_nothing_is_read(client: Client, source: Whole) -> None:
    assert await titles(client, asked(NOON, NOON + DAY)) == ["Near"]
    assert await titles(client, asked(NOON)) == ["Near"]
    assert await titles(client, asked(None, NOON + DAY)) == ["Near"]
    assert source.windows == []


async def test_beyond_the_window_the_calendar_is_read_and_nothing_kept(
    client: Client, source: Whole, views: Views
) -> None:
    before = views.store.kept("kestrel")
    found = await get(client, asked(NOON + 99 * DAY, NOON + 101 * DAY))
    assert [one["title"] for one in found["bookings"]] == ["Far"]
    assert found["stale"] is False
    assert source.windows == [Window(start=NOON + 99 * DAY, end=NOON + 101 * DAY)]
    assert views.store.kept("kestrel") is before
    assert await titles(client, AGENDA) == ["Near"]


async def test_a_span_that_begins_inside_is_read_whole(client: Client, source: Whole) -> None:
    assert await titles(client, asked(NOON, NOON + 101 * DAY)) == ["Near", "Far"]
    assert await titles(client, asked(None, NOON - 90 * DAY)) == ["Ago"]
    assert await titles(client, asked(NOON + 90 * DAY)) == ["Far"]
    assert len(source.windows) == 3


async def test_what_is_beyond_all_that_is_watched_is_a_bad_time(
    client: Client, source: Whole
) -> None:
    far = asked(NOON + 600 * DAY, NOON + 601 * DAY)
    assert await code(client, "GET", far) == (400, "bad_time")
    assert source.windows == []


async def test_the_same_question_is_answered_for_a_minute_and_until_a_change(
    client: Client, source: Whole, views: Views
) -> None:
    path = asked(NOON + 99 * DAY, NOON + 101 * DAY)
    for _ in range(3):
        await get(client, path)
    assert len(source.windows) == 1
    views.clock.move(timedelta(seconds=KEPT_FOR + 1))
    await get(client, path)
    assert len(source.windows) == 2
    source.answer("kestrel", [])
    assert views.house.beyond
    views.house.beyond.forget("kestrel")  # type: ignore[attr-defined]
    assert await titles(client, path) == []


@pytest.mark.parametrize("what", ["change", "configuration"])
async def test_answers_that_were_under_way_at_a_change_are_kept_for_nobody(
    client: Client, source: Whole, views: Views, what: str
) -> None:
    source.seconds = 0.05
    beyond = views.house.beyond
    assert isinstance(beyond, Beyond)
    paths = [asked(NOON + day * DAY, NOON + 101 * DAY) for day in (98, 99)]
    asking = [asyncio.create_task(titles(client, path)) for path in paths]
    while len(source.windows) < 2:  # noqa: ASYNC110 - it is next to no time
        await asyncio.sleep(0)
    if what == "change":
        beyond.forget("kestrel")
    else:
        beyond.adopt(Site())
    await asyncio.gather(*asking)
    source.answer("kestrel", [])
    assert [await titles(client, path) for path in paths] == [[], []]
    await asyncio.gather(*(titles(client, path) for path in paths))
    assert len(source.windows) == 4


async def test_far_days_of_many_rooms_are_read_a_few_at_a_time(clock: FixedClock) -> None:
    reading = most = 0

    class Slow:
        def source_of(self, _room: Room) -> str:
            return "m365"

        async def look(self, _name: str, where: Room, window: Window) -> Agenda:
            nonlocal reading, most
            reading += 1
            most = max(most, reading)
            await asyncio.sleep(0)
            reading -= 1
            return Agenda(room=where.id, as_of=NOON, window=window, bookings=())

    beyond = Beyond(Slow(), clock=clock)  # type: ignore[arg-type] # all that is asked of it
    span = Window(start=NOON, end=NOON + DAY)
    rooms = [room(f"room-{number}") for number in range(3 * AT_ONCE)]
    assert len(await asyncio.gather(*(beyond.agenda(one, span) for one in rooms))) == len(rooms)
    assert most == AT_ONCE


async def test_many_who_ask_at_once_are_one_read(client: Client, source: Whole) -> None:
    source.seconds = 0.05
    path = asked(NOON + 99 * DAY, NOON + 101 * DAY)
    found = await asyncio.gather(*(titles(client, path) for _ in range(20)))
    assert found == [["Far"]] * 20
    assert len(source.windows) == 1


async def test_a_room_is_not_read_too_often(client: Client, source: Whole) -> None:
    for day in range(READS):
        await get(client, asked(NOON + (50 + day) * DAY, NOON + (51 + day) * DAY))
    answer = await client.get(asked(NOON + 90 * DAY, NOON + 91 * DAY))
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) == 60
    assert len(source.windows) == READS


async def test_a_failure_is_told_and_what_is_kept_is_served_as_ever(
    client: Client, source: Whole
) -> None:
    source.answer("kestrel", Unavailable("HTTP 503", reason="service_error"))
    answer = await client.get(asked(NOON + 99 * DAY, NOON + 101 * DAY))
    told = await answer.json()
    assert (answer.status, told["code"], told["detail"]) == (
        503,
        "not_readable_now",
        "service_error",
    )
    assert answer.headers["Retry-After"]
    assert await titles(client, AGENDA) == ["Near"]


async def test_a_caller_without_that_right_learns_no_join_details(
    client: Client, source: Whole, views: Views
) -> None:
    call = event("call", NOON + 100 * DAY, body="https://example.zoom.us/j/80127129561")
    source.answer("kestrel", [call])
    path = asked(NOON + 99 * DAY, NOON + 101 * DAY)
    narrow = await views.token("read")
    (booking,) = (await get(client, path, headers=narrow))["bookings"]
    assert booking["join"] is None
    other = await views.token("read", room="heron")
    assert await code(client, "GET", path, headers=other) == (403, "forbidden")
