"""The pages of room lists and of several rooms, judged by axe in light and dark, two languages."""

import pytest
from playwright.async_api import expect

from tests.peers.axe import fine, fine_in_languages
from tests.process.test_admin_lists import EVERY, Office, made, office
from tests.process.test_admin_pages import DESK, TELEPHONE

__all__ = ["made", "office"]  # fixtures
pytestmark = pytest.mark.browser


async def test_pages_of_lists_can_be_read_by_everybody(office: Office) -> None:
    context, page = await office.open()
    for path in EVERY:
        await fine_in_languages(page, f"{office.url}{path}", (DESK, TELEPHONE))
    await context.close()


async def test_what_is_wrong_can_be_read_by_everybody(office: Office) -> None:
    context, page = await office.open("/admin/choose?list=north&all=1")
    await page.get_by_label("Seats", exact=True).fill("many")
    await page.get_by_role("button", name="See what would change").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await fine(page)
    await context.close()
