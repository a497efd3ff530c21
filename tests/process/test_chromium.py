"""What one test does in a browser that many share is gone before the next one has it."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, expect

from tests.process.chromium import lent

pytestmark = pytest.mark.browser

KEEP = """async () => {
  localStorage.setItem("kept", "yes");
  sessionStorage.setItem("kept", "yes");
  await (await caches.open("kept")).put("/kept", new Response("yes"));
  document.cookie = "script=yes";
}"""
KEPT = """async () => [
  ...Object.keys(localStorage), ...Object.keys(sessionStorage), ...await caches.keys(), document.cookie,
]"""


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A page that tells which headers it was asked with."""

    async def told(request: web.Request) -> web.Response:
        lines = [f"{name}: {request.headers.get(name)}" for name in ("Via", "Cookie")]
        return web.Response(text="<p>" + "; ".join(lines), content_type="text/html")

    app = web.Application()
    app.router.add_get("/", told)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}/"


async def test_a_context_that_is_lent_again_holds_nothing(browser: Browser, url: str) -> None:
    async with lent(browser, locale="nb-NO") as first:
        await first.add_cookies([{"name": "cookie", "value": "yes", "url": url}])
        await first.set_extra_http_headers({"Via": "1.1 elsewhere"})
        page = await first.new_page()
        await page.goto(url)
        await expect(page.locator("p")).to_have_text("Via: 1.1 elsewhere; Cookie: cookie=yes")
        await page.evaluate(KEEP)
        assert len(await page.evaluate(KEPT)) == 4
        await first.route("**/*", lambda route: route.abort())
        await first.set_offline(offline=True)
    async with lent(browser, locale="nb-NO") as again:
        assert again == first
        assert len(again.pages) == 1
        page = await again.new_page()
        await page.goto(url)
        await expect(page.locator("p")).to_have_text("Via: None; Cookie: None")
        assert await page.evaluate(KEPT) == [""]


async def fails_with(browser: Browser, had: list[BrowserContext]) -> None:
    """What a test does that fails."""
    async with lent(browser, locale="da-DK") as failed:
        had.append(failed)
        raise ZeroDivisionError


async def test_one_whose_clock_was_moved_or_that_failed_is_not_lent_again(browser: Browser) -> None:
    had: list[BrowserContext] = []
    async with lent(browser, locale="da-DK") as moved:
        had.append(moved)
        await moved.clock.install(time=0)
    with pytest.raises(ZeroDivisionError):
        await fails_with(browser, had)
    async with lent(browser, locale="da-DK") as fresh:
        assert fresh not in had
    assert had[0] != had[1]
