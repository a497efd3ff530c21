"""A new facilities person's first day, from an empty appliance, by what the pages show alone.

Nothing is clicked that is not to be seen, and no address is typed but `/admin` and `/display`.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from connector.simulators.graph import Tenant
from tests.process.conftest import Running, Site

pytestmark = pytest.mark.browser

COUNT, ROOMS_A_FLOOR = 40, 8
PASSWORD = "a heron stands in the reeds"
WIDER = "document.documentElement.scrollWidth - innerWidth"
CODE = re.compile(r"\b[A-Z0-9]{4}(?:-[A-Z0-9]{4}){4}\b")


def table(*, wrong: bool) -> FilePayload:
    """Forty rooms on five floors, as a German Excel writes them; or with one thing wrong."""
    rows = ["Room name;E-mail;Time zone;Building;Floor;Seats;Room list"]
    for n in range(1, COUNT + 1):
        floor, zone = (n - 1) // ROOMS_A_FLOOR, "Europe/London"
        seats = "many" if wrong and n == COUNT else "8"
        where = "Ground floor" if floor == 0 else "Harbour House"
        rows.append(f"Room {n};room-{n}@example.com;{zone};Harbour House;{floor};{seats};{where}")
    text = "".join(f"{row}\r\n" for row in rows)
    return {"name": "rooms.csv", "mimeType": "text/csv", "buffer": text.encode("utf-8-sig")}


class Walker:
    """Somebody at the pages, who looks at each before going on."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.main = page.locator("main")

    async def go(self, place: str) -> None:
        """Choose a page from the menu."""
        menu = self.page.get_by_role("navigation", name="Pages")
        await menu.get_by_role("link", name=place, exact=True).click()

    async def follow(self, link: str, *, exact: bool = True) -> None:
        await self.main.get_by_role("link", name=link, exact=exact).click()

    async def press(self, button: str) -> None:
        await self.main.get_by_role("button", name=button).click()

    async def fill(self, label: str, value: str) -> None:
        await self.main.get_by_label(label, exact=True).fill(value)

    async def choose(self, label: str, value: str) -> None:
        await self.main.get_by_label(label, exact=True).select_option(label=value)

    async def plan(self, button: str = "See what would change") -> None:
        """Send a form, and look at what it would do."""
        await self.press(button)
        await expect(self.main).to_contain_text("Nothing is changed yet.")
        assert await self.page.evaluate(WIDER) <= 0

    async def do(self) -> None:
        await self.press("Do it")
        await self.told("It is done.")

    async def told(self, words: str) -> None:
        await expect(self.page.locator("#said")).to_have_text(words)

    async def enter(self, code: str) -> None:
        """Turn a one-time code into a password, and be in."""
        await self.fill("One-time code", code)
        await self.fill("New password", PASSWORD)
        await self.press("Set password and sign in")
        await expect(self.page.locator("h1")).to_have_text("Overview")


@asynccontextmanager
async def walking(browser: Browser, running: Running, **more: Any) -> AsyncIterator[Walker]:
    """A browser at `/admin`; what it complains of fails the test."""
    context = await browser.new_context(locale="en-GB", reduced_motion="reduce", **more)
    context.set_default_timeout(10_000)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"http://127.0.0.1:{running.port}/admin")
    yield Walker(page)
    await context.close()
    assert complaints == []


async def owned(site: Site, ada: Walker) -> str:
    """The first owner comes in, makes lists, and invites Grace; the code for her."""
    await expect(ada.main).to_contain_text("roombridge people invite NAME --role owner")
    status, code, _ = await site.command("people", "invite", "ada", "--role", "owner")
    assert status == 0
    await ada.follow("I have the code")
    await ada.enter(code.strip())
    for name, above in (("Harbour House", ""), ("Mill", ""), ("Ground floor", "Harbour House")):
        await ada.go("Room lists")
        await ada.fill("Name", name)
        if above:
            await ada.choose("Part of", above)
        await ada.plan()
        await ada.do()
    await ada.go("People")
    await ada.follow("Invite somebody")
    await ada.fill("Name to sign in with", "grace")
    await ada.fill("What others call them", "Grace Hopper")
    for name in ("Ground floor", "Harbour House", "Mill"):
        await ada.main.get_by_label(name).check()
    await ada.press("Make an account and a code")
    await expect(ada.page.locator("header")).not_to_contain_text("Grace Hopper")
    found = CODE.search(await ada.main.inner_text())
    assert found
    return found[0]


