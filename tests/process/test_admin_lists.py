"""Room lists and several rooms in a real browser: by keyboard, without scripts, by hand."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from bridge.views import guard
from bridge.views.site import site
from rooms.inventory import Edit
from tests.bridge.admin.stocked import LISTS, ROOMS, Stock
from tests.process.test_admin_pages import DESK, SMALL, TELEPHONE, WIDER, Desk

pytestmark = pytest.mark.browser

EVERY = (
    "/admin/lists",
    "/admin/lists/north",
    "/admin/lists/harbour",
    "/admin/choose",
    "/admin/choose?list=north&all=1",
    "/admin/choose?q=zzz",
    "/admin/rooms?by=list",
)
MANY = {
    f"r{number:03}": {
        "name": f"Room {number}",
        "mailbox": f"r{number}@example.com",
        "time_zone": "Europe/London",
        "building": f"Tower {number % 3}",
        "floor": str(number // 3 % 10),
        "capacity": str(2 + number % 12),
        "lists": ["south"],
    }
    for number in range(297)
}


class Office(Desk):
    """A browser, and the inventory that it changes."""

    def __init__(self, stock: Stock, browser: Browser, url: str) -> None:
        super().__init__(stock.house, browser, url)
        self.stock = stock


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stock:
    """Opened before the loop runs."""
    stock = Stock(tmp_path)
    monkeypatch.setattr(guard, "identified", stock.house.identified)
    return stock


@pytest.fixture
async def office(made: Stock, browser: Browser) -> AsyncIterator[Office]:
    house = made.house
    async with made.database.running(), TestServer(site(house.house, house.routes())) as server:
        await made.apply(Edit(rooms=ROOMS, lists=LISTS))
        opened = Office(made, browser, f"http://127.0.0.1:{server.port}")
        yield opened
        house.hub.close()
        house.panels.close()
        expected = ("404 (Not Found)", "403 (Forbidden)", "422 (Unprocessable Entity)")
        assert [one for one in opened.complaints if not one.endswith(expected)] == []


async def do_it(page: Page) -> None:
    """Agree to the plan that is shown."""
    await expect(page.locator("h1")).to_have_text("Check before it is done")
    await page.get_by_role("button", name="Do it").click()
    await expect(page.locator("#said")).to_have_text("It is done.")


async def test_every_page_of_lists_fits_and_can_be_touched(office: Office) -> None:
    context, page = await office.open()
    for caller in (office.house.person, office.stock.facilities("north")):
        assert caller is not None
        office.stock.look_as(caller)
        for path in EVERY:
            if caller.lists is not None and "harbour" in path:
                continue
            for lang in ("en", "de"):
                await page.goto(f"{office.url}{path}{'&' if '?' in path else '?'}lang={lang}")
                await expect(page.locator("html")).to_have_attribute("data-ready", "")
                assert await page.locator("h1").count() == 1
                await page.evaluate(
                    "document.querySelectorAll('details').forEach((d) => d.open = true)"
                )
                for width, height in (DESK, TELEPHONE, (320, 640)):
                    await page.set_viewport_size({"width": width, "height": height})
                    assert await page.evaluate(WIDER) <= 0, (path, lang, width)
                    assert (
                        await page.evaluate(SMALL.replace("input:not([type=hidden])", "label.tick"))
                        == []
                    ), path
    await context.close()


async def test_a_list_is_added_and_filled_and_moved_from_the_page_alone(office: Office) -> None:
    context, page = await office.open("/admin")
    await page.get_by_role("link", name="Room lists", exact=True).click()
    await page.get_by_label("Name", exact=True).fill("Quiet rooms")
    await page.get_by_label("Part of").select_option(label="– North wing")
    await page.get_by_role("button", name="See what would change").click()
    await expect(page.locator("main")).to_contain_text("Quiet rooms")
    await do_it(page)
    await page.get_by_role("link", name="Quiet rooms", exact=True).click()
    await page.get_by_role("link", name="Put rooms into it").click()
    await expect(page.get_by_label("Put into the room list")).to_have_value("quiet-rooms")
    await expect(page.locator("#chosen")).to_have_text("No room is chosen")
    await page.get_by_label("Kestrel").check()
    await expect(page.locator("#chosen")).to_have_text("1 room chosen")
    await page.get_by_label("Heron").check()
    await expect(page.locator("#chosen")).to_have_text("2 rooms chosen")
    await page.get_by_label("Equipment to add").fill("Whiteboard")
    await page.get_by_role("button", name="See what would change").click()
    await do_it(page)
    assert office.stock.document.rooms["heron"]["lists"] == ["south", "quiet-rooms"]
    await page.goto(f"{office.url}/admin/lists/quiet-rooms")
    await page.get_by_label("Part of").select_option(label="Harbour House")
    await page.locator("#change ~ form").get_by_role("button").click()
    await do_it(page)
    assert office.stock.document.lists["quiet-rooms"]["parent"] == "harbour"
    await context.close()


async def test_three_hundred_rooms_move_by_keyboard(office: Office) -> None:
    await office.stock.apply(Edit(rooms=MANY))
    context, page = await office.open("/admin/lists/south")
    await page.get_by_role("link", name="Change some of them").press("Enter")
    await expect(page).to_have_url(re.compile(r"/admin/choose\?list=south$"))
    every = page.get_by_label("All 298 rooms found")
    await expect(page.locator("details[open]")).to_have_count(0)  # 31 floors are few stops
    await every.press("Space")
    await expect(page.locator("#chosen")).to_have_text("298 rooms chosen")
    await page.locator("summary").nth(1).press("Enter")
    these = page.get_by_role("button", name="Choose these").first
    await expect(these).to_have_attribute("aria-pressed", "true")
    await these.press("Enter")
    await expect(page.locator("#chosen")).to_have_text("288 rooms chosen")
    await expect(every).not_to_be_checked()
    await these.press("Enter")
    await page.locator("summary").first.press("Enter")
    await page.get_by_label("Heron").press("Space")
    await expect(page.locator("#chosen")).to_have_text("297 rooms chosen")
    await page.get_by_role("link", name="Go on to what is to be different").press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Put into the room list")).to_be_focused()
    await page.keyboard.type("North")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Every")
    await page.get_by_label("Floor", exact=True).press("1")
    await page.get_by_label("Floor", exact=True).press("Enter")
    await expect(page.locator("h1")).to_have_text("Check before it is done")
    await page.get_by_role("button", name="Do it").press("Enter")
    await expect(page.locator("#said")).to_have_text("It is done.")
    moved = office.stock.document.rooms
    assert {moved[name]["lists"][0] for name in MANY} == {"north"}
    assert {moved[name]["floor"] for name in MANY} == {"1"}
    assert moved["heron"]["lists"] == ["south"]
    await context.close()


async def test_ticks_alone_are_meant_whatever_fits_meanwhile(office: Office) -> None:
    context, page = await office.open("/admin/choose?building=Harbour+House&floor=2")
    await page.get_by_label("Kestrel").check()
    await page.get_by_label("Wren").check()
    await expect(page.get_by_label("All 2 rooms found")).to_be_checked()
    await office.stock.apply(Edit(rooms={"heron": {"floor": "2"}}))
    await page.get_by_label("Seats", exact=True).fill("5")
    await page.get_by_role("button", name="See what would change").click()
    await do_it(page)
    found = office.stock.document.rooms
    assert [found[name]["capacity"] for name in ("kestrel", "wren", "heron")] == ["5", "5", "12"]
    await context.close()


async def test_without_scripts_all_of_it_can_be_done(office: Office) -> None:
    context, page = await office.open("/admin/rooms?by=list", java_script_enabled=False)
    await page.get_by_role("link", name=re.compile("Change its rooms.*North wing")).click()
    await expect(page.get_by_role("button", name="Choose these")).to_have_count(0)
    await page.get_by_role("button", name="See what would change").click()
    await expect(page.get_by_role("alert")).to_contain_text("No room is chosen.")
    await page.get_by_label("All 2 rooms found").check()
    await page.get_by_label("Seats", exact=True).fill("many")
    await page.get_by_role("button", name="See what would change").click()
    await expect(page.get_by_label("Seats", exact=True)).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("All 2 rooms found")).to_be_checked()
    await page.get_by_label("Seats", exact=True).fill("6")
    await page.get_by_role("button", name="See what would change").click()
    await page.get_by_role("link", name="Change something").click()
    await expect(page.get_by_label("Seats", exact=True)).to_have_value("6")
    await page.get_by_role("button", name="See what would change").click()
    await do_it(page)
    assert office.stock.document.rooms["wren"]["capacity"] == "6"
    await page.goto(f"{office.url}/admin/lists/north")
    await page.get_by_text("Give it another short name").click()
    await page.get_by_label("Short name", exact=True).fill("nord")
    await page.locator("form", has=page.locator("[value=id]")).get_by_role("button").click()
    await do_it(page)
    await page.get_by_text("Remove the list").click()
    await page.get_by_role("button", name="See what removing it would change").click()
    await do_it(page)
    assert set(office.stock.document.lists) == {"harbour", "south"}
    await page.goto(f"{office.url}/admin/changes")
    await page.get_by_role("link", name=re.compile("Take it back|Undo|Take back")).first.click()
    await page.get_by_role("button", name="Take it back").click()
    assert "nord" in office.stock.document.lists
    await context.close()


async def test_a_facilities_person_cannot_give_a_room_away_and_is_told(office: Office) -> None:
    office.stock.look_as(office.stock.facilities("north"))
    context, page = await office.open("/admin/choose")
    await page.get_by_label("Kestrel").check()
    await page.get_by_label("Take out of the room list").select_option(label="North wing")
    await page.get_by_role("button", name="See what would change").click()
    await expect(page.get_by_role("alert")).to_contain_text("none of your room lists")
    await expect(page.get_by_label("Kestrel")).to_be_checked()
    await expect(page.get_by_label("Put into the room list").locator("option")).to_have_count(2)
    await context.close()
