"""Whoever has a display's token, or only guesses or borrows it, against the real program.

Tokens and PINs from other machines are locked out by address too: `tests/bridge/test_limits.py`;
the most codes that are open at once: `tests/bridge/test_pairing.py`.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web as aiohttp_web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from bridge.displays.codes import TRIES as MOST_CODES
from bridge.displays.pins import TRIES as MOST_PINS
from bridge.views.cookies import PAIRING_COOKIE
from bridge.views.web import COOKIE
from connector.simulators.graph import Tenant
from rooms.model import Person
from tests.bridge.test_authorisation import Operation, operations
from tests.process.chromium import a_second
from tests.process.conftest import Running, Site, until
from tests.process.doors import SCREEN
from tests.process.test_display_pairing import Wall
from tests.process.test_nothing_readable import lying_in, spellings
from tests.process.test_writing import post, token

pytestmark = pytest.mark.browser

OWN = "Harvest planning"
OTHERS = ("Zinnia merger", "Hopper", "91230000777")
"""What heron's calendar says."""
KESTREL, HERON = "/api/v1/rooms/kestrel", "/api/v1/rooms/heron"
PIN = "48151623"
BEYOND = {"control", "rooms", "audit", "people"}
"""What is never for displays."""


@pytest.fixture
def hallway(site: Site, tenant: Tenant) -> Site:
    """Kestrel and heron, in different houses and lists; kestrel asks for a PIN to be given back."""
    tenant.register_app(secret="right", roles=["Calendars.ReadWrite"])
    site.settings |= {"writes": "adhoc"}
    site.secrets["pin"] = PIN
    site.lists = [{"id": "north", "name": "North"}, {"id": "south", "name": "South"}]
    site.rooms[0] |= {"building": "HQ", "lists": ["north"]}
    site.rooms[0]["display"] = {"pin_file": "pin", "pin_for": ["release"]}
    site.add_room("heron", building="Annex", lists=["south"])
    site.book(OWN, hour=-0.1)
    body = "<p>https://zoom.us/j/91230000777?pwd=abc</p>"
    grace = Person(name="Grace Hopper", address="grace@example.com")
    site.book("Zinnia merger", room="heron", hour=-0.1, organizer=grace, body=body)
    return site


@asynccontextmanager
async def before_a_door(site: Site, browser: Browser) -> AsyncIterator[Wall]:
    """The program runs, every room was read, and a browser hangs beside a door."""
    async with site.running() as running:
        await until(lambda: running.get("/readyz"), "all rooms")
        async with await browser.new_context(**SCREEN) as context:
            yield Wall(site, running, context, await context.new_page())


# --- a token that was stolen


async def told_to(
    running: Running, operation: Operation, target: str, **more: Any
) -> tuple[int, bytes]:
    """What an operation answers; of a stream its first event, of a redirect nothing."""
    url = f"http://127.0.0.1:{running.port}{target}"
    more |= {"allow_redirects": False}
    if operation.method != "GET":
        more |= {
            "json": {"minutes": 15, "title": "x", "room": "heron", "code": "video", "note": ""}
        }
    async with running.http.request(operation.method, url, **more) as answer:
        if answer.content_type == "text/event-stream":
            return answer.status, await answer.content.readuntil(b"\n\n")
        return answer.status, await answer.read()


def _in_place(known: dict[str, str], found: re.Match[str]) -> str:
    return known.get(found[1], "x")


