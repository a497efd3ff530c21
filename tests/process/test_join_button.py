"""The button beside the door, in a real browser: what it says, and what it has the bridge do."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from bridge.views.site import site
from tests.bridge.conftest import Views
from tests.fakes.sources import event
from tests.process.chromium import lent, resized
from tests.process.doors import LOOK, ROOM, SCREEN
from tests.process.test_demo import SIZES

pytestmark = pytest.mark.browser

ZOOM = "https://zoom.us/j/91234567890?pwd=x sip:91234567890.123456@zoomcrc.com"


class Door:
    """A display of a room whose joins are a fake's."""

    def __init__(self, views: Views, page: Page) -> None:
        self.views = views
        self.joins = views.joins
        self.page = page
        self.button = page.locator("#act-button")
        self.said = page.locator("#act-said")

    async def keep(self, minutes: float, **more: Any) -> None:
        """One meeting, from so many minutes from now."""
        start = datetime.now(UTC) + timedelta(minutes=minutes)
        meeting = event("review", start, 30, **{"body": ZOOM, **more})
        await self.views.keep(meeting, as_of=datetime.now(UTC))


@pytest.fixture
async def door(browser: Browser, views_of_now: Views) -> AsyncIterator[Door]:
    """Kestrel's display, signed in."""
    views = views_of_now
    async with (
        views.database.running(),
        TestServer(site(views.house, views.routes())) as server,
        lent(browser, **SCREEN) as context,
    ):
        token = await views.token(room="kestrel")
        url = f"http://127.0.0.1:{server.port}/display/kestrel"
        signed = await context.request.post(f"{url}/sign-in", headers=token)
        assert signed.status == 204
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        opened = Door(views, page)
        await opened.keep(-5)
        offers = {"room": ROOM, "look": LOOK, "offers": {"join": True}, "pin": [], "version": "1"}
        await page.route("**/rooms/kestrel/display", lambda route: route.fulfill(json=offers))
        await page.goto(url)
        await expect(page.locator("h1")).to_have_text("Kestrel")
        yield opened
        views.hub.close()
        await page.close()
        assert complaints == []


async def test_one_touch_joins_and_another_leaves(door: Door) -> None:
    await expect(door.button).to_have_text("Join")
    await door.button.click()
    await expect(door.said).to_have_text("The room is in this meeting.")
    await expect(door.button).to_have_text("Leave")
    await door.button.click()
    await expect(door.button).to_have_text("Join")
    assert [one[0] for one in door.joins.asked] == ["join", "leave"]
    assert len({one[3] for one in door.joins.asked}) == 2, "each touch has a key of its own"


async def test_it_works_from_the_keyboard_and_keeps_the_focus(door: Door) -> None:
    await expect(door.button).to_be_visible()
    await door.page.keyboard.press("Tab")
    await expect(door.button).to_be_focused()
    await door.page.keyboard.press("Enter")
    await expect(door.button).to_have_text("Leave")
    await expect(door.button).to_be_focused()
    await door.page.keyboard.press("Space")
    await expect(door.button).to_have_text("Join")


async def test_while_the_room_dials_a_second_touch_does_nothing(door: Door) -> None:
    door.joins.comes_up = False
    await door.button.click()
    await expect(door.button).to_have_text("Joining …")
    await expect(door.button).to_have_attribute("aria-disabled", "true")
    await door.button.click(force=True)
    assert len(door.joins.asked) == 1


FAILURES = {
    "endpoint_busy": "The room is in another call",
    "endpoint_unreachable": "does not answer",
    "endpoint_denied": "tell support",
}


async def test_what_failed_is_said_and_can_be_tried_again(door: Door) -> None:
    for code, words in FAILURES.items():
        door.joins.refuses = code
        await door.button.click()
        await expect(door.said).to_contain_text(words)
        await expect(door.button).to_have_text("Try again")
        door.joins.refuses = ""
        await door.button.click()
        await expect(door.button).to_have_text("Leave")
        await door.button.click()
        await expect(door.button).to_have_text("Join")


async def test_before_it_opens_it_says_when_that_is(door: Door) -> None:
    await door.keep(9)
    await expect(door.said).to_contain_text("Opens at")
    await expect(door.button).to_have_attribute("aria-disabled", "true")
    await door.button.click(force=True)
    assert door.joins.asked == []


async def test_a_room_that_joins_by_itself_says_so(door: Door) -> None:
    door.joins.joins_itself_s = 60
    await door.keep(4)
    await door.page.reload()
    await expect(door.said).to_contain_text("joins by itself at")


async def test_a_private_meeting_has_its_button_and_nothing_to_read(door: Door) -> None:
    await door.keep(-5, private=True)
    await expect(door.page.locator("#title")).to_have_text("Private meeting")
    await expect(door.button).to_have_text("Join")
    assert "9123456" not in await door.page.content()
    await door.button.click()
    await expect(door.button).to_have_text("Leave")


async def test_in_another_call_there_is_nothing_to_touch(door: Door) -> None:
    door.joins.state = "in_call"
    await door.page.reload()
    await expect(door.said).to_have_text("The room is in another call.")
    await expect(door.button).to_have_attribute("aria-disabled", "true")


async def test_a_system_that_tells_nothing_was_at_least_told(door: Door) -> None:
    door.joins.comes_up = False
    await door.button.click()
    await expect(door.button).to_have_text("Joining …")
    door.joins.state = "unknown"
    await expect(door.said).to_have_text("The room system was told to join.")
    await expect(door.button).to_have_text("Join again")
    async with door.page.expect_response("**/join"):
        await door.button.click()
    assert len(door.joins.asked) == 2


async def test_without_a_system_that_dials_there_is_no_button(door: Door) -> None:
    door.joins.dials = False
    await door.page.reload()
    await expect(door.page.locator("#join-dial")).to_be_visible()
    await expect(door.button).to_be_hidden()


async def test_it_is_large_enough_to_touch_and_inside_of_its_card_at_every_size(door: Door) -> None:
    await door.keep(-5, subject="A meeting whose subject is rather long, longer than that")
    await expect(door.page.locator("#title")).to_contain_text("rather long")
    await expect(door.button).to_have_text("Join")
    for width, height in SIZES:
        await resized(door.page, width, height)
        box = await door.button.bounding_box()
        card = await door.page.locator(".now").bounding_box()
        assert box
        assert card
        assert box["height"] >= 44
        assert box["width"] >= 44
        assert box["y"] + box["height"] <= card["y"] + card["height"], (width, height)
        assert await door.page.evaluate(CUT) == [], (width, height)


CUT = """() => [...document.querySelectorAll('.now, .meeting, .act, .state')]
    .filter(e => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1)
    .map(e => e.className)"""
