"""What a display is told, what it may do, and what it never learns."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.displays import logos
from bridge.views.display import Doors
from rooms.display import OFFERS, CheckIn, Dim, DisplayPolicy, Offer
from rooms.model import Person
from rooms.room import Policy, Room, Writes
from tests.bridge.conftest import Client, Views
from tests.bridge.test_authorisation import asked, operations
from tests.bridge.test_openapi import described
from tests.bridge.test_stream import listening
from tests.bridge.test_views import ADA, CALL, HOUR, code, get
from tests.fakes.sources import event, room
from tests.fakes.virtual import NOON, FixedClock

DISPLAY = "/api/v1/rooms/kestrel/display"
BOOKINGS = "/api/v1/rooms/kestrel/bookings"
MINUTE = timedelta(minutes=1)
OPENLY = "https://zoom.us/j/91234567890"
ZOOM = "https://zoom.us/j/98765432109 sip:98765432109.445566@zoomcrc.com"
EVE = Person(name="Eve Secretary", address="eve@example.com")
PRIVATE = event("merger", NOON + 2 * HOUR, body=ZOOM, organizer=EVE, private=True)
NEVER = (b"Merger", b"merger", b"Secretary", b"eve@", b"98765432109", b"445566")


def let(views: Views, name: str = "kestrel", /, **display: Any) -> Room:
    """A room whose policy allows everything, but for what its display shall be."""
    policy = Policy(writes="full", display=DisplayPolicy(**display))
    return having(views, policy, name)


def having(views: Views, policy: Policy, name: str = "kestrel", /, **more: Any) -> Room:
    """A room of this policy from now on."""
    changed = room(name, policy=policy, **more)
    views.house.rooms = {**views.house.rooms, name: changed}
    return changed


@pytest.fixture
async def door(views: Views, client: Client) -> dict[str, str]:
    """The header of kestrel's display."""
    return await views.token(room="kestrel")


# --- what it is told


async def test_it_is_told_its_room_its_looks_and_what_it_offers(
    views: Views, client: Client, door: dict[str, str]
) -> None:
    policy = Policy(
        writes="adhoc",
        check_in=CheckIn(enabled=True),
        display=DisplayPolicy(
            language="sv",
            clock="12",
            theme="dark",
            dim=Dim(start="22:00", end="06:30"),
            book=(15 * MINUTE, 90 * MINUTE),
            find="lists",
            pin="1234",
            pin_for=("end", "release"),
        ),
    )
    having(views, policy, building="HQ", floor="2", capacity=8, features=("screen",))
    told = await get(client, DISPLAY, headers=door)
    assert len(told.pop("version")) == 16
    assert told == {
        "room": {
            "id": "kestrel",
            "name": "Kestrel",
            "building": "HQ",
            "floor": "2",
            "capacity": 8,
            "features": ["screen"],
            "time_zone": "Europe/London",
        },
        "look": {
            "language": "sv",
            "clock": "12",
            "theme": "dark",
            "colours": {"free": "", "busy": "", "soon": "", "check_in": ""},
            "logo": None,
            "dim": {"from": "22:00", "to": "06:30"},
        },
        "offers": {
            "book": [15, 90],
            "until_next": True,
            "longest": 240,
            "extend": True,
            "end": True,
            "check_in": True,
            "release": True,
            "join": True,
            "report": True,
            "find": "lists",
        },
        "pin": ["end", "release"],
    }


ALL = {"book", "until_next", "extend", "end", "check_in", "release", "join", "report", "find"}


@pytest.mark.parametrize(
    ("writes", "lacking"),
    [
        ("none", {"book", "until_next", "extend", "end", "release"}),
        ("release", {"book", "until_next", "extend"}),
        ("adhoc", set()),
        ("full", set()),
    ],
)
def test_it_offers_what_writes_allows(views: Views, writes: Writes, lacking: set[str]) -> None:
    assert offered(views, Policy(writes=writes, check_in=CheckIn(enabled=True))) == ALL - lacking


@pytest.mark.parametrize("offer", OFFERS)
def test_it_offers_what_its_policy_offers(views: Views, offer: Offer) -> None:
    one = DisplayPolicy(offers=(offer,))
    policy = Policy(writes="full", check_in=CheckIn(enabled=True), display=one)
    assert offered(views, policy) == {offer, *({"until_next"} if offer == "book" else ())}


