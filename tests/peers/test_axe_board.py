"""The board of a list, judged by axe for what people with impairments need."""

import pytest
from playwright.async_api import expect

from rooms.display import DisplayPolicy, Theme
from rooms.room import Policy
from tests.peers.axe import violations
from tests.process.test_board import Hall, hall, north, views_of_now, wing

__all__ = ["hall", "views_of_now", "wing"]  # fixtures
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
async def test_a_board_can_be_read_by_everybody(hall: Hall, theme: Theme) -> None:
    policy = Policy(display=DisplayPolicy(theme=theme))
    more = [north(f"r{number}", floor="3", policy=policy) for number in range(40)]
    first = north("avocet", floor="0", policy=policy)
    rooms = {one.id: one for one in (first, *more)}
    hall.views.house.rooms = rooms | dict(hall.views.house.rooms)
    await hall.open()
    await expect(hall.page.locator("html")).to_have_attribute("data-theme", theme)
    await expect(hall.page.locator("#hold")).to_be_visible()
    assert await violations(hall.page) == []
    await hall.context.set_offline(True)
    await hall.page.clock.run_for(60_000)
    await expect(hall.page.locator("html")).to_have_attribute("data-trust", "lost")
    assert await violations(hall.page) == []


async def test_who_may_not_see_a_board_can_read_why(hall: Hall) -> None:
    await hall.context.set_extra_http_headers({"Via": "1.1 elsewhere"})
    await hall.open()
    await expect(hall.page.locator("h1")).to_have_text("This display is not signed in")
    assert await violations(hall.page) == []
