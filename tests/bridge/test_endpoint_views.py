"""Room systems and joining over HTTP: who may, and in which form."""

import pytest

from bridge.views.web import COOKIE
from tests.bridge.conftest import Client, Views
from tests.bridge.test_callers import FOREIGN

JOIN = "/api/v1/rooms/kestrel/bookings/b1/join"
DIAL = "/api/v1/endpoints/codec/dial"


async def status(
    client: Client, method: str, path: str, headers: dict[str, str], **more: object
) -> int:
    client.session.cookie_jar.clear()
    async with client.request(method, path, headers=FOREIGN | headers, **more) as answer:  # type: ignore[arg-type]
        return answer.status


async def test_a_display_has_its_own_room_join_and_no_other(client: Client, views: Views) -> None:
    display = await views.token(room="kestrel")
    assert await status(client, "POST", JOIN, display, json={}) == 200
    assert await status(client, "POST", JOIN.replace("kestrel", "heron"), display, json={}) == 403
    assert [one[:3] for one in views.joins.asked] == [("join", "kestrel", "b1")]


async def test_joining_is_no_change_of_a_calendar_so_that_writes_says_nothing_of_it(
    client: Client, views: Views
) -> None:
    assert views.house.rooms["kestrel"].policy.writes == "none"
    assert await status(client, "POST", JOIN, await views.token(room="kestrel")) == 200
    assert await status(client, "POST", JOIN, await views.token("read", "join")) == 403


async def test_a_cookie_alone_does_not_make_a_room_dial(client: Client, views: Views) -> None:
    token = (await views.token(room="kestrel"))["Authorization"].removeprefix("Bearer ")
    cookie = {"Cookie": f"{COOKIE}={token}"}
    form = {"Content-Type": "text/plain"}
    assert await status(client, "POST", JOIN, cookie | form, data="{}") == 400
    assert await status(client, "POST", JOIN, cookie, json={}) == 200


async def test_who_sits_at_the_appliance_looks_and_dials_nothing(
    client: Client, views: Views
) -> None:
    async with client.get("/api/v1/endpoints") as answer:
        assert answer.status == 200
    async with client.post(JOIN, json={}) as answer:
        assert answer.status == 403
    assert not views.joins.asked


@pytest.mark.parametrize("path", ["/api/v1/endpoints", "/api/v1/endpoints/codec"])
async def test_room_systems_are_not_for_displays(client: Client, views: Views, path: str) -> None:
    assert await status(client, "GET", path, await views.token(room="kestrel")) == 403
    assert await status(client, "GET", path, await views.token("read")) == 200
    dial = {"booking": "b1"}
    assert await status(client, "POST", DIAL, await views.token(room="kestrel"), json=dial) == 403


async def test_a_service_dials_bookings_and_no_address(client: Client, views: Views) -> None:
    write = await views.token("read", "write")
    assert await status(client, "POST", DIAL, write, json={"booking": "b1"}) == 200
    assert await status(client, "POST", DIAL, write, json={"address": "a@example.com"}) == 403
    assert views.endpoints.told == [("dialled", "token:test")]


@pytest.mark.parametrize(
    ("path", "order"),
    [
        (DIAL, {"booking": 1}),
        (DIAL, {"number": "1"}),
        ("/api/v1/endpoints/codec/tones", {"digits": "12a"}),
        ("/api/v1/endpoints/codec/tones", {}),
        (JOIN, {"force": True}),
    ],
)
async def test_orders_that_make_no_sense_are_refused(
    client: Client, views: Views, path: str, order: dict[str, object]
) -> None:
    assert await status(client, "POST", path, await views.token("read", "write"), json=order) == 400


async def test_endpoints_can_be_asked_for_by_room(client: Client) -> None:
    async with client.get("/api/v1/endpoints?room=kestrel") as answer:
        (one,) = (await answer.json())["endpoints"]
        assert (one["id"], one["state"], one["reachable"]) == ("codec", "shown", True)
    async with client.get("/api/v1/endpoints?room=heron") as answer:
        assert (await answer.json())["endpoints"] == []
    async with client.get("/api/v1/endpoints?room=nowhere") as answer:
        assert answer.status == 404
    async with client.get("/api/v1/endpoints/nobody") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "unknown_endpoint")


async def test_a_display_learns_whether_its_room_dials(client: Client, views: Views) -> None:
    own = await views.token(room="kestrel")
    async with client.get("/api/v1/rooms/kestrel/call", headers=FOREIGN | own) as answer:
        assert await answer.json() == {
            "dials": True,
            "may_join": True,
            "state": "idle",
            "booking": None,
            "opens_s": 300,
            "closes_s": 0,
            "joins_itself_s": None,
        }
    assert await status(client, "GET", "/api/v1/rooms/heron/call", own) == 403