def test_it_offers_what_source_systems_and_check_in_can_do(views: Views) -> None:
    policy = Policy(writes="full")
    assert offered(views, policy) == ALL - {"check_in"}
    views.unwritable.add("m365")
    assert offered(views, policy) == {"join", "report", "find"}
    views.joins.dials = False
    assert offered(views, policy) == {"report", "find"}


def offered(views: Views, policy: Policy) -> set[str]:
    told = views.doors.of(having(views, policy)).offers
    found = {name for name in ALL - {"find"} if getattr(told, name)}
    return found | ({"find"} if told.find != "none" else set())


def test_the_pin_is_asked_for_what_is_offered_and_to_book_elsewhere(views: Views) -> None:
    told = views.doors.of(let(views, pin="1234", pin_for=("book", "join")))
    assert b'"pin":["book","join","find"]' in told.body
    views.unwritable.add("m365")
    told = views.doors.of(let(views, pin="1234", pin_for=("book", "join")))
    assert b'"pin":["join","find"]' in told.body
    assert b'"pin":[]' in views.doors.of(let(views, pin="", pin_for=("book",))).body


def test_its_version_changes_with_what_it_is_told_and_with_nothing_else(views: Views) -> None:
    first = views.doors.of(let(views))
    assert views.doors.of(first.room) is first
    assert views.doors.version(let(views)) == first.version
    assert views.doors.version(let(views, theme="dark")) != first.version
    assert views.doors.version(let(views)) == first.version
    views.unwritable.add("m365")
    assert views.doors.version(let(views)) != first.version
    views.doors.forget({})
    assert views.doors.of(first.room) is not first


async def test_the_stream_tells_that_something_else_is_offered(
    views: Views, client: Client
) -> None:
    await views.keep(CALL)
    before = views.doors.version(let(views))
    async with listening(client) as listener:
        assert (await listener.next())["event"] == "agenda"
        assert (await listener.next()).data["display"] == before
        let(views, theme="contrast")
        views.hub.troubled("kestrel")
        after = (await listener.next()).data["display"]
    told = await get(client, DISPLAY)
    assert before != after == told["version"]


async def test_a_display_is_told_nothing_of_another_rooms_display(
    views: Views, client: Client, door: dict[str, str]
) -> None:
    for path in ("display", "logo", "faults", "alternatives"):
        target = f"/api/v1/rooms/heron/{path}"
        assert await code(client, "GET", target, headers=door) == (403, "forbidden")
    for path, body in (
        ("faults", {"code": "video"}),
        ("alternatives", {"room": "kestrel", "minutes": 15, "title": "x"}),
        ("bookings", {"minutes": 15, "title": "x"}),
        ("bookings/x/end", {}),
        ("bookings/x/join", {}),
    ):
        target = f"/api/v1/rooms/heron/{path}"
        assert await code(client, "POST", target, headers=door, json=body) == (403, "forbidden")
    cleared = "/api/v1/rooms/kestrel/faults/video"
    assert await code(client, "DELETE", cleared, headers=door) == (403, "forbidden")
    assert views.actions.taken == []