async def test_a_stolen_token_opens_its_own_room_and_no_other(
    hallway: Site, tenant: Tenant
) -> None:
    kept = [one.id for one in tenant.mailbox("heron@example.com").entries()]
    async with hallway.running() as running:
        await until(lambda: running.get("/readyz"), "all rooms")
        (merger,) = (await running.get(f"{HERON}/agenda"))["bookings"]
        document = await running.get("/api/v1/openapi.json")
        bearer = await token(hallway, "--display", "kestrel")
        cookie = {"Cookie": f"{COOKIE}={bearer['Authorization'].removeprefix('Bearer ')}"}
        wrong: list[str] = []
        opened = 0
        for operation in operations(document):
            for room, name in (("heron", "south"), ("kestrel", "north")):
                known = {"room": room, "list": name, "booking": merger["id"], "file": "icon.svg"}
                target = re.sub(r"{(\w+)}", partial(_in_place, known), operation.path)
                for headers in (bearer, cookie):
                    status, body = await told_to(running, operation, target, headers=headers)
                    where = f"{operation.method} {target}: {status}"
                    wrong += [f"{where} {word}" for word in OTHERS if word.encode() in body]
                    theirs = room == "heron" and operation.of_a_room
                    shut = {303} if operation.schemes == {"session"} else {401, 403}
                    if theirs and not operation.little and status not in shut:
                        wrong.append(where)
                    if operation.scope in BEYOND and status not in {303, 403}:
                        wrong.append(f"{where} {operation.scope}")
                    opened += status in {200, 201} and operation.of_a_room
        assert wrong == []
        assert opened > 20, "what it may do it could"
        assert await running.titles("heron") == ["Zinnia merger"]
    assert [one.id for one in tenant.mailbox("heron@example.com").entries()] == kept


async def test_a_revoked_token_opens_nothing_a_second_later(
    hallway: Site, browser: Browser
) -> None:
    faces = (
        f"{KESTREL}/agenda",
        f"{KESTREL}/display",
        f"{KESTREL}/stream",
        f"{KESTREL}/panel.png",
        f"{KESTREL}/calendar.ics",
        "/api/v1/lists/north/board",
        "/board/north",
        "/display/kestrel",
    )
    async with before_a_door(hallway, browser) as wall:
        id_ = await wall.pair()
        await expect(wall.page.locator("#title")).to_have_text(OWN)
        hall = await wall.context.new_page()
        await hall.clock.install()
        await hall.goto(f"{wall.url}/board/north")
        within = await a_second(hall)
        await expect(hall.locator("#rooms h2")).to_have_text("Kestrel")
        secret = {"Authorization": f"Bearer {await wall.cookie()}"}
        ask = wall.running.http.get
        for face in faces:
            async with ask(f"{wall.url}{face}", headers=secret) as answer:
                assert answer.status == 200, face
        stream = await ask(f"{wall.url}{KESTREL}/stream", headers=secret)
        await stream.content.readuntil(b"event: status")
        revoking = asyncio.create_task(wall.site.command("displays", "revoke", id_))
        await stream.content.read()
        ended = time.monotonic()
        for face in faces:
            async with ask(f"{wall.url}{face}", headers=secret) as answer:
                assert answer.status == 401, face
                assert OWN.encode() not in await answer.read()
        await expect(wall.page.locator("#title")).to_have_text("Pair this display")
        assert time.monotonic() - ended < within
        assert (await revoking)[0] == 0
        await hall.clock.run_for(10_000)
        await expect(hall.locator("#rooms li")).to_have_count(0)
        await expect(hall.locator("#trust")).to_contain_text("may not see this board")
        await wall.page.context.clear_cookies(name=PAIRING_COOKIE)


# --- guesses


async def test_pins_are_guessed_a_few_times_and_codes_too(hallway: Site, browser: Browser) -> None:
    async with before_a_door(hallway, browser) as wall:
        running = wall.running
        door = await token(hallway, "--display", "kestrel")
        (meeting,) = (await running.get(f"{KESTREL}/agenda"))["bookings"]
        release = f"{KESTREL}/bookings/{meeting['id']}/release"
        for guess in range(MOST_PINS):
            status, told = await post(running, release, door | {"Display-Pin": f"000{guess}"})
            assert (status, told["code"]) == (403, "pin_wrong")
        for one in (door, await token(hallway, "--display", "kestrel")):
            status, told = await post(running, release, one | {"Display-Pin": PIN})
            assert (status, told["code"]) == (429, "too_many_requests"), "the whole room is closed"
        assert (await post(running, f"{KESTREL}/faults", door, code="video"))[0] == 200
        code = await wall.code()
        way = aiohttp.UnixConnector(path=str(hallway.folder / "data" / "control.sock"))
        async with aiohttp.ClientSession(connector=way) as person:

            async def type_in(typed: str) -> int:
                order = {"code": typed, "room": "kestrel"}
                async with person.post("http://bridge/api/v1/displays", json=order) as answer:
                    return answer.status

            tried = [await type_in(f"2222-22{number}") for number in range(22, 22 + MOST_CODES)]
            assert set(tried) == {404}
            assert await type_in(code) == 429, "even the right one, after so many"
        status, out, _ = await hallway.command("displays", "list", "--json")
        assert (status, json.loads(out)["displays"]) == (0, [])


