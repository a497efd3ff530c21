"""The sheets at the door, judged by axe."""

import pytest
from playwright.async_api import Browser, expect

from tests.bridge.conftest import Views
from tests.peers.axe import violations
from tests.process import doors
from tests.process.doors import Door, opened

pytestmark = pytest.mark.browser
ROOM = {
    "id": "heron",
    "name": "Heron",
    "building": "HQ",
    "floor": "2",
    "capacity": 6,
    "features": ["video"],
    "until": None,
}


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
async def test_every_sheet_can_be_used_by_everybody(
    browser: Browser, views_of_now: Views, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    monkeypatch.setitem(doors.LOOK, "theme", theme)
    async with opened(browser, views_of_now) as door:
        await door.page.route(
            "**/rooms/kestrel/alternatives*", lambda route: route.fulfill(json={"rooms": [ROOM]})
        )
        await door.answer("bookings", "room_taken")
        await door.open()
        await expect(door.page.locator("html")).to_have_attribute("data-theme", theme)
        door.pin = ["end"]
        for name in ("Book now", "Report a fault", "Find a room"):
            await door.touch(name)
            await expect(door.sheet.locator("button:not(.cross)").last).to_be_visible()
            await expect(door.sheet.get_by_text("Looking for")).to_be_hidden()
            await fine(door, name)
        await door.touch("Report a fault")
        await door.choose("Screen")
        await fine(door, "note")
        await door.touch("Book now")
        await door.choose("15 min")
        await expect(door.title).to_have_text("That did not work")
        await fine(door, "problem")
        await door.answer("faults", {"done": "reported", "fault": None})
        await door.touch("Report a fault")
        await door.choose("Screen")
        await door.choose("Send")
        await expect(door.title).to_contain_text("Thank you")
        await fine(door, "what was done")
        await door.keep(("Review", -10, 30))
        await door.page.reload()
        await door.touch("More")
        assert await violations(door.page) == [], "more"
        await door.choose("Give back")
        await fine(door, "giving back")
        await door.touch("Extend")
        await fine(door, "extending")
        await door.touch("End now")
        await door.choose("End now")
        await expect(door.title).to_have_text("Enter PIN")
        assert await violations(door.page) == [], "PIN"


async def fine(door: Door, name: str) -> None:
    """A sheet is; and it goes away."""
    assert await violations(door.page) == [], name
    await door.page.keyboard.press("Escape")
    await expect(door.sheet).to_be_hidden()
