"""A new release reaches displays by itself: whole, and while nobody stands in front of them."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from bridge.views import files, pages
from tests.bridge.conftest import Views
from tests.process.live_display import (
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

REGISTERED = "navigator.serviceWorker.getRegistration('/display/x')"
RELEASE = "document.documentElement.dataset.release"
IN_CACHES = """async () => {
    const names = (await caches.keys()).filter((name) => name.startsWith("display release "));
    return Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).length));
}"""


def forget_files() -> None:
    """Have them read anew, as another release's process does."""
    files.files.cache_clear()
    files.page.cache_clear()
    pages.files()


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Files of a release that may be changed."""
    folder = tmp_path / "static"
    shutil.copytree(files.STATIC, folder)
    monkeypatch.setattr(files, "STATIC", folder)
    forget_files()
    yield folder
    monkeypatch.undo()
    forget_files()


@pytest.fixture
def views(tmp_path: Path, static: Path) -> Views:
    assert static.exists()
    return views_of_now(tmp_path)


@pytest.fixture
async def bridge(views: Views) -> AsyncIterator[Bridge]:
    async with bridge_of(views) as running:
        yield running


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(locale="en-GB")
    yield made
    await made.close()


@pytest.fixture
async def page(context: BrowserContext, bridge: Bridge) -> Page:
    """Kestrel's display, and its service worker."""
    await sign_in(context, bridge)
    opened = await context.new_page()
    await opened.clock.install()
    await opened.goto(bridge.url)
    await worked(opened)
    await trusts(opened, "good")
    return opened


def renew(static: Path) -> None:
    """Another release: one module and the page differ."""
    script = static / "standing.js"
    if not script.exists():
        script = static / "display" / "standing.js"
    script.write_text(script.read_text() + "\n// newer\n")
    forget_files()


async def shows(page: Page, release: str) -> None:
    """The page is of a release."""
    await expect(page.locator("html")).to_have_attribute("data-release", release, timeout=20_000)


async def restart(bridge: Bridge, static: Path) -> str:
    """The bridge comes back as another release."""
    await bridge.stop()
    renew(static)
    await bridge.start()
    return files.release()


async def test_a_display_takes_on_a_new_release_by_itself(
    page: Page, bridge: Bridge, static: Path
) -> None:
    old = await page.evaluate(RELEASE)
    new = await restart(bridge, static)
    assert new != old
    await shows(page, new)
    await trusts(page, "good")
    await worked(page)
    assert len(await page.evaluate(IN_CACHES)) == 1, "the old one is gone"
    await bridge.stop()
    await page.reload()
    assert await page.evaluate(RELEASE) == new
    await expect(page.locator("#title")).to_have_text("First")


async def test_nobody_is_disturbed_in_the_middle_of_something(
    page: Page, bridge: Bridge, static: Path
) -> None:
    old = await page.evaluate(RELEASE)
    await page.evaluate(
        """() => {
            const sheet = document.createElement("dialog");
            sheet.id = "open-sheet";
            document.body.append(sheet);
            sheet.showModal();
        }"""
    )
    new = await restart(bridge, static)
    await trusts(page, "good")
    await comes_true(page, f"{REGISTERED}.then((one) => one.waiting)")
    await page.clock.run_for(5000)
    assert await page.evaluate(RELEASE) == old
    await page.evaluate("document.getElementById('open-sheet').close()")
    await shows(page, new)


async def test_a_release_that_cannot_be_had_whole_replaces_nothing(
    page: Page, bridge: Bridge, static: Path
) -> None:
    old = await page.evaluate(RELEASE)
    await bridge.stop()
    renew(static)
    served = files.files()
    served["icon.svg"] = served["icon.svg"]._replace(digest="of another release")
    before = bridge.asked.count("/static/icon.svg")
    await page.evaluate("document.documentElement.dataset.mark = 'before'")
    await bridge.start()
    await trusts(page, "good")
    await soon(lambda: bridge.asked.count("/static/icon.svg") > before, "it is tried")
    reloaded = page.locator("html:not([data-mark])")  # once: whether that helps is not known before
    await expect(reloaded).to_have_attribute("data-release", old, timeout=20_000)
    await comes_true(
        page, f"{REGISTERED}.then((one) => one.active && !one.installing && !one.waiting)"
    )
    await bridge.stop()
    await page.reload()
    assert await page.evaluate(RELEASE) == old, "the old one, whole, from what is kept"
    await expect(page.locator("#title")).to_have_text("First")
    counts = await page.evaluate(IN_CACHES)
    assert len(counts) == 1


async def test_a_browser_without_workers_shows_a_new_release_too(
    browser: Browser, bridge: Bridge, static: Path
) -> None:
    context = await browser.new_context(service_workers="block")
    await sign_in(context, bridge)
    page = await context.new_page()
    await page.goto(bridge.url)
    await trusts(page, "good")
    new = await restart(bridge, static)
    await shows(page, new)
    await trusts(page, "good")
    await context.close()
