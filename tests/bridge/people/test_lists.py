"""Who looks after some room lists sees and changes nothing of others, whatever way they ask."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from yarl import URL

from bridge.health import Subject
from bridge.views.web import COOKIE
from tests.bridge.conftest import Client, Views
from tests.bridge.people.conftest import (
    ELSEWHERE,
    NEARBY,
    cookie,
    meant,
    person,
    secret,
    signed_in,
    told,
)
from tests.fakes.sources import room as a_room

ELSEWHERE_ORDER = {"room": "kestrel", "minutes": 15, "title": "Review"}
FORM = "multipart/form-data; boundary=x"


@pytest.fixture
async def staff(views: Views, building: None) -> dict[str, str]:
    """Facilities staff of heron's list, in a house where kestrel is too."""
    return await signed_in(views, "bob", "facilities", ELSEWHERE)


async def get(client: Client, path: str, headers: dict[str, str]) -> Any:
    answer = await client.get(path, headers=headers)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_lists_hold_only_what_is_theirs(
    client: Client, views: Views, staff: dict[str, str]
) -> None:
    for name in ("kestrel", "heron"):
        views.health.bad(Subject("room", name), "not_found")
    views.health.bad(Subject("endpoint", "codec"), "unreachable")
    views.health.bad(Subject("source", "m365"), "unreachable")
    rooms = await get(client, "/api/v1/rooms", staff)
    assert [one["id"] for one in rooms["rooms"]] == ["heron"]
    assert (await get(client, "/api/v1/endpoints", staff))["endpoints"] == []
    found = (await get(client, "/api/v1/health", staff))["findings"]
    assert {one["subject"]["id"] for one in found} == {"heron", "m365"}
    discovered = await get(client, "/api/v1/discovery", staff)
    assert [one["findings"] for one in discovered["sources"]] == [[]]
    ready = await client.get("/readyz", headers=staff)
    assert (await ready.json())["rooms"] == 1
    assert (await client.get("/metrics", headers=staff)).status == 403
    near = await get(client, "/api/v1/rooms/heron/alternatives", staff)
    assert near["rooms"] == []


async def test_what_others_have_is_as_if_it_were_not_there(
    client: Client, staff: dict[str, str]
) -> None:
    """Word for word: a name can be tried as often as one likes."""
    for path in (
        "/api/v1/rooms/{}",
        "/api/v1/rooms/{}/agenda",
        "/api/v1/rooms/{}/stream",
        "/api/v1/rooms/{}/display",
        "/api/v1/rooms/{}/calendar.ics",
        "/api/v1/rooms/{}/panel.png",
        "/api/v1/rooms/{}/faults",
        "/api/v1/endpoints?room={}",
        "/display/{}",
    ):
        said = []
        for name in ("kestrel", "nowhere"):
            answer = await client.get(path.format(name), headers=staff)
            said.append((answer.status, await answer.text()))
        assert said[0] == said[1], path
        assert said[0][0] == 404
    for path in ("/api/v1/lists/{}/board", "/board/{}"):
        answers = [await client.get(path.format(one), headers=staff) for one in ("north", "no")]
        assert [one.status for one in answers] == [404, 404]
        assert await answers[0].text() == await answers[1].text()


async def test_displays_of_others_cannot_be_seen_made_moved_or_ended(
    client: Client, views: Views, staff: dict[str, str]
) -> None:
    owner = await views.token("rooms")
    path = "/api/v1/displays"

    async def pair(headers: dict[str, str], room: str) -> Any:
        client.session.cookie_jar.clear()
        code = (await (await client.post("/display")).json())["code"]
        client.session.cookie_jar.clear()
        return await client.post(path, json={"code": code, "room": room}, headers=headers)

    theirs = (await (await pair(owner, "kestrel")).json())["id"]
    assert await told(await pair(staff, "kestrel")) == (404, "unknown_room")
    own = await pair(staff, "heron")
    assert own.status == 201
    mine = (await own.json())["id"]
    listed = await get(client, path, staff)
    assert [one["id"] for one in listed["displays"]] == [mine]
    for display, room, code in (
        (theirs, "heron", "unknown_display"),
        (mine, "kestrel", "unknown_room"),
        ("nothing", "heron", "unknown_display"),
    ):
        answer = await client.post(f"{path}/{display}/move", json={"room": room}, headers=staff)
        assert await told(answer) == (404, code)
    refused = await client.delete(f"{path}/{theirs}", headers=staff)
    assert await told(refused) == (404, "unknown_display")
    assert (await client.delete(f"{path}/{mine}", headers=staff)).status == 200
    assert len((await get(client, path, owner))["displays"]) == 1


