"""The page beside the door, judged by axe for what people with impairments need."""

import pytest
from playwright.async_api import Browser, expect

from tests.peers.axe import fine
from tests.process.test_demo import Demo

ZOOM = "https://zoom.us/j/91234567890"
TEAMS = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0"
ADA = "Ada Lovelace <ada@example.com>"

pytestmark = pytest.mark.browser


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
