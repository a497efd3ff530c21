"""The board of a list of rooms, in a real browser: what it tells, and what it never does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, Page, expect

from bridge.views import pages
from bridge.views.site import site
from rooms.agenda import agenda_of
from rooms.database import Database
from rooms.display import DisplayPolicy
from rooms.model import Event, Window
from rooms.room import Policy, Room
from tests.bridge.conftest import Views
from tests.fakes.sources import event, room
from tests.fakes.virtual import FixedClock
from tests.process.chromium import lent
from tests.process.live_display import answered, told
from tests.process.test_demo import SIZES

pytestmark = pytest.mark.browser

CUT = """() => [...document.querySelectorAll('li, main, header, footer, body')]
    .filter(e => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1)
    .map(e => e.tagName)"""

SIGN = """e => [...e.querySelectorAll('g')]
    .filter(g => getComputedStyle(g).display !== 'none').map(g => g.getAttribute('class')).join()"""


class Wing:
    """The rooms of the north wing, and what tells of them."""

    def __init__(self, views: Views, origin: str) -> None:
        self.views = views
        self.origin = origin

    async def keep(self, of: Room, *events: Event, age: timedelta = timedelta()) -> None:
        """A room was read."""
        now = self.views.clock.now()
        window = Window.around(now, timedelta(days=1), timedelta(days=7))
        agenda, account = agenda_of(of, events, window=window, as_of=now - age)
        await self.views.store.replace(of, agenda, account)


class Hall:
    """A board of the north wing, and what stands behind it."""

    def __init__(self, wing: Wing, context: BrowserContext, page: Page) -> None:
        self.views = wing.views
        self.keep = wing.keep
        self.context = context
        self.page = page
        self.url = f"{wing.origin}/board/north"
        self.asked: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))

    def card(self, name: str) -> Any:
        """The card of a room."""
        return self.page.locator("#rooms li", has=self.page.get_by_role("heading", name=name))

    async def open(self) -> None:
        """Go there."""
        await self.page.goto(self.url)


def north(id_: str, **more: Any) -> Room:
    """A room of the north wing."""
    usual: dict[str, Any] = {"lists": ("north",), "building": "Harbour House", "floor": "2"}
    return msgspec.structs.replace(room(id_), **{**usual, **more})


@pytest.fixture
def views_of_now(tmp_path: Path) -> Views:
    """Views whose clock shows a Monday's noon, as the browser's will."""
    pages.files()
    return Views(Database(tmp_path / "bridge.db"), FixedClock())


@pytest.fixture
async def wing(views_of_now: Views) -> AsyncIterator[Wing]:
    """Four rooms, each of which stands otherwise."""
    views = views_of_now
    four = [north(name) for name in ("kestrel", "heron", "wren", "swift")]
    views.house.rooms = {one.id: one for one in [*four, room("owl")]}
    async with views.database.running(), TestServer(site(views.house, views.routes())) as server:
        now = views.clock.now()
        opened = Wing(views, f"http://127.0.0.1:{server.port}")
        await opened.keep(four[0], event("merger", now - timedelta(minutes=20), 60))
        await opened.keep(four[1], event("talk", now + timedelta(minutes=120), 60))
        await opened.keep(four[2], event("talk", now + timedelta(minutes=5), 60))
        yield opened
        views.panels.close()


@pytest.fixture
async def hall(browser: Browser, wing: Wing) -> AsyncIterator[Hall]:
    """A board before them."""
    screen = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
    async with lent(browser, **screen, timezone_id="Europe/London") as context:
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
        )
        await page.clock.install(time=wing.views.clock.now())
        yield Hall(wing, context, page)
        await page.close()
    assert complaints == []


async def test_each_room_tells_how_it_stands_by_word_shape_and_colour(hall: Hall) -> None:
    await hall.open()
    await expect(hall.page.locator("h1")).to_have_text("North wing")
    await expect(hall.page.locator("#count")).to_have_text("Harbour House · 2 free")
    told = {
        "Kestrel": ("In use", "until 12:40"),
        "Heron": ("Free", "until 14:00"),
        "Wren": ("Starting soon", "next at 12:05"),
        "Swift": ("Not known", ""),
    }
    signs, colours = set(), set()
    for name, (word, until) in told.items():
        await expect(hall.card(name).locator(".word")).to_have_text(word)
        await expect(hall.card(name).locator(".until")).to_have_text(until)
        await expect(hall.card(name).locator(".place")).to_have_text("Floor 2")
        signs.add(await hall.card(name).evaluate(SIGN))
        colours.add(await hall.card(name).evaluate("e => getComputedStyle(e).backgroundColor"))
    assert len(signs) == len(colours) == 4
    await expect(hall.card("Owl")).to_have_count(0)


async def test_no_word_of_a_meeting_ever_reaches_it(hall: Hall) -> None:
    asked = answered(hall.page)
    await hall.open()
    await expect(hall.card("Kestrel").locator(".word")).to_have_text("In use")
    known = await told(asked)
    assert not [word for word in ("erger", "Talk") if word in known]
    assert all(url.startswith(hall.url.partition("/board")[0]) for url in hall.asked)


async def test_a_change_is_seen_without_a_reload(hall: Hall) -> None:
    await hall.open()
    await expect(hall.card("Heron").locator(".word")).to_have_text("Free")
    await hall.page.evaluate("() => { window.stayed = true }")
    now = hall.views.clock.now()
    await hall.keep(north("heron"), event("now", now - timedelta(minutes=1), 30))
    hall.views.clock.move(timedelta(seconds=11))
    await hall.page.clock.run_for(11_000)
    await expect(hall.card("Heron").locator(".word")).to_have_text("In use")
    assert await hall.page.evaluate("() => window.stayed")


async def test_a_device_whose_clock_is_set_back_goes_on_asking(hall: Hall) -> None:
    await hall.open()
    await expect(hall.card("Heron").locator(".word")).to_have_text("Free")
    now = hall.views.clock.now()
    await hall.page.clock.set_system_time(now - timedelta(hours=6))
    await hall.keep(north("heron"), event("now", now - timedelta(minutes=1), 30))
    hall.views.clock.move(timedelta(seconds=11))
    await hall.page.clock.run_for(11_000)
    await expect(hall.card("Heron").locator(".word")).to_have_text("In use")
    await expect(hall.page.locator("#time")).to_have_text("12:00")
    await expect(hall.page.locator("#trust")).to_have_text("")


async def test_it_turns_by_the_clock_when_a_meeting_begins(hall: Hall) -> None:
    await hall.open()
    await expect(hall.card("Wren").locator(".word")).to_have_text("Starting soon")
    hall.views.clock.move(timedelta(seconds=301))
    await hall.page.clock.fast_forward(301_000)
    await hall.page.clock.run_for(2000)
    await expect(hall.card("Wren").locator(".word")).to_have_text("In use")
    await expect(hall.card("Wren").locator(".until")).to_have_text("until 13:05")


async def test_without_the_bridge_it_says_so_and_promises_nothing_that_has_ended(
    hall: Hall,
) -> None:
    await hall.open()
    await expect(hall.card("Wren").locator(".word")).to_have_text("Starting soon")
    await hall.context.set_offline(True)
    await hall.page.clock.run_for(60_000)
    trust = hall.page.locator("#trust")
    await expect(trust).to_have_text("No connection to the bridge since 12:00")
    await hall.page.clock.fast_forward(300_000)
    await expect(hall.card("Wren").locator(".word")).to_have_text("Not known")
    await expect(hall.card("Heron").locator(".word")).to_have_text("Free")
    await hall.context.set_offline(False)
    hall.views.clock.move(timedelta(minutes=6))
    await hall.page.clock.run_for(11_000)
    await expect(hall.card("Wren").locator(".word")).to_have_text("In use")
    await expect(trust).to_have_text("")


async def test_a_room_whose_calendar_is_old_is_marked(hall: Hall) -> None:
    await hall.keep(north("heron"), age=timedelta(minutes=30))
    await hall.open()
    await expect(hall.card("Heron").locator(".old")).to_have_text("as of 11:30 · not up to date")
    await expect(hall.card("Kestrel").locator(".old")).to_be_hidden()


async def test_more_rooms_than_fit_come_page_by_page_until_somebody_holds_it(hall: Hall) -> None:
    hall.views.house.rooms = {f"r{n}": north(f"r{n}", floor=str(n // 9)) for n in range(60)}
    await hall.open()
    page, held = hall.page.locator("#page"), hall.page.locator("#hold")
    await expect(page).to_have_text("Page 1 of 4")
    first = await hall.page.locator("#rooms h2").first.text_content()
    await hall.page.clock.run_for(13_000)
    await expect(page).to_have_text("Page 2 of 4")
    assert await hall.page.locator("#rooms h2").first.text_content() != first
    await hall.page.keyboard.press("Tab")
    await expect(held).to_be_focused()
    await hall.page.keyboard.press("Enter")
    await expect(held).to_have_attribute("aria-pressed", "true")
    await hall.page.clock.run_for(40_000)
    await expect(page).to_have_text("Page 2 of 4")
    box = await held.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 44
    assert await hall.page.evaluate(CUT) == []


async def test_nothing_is_cut_in_any_size(hall: Hall) -> None:
    long = "Room with a name that nobody would say, and longer than that \u202egnp <b>"
    for count in (1, 5, 24):
        rooms = [north(f"r{n}", name=long if n % 3 == 0 else f"Room {n}") for n in range(count)]
        hall.views.house.rooms = {one.id: one for one in rooms}
        hall.views.clock.move(timedelta(seconds=1))
        await hall.open()
        await expect(hall.page.locator("#rooms li").first).to_be_visible()
        for width, height in SIZES:
            await hall.page.set_viewport_size({"width": width, "height": height})
            await hall.page.clock.run_for(1_000)
            assert await hall.page.evaluate(CUT) == [], (count, width, height)
            assert await hall.page.locator("#rooms b").count() == 0


async def test_it_speaks_the_language_of_its_rooms_and_their_theme(hall: Hall) -> None:
    policy = Policy(display=DisplayPolicy(language="de", clock="12", theme="dark"))
    rooms = [north(name, policy=policy) for name in ("kestrel", "heron")]
    hall.views.house.rooms = {one.id: one for one in rooms}
    await hall.open()
    await expect(hall.card("Heron").locator(".word")).to_have_text("Frei")
    await expect(hall.page.locator("html")).to_have_attribute("lang", "de")
    dark = await hall.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == "rgb(16, 21, 19)"


# --- who may see it


async def elsewhere(views: Views, path: str, **more: Any) -> int:
    """The status of an answer to somebody who is not at the appliance itself."""
    headers = {"X-Forwarded-For": "192.0.2.7", **more.pop("headers", {})}
    async with (
        TestServer(site(views.house, views.routes())) as server,
        aiohttp.ClientSession() as http,
        http.request(
            more.pop("method", "GET"), server.make_url(path), headers=headers, **more
        ) as answer,
    ):
        return answer.status


async def test_it_is_for_displays_of_its_rooms_and_for_services_that_read(
    wing: Wing,
) -> None:
    views = wing.views
    callers = {
        "of the list": (await views.token(room="kestrel"), 200),
        "of another room": (await views.token(room="owl"), 403),
        "service": (await views.token("read"), 200),
        "nobody": ({}, 401),
    }
    for name, (headers, status) in callers.items():
        assert await elsewhere(views, "/api/v1/lists/north/board", headers=headers) == status, name
        page = 401 if status == 403 else status
        assert await elsewhere(views, "/board/north", headers=headers) == page, name
    reads = callers["service"][0]
    assert await elsewhere(views, "/board/none", headers=reads) == 404
    assert await elsewhere(views, "/api/v1/lists/none/board", headers=reads) == 404


async def test_only_a_token_that_can_do_no_harm_becomes_a_cookie(wing: Wing) -> None:
    views = wing.views
    for token, status in (
        (await views.token("read"), 204),
        (await views.token("read", "join"), 403),
        (await views.token("read", "write"), 403),
        (await views.token(room="kestrel"), 204),
        (await views.token(room="owl"), 403),
        ({}, 401),
    ):
        told = await elsewhere(views, "/board/north/sign-in", method="POST", headers=token)
        assert told == status


async def test_it_can_neither_be_framed_nor_call_out(wing: Wing) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{wing.origin}/board/north") as answer:
        policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


async def test_what_has_not_changed_is_not_sent_again(wing: Wing) -> None:
    wing.views.clock.move(timedelta(seconds=1))
    url = f"{wing.origin}/api/v1/lists/north/board"
    async with aiohttp.ClientSession() as http:
        first = await http.get(url)
        wing.views.clock.move(timedelta(seconds=30))
        again = await http.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert again.status == 304
    assert again.headers["bridge-time"] > first.headers["bridge-time"]