async def test_a_room_is_theirs_for_as_long_as_it_is_in_their_list(
    client: Client, views: Views, staff: dict[str, str]
) -> None:
    heron = "/api/v1/rooms/heron"
    async with client.get(f"{heron}/stream", headers=staff) as stream:
        await stream.content.readuntil(b"event: status")
        assert (await client.get(heron, headers=staff)).status == 200
        views.house.rooms = {
            "kestrel": a_room("kestrel", lists=ELSEWHERE),
            "heron": a_room("heron", lists=NEARBY),
        }
        assert (await client.get(heron, headers=staff)).status == 404
        assert (await client.get("/api/v1/rooms/kestrel", headers=staff)).status == 200
        views.hub.troubled("heron")
        async with asyncio.timeout(5):
            rest = await stream.content.read()
        assert b"event: agenda" not in rest


async def test_a_stream_ends_with_its_session(client: Client, views: Views, building: None) -> None:
    account = await person(views, "eve", "viewer")
    opened = await secret(views, account)
    async with client.get("/api/v1/rooms/heron/stream", headers=cookie(opened)) as stream:
        await stream.content.readuntil(b"event: status")
        await views.people.sessions.end(views.people.sessions.of_person(account.id))
        async with asyncio.timeout(5):
            await stream.content.read()


async def test_a_stream_of_who_is_idle_ends_too(
    client: Client, views: Views, building: None
) -> None:
    opened = await secret(views, await person(views, "eve", "viewer"))
    async with client.get("/api/v1/rooms/heron/stream", headers=cookie(opened)) as stream:
        await stream.content.readuntil(b"event: status")
        views.clock.move(timedelta(minutes=30))
        views.hub.troubled("heron")
        async with asyncio.timeout(5):
            await stream.content.read()


async def test_a_token_is_for_the_rooms_of_its_lists(
    client: Client, views: Views, building: None
) -> None:
    owner = await views.token("read", "join", "write", "rooms", "people")
    path = "/api/v1/tokens"
    order = {"name": "signs", "scopes": ["read", "write"], "lists": ["south"]}
    made = await client.post(path, json=order, headers=owner)
    assert made.status == 201
    body = await made.json()
    assert body["lists"] == ["south"]
    signs = {"Authorization": f"Bearer {body['token']}"}
    rooms = await get(client, "/api/v1/rooms", signs)
    assert [one["id"] for one in rooms["rooms"]] == ["heron"]
    booking = await client.post(
        "/api/v1/rooms/kestrel/bookings", json={"minutes": 30}, headers=signs
    )
    assert await told(booking) == (404, "unknown_room")
    elsewhere = await client.post(
        "/api/v1/rooms/heron/alternatives", json=ELSEWHERE_ORDER, headers=signs
    )
    assert await told(elsewhere) == (404, "unknown_room")
    for wrong, refused in (
        ({"lists": ["nowhere"]}, (404, "unknown_list")),
        ({"scopes": ["read", "people"]}, (422, "lists_not_for_role")),
        ({"scopes": ["control"]}, (403, "beyond_oneself")),
        ({"lists": []}, (400, "bad_body")),
    ):
        answer = await client.post(path, json=order | wrong, headers=owner)
        assert await told(answer) == refused


