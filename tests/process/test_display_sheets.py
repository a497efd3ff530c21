"""The sheets at the door in a real browser: PIN, other rooms, keyboard, focus, sizes, languages."""

import json
import re
from typing import Any

import pytest
from playwright.async_api import Browser, Route, expect

from bridge.views.titles import TITLES
from tests.bridge.conftest import Views
from tests.process.doors import Door, door, opened
from tests.process.test_demo import SIZES

__all__ = ["door"]  # fixtures
pytestmark = pytest.mark.browser

DONE = {"done": "created", "booking": None, "shown": True, "overlaps": False}
ZOOM = "https://zoom.us/j/91234567890?pwd=x sip:91234567890.123456@zoomcrc.com"
NASTY = "\u202egnol yrev\u202c <img src=x onerror=alert(1)> 🦅" + "wide " * 60
HERON = {
    "id": "heron",
    "name": "Heron",
    "building": "HQ",
    "floor": "2",
    "capacity": 6,
    "features": ["video"],
    "until": None,
}


async def type_pin(door: Door, digits: str) -> None:
    for digit in digits:
        await door.sheet.get_by_role("button", name=digit, exact=True).click()
    await door.choose("OK")


async def test_a_wrong_pin_is_said_and_the_touch_stays_the_same(door: Door) -> None:
    door.pin = ["book"]
    await door.answer("bookings", "pin_wrong", DONE)
    await door.open()
    await door.touch("Book now")
    await door.choose("30 min")
    await expect(door.title).to_have_text("Enter PIN")
    ok = door.sheet.get_by_role("button", name="OK")
    await expect(ok).to_have_attribute("aria-disabled", "true")
    assert door.sent == [], "nothing is asked without it"
    await type_pin(door, "1234")
    await expect(door.note).to_contain_text("Wrong PIN")
    await expect(door.sheet.locator(".pin-dots .set")).to_have_count(0)
    await door.page.keyboard.type("98761")
    await expect(door.sheet.get_by_text("PIN, 5 digits entered")).to_be_attached()
    await door.page.keyboard.press("Backspace")
    await door.page.keyboard.press("Enter")
    await expect(door.title).to_contain_text("Booked until")
    assert [one.headers["display-pin"] for one in door.sent] == ["1234", "9876"]
    assert len(set(door.keys)) == 1
    assert "9876" not in await door.page.content()
    kept = await door.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "9876" not in kept


async def test_a_pin_that_is_wanted_all_of_a_sudden_is_asked_for(door: Door) -> None:
    await door.answer("bookings", "pin_required", DONE)
    await door.open()
    await door.touch("Book now")
    await door.choose("30 min")
    await type_pin(door, "1234")
    await expect(door.title).to_contain_text("Booked until")
    assert "display-pin" not in door.sent[0].headers


async def test_a_pin_that_nobody_gives_books_nothing(door: Door) -> None:
    door.pin = ["book"]
    await door.answer("bookings", DONE)
    await door.open()
    await door.touch("Book now")
    await door.choose("30 min")
    await door.page.keyboard.press("Escape")
    await expect(door.sheet).to_be_hidden()
    assert door.sent == []
    await door.touch("Book now")
    await door.choose("30 min")
    await expect(door.title).to_have_text("Enter PIN")


async def test_too_many_pins_are_told_with_how_long_to_wait(door: Door) -> None:
    door.pin = ["book"]

    async def full(route: Route) -> None:
        await route.fulfill(
            status=429, json={"code": "too_many_requests"}, headers={"Retry-After": "900"}
        )

    await door.page.route("**/rooms/kestrel/bookings", full)
    await door.open()
    await door.touch("Book now")
    await door.choose("30 min")
    await type_pin(door, "1234")
    await expect(door.note).to_have_text("Too many tries. Wait 15 min.")


async def test_joining_asks_for_the_pin_where_it_must(door: Door) -> None:
    door.pin = ["join"]
    await door.keep(("Review", -10, 30), body=ZOOM)
    await door.open()
    await door.button.click()
    await type_pin(door, "1234")
    await expect(door.button).to_have_text("Leave")
    await expect(door.sheet).to_be_hidden()


async def look_for(door: Door, *rooms: dict[str, Any]) -> list[str]:
    """Have these rooms be free; the questions that were asked."""
    asked: list[str] = []

    async def free(route: Route) -> None:
        if route.request.method == "POST":
            await route.fallback()
            return
        asked.append(route.request.url.partition("?")[2])
        await route.fulfill(json={"rooms": rooms})

    await door.page.route("**/rooms/kestrel/alternatives*", free)
    return asked


