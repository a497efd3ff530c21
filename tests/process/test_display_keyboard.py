"""A walk by keyboard alone through what hangs beside doors and in halls: nothing needs a finger."""

from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.process.doors import Door, door
from tests.process.test_board import Hall, hall, north, wing

__all__ = ["door", "hall", "wing"]  # fixtures
pytestmark = pytest.mark.browser

HERON = {"id": "heron", "name": "Heron", "building": "HQ", "floor": "2", "capacity": 6}
MOST_STEPS = 60
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect();
  const look = getComputedStyle(one);
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    name: (one.innerText || one.getAttribute("aria-label") || one.id || one.tagName).split("\\n")[0],
    place: one.closest("dialog") ? "sheet" : one.closest("#bar") ? "bar" : "page",
    seen: look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2,
    covered: !(one.contains(top) || top?.contains(one)),
  };
}"""
TO_REACH = """(within) => [...document.querySelectorAll(`${within} button, ${within} textarea`)]
  .filter((one) => one.getClientRects().length && !one.disabled && one.tabIndex >= 0).length"""


async def walked(page: Page) -> list[dict[str, Any]]:
    """What Tab leads to, until it comes round; each of it can be seen to have the focus."""
    steps: list[dict[str, Any]] = []
    await page.evaluate("window.walked = new Set()")
    for _ in range(MOST_STEPS):
        await page.keyboard.press("Tab")
        new = await page.evaluate(
            "() => { const had = walked.has(document.activeElement);"
            " walked.add(document.activeElement); return !had; }"
        )
        step = await page.evaluate(FOCUSED)
        if not new:
            break
        if step:
            steps.append(step)
    assert [one for one in steps if not one["seen"] or one["covered"]] == []
    return steps


async def reach(page: Page, name: str) -> None:
    """Press Tab until a button has the focus."""
    for _ in range(MOST_STEPS):
        step = await page.evaluate(FOCUSED)
        if step and step["name"] == name:
            return
        await page.keyboard.press("Tab")
    pytest.fail(f"Tab never leads to {name}")


async def free(route: Route) -> None:
    await route.fulfill(json={"rooms": [HERON | {"features": ["video"], "until": None}]})


async def test_every_sheet_is_opened_walked_through_and_left(door: Door) -> None:
    await door.page.route("**/rooms/kestrel/alternatives*", free)
    await door.open()
    await expect(door.bar).to_be_visible()
    for meetings in ([], [("Review", -10, 30)]):
        await door.keep(*meetings)
        await expect(door.page.locator("#word")).to_have_text("In use" if meetings else "Free")
        names = await door.acts()
        assert sorted(one["name"] for one in await walked(door.page)) == sorted(names)
        for name in names:
            await door.page.evaluate("document.activeElement.blur()")
            await reach(door.page, name)
            await door.page.keyboard.press("Enter")
            await expect(door.sheet).to_be_visible()
            await expect(door.title).to_be_focused()
            if name == "Find a room":
                await expect(door.sheet.locator(".rooms li")).to_be_visible()
            steps = await walked(door.page)
            assert {one["place"] for one in steps} == {"sheet"}, "nothing behind it"
            assert len(steps) == await door.page.evaluate(TO_REACH, "#sheet"), (name, steps)
            await door.page.keyboard.press("Escape")
            await expect(door.sheet).to_be_hidden()
            step = await door.page.evaluate(FOCUSED)
            assert step["name"] == name, "the focus is where it was"


async def test_a_fault_is_reported_and_a_meeting_ended_with_a_pin(door: Door) -> None:
    door.pin = ["end"]
    done = {"done": "ended", "booking": None, "shown": True, "overlaps": False}
    await door.answer("bookings/*/end", done)
    await door.keep(("Review", -10, 30))
    await door.open()
    await expect(door.bar).to_be_visible()
    press = door.page.keyboard.press
    await reach(door.page, "End now")
    await press("Enter")
    await expect(door.title).to_be_focused()
    await reach(door.page, "End now")
    await press("Space")
    await expect(door.title).to_have_text("Enter PIN")
    await door.page.keyboard.type("4711")
    await press("Enter")
    await expect(door.page.locator("#sheet button", has_text="OK")).to_be_focused()
    assert [one.headers["display-pin"] for one in door.sent] == ["4711"]
    await press("Enter")
    await expect(door.sheet).to_be_hidden()
    await reach(door.page, "More")
    await press("Enter")
    await reach(door.page, "Report a fault")
    await press("Enter")
    await reach(door.page, "Screen")
    await press("Enter")
    note = door.sheet.locator("textarea")
    await expect(note).to_be_visible()
    while await door.page.evaluate("document.activeElement.tagName") != "TEXTAREA":
        await press("Tab")
    await door.page.keyboard.type("no picture")
    await expect(note).to_have_value("no picture")


async def test_a_board_is_held_and_nothing_else_on_it_takes_the_focus(hall: Hall) -> None:
    more = [north(f"r{number}", floor="3") for number in range(40)]
    hall.views.house.rooms = {one.id: one for one in more} | dict(hall.views.house.rooms)
    await hall.open()
    hold = hall.page.locator("#hold")
    await expect(hold).to_be_visible()
    steps = await walked(hall.page)
    assert len(steps) == 1
    await hold.focus()
    for pressed in ("true", "false"):
        await hall.page.keyboard.press("Space")
        await expect(hold).to_have_attribute("aria-pressed", pressed)


async def test_pairing_needs_nothing_that_takes_the_focus(hall: Hall) -> None:
    address = hall.url.partition("/board")[0]
    for path in ("/display", "/admin/pair?code=ABCD-EFGH"):
        await hall.page.goto(f"{address}{path}")
        await expect(hall.page.locator("#command")).to_contain_text("displays pair")
        assert [one for one in await walked(hall.page) if one["name"] != "command"] == []
