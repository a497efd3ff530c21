"""Another free room, found and booked from a door."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.views.booking_shapes import CreateOrder
from bridge.views.house import Presence
from bridge.views.orders import KEY
from rooms.display import DisplayPolicy, Reach
from rooms.model import Event
from rooms.room import Policy, Room, Writes
from tests.bridge.conftest import Client, Views
from tests.bridge.test_display_views import let
from tests.bridge.test_views import code, get
from tests.fakes.sources import event, room
from tests.fakes.virtual import NOON, FixedClock

PATH = "/api/v1/rooms/kestrel/alternatives"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Building:
    """Kestrel and the rooms around it."""

    def __init__(self, views: Views, client: Client, door: dict[str, str]) -> None:
        self.views = views
        self.client = client
        self.door = door
        views.house.rooms = {}
        self.add("kestrel", building="HQ", floor="2", capacity=6, lists=("north",))

    def add(self, name: str, /, writes: Writes = "adhoc", **more: Any) -> Room:
        """A room, or another policy for one."""
        display = DisplayPolicy(**more.pop("display", {}))
        usual: dict[str, Any] = {"building": "HQ", "floor": "2", "capacity": 6}
        made = room(name, policy=Policy(writes=writes, display=display), **usual | more)
        self.views.house.rooms = {**self.views.house.rooms, name: made}
        return made

    async def free(self, name: str, /, *events: Event, **more: Any) -> None:
        """A room that was read and holds these."""
        self.add(name, **more)
        await self.views.keep(*events, name=name)

    async def names(self, query: str = "", headers: dict[str, str] | None = None) -> list[str]:
        """The rooms that are found."""
        return [one["id"] for one in await self.found(query, headers)]

    async def found(self, query: str = "", headers: dict[str, str] | None = None) -> Any:
        told = await get(self.client, f"{PATH}?{query}", headers=headers or self.door)
        return told["rooms"]

    async def book(self, name: str, minutes: int = 30, key: str = "") -> tuple[int, Any]:
        """What comes of booking one."""
        body = {"room": name, "minutes": minutes, "title": "Talk"}
        async with self.client.post(PATH, headers=self.door | {KEY: key}, json=body) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def building(views: Views, client: Client) -> Building:
    return Building(views, client, await views.token(room="kestrel"))


def at(minutes: float) -> datetime:
    return NOON + minutes * MINUTE


# --- which rooms


async def test_of_another_room_it_tells_where_and_how_large_it_is_and_until_when_it_is_free(
    building: Building,
) -> None:
    meeting = event("walrus", at(95), 30)
    await building.free("heron", meeting, features=("screen",), capacity=4, floor="3")
    await building.free("plover", floor="3")
    assert await building.found() == [
        {
            "id": "plover",
            "name": "Plover",
            "building": "HQ",
            "floor": "3",
            "capacity": 6,
            "features": [],
            "until": None,
        },
        {
            "id": "heron",
            "name": "Heron",
            "building": "HQ",
            "floor": "3",
            "capacity": 4,
            "features": ["screen"],
            "until": "2026-11-23T13:35:00Z",
        },
    ]


@pytest.mark.parametrize(
    ("reach", "names"),
    [
        ("floor", ["floor"]),
        ("building", ["floor", "building"]),
        ("lists", ["list"]),
        ("all", ["floor", "building", "away", "list"]),
    ],
)
async def test_it_looks_as_far_as_the_policy_reaches(
    building: Building, views: Views, reach: Reach, names: list[str]
) -> None:
    north: dict[str, Any] = {"building": "HQ", "floor": "2", "lists": ("north",)}
    building.add("kestrel", display={"find": reach}, **north)
    await building.free("floor")
    await building.free("building", floor="1")
    await building.free("list", building="Annex", lists=("south", "north"))
    await building.free("away", building="Annex")
    assert await building.names() == names
    service = await views.token("read")
    assert len(await building.names(headers=service)) == 4, "a service is not bound by it"


async def test_where_nothing_is_looked_for_that_is_said(building: Building) -> None:
    building.add("kestrel", display={"find": "none"})
    await building.free("heron")
    assert await code(building.client, "GET", PATH, headers=building.door) == (403, "not_offered")
    status, told = await building.book("heron")
    assert (status, told["code"]) == (403, "not_offered")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["same", "large", "small", "unknown", "upstairs"]),
        ("capacity=7", ["large"]),
        ("capacity=4", ["small", "same", "large", "upstairs"]),
        ("features=screen", ["same", "large"]),
        ("features=screen,phone", ["large"]),
        ("features=", ["same", "large", "small", "unknown", "upstairs"]),
        ("floor=3", ["upstairs"]),
        ("building=Annex", []),
        ("building=HQ&floor=3&capacity=6", ["upstairs"]),
    ],
)
async def test_it_is_found_by_size_features_and_place_the_nearest_and_fitting_first(
    building: Building, query: str, names: list[str]
) -> None:
    await building.free("upstairs", floor="3")
    await building.free("unknown", capacity=0)
    await building.free("large", capacity=8, features=("phone", "screen"))
    await building.free("small", capacity=4)
    await building.free("same", features=("screen",))
    assert await building.names(query) == names


@pytest.mark.parametrize(
    "query", ["minutes=0", "minutes=x", "minutes=1441", "minutes=-5", "capacity=%C2%B2", "minutes="]
)
async def test_what_is_no_number_is_refused(building: Building, query: str) -> None:
    refused = await code(building.client, "GET", f"{PATH}?{query}", headers=building.door)
    assert refused == (400, "bad_query")


async def test_only_rooms_that_are_free_for_so_long_are_found(building: Building) -> None:
    await building.free("now", event("a", at(-10), 30))
    await building.free("soon", event("a", at(20), 30))
    await building.free("later", event("a", at(30), 30))
    await building.free("note", event("a", at(0), 30, blocks=False))
    assert await building.names() == ["later", "note", "soon"], "15 minutes: the shortest here"
    assert await building.names("minutes=30") == ["later", "note"]
    assert await building.names("minutes=45") == ["note"]


async def test_what_is_not_known_is_not_free(building: Building, clock: FixedClock) -> None:
    building.add("unread")
    await building.free("old")
    clock.move(timedelta(minutes=21))
    await building.free("fresh")
    assert await building.names() == ["fresh"]


async def test_a_room_that_people_are_in_is_not_free(building: Building, views: Views) -> None:
    for state in ("unknown", "free", "in_use", "in_call"):
        await building.free(state)
    views.house.presence = lambda name: Presence(state=name)  # type: ignore[arg-type] # named so
    assert await building.names() == ["free", "unknown"]


async def test_only_rooms_that_may_be_booked_for_so_long_are_found(
    building: Building, views: Views
) -> None:
    views.unwritable.add("feed")
    await building.free("kiosk", writes="none")
    await building.free("given", writes="release")
    await building.free("quiet", display={"offers": ("join",)})
    await building.free("feed", source="feed")
    await building.free("hourly", display={"book": (HOUR,), "until_next": False})
    await building.free("heron")
    assert await building.names() == ["heron"]
    assert await building.names("minutes=60") == ["heron", "hourly"]
    for name in ("kiosk", "given", "quiet", "feed", "hourly", "kestrel"):
        status, told = await building.book(name)
        assert (status, told["code"]) == (403, "not_offered"), name
    assert views.actions.taken == []


async def test_the_best_twenty_are_told(building: Building) -> None:
    for number in range(25):
        await building.free(f"room{number:02}")
    assert await building.names() == [f"room{number:02}" for number in range(20)]


# --- booking one


async def test_it_is_booked_there_in_the_name_of_this_door(
    building: Building, views: Views
) -> None:
    await building.free("heron")
    status, told = await building.book("heron", key="one")
    assert (status, told["done"]) == (201, "created")
    ((asked, order),) = views.actions.taken
    assert (asked.room.id, asked.key, asked.caller.name) == (
        "heron",
        "one",
        "token:test at kestrel",
    )
    assert asked.request[0] == PATH
    assert order == CreateOrder(minutes=30, title="Talk")


async def test_a_room_that_is_out_of_reach_or_unknown_is_not_booked(building: Building) -> None:
    await building.free("away", building="Annex")
    status, told = await building.book("away")
    assert (status, told["code"]) == (403, "not_offered")
    status, told = await building.book("nowhere")
    assert (status, told["code"]) == (404, "unknown_room")


@pytest.mark.parametrize(
    "body",
    [{}, {"room": "heron", "minutes": 0, "title": "x"}, {"room": "heron", "minutes": 15}],
    ids=str,
)
async def test_an_order_that_makes_no_sense_is_refused(
    building: Building, body: dict[str, Any]
) -> None:
    refused = await code(building.client, "POST", PATH, headers=building.door, json=body)
    assert refused == (400, "bad_body")


async def test_a_page_elsewhere_cannot_book(building: Building) -> None:
    await building.free("heron")
    headers = building.door | {"Content-Type": "text/plain"}
    sent = b'{"room":"heron","minutes":30,"title":"x"}'
    refused = await code(building.client, "POST", PATH, headers=headers, data=sent)
    assert refused == (400, "bad_body")


async def test_services_find_and_book_where_the_rooms_policy_lets_anybody(
    building: Building, views: Views
) -> None:
    await building.free("heron", building="Annex", display={"book": (HOUR,), "until_next": False})
    building.door = await views.token("read", "write")
    assert await building.names("minutes=30") == ["heron"]
    assert (await building.book("heron", 30))[0] == 201
    building.door = await views.token("read")
    assert (await building.book("heron", 30))[0] == 403


async def test_a_door_that_offers_no_booking_of_its_own_room_may_find_another(
    building: Building, views: Views
) -> None:
    let(views, offers=("find",), find="all")
    await building.free("heron")
    assert await building.names() == ["heron"]
    assert (await building.book("heron"))[0] == 201