async def test_another_room_is_found_by_what_is_wished_and_booked(door: Door) -> None:
    await door.answer("alternatives", DONE)
    asked = await look_for(door, HERON)
    await door.open()
    await door.touch("Find a room")
    row = door.sheet.locator(".rooms li")
    await expect(row).to_contain_text("Heron")
    await expect(row).to_contain_text("6 people")
    await expect(door.sheet.locator(".found")).to_have_text("1 room is free")
    for name in ("1 h", "Floor 2", "8 or more", "video"):
        await door.choose(name)
    wish = "minutes=60&capacity=8&building=HQ&floor=2&features=video"
    async with door.page.expect_response(lambda answer: wish in answer.url):
        pass
    assert asked[0] == "minutes=30&building=HQ"
    assert len(asked) <= 5
    await door.sheet.get_by_role("button", name=re.compile("Book 1 h, .*Heron")).click()
    await expect(door.title).to_contain_text("Heron")
    await expect(door.title).to_contain_text("is booked until")
    assert door.bodies == [{"room": "heron", "minutes": 60, "title": "Booked at the door"}]


async def test_where_nothing_is_free_it_says_what_could_help(door: Door) -> None:
    await look_for(door)
    await door.open()
    await door.touch("Find a room")
    await expect(door.sheet.locator(".found")).to_contain_text("No other room is free for so long")


async def test_everything_goes_by_keyboard_and_the_focus_stays_in_the_sheet(door: Door) -> None:
    await door.open()
    await expect(door.bar).to_be_visible()
    press = door.page.keyboard.press
    focused = (
        "document.activeElement.innerText || document.activeElement.getAttribute('aria-label')"
    )
    await press("Tab")
    await press("Enter")
    await expect(door.title).to_be_focused()
    walk = []
    for _ in range(6):
        await press("Tab")
        walk.append((await door.page.evaluate(focused)).split("\n")[0])
    assert walk == ["Close", "15 min", "30 min", "45 min", "1 h", "Close"]
    await press("Shift+Tab")
    assert (await door.page.evaluate(focused)).startswith("1 h")
    await press("Escape")
    await expect(door.bar.get_by_role("button", name="Book now")).to_be_focused()
    await press("Enter")
    await expect(door.title).to_be_focused()
    await press("Tab")
    await press("Tab")
    await press("Space")
    await expect(door.title).to_contain_text("Booked until")
    await expect(door.sheet.get_by_role("button", name="OK")).to_be_focused()
    await press("Enter")
    await expect(door.bar.get_by_role("button", name="Book now")).to_be_focused()


async def test_a_sheet_opened_in_the_moment_another_closes_is_not_emptied(door: Door) -> None:
    await door.open()
    await door.touch("Book now")
    await door.page.evaluate(
        """async () => {
            const dialog = document.querySelector("dialog");
            const told = new Promise((done) => dialog.addEventListener("close", done));
            dialog.close();
            document.getElementById("act-book").click();
            await told;
        }"""
    )
    await expect(door.title).to_have_text("Book this room")
    await door.choose("15 min")
    await expect(door.title).to_contain_text("Booked until")


async def test_the_focus_finds_a_button_where_its_own_has_gone(door: Door) -> None:
    await door.keep(("Review", -10, 30))
    await door.open()
    await door.touch("End now")
    await door.keep(("Board", 2, 30))
    await expect(door.bar.get_by_role("button", name="End now")).to_be_hidden()
    await door.page.keyboard.press("Escape")
    await expect(door.bar.get_by_role("button").first).to_be_focused()


async def test_a_sheet_that_nobody_touches_goes_away(door: Door) -> None:
    await door.page.clock.install()
    await door.open()
    await door.touch("Book now")
    await door.page.clock.fast_forward(50_000)
    await expect(door.sheet).to_be_visible()
    await door.page.keyboard.press("Tab")
    await door.page.clock.fast_forward(50_000)
    await expect(door.sheet).to_be_visible()
    await door.page.clock.fast_forward(11_000)
    await expect(door.sheet).to_be_hidden()


async def test_what_was_done_goes_away_by_itself(door: Door) -> None:
    await door.open()
    await door.touch("Book now")
    await door.choose("30 min")
    await expect(door.title).to_contain_text("Booked until")
    await expect(door.sheet).to_be_hidden(timeout=10_000)


