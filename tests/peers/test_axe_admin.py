"""The pages of /admin, judged by axe in light, dark, English and German, at a desk and by hand."""

import pytest
from playwright.async_api import expect

from tests.peers.axe import fine, fine_in_languages
from tests.process.test_admin_pages import DESK, EVERY, OPEN, TELEPHONE, Desk, desk, furnished

__all__ = ["desk", "furnished"]  # fixtures
pytestmark = pytest.mark.browser


async def test_every_page_can_be_read_by_everybody(desk: Desk) -> None:
    signed_in = desk.house.person
    context, page = await desk.open()
    for path in (*EVERY, *OPEN):
        desk.house.person = None if path in OPEN else signed_in
        await fine_in_languages(page, f"{desk.url}{path}", (DESK, TELEPHONE))
    await context.close()


async def test_a_question_can_be_read_by_everybody(desk: Desk) -> None:
    context, page = await desk.open("/admin/rooms/kestrel?failed=unknown_code")
    await page.get_by_role("button", name="Call now").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await fine(page)
    await context.close()