# --- a page elsewhere, in the browser that has the cookie

ATTACK = """async ([target, minutes]) => {
  const order = JSON.stringify(minutes ? { minutes, title: "x" } : {});
  const way = { method: "POST", credentials: "include", body: order };
  const tries = [
    fetch(target, { ...way, mode: "no-cors", headers: { "Content-Type": "text/plain" } }),
    fetch(target, { ...way, headers: { "Content-Type": "application/json" } }),
    fetch(target, { ...way, headers: { "Content-Type": "text/plain" } }).then((one) => one.text()),
    fetch(target, { credentials: "include" }).then((one) => one.text()),
  ];
  navigator.sendBeacon(target, new Blob([order], { type: "text/plain" }));
  navigator.sendBeacon(target, new Blob([order], { type: "application/x-www-form-urlencoded" }));
  const form = document.createElement("form");
  Object.assign(form, { method: "POST", action: target, enctype: "text/plain", target: "into" });
  const field = document.createElement("input");
  Object.assign(field, { name: order.slice(0, -1) + ',"a":"', value: '"}' });
  form.append(field);
  document.body.append(form);
  form.submit();
  const came = await Promise.allSettled(tries);
  return came.map(({ value }) => (typeof value === "string" ? value : ""));
}"""
TRAP = '<title>trap</title><iframe name="into"></iframe>'


@asynccontextmanager
async def trap() -> AsyncIterator[int]:
    """A page on another port of this machine; the port."""

    async def serve(_request: aiohttp_web.Request) -> aiohttp_web.Response:
        return aiohttp_web.Response(text=TRAP, content_type="text/html")

    app = aiohttp_web.Application()
    app.router.add_get("/", serve)
    async with TestServer(app) as server:
        assert server.port
        yield server.port


async def test_a_page_elsewhere_does_nothing_with_the_displays_cookie(
    hallway: Site, tenant: Tenant, browser: Browser
) -> None:
    """From another site no cookie comes; from another port of the same one nobody sends JSON."""
    hallway.rooms[0]["display"] = {}
    before = [(one.id, one.end) for one in tenant.mailbox("kestrel@example.com").entries()]
    async with before_a_door(hallway, browser) as wall, trap() as port:
        await wall.pair()
        (meeting,) = (await wall.running.get(f"{KESTREL}/agenda"))["bookings"]
        one = f"{wall.url}{KESTREL}/bookings/{meeting['id']}"
        acts = [(f"{wall.url}{KESTREL}/bookings", 30), (f"{one}/extend", 15)]
        acts += [(f"{one}/{act}", 0) for act in ("end", "release", "join", "leave", "check-in")]
        acts += [(f"{wall.url}{KESTREL}/{path}", 0) for path in ("faults", "alternatives")]
        acts += [(f"{wall.url}{path}", 0) for path in ("/display/kestrel/renew", "/display")]
        for host in ("localhost", "127.0.0.1"):
            page = await wall.context.new_page()
            await page.goto(f"http://{host}:{port}/")
            read = [text for act in acts for text in await page.evaluate(ATTACK, list(act))]
            assert not any(read), f"nothing that was answered can be read at {host}"
            for path in ("agenda", "stream", "calendar.ics"):
                got = await page.evaluate(READ, f"{wall.url}{KESTREL}/{path}")
                assert got == "", (host, path)
            await untouched(wall, meeting)
            await page.close()
    after = [(one.id, one.end) for one in tenant.mailbox("kestrel@example.com").entries()]
    assert after == before


async def untouched(wall: Wall, meeting: dict[str, Any]) -> None:
    """The display, the meeting and the room are as they were."""
    status, out, _ = await wall.site.command("displays", "list", "--json")
    assert (status, len(json.loads(out)["displays"])) == (0, 1)
    told = await wall.running.get(f"{KESTREL}/agenda")
    assert [one["end"] for one in told["bookings"]] == [meeting["end"]]
    async with wall.running.http.get(f"{wall.url}{KESTREL}/faults") as answer:
        assert (await answer.json())["faults"] == []


