"""The pages in a real browser: by keyboard, without scripts, on a telephone, in light and dark."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, Page, expect

from bridge.admin.pages import environment
from bridge.views import guard, pages
from bridge.views.site import site
from rooms.database import Database
from tests.bridge.admin.conftest import FACILITIES, House
from tests.fakes.virtual import FixedClock

pytestmark = pytest.mark.browser

MORNING = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DESK, TELEPHONE = (1280, 800), (390, 844)
EVERY = (
    "/admin",
    "/admin/rooms",
    "/admin/rooms?by=list",
    "/admin/rooms?why=late&q=zzz",
    "/admin/rooms/kestrel",
    "/admin/rooms/merlin",
    "/admin/displays?code=ABCD-EFGH&room=wren",
    "/admin/rooms/nowhere",
)
OPEN = ("/admin/login?wrong=1", "/admin/login?locked=90", "/admin/welcome?weak=1")
WIDER = "document.documentElement.scrollWidth - innerWidth"
SMALL = """
() => [...document.querySelectorAll("button, select, input:not([type=hidden])")]
  .filter((one) => one.getClientRects().length && one.getBoundingClientRect().height < 44)
  .map((one) => one.outerHTML)
"""


class Desk:
    """A browser, and the house that it looks at."""

    def __init__(self, house: House, browser: Browser, url: str) -> None:
        self.house = house
        self.browser = browser
        self.url = url
        self.complaints: list[str] = []

    async def open(
        self, path: str = "", *, size: tuple[int, int] = DESK, **more: object
    ) -> tuple[BrowserContext, Page]:
        """A window; whatever it complains of fails the test."""
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            **{"locale": "en-GB", "reduced_motion": "reduce", **more},  # type: ignore[arg-type]
        )
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda told: self.complaints.append(told.text))
        if path:
            await page.goto(self.url + path)
        return context, page


@pytest.fixture
def furnished(tmp_path: Path) -> House:
    """Opened before the loop runs."""
    pages.files()
    environment()
    return House(Database(tmp_path / "bridge.db"), FixedClock(MORNING))


@pytest.fixture
async def desk(
    furnished: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    house = furnished
    monkeypatch.setattr(guard, "identified", house.identified)
    async with house.database.running(), TestServer(site(house.house, house.routes())) as server:
        await house.furnish(MORNING)
        opened = Desk(house, browser, f"http://127.0.0.1:{server.port}")
        yield opened
        house.hub.close()
        house.panels.close()
        expected = ("404 (Not Found)", "403 (Forbidden)")
        assert [one for one in opened.complaints if not one.endswith(expected)] == []


async def test_every_page_fits_and_can_be_touched(desk: Desk) -> None:
    """320 points wide is 1280 at four times the size (WCAG 1.4.10)."""
    context, page = await desk.open()
    for path in (*EVERY, *OPEN):
        desk.house.person = None if path in OPEN else FACILITIES
        for lang in ("en", "de"):
            await page.goto(f"{desk.url}{path}{'&' if '?' in path else '?'}lang={lang}")
            await expect(page.locator("html")).to_have_attribute("lang", lang)
            assert await page.locator("h1").count() == 1
            for width, height in (DESK, TELEPHONE, (320, 640)):
                await page.set_viewport_size({"width": width, "height": height})
                assert await page.evaluate(WIDER) <= 0, (path, lang, width)
                assert await page.evaluate(SMALL) == [], path
    await context.close()


async def test_a_facilities_person_finds_what_is_wrong_and_clears_it(desk: Desk) -> None:
    desk.house.person = FACILITIES
    context, page = await desk.open("/admin")
    await expect(page.locator(".lead")).to_contain_text("1 room is not working as it should.")
    await page.get_by_role("link", name="See these rooms and what to do").click()
    await expect(page.locator("#why")).to_be_in_viewport()
    await page.get_by_role("link", name="People reported a fault of the room").click()
    await expect(page.locator("#found")).to_have_text("1 room found")
    await page.get_by_role("link", name="Kestrel").click()
    await expect(page.locator("h1")).to_have_text("Kestrel")
    await page.get_by_role("button", name="It is mended").click()
    await expect(page.get_by_role("status").first).to_have_text("The fault is cleared.")
    assert "done=" not in page.url, "a reload does not say it again"
    await page.get_by_role("button", name="Send the meetings again").click()
    await expect(page.locator("#said")).to_have_text("The room system has taken its meetings.")
    assert desk.house.endpoints.told == [("shown", "Grace Hopper")]
    await page.get_by_role("button", name="Read the calendar now").click()
    await expect(page.locator("#said")).to_contain_text("is being read")
    await context.close()


async def test_typing_shows_the_rooms_that_fit_at_once(desk: Desk) -> None:
    context, page = await desk.open("/admin/rooms")
    rows = page.locator(".row:visible")
    await expect(rows).to_have_count(6)
    typed = page.get_by_label("Search")
    await typed.fill("HARBOUR wren")
    await expect(rows).to_have_count(1)
    await expect(page.locator("#found")).to_have_text("1 room found")
    await expect(page.locator("summary:visible")).to_have_count(2)
    await typed.fill("nothing like it")
    await expect(rows).to_have_count(0)
    await expect(page.locator("#nothing")).to_be_visible()
    await typed.fill("")
    await expect(rows).to_have_count(6)
    await typed.fill("mill")
    await typed.press("Enter")
    await expect(page).to_have_url(f"{desk.url}/admin/rooms?q=mill&state=&list=*")
    await expect(rows).to_have_count(2)
    await context.close()


async def test_everything_is_reached_by_keyboard_in_the_order_it_stands(desk: Desk) -> None:
    context, page = await desk.open("/admin")
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="See these rooms")).to_be_focused()
    await page.goto(f"{desk.url}/admin/rooms/kestrel")
    reached = set()
    for _ in range(40):
        await page.keyboard.press("Tab")
        name = "document.activeElement.textContent.trim() || document.activeElement.id"
        reached.add(str(await page.evaluate(name)))
    for name in ("For IT staff", "Read the calendar now", "It is mended: Sound", "Call now"):
        assert name in reached
    for name in ("endpoint", "booking", "address"):
        assert any(name in one or "codec" in one for one in reached)
    await context.close()


async def test_what_cannot_be_taken_back_is_asked_first(desk: Desk) -> None:
    context, page = await desk.open("/admin/rooms/kestrel")
    call = page.get_by_role("button", name="Call now")
    await call.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Have the system in the room call now?")
    await expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(call).to_be_focused()
    assert desk.house.endpoints.told == []
    await call.press("Enter")
    await dialog.get_by_role("button", name="Call now").click()
    await expect(page.locator("#said")).to_have_text("The room system is calling.")
    assert desk.house.endpoints.told == [("dialled", "Grace Hopper")]
    await context.close()


async def test_without_scripts_everything_is_read_and_done(desk: Desk) -> None:
    desk.house.person = FACILITIES
    context, page = await desk.open("/admin", java_script_enabled=False)
    await page.get_by_role("link", name="Rooms", exact=True).click()
    await page.get_by_label("Search").fill("wren")
    await page.get_by_role("button", name="Show").click()
    await page.get_by_role("link", name="Wren").click()
    assert "There is nothing to do." in await page.content()
    await page.get_by_role("button", name="Read the calendar now").click()
    assert "The calendar is being read." in await page.content()
    assert desk.house.read == ["wren"]
    await page.get_by_role("link", name="Pair a display").click()
    assert await page.get_by_label("Room", exact=True).input_value() == "wren"
    await page.get_by_label("Code on the display").fill("2222-2222")
    await page.get_by_role("button", name="Pair").click()
    assert "No display shows this code now" in await page.content()
    await page.get_by_role("link", name="Deutsch").click()
    assert await page.get_by_role("heading", level=2, name="Ein Display koppeln").count() == 1
    await page.get_by_role("link", name="Übersicht").click()
    assert await page.locator("html").get_attribute("lang") == "de", "it is kept"
    await context.close()


async def test_a_display_is_paired_from_the_page(desk: Desk) -> None:
    desk.house.person = None
    shown, wall = await desk.open("/display")
    await expect(wall.locator("#command")).to_contain_text("displays pair")
    code = await wall.locator("#code").inner_text()
    desk.house.person = FACILITIES
    context, page = await desk.open("/admin/displays", size=TELEPHONE)
    field = page.get_by_label("Code on the display")
    await field.fill("AB")
    await expect(page.locator("#code-check")).to_have_text("The code has eight letters and digits.")
    await field.fill(code.lower())
    await expect(page.locator("#code-check")).to_have_text("")
    await page.get_by_label("Room", exact=True).select_option("wren")
    await page.get_by_role("button", name="Pair").click()
    await expect(page.locator("#said")).to_contain_text("The display is paired.")
    await page.get_by_role("button", name="Wren, Wren").click()
    await page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    await expect(page.locator("#said")).to_have_text("The display is signed out.")
    assert list(desk.house.pairing.every()) == []
    await shown.close()
    await context.close()


async def test_ages_go_on_while_the_page_stands(desk: Desk) -> None:
    context, page = await desk.open()
    await page.clock.install()
    await page.goto(f"{desk.url}/admin")
    age = page.locator(".note time")
    await expect(age).to_have_text("just now")
    await page.clock.run_for(66_000)
    await expect(age).to_have_text("1 minute ago")
    await page.clock.run_for(660_000)
    await expect(age).to_have_text("12 minutes ago")
    await context.close()


async def test_passwords_are_checked_as_they_are_typed(desk: Desk) -> None:
    desk.house.person = None
    context, page = await desk.open("/admin/welcome")
    field, said = page.get_by_label("New password"), page.locator("#password-check")
    await field.fill("ten letter")
    await expect(said).to_have_text("2 more characters are needed.")
    await field.fill("twelve chars")
    await expect(said).to_have_text("Long enough.")
    await context.close()
