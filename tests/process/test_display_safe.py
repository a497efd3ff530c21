"""What calendars and people write reaches displays as words: through the real program, everywhere.

Ten thousand characters and every script, which Graph would not keep: `test_display_page.py`,
`tests/bridge/test_panel.py` and `tests/bridge/test_ics.py`.
"""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import icalendar
import pytest
from aiohttp import web as aiohttp_web
from aiohttp.test_utils import TestServer
from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, expect

from bridge.admin.pages import POLICY
from bridge.views.pages import PAGE
from connector.simulators.graph import Tenant
from rooms.model import Person
from tests.bridge.test_authorisation import operations
from tests.process.conftest import Running, Site, until
from tests.process.doors import SCREEN
from tests.process.test_display_pairing import Wall

OF_PEOPLE = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
"""What is different where people fill in forms: these go to us alone, and nobody keeps them."""
pytestmark = pytest.mark.browser

MARKUP = (
    "</script><script>done()</script><img src=//evil.example/x onerror=done()>"
    "<svg onload=done()><iframe src=//evil.example></iframe>"
)
STYLE = (
    "</style><style>*{display:none;background:url(//evil.example/c)}</style><link rel=stylesheet"
)
HOSTILE = (
    MARKUP,
    STYLE,
    "\u202egnineve \u2066\u2067\u2068 doog\u202d",
    "nul \x00 bell \x07 escape \x1b[31m line \r\nEND:VEVENT",
    "👩‍👩‍👧‍👦🏴‍☠️" * 20,
    "{name} ${1} {{7*7}} %s javascript:done()",
)
ROOM = "Kestrel" + MARKUP
OTHER = "Heron\u202e" + STYLE
LISTED = "North\u2067" + MARKUP
WATCH = """() => {
  window.broken = [];
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    broken.push(`${violatedDirective} ${blockedURI}`));
  window.done = () => broken.push("ran");
}"""
STRANGE = """() => [
  ...broken,
  ...[...document.querySelectorAll("iframe, object, embed, base, form, style, link, script, img")]
    .filter((one) => !(one.src || one.href || "").startsWith(`${location.origin}/`) && !one.hidden)
    .map((one) => one.outerHTML),
  ...[...document.querySelectorAll("*")].flatMap(({ attributes }) =>
    [...attributes].map(({ name }) => name).filter((name) => name.startsWith("on"))),
]"""


@pytest.fixture
def hostile(site: Site, tenant: Tenant) -> Site:
    """Rooms, lists and meetings with names that nobody should have."""
    tenant.register_app(secret="right", roles=["Calendars.ReadWrite"])
    site.settings |= {"writes": "adhoc"}
    site.lists = [{"id": "north", "name": LISTED}]
    place = {"building": MARKUP, "floor": "2", "lists": ["north"], "features": [STYLE[:60]]}
    site.rooms[0] |= {**place, "name": ROOM, "capacity": "6"}
    site.add_room("heron", **place, capacity="8")
    site.rooms[1]["name"] = OTHER
    for number, subject in enumerate(HOSTILE):
        organizer = Person(name=subject, address="mallory@example.com")
        site.book(subject, hour=number - 0.1, organizer=organizer, body=MARKUP)
    return site


