"""What somebody cannot do who took the token of a display."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bridge.callers import Caller
from bridge.displays.gate import MOST_LOOKS
from bridge.limits import SPAN
from bridge.views.rooms import LISTS
from bridge.views.touch import Touch
from rooms.model import Event, Person
from rooms.store import Store
from tests.bridge.conftest import Client, Views
from tests.bridge.test_alternatives import Building
from tests.bridge.test_alternatives import building as building  # noqa: PLC0414 - a fixture
from tests.bridge.test_display_views import BOOKINGS, let
from tests.bridge.test_stream import STREAM
from tests.bridge.test_views import AGENDA, code, get
from tests.fakes.sources import event
from tests.fakes.virtual import NOON, FixedClock

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ORDER = b'{"title":"Talk","minutes":30}'


@pytest.fixture
async def door(views: Views, client: Client) -> dict[str, str]:
    """The header of kestrel's display."""
    let(views)
    return await views.token(room="kestrel")


@pytest.fixture
def admitted(views: Views, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Is set once somebody showed a token."""
    seen, known = asyncio.Event(), views.tokens.caller

    def caller(token: str) -> Caller | None:
        seen.set()
        return known(token)

    monkeypatch.setattr(views.tokens, "caller", caller)
    return seen


async def revoke(views: Views) -> None:
    (token,) = views.tokens
    await views.tokens.revoke(token.id, actor="test")


# --- a revoked token


async def test_whoever_sends_a_body_slowly_does_nothing_once_their_token_is_revoked(
    client: Client, views: Views, door: dict[str, str], admitted: asyncio.Event
) -> None:
    async def slowly() -> Any:
        yield ORDER[:5]
        await admitted.wait()
        await revoke(views)
        yield ORDER[5:]

    headers = door | {"Content-Type": "application/json"}
    refused = await code(client, "POST", BOOKINGS, headers=headers, data=slowly())
    assert refused == (401, "unauthorized")
    assert views.actions.taken == []


async def test_a_touch_is_judged_by_what_the_room_offers_when_all_of_it_is_there(
    client: Client, views: Views, door: dict[str, str], admitted: asyncio.Event
) -> None:
    async def slowly() -> Any:
        yield ORDER[:5]
        await admitted.wait()
        let(views, pin="4711")
        yield ORDER[5:]

    headers = door | {"Content-Type": "application/json"}
    refused = await code(client, "POST", BOOKINGS, headers=headers, data=slowly())
    assert refused == (403, "pin_required")


async def test_a_body_that_does_not_come_is_not_waited_for(
    client: Client, views: Views, door: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.views.guard.BODY_SECONDS", 0.01)

    async def never() -> Any:
        yield ORDER[:5]
        await asyncio.Event().wait()

    headers = door | {"Content-Type": "application/json"}
    refused = await code(client, "POST", BOOKINGS, headers=headers, data=never())
    assert refused == (400, "bad_body")


async def test_a_stream_that_begins_as_its_token_ends_tells_nothing(
    client: Client, views: Views, door: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listener that takes no bytes can hold its stream open before anything is told."""
    await views.keep(event("openly", NOON, 30))
    monkeypatch.setattr(views.tokens, "holds", lambda _: False)
    async with client.get(STREAM, headers=door) as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    assert len(views.hub) == 0


async def test_a_stream_that_missed_the_end_of_its_token_ends_at_the_next_event(
    client: Client, views: Views, door: dict[str, str]
) -> None:
    await views.keep(event("openly", NOON, 30))
    views.tokens.on_revoked = lambda _: None
    async with client.get(STREAM, headers=door) as answer:
        await answer.content.readuntil(b"event: status")
        await revoke(views)
        views.hub.changed("kestrel")
        assert b"agenda" not in await answer.read()
    assert len(views.hub) == 0


async def test_a_stream_hears_nothing_more_of_a_room_that_its_display_has_left(
    client: Client, views: Views, door: dict[str, str]
) -> None:
    await views.keep(event("openly", NOON, 30))
    views.tokens.on_revoked = lambda _: None
    async with client.get(STREAM, headers=door) as answer:
        await answer.content.readuntil(b"event: status")
        (token,) = views.tokens
        await views.tokens.move([token.id], "heron", beside=lambda _: None)
        views.hub.changed("kestrel")
        assert b"agenda" not in await answer.read()


# --- meetings of other people


@pytest.mark.parametrize(
    ("minutes", "act", "order", "passes"),
    [
        (-10, "release", {}, True),
        (60, "release", {}, True),
        (66, "release", {}, False),
        (66, "extend", {"minutes": 15}, False),
        (66, "end", {}, False),
        (60 * 24, "release", {}, False),
        (-10, "extend", {"minutes": 240}, True),
        (8 * 60 - 25, "extend", {"minutes": 15}, False),
    ],
)
async def test_only_the_meeting_that_runs_or_begins_soon_is_changed_at_a_door(
    client: Client,
    views: Views,
    door: dict[str, str],
    minutes: int,
    act: str,
    order: dict[str, int],
    passes: bool,
) -> None:
    await views.keep(event("talk", NOON + minutes * MINUTE, 30))
    (booking,) = (await get(client, AGENDA, headers=door))["bookings"]
    path = f"{BOOKINGS}/{booking['id']}/{act}"
    service = await views.token("read", "write")
    async with client.post(path, headers=door, json=order) as answer:
        assert (answer.status == 200) is passes
        assert passes or (await answer.json())["code"] == "not_offered"
    assert (await client.post(path, headers=service, json=order)).status == 200


async def test_a_meeting_is_not_extended_for_ever(
    client: Client, views: Views, door: dict[str, str]
) -> None:
    for minutes, status in ((8 * 60, 200), (8 * 60 + 6, 403)):
        await views.keep(event("talk", NOON - MINUTE, minutes + 1))
        (booking,) = (await get(client, AGENDA, headers=door))["bookings"]
        path = f"{BOOKINGS}/{booking['id']}/extend"
        answer = await client.post(path, headers=door, json={"minutes": 15})
        assert answer.status == status, minutes


# --- how much work it can make


async def test_searches_for_other_rooms_are_counted(building: Building, clock: FixedClock) -> None:
    path = "/api/v1/rooms/kestrel/alternatives"
    for _ in range(MOST_LOOKS):
        await building.found()
    refused = await code(building.client, "GET", path, headers=building.door)
    assert refused == (429, "too_many_requests")
    assert (await building.book("nowhere"))[0] == 404, "touches are counted apart"
    clock.move(MINUTE)
    assert await building.found() == []


async def test_no_more_agendas_are_looked_into_than_are_told(
    building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        await building.free(f"room{number:02}", floor="2" if number % 2 else "3")
    asked: list[str] = []
    known = Store.agenda

    def agenda(store: Store, room: str) -> Any:
        asked.append(room)
        return known(store, room)

    monkeypatch.setattr(Store, "agenda", agenda)
    assert len(await building.names()) == 20
    assert asked == [f"room{number:02}" for number in range(1, 41, 2)]


async def test_a_display_asks_for_all_rooms_now_and_then_only(
    client: Client, views: Views, door: dict[str, str], clock: FixedClock
) -> None:
    for _ in range(LISTS):
        assert len((await get(client, "/api/v1/rooms", headers=door))["rooms"]) == 2
    refused = await code(client, "GET", "/api/v1/rooms", headers=door)
    assert refused == (429, "too_many_requests")
    assert (await client.get(AGENDA, headers=door)).status in {200, 304}, "its own room goes on"
    service = await views.token("read")
    assert (await client.get("/api/v1/rooms", headers=service)).status == 200
    clock.move(timedelta(seconds=SPAN))
    assert (await client.get("/api/v1/rooms", headers=door)).status == 200


# --- names and digits


def renamed(subject: str, name: str = "Ada Lovelace") -> Event:
    organizer = Person(name=name, address="ada@example.com")
    return event("meeting", NOON, 30, subject=subject, organizer=organizer)


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Ada Lovelace", ""),
        ("Ada Lovelace Budget", "Budget"),
        ("Budget", "Budget"),
        ("", ""),
        ("Ada Lovelacework", "Ada Lovelacework"),
    ],
)
async def test_a_door_that_names_no_organizers_does_not_name_them_in_titles(
    client: Client, views: Views, subject: str, title: str
) -> None:
    let(views, organizers=False)
    await views.keep(renamed(subject))
    door = await views.token(room="kestrel")
    (booking,) = (await get(client, AGENDA, headers=door))["bookings"]
    assert (booking["title"], booking["organizer"]) == (title, "")
    service = await views.token("read")
    (booking,) = (await get(client, AGENDA, headers=service))["bookings"]
    assert (booking["title"], booking["organizer"]) == (subject or "Ada Lovelace", "Ada Lovelace")


def test_what_was_typed_stands_in_no_words_about_a_touch() -> None:
    touch = Touch(offer="book", asks=(), pin="4711", acts=True)
    assert "4711" not in f"{touch} {touch!r}"
