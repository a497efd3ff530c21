"""The button beside the door, judged by axe in each of its states."""

import pytest
from playwright.async_api import expect

from tests.peers.axe import violations
from tests.process.test_join_button import Door, door

__all__ = ["door"]  # fixtures
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_state_of_the_button_can_be_read_by_everybody(door: Door, scheme: str) -> None:
    await door.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await expect(door.button).to_have_text("Join")
    assert await violations(door.page) == []
    door.joins.refuses = "endpoint_unreachable"
    await door.button.click()
    await expect(door.button).to_have_text("Try again")
    assert await violations(door.page) == []
    door.joins.refuses, door.joins.comes_up = "", False
    await door.button.click()
    await expect(door.button).to_have_text("Joining …")
    assert await violations(door.page) == []
    door.joins.state = "in_call"
    await expect(door.button).to_have_text("Leave")
    assert await violations(door.page) == []
    door.joins.booking = "another"
    await door.page.reload()
    await expect(door.said).to_have_text("The room is in another call.")
    assert await violations(door.page) == []
    door.joins.state = "idle"
    await door.keep(9)
    await door.page.reload()
    await expect(door.said).to_contain_text("Opens at")
    assert await violations(door.page) == []
