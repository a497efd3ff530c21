"""The pages of people, tokens and accounts, judged by axe."""

import pytest
from playwright.async_api import expect

from tests.peers.axe import fine, fine_in_languages
from tests.process.test_admin_pages import DESK, TELEPHONE
from tests.process.test_admin_people import PAGES, House, house, opened

__all__ = ["house", "opened"]  # fixtures
pytestmark = pytest.mark.browser


async def test_every_page_of_people_can_be_read_by_everybody(house: House) -> None:
    async with house.open() as page:
        for path in PAGES:
            await fine_in_languages(page, house.at(path), (DESK, TELEPHONE))


async def test_what_is_wrong_and_what_is_shown_once_can_be_read_by_everybody(
    house: House,
) -> None:
    async with house.open() as page:
        await page.goto(house.at("/admin/people/new?lang=en"))
        for name, kind in (("bob", "#name-wrong"), ("fay", "#code")):
            await page.get_by_label("Name to sign in with").fill(name)
            await page.get_by_role("button", name="Make an account and a code").click()
            await expect(page.locator(kind)).to_be_visible()
            await fine(page, kind)
        await page.goto(house.at("/admin/tokens/new"))
        await page.get_by_label("What it is for").fill("A script")
        await page.get_by_role("button", name="Make the token").click()
        await expect(page.locator("#token")).to_be_visible()
        await fine(page)
