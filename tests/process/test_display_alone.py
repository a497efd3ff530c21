"""A display's page stands alone: in nobody's frame, and calling nobody but its bridge."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, expect

from tests.bridge.conftest import Views
from tests.process.live_display import Bridge, bridge_of, sign_in, trusts, views_of_now, worked

pytestmark = pytest.mark.browser

HOSTILE = (
    "<img src=//evil.example/x onerror=fetch('//evil.example')>"
    "<script src=//evil.example/s.js></script><iframe src=//evil.example></iframe>"
    "<link rel=stylesheet href=//evil.example/c.css>\u202e javascript:alert(1)"
)


@pytest.fixture
def views(tmp_path: Path) -> Views:
    return views_of_now(tmp_path)


@pytest.fixture
async def bridge(views: Views) -> AsyncIterator[Bridge]:
    async with bridge_of(views) as running:
        yield running


@pytest.fixture
async def context(browser: Browser, bridge: Bridge) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(locale="en-GB")
    await sign_in(made, bridge)
    yield made
    await made.close()


async def test_it_calls_nobody_else_whatever_a_title_says(
    context: BrowserContext, bridge: Bridge
) -> None:
    asked: list[str] = []
    context.on("request", lambda one: asked.append(one.url))
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: complaints.append(str(one)))
    page.on("dialog", lambda one: complaints.append(one.message))
    await page.goto(bridge.url)
    await worked(page)
    await bridge.keep("hostile", subject=HOSTILE)
    await expect(page.locator("#title")).to_contain_text("onerror")
    assert await page.locator("#title *:not(bdi)").count() == 0
    assert await page.locator("iframe, img[src*=evil], script[src*=evil]").count() == 0
    await page.reload()
    await expect(page.locator("#title")).to_contain_text("onerror")
    own = f"http://127.0.0.1:{bridge.port}/"
    assert [url for url in asked if not url.startswith(own)] == []
    unknown = [one for one in complaints if "404" not in one]  # what the bridge does not offer
    assert unknown == []


async def test_the_browser_itself_would_refuse_it_to_call_out(
    context: BrowserContext, bridge: Bridge
) -> None:
    called: list[str] = []

    async def note(request: web.Request) -> web.Response:
        called.append(request.path)
        return web.Response(headers={"Access-Control-Allow-Origin": "*"})

    app = web.Application()
    app.router.add_get("/{rest:.*}", note)
    async with TestServer(app) as server:
        page = await context.new_page()
        await page.goto(bridge.url)
        await trusts(page, "good")
        await page.evaluate(
            """async (away) => {
                const load = (name, set) => new Promise((done) => {
                    const one = document.createElement(name);
                    one.onload = one.onerror = done;
                    set(one);
                    document.body.append(one);
                    setTimeout(done, 300);
                });
                await fetch(`${away}fetch`).catch(() => null);
                await load("img", (one) => { one.src = `${away}img`; });
                await load("script", (one) => { one.src = `${away}script`; });
                await load("link", (one) => {
                    one.rel = "stylesheet";
                    one.href = `${away}style`;
                });
                await load("iframe", (one) => { one.src = `${away}frame`; });
                navigator.sendBeacon(`${away}beacon`);
            }""",
            f"http://127.0.0.1:{server.port}/",
        )
        inline = "document.body.append(Object.assign(document.createElement('script'), "
        inline += "{ textContent: 'document.documentElement.dataset.ran = 1' }))"
        await page.evaluate(inline)
        assert await page.locator("html").get_attribute("data-ran") is None
    assert called == []


async def test_nobody_can_put_it_into_a_frame(context: BrowserContext, bridge: Bridge) -> None:
    async def framed(_request: web.Request) -> web.Response:
        text = f'<title>trap</title><iframe id="trap" src="{bridge.url}"></iframe>'
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", framed)
    async with TestServer(app) as server:
        page = await context.new_page()
        refused: list[str] = []
        page.on("console", lambda one: refused.append(one.text))
        await page.goto(f"http://127.0.0.1:{server.port}/")
        frame = page.frame_locator("#trap")
        await expect(frame.locator("#title")).to_have_count(0)
        assert all(not one.url.startswith("http://127.0.0.1") for one in page.frames[1:])
        assert any("frame" in one.lower() for one in refused), refused
