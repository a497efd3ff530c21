"""Tables and proposals of /admin, judged by axe in light and dark, at a desk and by hand."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.peers.axe import UNFOLD, fine
from tests.process.test_admin_pages import DESK, TELEPHONE
from tests.process.test_admin_tables import Desk, desk, empty, files, shown, sought

__all__ = ["desk", "empty", "files", "sought"]  # fixtures
pytestmark = pytest.mark.browser


async def test_every_page_can_be_read_by_everybody(desk: Desk, files: dict[str, Path]) -> None:
    context, page = await desk.open("/admin")
    async for path in shown(desk, page, files):
        await expect(page.locator("html")).to_have_attribute("data-ready", "")
        await page.evaluate(UNFOLD)
        await fine(page, path, (DESK, TELEPHONE))
    await context.close()


async def test_a_house_without_rooms_can_be_begun_by_everybody(empty: Desk) -> None:
    context, page = await empty.open("/admin")
    await fine(page)
    await context.close()
