"""A display that stays live, and says what is missing when it cannot be: in a real browser."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright, expect

from tests.bridge.conftest import Views
from tests.process.chromium import CHROMIUM, a_second, lent
from tests.process.live_display import (
    MINUTE,
    Bridge,
    bridge_of,
    comes_true,
    sign_in,
    soon,
    trusts,
    views_of_now,
    worked,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def views(tmp_path: Path) -> Views:
    return views_of_now(tmp_path)


@pytest.fixture
async def bridge(views: Views) -> AsyncIterator[Bridge]:
    async with bridge_of(views) as running:
        yield running


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    yield made
    await made.close()


@pytest.fixture
async def page(context: BrowserContext, bridge: Bridge) -> Page:
    """Kestrel's display, which knows by a mark whether it was loaded anew."""
    await sign_in(context, bridge)
    opened = await context.new_page()
    await show(opened, bridge.url)
    return opened


@pytest.fixture
async def plain(browser: Browser, bridge: Bridge) -> AsyncIterator[Page]:
    """Kestrel's display without a service worker, where none has anything to do."""
    async with lent(browser, locale="en-GB") as context:
        await sign_in(context, bridge)
        opened = await context.new_page()
        await show(opened, bridge.url)
        yield opened
        await opened.close()


async def show(page: Page, url: str) -> None:
    await page.goto(url)
    await expect(page.locator("#title")).to_have_text("First")
    await page.evaluate("document.documentElement.dataset.mark = 'same'")