class Watched:
    """A browser that tells what it was made to do."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.wrong: list[str] = []
        context.on("request", self._request)
        context.on("dialog", lambda one: self.wrong.append(f"dialog {one.message}"))
        context.on("weberror", lambda one: self.wrong.append(str(one.error)))
        context.on("console", self._said)

    def _request(self, request: Any) -> None:
        if not request.url.startswith((f"{self.url}/", "data:,")):
            self.wrong.append(f"request {request.url}")

    def _said(self, told: Any) -> None:
        if "Content Security" in told.text or "evil" in told.text:
            self.wrong.append(told.text)

    async def page(self) -> Page:
        """One more, watched from the beginning."""
        page = await self.context.new_page()
        await page.add_init_script(f"({WATCH})()")
        return page

    async def fine(self, page: Page, where: str) -> None:
        """Nothing ran, nothing was loaded, nothing was made of words but words."""
        assert await page.evaluate(STRANGE) == [], where
        assert self.wrong == [], where


@asynccontextmanager
async def watched(site: Site, browser: Browser) -> AsyncIterator[tuple[Running, Watched]]:
    """The program has read all rooms, and a browser looks at it."""
    async with site.running() as running:
        await until(lambda: running.get("/readyz"), "all rooms")
        async with await browser.new_context(**SCREEN) as context:
            yield running, Watched(context, f"http://127.0.0.1:{running.port}")


async def test_words_of_strangers_are_words_on_every_page_and_sheet(
    hostile: Site, browser: Browser
) -> None:
    async with watched(hostile, browser) as (running, seen):
        page = await seen.page()
        await paired(Wall(hostile, running, seen.context, page))
        title = page.locator("#title")
        await expect(title).to_have_text(MARKUP)
        await expect(page.locator("h1")).to_have_text(ROOM)
        await seen.fine(page, "page")
        sheet, bar = page.locator("#sheet"), page.locator("#bar")
        await expect(bar.get_by_role("button", name="More", exact=True)).to_be_visible()
        opened: list[str] = []
        for name in ("More", "Find a room", "Report a fault", "Extend", "Give back", "End now"):
            button = bar.get_by_role("button", name=name, exact=True)
            if not await button.is_visible():
                continue
            opened.append(name)
            await button.click()
            await expect(sheet).to_be_visible()
            if name == "Find a room":
                await expect(sheet.locator(".rooms li")).to_contain_text("Heron")
            await seen.fine(page, name)
            await page.keyboard.press("Escape")
        assert {"More", "Find a room", "End now"} <= set(opened)
        for path, told in (
            ("/board/north", LISTED),
            ("/admin/pair?code=%3Cimg%20src%3Dx%20onerror%3Ddone()%3E%E2%80%AE", "Pair"),
            ("/display/heron#%3Cimg%20src%3Dx%3E", ROOM),
            ("/display?x=%3Cscript%3E", ROOM),
        ):
            other = await seen.page()
            await other.goto(f"{seen.url}{path}")
            await expect(other.locator("h1")).to_contain_text(told)
            await seen.fine(other, path)
            await other.close()


async def paired(wall: Wall) -> None:
    """The display at the door is kestrel's; its page says so in the room's own words."""
    status, _, errors = await wall.site.command("displays", "pair", await wall.code(), "kestrel")
    assert status == 0, errors
    await expect(wall.page.locator("h1")).to_have_text(ROOM)


async def test_pictures_and_calendars_hold_what_strangers_wrote(hostile: Site) -> None:
    async with hostile.running() as running:
        await until(lambda: running.get("/readyz"), "all rooms")
        room = f"http://127.0.0.1:{running.port}/api/v1/rooms/kestrel"
        async with running.http.get(f"{room}/calendar.ics") as answer:
            body = await answer.read()
        calendar = icalendar.Calendar.from_ical(body)
        events = list(calendar.walk("VEVENT"))
        assert len(events) == len(HOSTILE)
        assert calendar.errors == []
        assert not [one for one in events if one.errors]
        assert {str(one["summary"]) for one in events} >= {MARKUP, STYLE}
        assert not [sign for sign in (b"\x00", b"\x07", b"\x1b") if sign in body]
        for variant in ("mono", "grey4", "colour7"):
            async with running.http.get(f"{room}/panel.png", params={"variant": variant}) as answer:
                assert answer.status == 200, await answer.text()
                with Image.open(io.BytesIO(await answer.read())) as picture:
                    assert len(picture.getcolors() or ()) > 1
        assert not [line for line in running.log if "Traceback" in line or "evil" in line]


# --- frames


async def addresses(running: Running) -> list[str]:
    """Every page there is, found by what the API says of itself; of rooms and lists the known."""
    document = await running.get("/api/v1/openapi.json")
    found = {one.path for one in operations(document) if "text/html" in str(one.told["responses"])}
    assert len(found) >= 4
    return sorted(path.replace("{room}", "kestrel").replace("{list}", "north") for path in found)


async def test_no_page_can_be_put_into_a_frame(hostile: Site, browser: Browser) -> None:
    async with watched(hostile, browser) as (running, seen):
        paths = await addresses(running)
        every = [*paths, *(path.replace("kestrel", "heron") for path in paths if "kestrel" in path)]
        afar = {"Host": "rooms.example.com"}
        for path in every:
            for headers in ({}, afar):
                async with running.http.get(f"{seen.url}{path}", headers=headers) as answer:
                    told = {name: answer.headers.get(name) for name in PAGE if name != "Vary"}
                    people = path.startswith("/admin") and path != "/admin/pair"
                    due = PAGE | OF_PEOPLE if people else PAGE
                    assert told == {name: due[name] for name in told}, (path, answer.status)
                    assert "nosniff" in answer.headers["X-Content-Type-Options"]
        assert "frame-ancestors 'none'" in PAGE["Content-Security-Policy"]
        parts = [
            f'<{tag} {name}="{seen.url}{path}"></{tag}>'
            for path in paths
            for tag, name in (("iframe", "src"), ("object", "data"), ("embed", "src"))
        ]

        async def trap(_request: aiohttp_web.Request) -> aiohttp_web.Response:
            return aiohttp_web.Response(text="".join(parts), content_type="text/html")

        app = aiohttp_web.Application()
        app.router.add_get("/", trap)
        async with TestServer(app) as server:
            page = await browser.new_page()
            refused: list[str] = []
            page.on("console", lambda one: refused.append(one.text))
            await page.goto(f"http://localhost:{server.port}/")
            assert [one.url for one in page.frames[1:] if one.url.startswith(seen.url)] == []
            for frame in page.frames[1:]:
                assert await frame.locator("main").count() == 0
            assert len([one for one in refused if "frame" in one.lower()]) >= len(paths)
            await page.close()