TARGETS = """(within) => [...document.querySelectorAll(within)]
    .filter((one) => one.offsetParent)
    .map((one) => ({ text: one.innerText, ...one.getBoundingClientRect().toJSON() }))
    .filter(({ width, height, left, right, top, bottom }) => width < 48 || height < 48
        || left < 0 || right > innerWidth + 0.5)
    .map(({ text, width, height }) => `${text} ${width}x${height}`)"""
CUT = """() => [...document.querySelectorAll('#sheet .sheet-frame, #sheet button, #bar button')]
    .filter((one) => one.offsetParent && one.scrollWidth > one.clientWidth + 1)
    .map((one) => one.className + one.innerText)"""


async def test_sheets_fit_every_screen_and_every_target_a_finger(door: Door) -> None:
    await look_for(door, {**HERON, "name": NASTY}, HERON)
    await door.keep((NASTY[:200], -10, 30), ("Standup", 90, 30))
    await door.open()
    await expect(door.bar).to_be_visible()
    sheets = {"Extend": ".choices b", "End now": ".meeting-card", "Find a room": ".rooms li"}
    for width, height in SIZES:
        await door.page.set_viewport_size({"width": width, "height": height})
        for name, shown in sheets.items():
            await door.touch(name)
            await expect(door.sheet.locator(shown).first).to_be_visible()
            assert await door.page.evaluate(TARGETS, "#sheet button, #bar button") == [], name
            assert await door.page.evaluate(CUT) == [], name
            await door.page.keyboard.press("Escape")


async def test_words_of_strangers_stay_words(door: Door) -> None:
    await door.keep((NASTY[:200], -10, 30))
    await door.open()
    await door.touch("End now")
    what = door.sheet.locator(".meeting-card .what")
    await expect(what).to_contain_text("<img src=x")
    text = await what.inner_text()
    assert "\u202e" not in text
    assert text.startswith("\u2068")
    assert await door.page.locator("img:not(#logo)").count() == 0


async def test_arabic_runs_from_right_to_left_but_not_its_digits(
    browser: Browser, views_of_now: Views
) -> None:
    async with opened(browser, views_of_now, locale="ar-EG") as door:
        words = {"about": {"language": "العربية", "direction": "rtl", "reviewed": False}}
        await door.page.route("**/static/words/ar.json", lambda route: route.fulfill(json=words))
        door.pin = ["book"]
        await door.open()
        await expect(door.bar).to_be_visible()
        await expect(door.page.locator("html")).to_have_attribute("dir", "rtl")
        await door.page.locator("#act-book").click()
        await door.sheet.locator(".choices button").first.click()
        left = await door.sheet.locator(".pin-pad button", has_text="1").bounding_box()
        right = await door.sheet.locator(".pin-pad button", has_text="3").bounding_box()
        cross = await door.sheet.locator(".cross").bounding_box()
        assert left
        assert right
        assert cross
        assert left["x"] < right["x"]
        assert cross["x"] < left["x"], "the cross is where lines end"


OF_PEOPLE = {
    "beyond_oneself", "changed_meanwhile", "discovery_doubted", "discovery_unconfirmed",
    "if_match_needed", "inventory_in_files", "inventory_unfit",
    "last_owner", "lists_not_for_role", "local_off", "name_taken", "no_vault", "not_approvable",
    "not_ours", "not_undoable", "not_yours", "of_provider",
    "password_is_name", "password_too_common", "password_too_long",
    "password_too_short", "person_disabled", "room_retired",
    "table_unreadable", "unknown_change", "unknown_entry", "unknown_person", "unknown_plan",
    "unknown_proposal", "unknown_session", "wrong_code", "wrong_password",
}  # fmt: skip
"""Codes of what displays never ask for; a retired room's page says so itself."""


async def test_every_problem_of_an_action_has_words(door: Door) -> None:
    """What a code does not need is what no touch at a door can be answered with."""
    elsewhere = {"unknown_source", "unknown_token", "unknown_endpoint", "not_found"}
    elsewhere |= {"method_not_allowed", "body_too_large", "not_provisionable", "unknown_fault"}
    elsewhere |= {"unknown_code", "unknown_display", "unknown_list"}
    await door.open()
    said = await door.page.evaluate(
        """async (codes) => {
          const { say } = await import('/static/display/problems.js');
          return Object.fromEntries(codes.map((code) => [code, say(code)]));
        }""",
        sorted(TITLES.keys() - elsewhere - OF_PEOPLE),
    )
    general = "That did not work. Please try again."
    unsaid = [code for code, words in said.items() if words == general and code != "key_reused"]
    assert unsaid == [], json.dumps(said)