async def same_page(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.dataset.mark === 'same'"))


async def test_a_change_shows_without_a_reload(plain: Page, bridge: Bridge) -> None:
    await trusts(plain, "good")
    await bridge.keep("second")
    await expect(plain.locator("#title")).to_have_text("Second")
    assert await same_page(plain)
    assert not [path for path in bridge.asked if path.endswith("/agenda")], "it had to ask"


async def test_a_stream_that_ends_is_resumed_where_it_was(plain: Page, bridge: Bridge) -> None:
    await soon(lambda: bridge.listeners() == 1, "a stream")
    bridge.views.hub.close()
    await soon(lambda: bridge.listeners() == 0, "none")
    await soon(lambda: bridge.listeners() == 1, "a stream again")
    assert any(one.startswith('W/"') for one in bridge.resumed)
    await trusts(plain, "good")
    await bridge.keep("second")
    await expect(plain.locator("#title")).to_have_text("Second")
    assert await same_page(plain)


async def test_without_the_bridge_the_agenda_stays_and_says_so(page: Page, bridge: Bridge) -> None:
    await trusts(page, "good")
    await bridge.stop()
    await trusts(page, "lost", "bridge")
    await expect(page.locator("#title")).to_have_text("First")
    await bridge.keep("second")
    await bridge.start()
    await trusts(page, "good")
    await expect(page.locator("#title")).to_have_text("Second")
    assert await same_page(page)


async def test_without_a_network_it_says_that_and_is_back_at_once(
    page: Page, context: BrowserContext, bridge: Bridge
) -> None:
    await trusts(page, "good")
    await context.set_offline(True)
    await trusts(page, "lost", "network")
    await expect(page.locator("#title")).to_have_text("First")
    await context.set_offline(False)
    await trusts(page, "good")
    await bridge.keep("second")
    await expect(page.locator("#title")).to_have_text("Second")
    assert await same_page(page)


async def test_an_agenda_that_was_not_read_is_old_since_it_was(plain: Page, bridge: Bridge) -> None:
    await trusts(plain, "good")
    bridge.pass_by(30 * MINUTE)
    await trusts(plain, "old", "calendar")
    await bridge.keep("second")
    bridge.views.hub.troubled("kestrel")
    await trusts(plain, "good")


async def test_a_silent_stream_is_held_to_be_dead(context: BrowserContext, bridge: Bridge) -> None:
    await sign_in(context, bridge)
    page = await context.new_page()
    await page.clock.install()
    await show(page, bridge.url)
    await soon(lambda: bridge.listeners() == 1, "a stream")
    before = bridge.asked.count("/api/v1/rooms/kestrel/stream")
    for _ in range(60):
        await page.clock.run_for(1000)
        if bridge.asked.count("/api/v1/rooms/kestrel/stream") > before:
            break
    assert bridge.asked.count("/api/v1/rooms/kestrel/stream") == before + 1
    assert bridge.asked.count("/api/v1/rooms/kestrel/agenda") >= 1
    await trusts(page, "good")


@pytest.mark.parametrize("device", ["2001-01-01T00:00:00Z", "2039-01-01T00:00:00Z"])
async def test_the_time_is_the_bridges_however_wrong_the_device_is(
    context: BrowserContext, bridge: Bridge, device: str
) -> None:
    await sign_in(context, bridge)
    page = await context.new_page()
    await page.clock.install(time=device)
    await show(page, bridge.url)
    shown = bridge.views.clock.now()
    # The room is in London, and it is winter.
    either = {f"{shown:%H:%M}", f"{shown + MINUTE:%H:%M}"}
    await expect(page.locator("#time")).to_have_text(re.compile("|".join(either)))
    await page.clock.set_system_time("2030-06-01T00:00:00Z")  # somebody sets the device's clock
    await page.clock.run_for(3000)
    await expect(page.locator("#time")).to_have_text(re.compile("|".join(either)))


async def test_whoever_is_signed_out_sees_nothing_within_a_second(
    context: BrowserContext, bridge: Bridge
) -> None:
    token = await sign_in(context, bridge)
    page = await context.new_page()
    await show(page, bridge.url)
    await worked(page)
    within = await a_second(page)
    await trusts(page, "good")
    await bridge.views.tokens.revoke(token, actor="test")
    await expect(page.locator("#title")).to_have_text("Pair this display", timeout=within * 1000)
    assert "First" not in await page.content()
    assert await page.evaluate("caches.match('/kept/kestrel/agenda')") is None
    assert await page.evaluate("caches.match('/display/kestrel')") is None
    await bridge.stop()
    fresh = await context.new_page()
    with pytest.raises(Error, match="ERR_"):
        await fresh.goto(bridge.url)


async def test_the_browser_starts_while_the_bridge_is_away(bridge: Bridge, tmp_path: Path) -> None:
    async with async_playwright() as playwright:

        async def started() -> BrowserContext:
            return await playwright.chromium.launch_persistent_context(
                tmp_path / "profile", executable_path=CHROMIUM, args=["--no-sandbox"]
            )

        context = await started()
        await sign_in(context, bridge)
        page = await context.new_page()
        await show(page, bridge.url)
        await worked(page)
        await context.close()
        await bridge.stop()
        context = await started()
        page = await context.new_page()
        await page.goto(bridge.url)
        await expect(page.locator("h1")).to_have_text("Kestrel")
        await expect(page.locator("#title")).to_have_text("First")
        await trusts(page, "lost", "bridge")
        await bridge.keep("second")
        await bridge.start()
        await trusts(page, "good")
        await expect(page.locator("#title")).to_have_text("Second")
        await context.close()


async def test_what_is_kept_is_of_its_own_room_only(
    page: Page, context: BrowserContext, bridge: Bridge
) -> None:
    await worked(page)
    _, secret = await bridge.views.tokens.create("d", ("read",), actor="test", room="heron")
    url = bridge.url.replace("kestrel", "heron")
    headers = {"Authorization": f"Bearer {secret}"}
    assert (await context.request.post(f"{url}/sign-in", headers=headers)).status == 204
    await page.goto(url)
    await comes_true(page, "caches.match('/kept/heron/agenda')")
    assert await page.evaluate("caches.match('/kept/kestrel/agenda')") is None
    assert await page.evaluate("caches.match('/display/kestrel')") is None


class Proxy:
    """Stands between and does what proxies do to streams."""

    def __init__(self, to: Bridge, how: str) -> None:
        self.to = to
        self.how = how
        self.streams = 0

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """Everything but streams, as it is."""
        if request.path.endswith("/stream"):
            return await self._stream(request)
        url = f"http://127.0.0.1:{self.to.port}{request.path}"
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        async with (
            ClientSession(auto_decompress=False) as http,
            http.get(url, headers=headers) as answer,
        ):
            kept = {
                name: value
                for name, value in answer.headers.items()
                if name not in {"Transfer-Encoding", "Connection"}
            }
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.streams += 1
        if self.how == "refuses":
            return web.Response(status=502)
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        if self.how == "holds back":
            await asyncio.Event().wait()
        return answer  # cut


@pytest.mark.parametrize("how", ["refuses", "cuts", "holds back"])
async def test_where_no_stream_holds_it_asks(
    context: BrowserContext, bridge: Bridge, how: str
) -> None:
    proxy = Proxy(bridge, how)
    app = web.Application()
    app.router.add_get("/{rest:.*}", proxy.pass_on)
    async with TestServer(app) as server:
        token = await bridge.views.token(room="kestrel")
        await context.add_cookies(
            [
                {
                    "name": "roombridge_display",
                    "value": token["Authorization"].removeprefix("Bearer "),
                    "url": f"http://127.0.0.1:{server.port}",
                }
            ]
        )
        page = await context.new_page()
        await page.clock.install()
        await page.goto(f"http://127.0.0.1:{server.port}/display/kestrel")
        await page.clock.run_for(4000)
        await expect(page.locator("#title")).to_have_text("First")
        await trusts(page, "good")
        await bridge.keep("second")
        tried = proxy.streams
        for _ in range(40):
            await page.clock.run_for(1000)
            if await page.locator("#title").inner_text() == "Second":
                break
        await expect(page.locator("#title")).to_have_text("Second")
        await trusts(page, "good")
        assert proxy.streams - tried < 8, "it backs off"


async def test_while_nobody_answers_it_asks_ever_more_seldom(plain: Page, bridge: Bridge) -> None:
    await trusts(plain, "good")
    found: Any = await plain.evaluate(
        """async () => {
            const { begin } = await import("/static/display/live.js");
            let asked = 0;
            const real = { setInterval, fetch, now: performance.now, EventSource };
            let at = 0;
            const ticks = [];
            globalThis.setInterval = (act) => { ticks.push(act); return 0; };
            globalThis.fetch = (path) => {
                if (String(path).endsWith("/agenda")) asked += 1;
                return Promise.reject(new TypeError());
            };
            performance.now = () => at;
            globalThis.EventSource = class {
                static CLOSED = 2;
                addEventListener() {}
                close() {}
            };
            const silent = () => {};
            const trusts = [];
            const on = { agenda: silent, status: silent, display: silent,
                         trust: ({ state }) => trusts.push(state) };
            const live = begin({ room: "heron", on });
            const counts = [];
            for (let minute = 0; minute < 10; minute += 1) {
                const before = asked;
                for (let second = 0; second < 60; second += 1) {
                    at += 1000;
                    ticks.forEach((act) => act());
                    for (let n = 0; n < 12; n += 1) await Promise.resolve();
                }
                counts.push(asked - before);
            }
            live.stop();
            Object.assign(globalThis, real);
            performance.now = real.now;
            return { counts, trusts };
        }"""
    )
    counts = found["counts"]
    assert 5 <= counts[0] <= 12, counts
    assert all(1 <= one <= 3 for one in counts[2:]), counts
    assert found["trusts"] == ["first", "lost"]