# --- the logo

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.allow_blocking  # the test writes the files itself
async def test_the_logo_is_served_harmless_and_has_another_address_when_it_changes(
    views: Views, client: Client, door: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "logo.svg"
    let(views, logo=str(file))
    assert (await get(client, DISPLAY, headers=door))["look"]["logo"] is None
    logo = "/api/v1/rooms/kestrel/logo"
    assert await code(client, "GET", logo, headers=door) == (404, "not_found")
    file.write_bytes(SVG)
    views.doors.logos = logos.read([str(file)], {})
    url = (await get(client, DISPLAY, headers=door))["look"]["logo"]
    async with client.get(url, headers=door) as answer:
        assert (answer.status, answer.content_type) == (200, "image/svg+xml")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert await answer.read() == SVG
        etag = answer.headers["ETag"]
    async with client.get(url, headers=door | {"If-None-Match": etag}) as answer:
        assert answer.status == 304
    file.write_bytes(SVG.replace(b"1", b"2"))
    views.doors.logos = logos.read([str(file)], views.doors.logos)
    assert (await get(client, DISPLAY, headers=door))["look"]["logo"] != url
    file.unlink()
    assert logos.read([str(file)], views.doors.logos) == views.doors.logos
    assert logos.read([str(file)], {}) == {}


# --- what the door is silent about


async def test_a_door_may_be_silent_about_titles_and_organizers(
    views: Views, client: Client, door: dict[str, str]
) -> None:
    await views.keep(CALL)
    for titles, organizers in ((True, False), (False, True), (False, False)):
        let(views, titles=titles, organizers=organizers)
        (shown,) = (await get(client, "/api/v1/rooms/kestrel/agenda", headers=door))["bookings"]
        title, organizer = "Call" * titles, "Ada Lovelace" * organizers
        assert (shown["title"], shown["organizer"]) == (title, organizer)
        assert shown["can_join"]
        assert shown["join"]["sip"]
        following = (await get(client, "/api/v1/rooms/kestrel", headers=door))["next"]
        assert following["title"] == title
        (whole,) = (await get(client, "/api/v1/rooms/kestrel/agenda"))["bookings"]
        assert (whole["title"], whole["organizer"]) == ("Call", "Ada Lovelace")


@pytest.mark.parametrize("silent", [False, True])
async def test_no_byte_that_a_display_may_ask_for_tells_of_a_private_meeting(
    views: Views, client: Client, *, silent: bool
) -> None:
    let(views, titles=not silent, organizers=not silent)
    await views.keep(event("walrus", NOON + HOUR, body=OPENLY, organizer=ADA), PRIVATE)
    await views.keep(PRIVATE, name="heron")
    doors = [await views.token(room="kestrel"), await views.token("read", "join", room="kestrel")]
    never = (*NEVER, *((b"Walrus", b"Lovelace") if silent else ()))
    answered = 0
    for operation in operations(await described(client)):
        for headers in doors:
            status, _, body = await asked(client, operation.method, operation.target, headers)
            answered += status == 200
            assert not [word for word in never if word in body], operation
    assert answered > 20
    (_, private) = (await get(client, "/api/v1/rooms/kestrel/agenda", headers=doors[0]))["bookings"]
    assert private["can_join"]
    join = f"{BOOKINGS}/{private['id']}/join"
    async with client.post(join, headers=doors[0], json={}) as answer:
        assert (await answer.json())["done"] == "joined"
    assert views.joins.asked[-1][:3] == ("join", "kestrel", private["id"])


# --- what it may do


def test_no_route_changes_anything_from_a_door_without_its_policy(views: Views) -> None:
    changes = [
        one
        for one in views.routes()
        if one.method != "GET" and "{room}" in one.path and one.displays and one.scope == "write"
    ]
    assert len(changes) >= 8
    assert [one.path for one in changes if one.offer is None] == []


ACTS: dict[Offer, tuple[str, dict[str, Any]]] = {
    "book": (BOOKINGS, {"title": "Talk", "minutes": 30}),
    "extend": (f"{BOOKINGS}/x/extend", {"minutes": 15}),
    "end": (f"{BOOKINGS}/x/end", {}),
    "release": (f"{BOOKINGS}/x/release", {}),
    "join": (f"{BOOKINGS}/x/join", {}),
    "report": ("/api/v1/rooms/kestrel/faults", {"code": "video"}),
    "find": ("/api/v1/rooms/kestrel/alternatives", {"room": "heron", "minutes": 30, "title": "T"}),
}


@pytest.mark.parametrize("offer", ACTS)
async def test_it_does_only_what_its_room_offers(
    views: Views, client: Client, door: dict[str, str], offer: Offer
) -> None:
    let(views, "heron")
    await views.keep(name="heron")
    path, body = ACTS[offer]
    let(views, offers=tuple(one for one in OFFERS if one != offer))
    assert await code(client, "POST", path, headers=door, json=body) == (403, "not_offered")
    service = await views.token("read", "write")
    assert (await client.post(path, headers=service, json=body)).status in {200, 201}
    let(views, offers=(offer,))
    assert (await client.post(path, headers=door, json=body)).status in {200, 201}
    views.house.gate = None
    assert await code(client, "POST", path, headers=door, json=body) == (403, "not_offered")


async def test_where_joining_is_not_offered_leaving_is_not_either_and_no_button_is_shown(
    views: Views, client: Client, door: dict[str, str]
) -> None:
    let(views, offers=("book",))
    leave = f"{BOOKINGS}/x/leave"
    assert await code(client, "POST", leave, headers=door, json={}) == (403, "not_offered")
    call = "/api/v1/rooms/kestrel/call"
    assert not (await get(client, call, headers=door))["may_join"]
    assert (await get(client, call, headers=await views.token("read", "write")))["may_join"]


def at(minutes: float) -> str:
    return (NOON + minutes * MINUTE).isoformat()


def orders() -> Iterator[tuple[dict[str, Any], bool]]:
    """Orders at noon, the next meeting an hour away; whether they are offered."""
    for minutes in (15, 30, 45, 60, 59):
        yield {"minutes": minutes}, True
    for minutes in (1, 37, 66, 240, 1440):
        yield {"minutes": minutes}, False
    yield {"end": at(60)}, True
    yield {"end": at(52)}, True  # the next meeting was earlier when somebody touched
    yield {"end": at(240)}, True
    yield {"end": at(246)}, False
    for minutes in (-4, 0, 4):
        yield {"start": at(minutes), "minutes": 30}, True
    for minutes in (-6, 6, 1440):
        yield {"start": at(minutes), "minutes": 30}, False
    yield {"minutes": 30, "recurrence": "FREQ=DAILY;COUNT=2"}, False


@pytest.mark.parametrize(("order", "good"), list(orders()), ids=str)
async def test_it_books_for_as_long_as_is_offered_and_from_now_on(
    views: Views, client: Client, door: dict[str, str], order: dict[str, Any], *, good: bool
) -> None:
    let(views)
    await views.keep(CALL)
    order = {"title": "Talk", **order}
    status = (await client.post(BOOKINGS, headers=door, json=order)).status
    assert status == (201 if good else 403)
    service = await views.token("read", "write")
    assert (await client.post(BOOKINGS, headers=service, json=order)).status == 201


async def test_with_nothing_following_until_next_is_the_longest_booking(
    views: Views, client: Client, door: dict[str, str]
) -> None:
    await views.keep()
    let(views, longest=2 * HOUR, book=(15 * MINUTE,))
    for minutes, status in ((120, 201), (119, 201), (121, 403), (60, 403)):
        assert await status_of(client, door, minutes=minutes) == status
    let(views, until_next=False, book=(15 * MINUTE,))
    beyond: list[dict[str, Any]] = [{"minutes": 240}, {"end": at(100)}]
    for order in beyond:
        told = await code(client, "POST", BOOKINGS, headers=door, json={"title": "T", **order})
        assert told == (403, "not_offered")
    assert await status_of(client, door, end=at(15)) == 201


async def status_of(client: Client, door: dict[str, str], **order: Any) -> int:
    return (await client.post(BOOKINGS, headers=door, json={"title": "T", **order})).status


async def test_the_same_touch_until_next_may_come_again_later(
    views: Views, client: Client, door: dict[str, str], clock: FixedClock
) -> None:
    let(views)
    await views.keep(CALL)
    clock.move(20 * MINUTE)
    order = {"title": "Talk", "minutes": 40}
    assert (await client.post(BOOKINGS, headers=door, json=order)).status == 201
    clock.move(4 * MINUTE)
    assert (await client.post(BOOKINGS, headers=door, json=order)).status == 201
    clock.move(4 * MINUTE)
    assert (await client.post(BOOKINGS, headers=door, json=order)).status == 403


async def test_it_extends_by_so_much_and_gives_back_one_meeting_at_a_time(
    views: Views, client: Client, door: dict[str, str]
) -> None:
    let(views, longest=HOUR)
    await views.keep(CALL)
    (shown,) = (await get(client, "/api/v1/rooms/kestrel/agenda", headers=door))["bookings"]
    one = f"{BOOKINGS}/{shown['id']}"
    for body, status in (
        ({"minutes": 60}, 200),
        ({"minutes": 61}, 403),
        ({"end": at(150)}, 200),
        ({"end": at(151)}, 403),
    ):
        assert (await client.post(f"{one}/extend", headers=door, json=body)).status == status
    series = {"scope": "series"}
    refused = await code(client, "POST", f"{one}/release", headers=door, json=series)
    assert refused == (403, "not_offered")


async def test_twenty_touches_a_minute_are_enough(
    views: Views, client: Client, door: dict[str, str], clock: FixedClock
) -> None:
    let(views)
    join = f"{BOOKINGS}/x/join"
    for _ in range(20):
        assert (await client.post(join, headers=door, json={})).status == 200
    async with client.post(join, headers=door, json={}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (429, "too_many_requests")
        assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert (await client.get(DISPLAY, headers=door)).status == 200
    another = await views.token(room="kestrel")
    assert (await client.post(join, headers=another, json={})).status == 200
    clock.move(MINUTE)
    assert (await client.post(join, headers=door, json={})).status == 200


def test_what_is_told_of_a_room_costs_nothing_while_nothing_changes(views: Views) -> None:
    doors, one = Doors(views.house), let(views)
    first = doors.of(one)
    assert all(doors.of(one) is first for _ in range(1000))
