"""The pages of room lists and of several rooms, judged by axe in light and dark, two languages."""

import pytest
from playwright.async_api import expect

from tests.peers.test_axe import SCHEMES, violations
from tests.process.test_admin_lists import EVERY, Office, made, office
from tests.process.test_admin_pages import DESK, TELEPHONE

__all__ = ["made", "office"]  # fixtures
pytestmark = pytest.mark.browser


async def test_pages_of_lists_can_be_read_by_everybody(office: Office) -> None:
    context, page = await office.open()
    for path in EVERY:
        for scheme, lang in zip(SCHEMES, ("en", "de"), strict=True):
            await page.emulate_media(color_scheme=scheme)
            await page.goto(f"{office.url}{path}{'&' if '?' in path else '?'}lang={lang}")
            await expect(page.locator("html")).to_have_attribute("data-ready", "")
            await page.evaluate(
                "document.querySelectorAll('details').forEach((d) => d.open = true)"
            )
            for width, height in (DESK, TELEPHONE):
                await page.set_viewport_size({"width": width, "height": height})
                assert await violations(page) == [], (path, scheme, width)
    await context.close()


async def test_what_is_wrong_can_be_read_by_everybody(office: Office) -> None:
    context, page = await office.open("/admin/choose?list=north&all=1")
    await page.get_by_label("Seats", exact=True).fill("many")
    await page.get_by_role("button", name="See what would change").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        assert await violations(page) == [], scheme
    await context.close()
