"""The page beside the door, judged by axe for what people with impairments need."""

from pathlib import Path
from typing import Literal

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
ADA = "Ada Lovelace <ada@example.com>"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

pytestmark = pytest.mark.browser


def axe() -> str:
    return Path(module("axe-core/axe.min.js")).read_text()


async def violations(page: Page) -> list[str]:
    """What breaks a rule of WCAG 2.0 to 2.2, levels A and AA."""
    await page.evaluate(axe())  # as a script tag it would break the page's own security policy
    found = await page.evaluate(JUDGE, RULES)
    assert isinstance(found, list)
    return found


async def test_a_day_at_the_door_can_be_read_by_everybody(browser: Browser, demo: Demo) -> None:
    """The whole program in three states; each state in each theme: `test_axe_page.py`."""
    await demo.clear()
    context = await browser.new_context(
        viewport={"width": 1280, "height": 800},
        reduced_motion="reduce",  # a colour on its way to another would be judged by chance
    )
    display = await context.new_page()
    await display.goto(demo.told["display"])
    await expect(display.locator("#word")).to_have_text("Free")
    await expect(display.locator(".empty")).to_be_visible()
    await fine(display)
    soon = await demo.book("Review", 5, location=ZOOM, organizer=ADA)
    await demo.book("Talk", 90, location=ZOOM, organizer=ADA)
    await expect(display.locator("#word")).to_have_text("Starting soon")
    await expect(display.locator("#list")).to_contain_text("Talk")
    await fine(display)
    await demo.http.delete(f"{demo.events}/{soon['id']}")
    await demo.book("Review", -5, join_url=TEAMS, organizer=ADA)
    for number in range(3):
        await demo.book(f"Talk {number}", 30 + 40 * number, location=ZOOM)
    await expect(display.locator("#word")).to_have_text("In use")
    await expect(display.locator("#reason")).to_be_visible()
    await fine(display)
    await context.close()


async def fine(page: Page) -> None:
    """It is, by day and by night."""
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        assert await violations(page) == [], scheme