async def test_a_browser_that_is_a_display_too_can_do_both(
    client: Client, views: Views, building: None
) -> None:
    """Its page sends no proof of a session: what it does is done as the display."""
    opened = await secret(views, await person(views, "ada", "owner"))
    display = (await views.token(room="kestrel"))["Authorization"].removeprefix("Bearer ")
    both = meant(opened)
    both["Cookie"] += f"; {COOKIE}={display}"
    shows = {name: both[name] for name in ("Cookie", "Host")}
    report = "/api/v1/rooms/{}/faults"
    order = {"code": "audio"}
    for name, status in (("kestrel", 200), ("heron", 403)):
        answer = await client.post(report.format(name), json=order, headers=shows)
        assert answer.status == status
    assert (await client.post(report.format("heron"), json=order, headers=both)).status == 200
    who = await get(client, "/api/v1/session", shows)
    assert who["role"] == "owner"
    form = await client.post("/admin/logout", data={"csrf": "x"}, headers=shows)
    assert form.status == 403


@pytest.mark.parametrize(
    ("body", "proves"),
    [
        (b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nTOKEN\r\n--x--\r\n', True),
        (b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nwrong\r\n--x--\r\n', False),
        (
            (
                b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc\r\n'
                b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nTOKEN\r\n--x--\r\n'
            ),
            False,
        ),
        (b"", False),
    ],
)
async def test_a_form_with_files_proves_itself_first(
    client: Client, views: Views, building: None, body: bytes, proves: bool
) -> None:
    opened = await secret(views, await person(views, "ada", "owner"))
    token = meant(opened)["X-CSRF-Token"].encode()
    headers = cookie(opened) | {"Content-Type": FORM, "Sec-Fetch-Site": "same-origin"}
    answer = await client.post(
        "/admin/logout",
        data=body.replace(b"TOKEN", token),
        headers=headers,
        allow_redirects=False,
    )
    assert answer.status == (303 if proves else 403)
    assert (views.people.caller(opened) is None) == proves


async def test_nobody_who_is_not_signed_in_sees_a_page_of_the_administration(
    client: Client, views: Views, building: None
) -> None:
    """Neither a token nor the appliance itself counts; and they come back to where they were."""
    from aiohttp import web
    from aiohttp.test_utils import TestClient, TestServer

    from bridge.callers import Caller
    from bridge.views.house import House
    from bridge.views.shapes import ProblemShape
    from bridge.views.site import site
    from bridge.views.web import Problem, Route

    async def serve(_house: House, caller: Caller, _request: web.Request) -> web.StreamResponse:
        if caller.role != "owner":
            raise Problem(404, "unknown_room")
        return web.Response(text=str(caller.role))

    def told_by_a_page(_request: web.Request, shape: ProblemShape) -> web.Response:
        return web.Response(status=shape.status, text=shape.title, content_type="text/html")

    page = Route(
        method="GET",
        path="/admin/x/{any}",
        serve=serve,
        scope="read",
        page=True,
        summary="A page",
        answer="text/html",
    )
    good = cookie(await secret(views, await person(views, "ada", "owner")))
    other = cookie(await secret(views, await person(views, "bob", "viewer")))
    async with TestClient(TestServer(site(views.house, [page]))) as pages:
        for headers in ({}, await views.token("read", "people"), cookie("x" * 43)):
            answer = await pages.get("/admin/x/y?q=a&b", headers=headers, allow_redirects=False)
            assert answer.status == 303
            where = URL(answer.headers["Location"])
            assert (where.path, where.query["next"]) == ("/admin/login", "/admin/x/y?q=a&b")
        assert await (await pages.get("/admin/x/y", headers=good)).text() == "owner"
        assert (await pages.get("/admin/x/y", headers=other)).status == 404
        views.house.problem_page = told_by_a_page
        problem = await pages.get("/admin/x/y", headers=other)
        assert (problem.status, problem.content_type) == (404, "text/html")
        assert "no such room" in await (await pages.get("/admin/x/y", headers=other)).text()
