"""Chromium, started once for all the tests of a process, and what each test has of it.

To start it, to fill a new context and to load the first page in a process of its own take three
times as long as what a test then does. So contexts that hold nothing any more are lent again, with
one blank page in each that keeps the engine's process: `--process-per-site` gives it the next page.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright

CHROMIUM = "/usr/bin/chromium"
SITE = "http://127.0.0.1/"
"""Of the same site as every server of the tests, whatever its port."""
REAL_CLOCK = "Function.prototype.toString.call(Date).includes('[native code]')"
IDLE: dict[tuple[Browser, str], list[tuple[BrowserContext, Page]]] = {}
"""Contexts that nobody has, with the page that stays, by browser and options."""


def has_chromium() -> bool:
    """It is installed."""
    return Path(CHROMIUM).exists()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The Chromium of this process of tests."""
    if not has_chromium():
        pytest.skip("no Chromium here: scripts/need /usr/bin/chromium chromium")
    async with async_playwright() as playwright:
        arguments = [
            "--no-sandbox",
            "--process-per-site",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1, EXCLUDE localhost",
        ]
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        IDLE.clear()
        await opened.close()


@asynccontextmanager
async def lent(browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    """A context without cookies, routes or storage, and without service workers.

    Pages and what is done to a page go with the test, and so do cookies, routes, headers and what
    is stored. What is listened for stays: listen at a page. Whoever needs a service worker or adds
    a script to every page asks the browser for a context of their own.
    """
    options = {"service_workers": "block"} | options
    assert options["service_workers"] == "block", "a worker would outlive its test"
    idle = IDLE.setdefault((browser, repr(sorted(options.items()))), [])
    context, stays = idle.pop() if idle else await _filled(browser, options)
    whole = False
    try:
        yield context
        whole = await _emptied(context, stays)
    finally:
        if whole:
            idle.append((context, stays))
        else:
            await context.close()


async def _filled(browser: Browser, options: dict[str, Any]) -> tuple[BrowserContext, Page]:
    context = await browser.new_context(**options)
    page = await context.new_page()
    await page.route(SITE, _blank)
    await page.goto(SITE)
    return context, page


async def _blank(route: Route) -> None:
    await route.fulfill(body="<!doctype html><title>stays</title>", content_type="text/html")


async def _emptied(context: BrowserContext, stays: Page) -> bool:
    """Nothing of a test is in it any more; not so where its clock was moved."""
    if not await stays.evaluate(REAL_CLOCK):
        return False
    await context.set_offline(offline=False)
    pages = [page for page in context.pages if page != stays]
    origins = {"{0.scheme}://{0.netloc}".format(urlsplit(page.url)) for page in pages}
    for page in pages:
        await page.close()
    await context.unroute_all(behavior="ignoreErrors")
    await context.set_extra_http_headers({})
    await context.clear_cookies()
    session = await context.new_cdp_session(stays)
    for origin in origins:
        if origin.startswith("http"):
            every = {"origin": origin, "storageTypes": "all"}
            await session.send("Storage.clearDataForOrigin", every)
    await session.detach()
    return True


DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""A page has found out what fits: that is looked at after the next frame is laid out."""


async def a_second(page: Page) -> float:
    """The seconds that a second may last here: on a busy machine, as long as a page comes thrice."""
    began = time.monotonic()
    await page.reload()
    return max(1.0, 3 * (time.monotonic() - began))


async def resized(page: Page, width: int, height: int) -> None:
    """Give a page another size, and wait until it has found out what fits."""
    await page.set_viewport_size({"width": width, "height": height})
    await page.evaluate(DRAWN)