READ = """(url) => new Promise((done) => {
  const source = new EventSource(url, { withCredentials: true });
  source.onmessage = source.onopen = () => done("opened");
  source.onerror = () => fetch(url, { credentials: "include" })
    .then((answer) => answer.text(), () => "").then(done);
})"""


# --- where secrets must not be


async def test_no_secret_of_a_display_is_in_an_address_a_log_or_a_file(
    hallway: Site, browser: Browser
) -> None:
    async with before_a_door(hallway, browser) as wall:
        asked: list[str] = []
        told: list[str] = []
        wall.context.on(
            "request", lambda one: asked.append(f"{one.url} {one.headers.get('referer')}")
        )
        wall.page.on("console", lambda one: told.append(one.text))
        code = await wall.code()
        waiting = {one["name"]: one for one in await wall.context.cookies(f"{wall.url}/display")}
        await wall.pair()
        await expect(wall.page.locator("#title")).to_have_text(OWN)
        paired = {one["name"]: one for one in await wall.context.cookies(wall.url)}
        for one, path in ((waiting[PAIRING_COOKIE], "/display"), (paired[COOKIE], "/")):
            flags = (one["httpOnly"], one["sameSite"], one["path"], one["domain"])
            assert flags == (True, "Strict", path, "127.0.0.1")
            assert one["expires"] > time.time()
        seen = await wall.page.evaluate(
            """async () => JSON.stringify([
              document.cookie, { ...localStorage }, { ...sessionStorage }, await caches.keys(),
              document.documentElement.outerHTML,
            ])"""
        )
        door = {"Authorization": f"Bearer {paired[COOKIE]['value']}"}
        (meeting,) = (await wall.running.get(f"{KESTREL}/agenda"))["bookings"]
        path = f"{KESTREL}/bookings/{meeting['id']}/release"
        assert (await post(wall.running, path, door | {"Display-Pin": PIN}))[0] == 200
        await wall.page.goto("about:blank")
        assert await wall.running.stop() == 0
        secrets = (waiting[PAIRING_COOKIE]["value"], paired[COOKIE]["value"], PIN)
        shown = "\n".join([*asked, *told, *wall.running.log, seen])
        assert [one for one in (*secrets, code) if one in "\n".join(wall.running.log)] == []
        assert [one for one in secrets if one in shown] == []
        for file, content in lying_in(hallway.folder / "data").items():
            kept = [word for one in secrets for word in spellings(one) if word in content]
            assert kept == [], file


async def test_the_worker_looks_after_the_displays_page_and_nothing_else(
    hallway: Site, browser: Browser
) -> None:
    async with before_a_door(hallway, browser) as wall:
        await wall.pair()
        scopes = await wall.page.evaluate(SCOPES)
        assert scopes == [f"{wall.url}/display/"]
        for wide in ("/", "/board/", "/api/", "/display"):
            refused = await wall.page.evaluate(WIDER, wide)
            assert refused == "SecurityError", wide
        async with wall.running.http.get(f"{wall.url}/static/display/worker.js") as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert policy == "default-src 'none'; connect-src 'self'"
            assert answer.headers["Service-Worker-Allowed"] == "/display/"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-cache"
        async with wall.running.http.get(f"{wall.url}/static/display/main.js") as answer:
            assert "Service-Worker-Allowed" not in answer.headers
        await uncontrolled(wall)


SCOPES = """async () => {
  await navigator.serviceWorker.ready;
  return (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope);
}"""
WIDER = """(scope) => navigator.serviceWorker
  .register("/static/display/worker.js", { scope }).then(() => "taken", ({ name }) => name)"""


async def uncontrolled(wall: Wall) -> None:
    """Boards and what the code leads to are not the worker's."""
    other: Page = await wall.context.new_page()
    for path in ("/board/north", "/admin/pair"):
        await other.goto(f"{wall.url}{path}")
        assert await other.evaluate("navigator.serviceWorker.controller") is None, path
    await other.close()