async def filled(grace: Walker) -> None:
    """Forty rooms by a table: at first with a wrong row, then without."""
    await grace.follow("Add rooms by a table")
    await expect(grace.main).to_contain_text("Room list: Ground floor, Harbour House, Mill.")
    for wrong in (True, False):
        file = grace.main.get_by_label("File", exact=True)
        await file.set_input_files(table(wrong=wrong))
        await grace.press("Check the table")
        if wrong:
            await expect(grace.main).to_contain_text("One row is wrong")
            row = grace.main.locator("ol.rows li", has_text="Room 40").first
            await expect(row).to_contain_text("Row 41")
            await expect(row).to_contain_text("Column Seats: Wrong: This must be a whole number.")
            await grace.follow("Choose another table, or the mended one")
    await expect(grace.page.locator("#verdict")).to_have_text("Every row is fine")
    await grace.press("Apply it")
    await grace.told("It is done.")
    await expect(grace.page.locator("#found")).to_have_text("40 rooms found")


async def moved(grace: Walker) -> None:
    """A list becomes part of another building, and takes its rooms along."""
    await grace.go("Room lists")
    await grace.follow("Ground floor")
    await grace.choose("Part of", "Mill")
    await grace.plan()
    await expect(grace.main.locator(".ills")).to_contain_text("Ground floor")
    await expect(grace.main.locator("ins")).to_contain_text("Mill")
    await grace.do()
    await expect(grace.main).to_contain_text("8 rooms are in it.")
    await expect(grace.main.get_by_role("link", name="Mill")).to_be_visible()


async def retired(grace: Walker) -> None:
    """A room is searched for, and leaves."""
    await grace.go("Rooms")
    await grace.fill("Search", "room-40@")
    await grace.follow("Room 40")
    await grace.follow("Retire the room")
    await grace.fill("Why", "became a store room")
    await grace.plan()
    await grace.do()
    await expect(grace.page.locator("#found")).to_have_text("39 rooms found")


async def paired(grace: Walker, browser: Browser, running: Running) -> None:
    """A display shows its code; typed at the page, it shows its room."""
    address = f"127.0.0.1:{running.port}"
    context = await browser.new_context(locale="en-GB", reduced_motion="reduce")
    wall = await context.new_page()
    await wall.goto(f"http://{address}/display")
    await expect(wall.locator("#command")).to_contain_text("displays pair")
    await expect(wall.locator("#at")).to_have_text(f"{address}/admin/displays")
    code = await wall.locator("#code").inner_text()
    await grace.go("Displays")
    await expect(grace.main).to_contain_text(f"Open {address}/display on the display.")
    await grace.fill("Code on the display", code)
    await grace.choose("Room", "Room 3")
    await grace.press("Pair")
    await grace.told("The display is paired. It shows its room within a few seconds.")
    await expect(grace.main).to_contain_text("Paired by Grace Hopper")
    await expect(wall.locator("h1")).to_have_text("Room 3", timeout=15_000)
    await context.close()


async def undone(grace: Walker) -> None:
    """All rooms of a list get the same number of seats by mistake; it is taken back."""
    await grace.go("Room lists")
    await grace.follow("Change its rooms : Harbour House", exact=False)
    await grace.main.get_by_label("All 31 rooms found").check()
    await grace.fill("Seats", "100")
    await grace.plan()
    await expect(grace.main.get_by_role("button", name="Do it")).to_be_in_viewport()
    await grace.do()
    await grace.follow("See it under Changes, or take it back")
    latest = grace.main.locator("ul.ills > li").first
    await expect(latest).to_contain_text("Grace Hopper")
    await expect(latest).to_contain_text("Room 9: Settings were changed: Seats was 8, is 100")
    await latest.get_by_role("link").click()
    await expect(grace.main.locator("ins").first).to_contain_text("8")
    await grace.press("Take it back")
    await grace.told("The change was taken back.")
    await grace.go("Rooms")
    await expect(grace.main).not_to_contain_text("100 seats")
    await expect(grace.page.locator("#found")).to_have_text("39 rooms found")


async def test_a_new_facilities_person_gets_a_building_going_from_the_pages_alone(
    site: Site, tenant: Tenant, browser: Browser
) -> None:
    site.settings["inventory"] = "store"
    site.rooms.clear()
    for n in range(1, COUNT + 1):
        tenant.add_mailbox(f"room-{n}@example.com", name=f"Room {n}")
    async with site.running() as running, walking(browser, running) as ada:
        code = await owned(site, ada)
        async with walking(browser, running) as grace:
            await grace.follow("I have a one-time code")
            await grace.enter(code)
            await filled(grace)
            await moved(grace)
            await retired(grace)
            await paired(grace, browser, running)
            await undone(grace)
