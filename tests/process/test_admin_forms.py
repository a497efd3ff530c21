"""Forms of rooms in a real browser: checked while typing, shown before done, compared if late."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, Page, expect

from bridge.views.site import site
from rooms.inventory import Edit
from tests.bridge.admin.conftest import person
from tests.bridge.admin.stocked import LISTS, ROOMS, Stock, looked_at
from tests.bridge.admin.test_units import Vault
from tests.bridge.inventory.keeping import STORE
from tests.process.test_admin_pages import DESK, SMALL, TELEPHONE, WIDER

pytestmark = pytest.mark.browser

EDIT = "/admin/rooms/kestrel/edit"
EVERY = (
    EDIT,
    "/admin/add-room",
    "/admin/rooms/kestrel/add-system",
    "/admin/rooms/kestrel/systems/codec",
    "/admin/rooms/kestrel/retire",
    "/admin/rooms/kestrel/rename",
)
CODEC = {"kind": "cisco", "address": "10.0.0.1", "username": "bridge", "room": "kestrel"}


class Counterpart:
    """A browser, and the inventory that it changes."""

    def __init__(self, stock: Stock, browser: Browser, url: str) -> None:
        self.stock = stock
        self.browser = browser
        self.url = url
        self.complaints: list[str] = []

    @asynccontextmanager
    async def page(
        self, path: str, size: tuple[int, int] = DESK, **more: object
    ) -> AsyncIterator[Page]:
        """A window; whatever it complains of fails the test."""
        context: BrowserContext = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            **{"locale": "en-GB", "reduced_motion": "reduce", **more},  # type: ignore[arg-type]
        )
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda told: self.complaints.append(told.text))
        await page.goto(self.url + path)
        yield page
        await context.close()

    async def planned(self, page: Page) -> None:
        """Send the form that is open."""
        await page.get_by_role("button", name="See what would change").click()
        await expect(page.locator("h1")).to_have_text("Check before it is done")


@pytest.fixture
def building(tmp_path: Path) -> Iterator[Stock]:
    """Opened before the loop runs."""
    key = tmp_path / "vault.key"
    key.write_text("ab" * 32)
    key.chmod(0o600)
    with looked_at(Stock(tmp_path, STORE + "vault: {key_file: vault.key}\n")) as stock:
        stock.keeper.vault = Vault(stock)
        yield stock


@pytest.fixture
async def forms(building: Stock, browser: Browser) -> AsyncIterator[Counterpart]:
    """Three rooms, one of which has a system; an engineer looks."""
    stock = building
    async with stock.database.running():
        plan = await stock.keeper.plan(
            Edit(rooms=ROOMS, lists=LISTS, endpoints={"codec": CODEC}),
            person(),
            given={"codec": {"password": "planted"}},
        )
        await stock.keeper.apply(plan, person())
        async with TestServer(site(stock.house.house, stock.house.routes())) as server:
            opened = Counterpart(stock, browser, f"http://127.0.0.1:{server.port}")
            yield opened
            stock.house.hub.close()
            stock.house.panels.close()
    expected = ("412 (Precondition Failed)", "422 (Unprocessable Entity)")
    assert [one for one in opened.complaints if not one.endswith(expected)] == []


async def test_every_form_fits_and_can_be_touched(forms: Counterpart) -> None:
    async with forms.page("/admin") as page:
        for path in EVERY:
            for lang in ("en", "de"):
                await page.goto(f"{forms.url}{path}?lang={lang}")
                await expect(page.locator("html")).to_have_attribute("data-ready", "")
                await page.evaluate(
                    "document.querySelectorAll('details').forEach((d) => d.open = true)"
                )
                for width, height in (DESK, TELEPHONE, (320, 640)):
                    await page.set_viewport_size({"width": width, "height": height})
                    assert await page.evaluate(WIDER) <= 0, (path, lang, width)
                    small = [one for one in await page.evaluate(SMALL) if "checkbox" not in one]
                    assert small == [], path


async def test_what_is_wrong_is_said_while_it_is_typed(forms: Counterpart) -> None:
    async with forms.page(EDIT) as page:
        seats, said = page.get_by_label("Seats"), page.locator("#capacity-wrong")
        await seats.fill("many")
        await expect(said).to_be_visible()
        await expect(said).to_have_attribute("aria-live", "polite")
        await expect(seats).to_have_attribute("aria-invalid", "true")
        assert "capacity-wrong" in str(await seats.get_attribute("aria-describedby"))
        await expect(page.locator("#name-wrong")).to_be_hidden()
        await seats.fill("12")
        await expect(said).to_be_hidden()
        await expect(seats).not_to_have_attribute("aria-invalid", "true")
        await page.get_by_label("Calendar address").fill("wren@example.com")
        await expect(page.locator("#mailbox-wrong")).to_contain_text("has the same calendar")
        await expect(page.get_by_label("Calendar address")).not_to_have_attribute(
            "aria-invalid", "true"
        )
        assert forms.stock.document.rooms["kestrel"]["capacity"] == "8"


async def test_a_room_is_changed_by_keyboard_alone(forms: Counterpart) -> None:
    async with forms.page("/admin/rooms/kestrel") as page:
        await page.get_by_role("link", name="Change", exact=True).focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Change Kestrel")
        field = page.get_by_label("Name", exact=True)
        await field.focus()
        await page.keyboard.press("Control+A")
        await page.keyboard.type("Falcon")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Check before it is done")
        await expect(page.locator("dl.facts")).to_contain_text("Falcon")
        await page.get_by_role("button", name="Do it").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#said")).to_have_text("It is done.")
        await expect(page.locator("h1")).to_have_text("Falcon")
        await page.goto(forms.url + EDIT)
        reached = []
        for _ in range(45):
            await page.keyboard.press("Tab")
            told = "document.activeElement.id || document.activeElement.textContent.trim()"
            reached.append(str(await page.evaluate(told)))
        order = ["name", "mailbox", "time_zone", "building", "floor", "capacity", "why"]
        assert [one for one in reached if one in order][: len(order)] == order


async def test_without_scripts_a_room_is_added_and_what_is_wrong_told(forms: Counterpart) -> None:
    forms.stock.look_as(forms.stock.facilities("north"))
    async with forms.page("/admin/rooms", TELEPHONE, java_script_enabled=False) as page:
        await page.get_by_role("link", name="Add a room").click()
        await page.get_by_label("Name", exact=True).fill("Großer Saal")
        await page.get_by_label("Calendar address").fill("saal@example.com")
        await page.get_by_label("Seats").fill("vierzig")
        await page.get_by_role("button", name="See what would change").click()
        assert await page.get_by_role("alert").is_visible()
        assert await page.get_by_label("Seats").get_attribute("aria-invalid") == "true"
        assert await page.get_by_label("Name", exact=True).input_value() == "Großer Saal"
        await page.get_by_label("Seats").fill("40")
        await page.get_by_role("button", name="See what would change").click()
        await page.get_by_role("link", name="Change something").click()
        assert await page.get_by_label("Seats").input_value() == "40"
        await page.get_by_role("button", name="See what would change").click()
        await page.get_by_role("button", name="Do it").click()
        assert "It is done." in await page.content()
        assert await page.locator("h1").inner_text() == "Großer Saal"
    assert forms.stock.document.rooms["grosser-saal"]["lists"] == ["north"]


async def test_who_was_slower_compares_and_plans_anew(forms: Counterpart) -> None:
    async with forms.page(EDIT, TELEPHONE) as page:
        await page.get_by_label("Floor").fill("3")
        await forms.planned(page)
        await forms.stock.apply(Edit(rooms={"kestrel": {"floor": "7"}}), person(name="Bob"))
        await page.get_by_role("button", name="Do it").click()
        await expect(page.locator("h1")).to_have_text("Somebody else was faster")
        await expect(page.locator("tr.moved")).to_contain_text("7 (changed)")
        assert await page.evaluate(WIDER) <= 0
        await page.get_by_role("button", name="Plan it again").click()
        await expect(page.locator("dl.facts del")).to_contain_text("7")
        await page.get_by_role("button", name="Do it").click()
        await expect(page.locator("#said")).to_have_text("It is done.")
    assert forms.stock.document.rooms["kestrel"]["floor"] == "3"


async def test_a_password_is_typed_and_never_comes_back(forms: Counterpart) -> None:
    async with forms.page("/admin/rooms/kestrel") as page:
        await page.get_by_role("link", name="Add a room system").click()
        await page.get_by_label("Kind").select_option("poly")
        await page.get_by_label("Address").fill("10.0.0.7")
        await page.get_by_label("User name").fill("admin")
        await page.get_by_label("Password").fill("seven swans")
        await forms.planned(page)
        assert "seven swans" not in await page.content()
        await page.get_by_role("link", name="Change something").click()
        await expect(page.get_by_label("Password")).to_have_value("")
        await page.go_back()
        await page.get_by_role("button", name="Do it").click()
        await expect(page.locator("#said")).to_have_text("It is done.")
        await page.goto(forms.url + "/admin/rooms/kestrel/systems/kestrel-poly")
        await page.get_by_label("Address").fill("10.6.6.6")
        await expect(page.locator("#password-hint")).to_contain_text("Type it again")
        await page.get_by_role("button", name="Show what removing it would do").click()
        await page.get_by_role("button", name="Do it").click()
        await expect(page.locator("#said")).to_have_text("It is done.")


async def test_a_room_is_retired_and_brought_back(forms: Counterpart) -> None:
    async with forms.page(EDIT) as page:
        await page.get_by_role("link", name="Retire the room").click()
        await expect(page.locator("dl.facts")).to_contain_text(
            "1 room system is shown an empty list"
        )
        await page.get_by_label("Why").fill("torn down")
        await forms.planned(page)
        await page.get_by_role("button", name="Do it").click()
        await expect(page.locator("#said")).to_have_text("It is done.")
        await page.goto(forms.url + "/admin/changes")
        await page.get_by_role("link", name="Take back").first.click()
        await page.get_by_role("button", name="Take it back").click()
        await expect(page.locator("#said")).to_contain_text("taken back")
    assert "kestrel" in forms.stock.document.rooms
