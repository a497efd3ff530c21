"""The page beside the door, judged by axe for what people with impairments need."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.peers.conftest import module
from tests.process.test_demo import Demo

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
JUDGE = """
async (tags) => {
  const found = await axe.run({ runOnly: tags });
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}
"""
ZOOM = "https://zoom.us/j/91234567890"
TEAMS = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0"

pytestmark = pytest.mark.browser


@pytest.fixture(params=["light", "dark"])
async def display(
    request: pytest.FixtureRequest, browser: Browser, demo: Demo
) -> AsyncIterator[Page]:
    """Kestrel's display, without its meetings."""
    await demo.clear()
    context = await browser.new_context(
        viewport={"width": 1280, "height": 800},
        color_scheme=request.param,
        reduced_motion="reduce",  # a colour on its way to another would be judged by chance
    )
    opened = await context.new_page()
    await opened.goto(demo.told["display"])
    await expect(opened.locator("#word")).to_have_text("Free")
    await expect(opened.locator(".empty")).to_be_visible()
    yield opened
    await context.close()


def axe() -> str:
    return Path(module("axe-core/axe.min.js")).read_text()


async def violations(page: Page) -> list[str]:
    """What breaks a rule of WCAG 2.0 to 2.2, levels A and AA."""
    await page.evaluate(axe())  # as a script tag it would break the page's own security policy
    found = await page.evaluate(JUDGE, RULES)
    assert isinstance(found, list)
    return found


async def test_a_free_room_can_be_read_by_everybody(display: Page) -> None:
    assert await violations(display) == []


async def test_a_room_where_a_meeting_starts_soon_can_be_read_by_everybody(
    demo: Demo, display: Page
) -> None:
    await demo.book("Review", 5, location=ZOOM, organizer="Ada Lovelace <ada@example.com>")
    await demo.book("Talk", 90, location=ZOOM, organizer="Ada Lovelace <ada@example.com>")
    await expect(display.locator("#word")).to_have_text("Starting soon")
    await expect(display.locator("#list")).to_contain_text("Talk")
    assert await violations(display) == []


async def test_a_room_in_use_can_be_read_by_everybody(demo: Demo, display: Page) -> None:
    await demo.book("Review", -5, join_url=TEAMS, organizer="Ada Lovelace <ada@example.com>")
    for number in range(12):
        await demo.book(f"Talk {number}", 30 + 40 * number, location=ZOOM)
    await expect(display.locator("#word")).to_have_text("In use")
    await expect(display.locator("#reason")).to_be_visible()
    await expect(display.locator("#list")).to_contain_text("Talk 0")
    assert await violations(display) == []
