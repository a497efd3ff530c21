"""The pages of /admin, judged by axe in light, dark, English and German, at a desk and by hand."""

import pytest
from playwright.async_api import expect

from tests.peers.test_axe import SCHEMES, violations
from tests.process.test_admin_pages import DESK, EVERY, OPEN, TELEPHONE, Desk, desk, furnished

__all__ = ["desk", "furnished"]  # fixtures
pytestmark = pytest.mark.browser


async def test_every_page_can_be_read_by_everybody(desk: Desk) -> None:
    signed_in = desk.house.person
    context, page = await desk.open()
    for path in (*EVERY, *OPEN):
        desk.house.person = None if path in OPEN else signed_in
        for scheme, lang in zip(SCHEMES, ("en", "de"), strict=True):
            await page.emulate_media(color_scheme=scheme)
            await page.goto(f"{desk.url}{path}{'&' if '?' in path else '?'}lang={lang}")
            await expect(page.locator("html")).to_have_attribute("data-ready", "")
            await page.evaluate(
                "document.querySelectorAll('details').forEach((d) => d.open = true)"
            )
            for width, height in (DESK, TELEPHONE):
                await page.set_viewport_size({"width": width, "height": height})
                assert await violations(page) == [], (path, scheme, width)
    await context.close()


async def test_a_question_can_be_read_by_everybody(desk: Desk) -> None:
    context, page = await desk.open("/admin/rooms/kestrel?failed=unknown_code")
    await page.get_by_role("button", name="Call now").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        assert await violations(page) == [], scheme
    await context.close()
