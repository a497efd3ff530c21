"""The forms of rooms, and plans and conflicts, judged by axe in light and dark."""

import pytest
from playwright.async_api import expect

from rooms.inventory import Edit
from tests.bridge.admin.conftest import person
from tests.peers.axe import fine, fine_in_languages, violations
from tests.process.test_admin_forms import (
    EDIT,
    EVERY,
    Counterpart,
    building,
    forms,
)
from tests.process.test_admin_pages import DESK, TELEPHONE

__all__ = ["building", "forms"]  # fixtures
pytestmark = pytest.mark.browser


async def test_every_form_can_be_used_by_everybody(forms: Counterpart) -> None:
    async with forms.page("/admin") as page:
        for path in EVERY:
            await fine_in_languages(page, f"{forms.url}{path}", [DESK])


async def test_what_is_wrong_and_what_is_planned_can_be_read_by_everybody(
    forms: Counterpart,
) -> None:
    async with forms.page(f"{EDIT}?lang=en", TELEPHONE) as page:
        await page.get_by_label("Seats").fill("many")
        await expect(page.locator("#capacity-wrong")).to_be_visible()
        assert await violations(page) == []
        await page.get_by_role("button", name="See what would change").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        assert await violations(page) == []
        await page.get_by_label("Seats").fill("9")
        await page.get_by_label("Calendar address").fill("wren@example.com")
        await forms.planned(page)
        await fine(page)
        await forms.stock.apply(Edit(rooms={"kestrel": {"capacity": "7"}}), person(name="Bob"))
        await page.reload()
        await expect(page.locator("h1")).to_have_text("Somebody else was faster")
        await fine(page)
