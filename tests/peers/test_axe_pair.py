"""A display that waits to be paired, judged by axe."""

import pytest
from playwright.async_api import Browser, expect

from tests.peers.axe import violations
from tests.process.test_demo import SIZES, Demo

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_display_that_waits_can_be_read_by_everybody(
    browser: Browser, demo: Demo, scheme: str
) -> None:
    context = await browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = await context.new_page()
    address = demo.told["display"].rpartition("/")[0]
    await page.goto(address)
    await expect(page.locator("#command")).to_contain_text("displays pair")
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        assert await violations(page) == [], (width, height)
    await context.set_offline(True)
    await expect(page.locator("html")).to_have_attribute("data-state", "lost")
    assert await violations(page) == [], "without the bridge"
    await context.set_offline(False)
    await page.goto(f"{address.removesuffix('/display')}/admin/pair?code=ABCD-EFGH")
    await expect(page.locator("#command")).to_contain_text("ABCD-EFGH")
    assert await violations(page) == []
    await context.close()
