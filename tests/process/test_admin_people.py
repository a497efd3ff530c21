"""People, tokens and one's own account in a real browser, signed in through the real pages."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from bridge.admin.pages import environment
from bridge.views import pages
from bridge.views.site import site
from rooms.database import Database
from tests.bridge.conftest import Views
from tests.bridge.people.conftest import PASSWORD, person
from tests.fakes.sources import room
from tests.fakes.virtual import FixedClock
from tests.process.test_admin_pages import DESK, SMALL, TELEPHONE, WIDER

pytestmark = pytest.mark.browser

MORNING = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
PAGES = (
    "/admin/people",
    "/admin/people/new",
    "/admin/people/{bob}",
    "/admin/people/{ada}",
    "/admin/account",
    "/admin/tokens",
    "/admin/tokens/new",
)
NEW = "the river carries three boats"


class House:
    """A house with people in it, and browsers at its address."""

    def __init__(self, views: Views, browser: Browser, url: str) -> None:
        self.views = views
        self.browser = browser
        self.url = url
        self.ids: dict[str, str] = {}
        self.complaints: list[str] = []

    async def furnish(self) -> None:
        """Two rooms, two lists, five people, two tokens."""
        house = self.views.house
        house.rooms = {
            "kestrel": room("kestrel", lists=("north",)),
            "heron": room("heron", lists=("south",)),
        }
        house.lists = {"north": "North wing", "south": "South wing", "board": "Board rooms"}
        await person(self.views, "ada", "owner", shown="Ada Lovelace")
        await person(self.views, "bob", "facilities", ["north"], shown="Bob Fisher")
        await person(self.views, "carl", "facilities")
        await person(self.views, "dora@example.com", "auditor")
        await person(self.views, "eve", "engineer", disabled=MORNING)
        self.ids = {one.name: one.id for one in self.views.people.accounts}
        create = self.views.tokens.create
        await create("Signs in the lobby", ("read",), lists=("north", "board"), actor="test")
        await create("Monitoring", ("read", "join"), actor="test")

    @asynccontextmanager
    async def open(
        self, name: str = "ada", size: tuple[int, int] = DESK, **more: object
    ) -> AsyncIterator[Page]:
        """Somebody's browser, signed in; whatever it complains of fails the test."""
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            **{"locale": "en-GB", "reduced_motion": "reduce", **more},  # type: ignore[arg-type]
        )
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda told: self.complaints.append(told.text))
        await self.sign_in(page, name, PASSWORD)
        yield page
        await context.close()

    async def sign_in(self, page: Page, name: str, password: str) -> None:
        await page.goto(f"{self.url}/admin/login")
        await page.get_by_label("Name").fill(name)
        await page.get_by_label("Password").fill(password)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{self.url}/admin")

    def at(self, path: str) -> str:
        """An address of a page."""
        return self.url + path.format(**self.ids)


@pytest.fixture
def opened(tmp_path: Path) -> Views:
    """Before the loop runs."""
    pages.files()
    environment()
    return Views(Database(tmp_path / "bridge.db"), FixedClock(MORNING))


@pytest.fixture
async def house(opened: Views, browser: Browser) -> AsyncIterator[House]:
    app = site(opened.house, opened.routes())
    async with opened.database.running(), TestServer(app) as server:
        made = House(opened, browser, f"http://127.0.0.1:{server.port}")
        await made.furnish()
        yield made
        opened.hub.close()
        opened.panels.close()
        expected = re.compile("status of (409|412|422) ")
        assert [one for one in made.complaints if not expected.search(one)] == []


async def test_an_owner_invites_somebody_who_then_signs_in(house: House) -> None:
    async with house.open(permissions=["clipboard-read", "clipboard-write"]) as page:
        await page.get_by_role("link", name="People", exact=True).click()
        await page.get_by_role("link", name="Invite somebody").click()
        name = page.get_by_label("Name to sign in with")
        await name.fill("fay wong")
        await expect(page.locator("#name-check")).to_contain_text("no spaces, please")
        await name.fill("bob")
        await expect(page.locator("#name-check")).to_have_text("")
        await page.get_by_label("What others call them").fill("Fay Wong")
        lists = page.get_by_role("group", name="Room lists")
        await expect(lists).to_be_visible()
        await page.get_by_role("radio", name="Engineer").check()
        await expect(lists).to_be_hidden()
        await page.get_by_role("radio", name="Facilities").check()
        await page.get_by_role("checkbox", name="South wing").check()
        await page.get_by_role("button", name="Make an account and a code").click()
        await expect(page.locator("#name-wrong")).to_contain_text("Somebody has this name already")
        await expect(name).to_have_accessible_description(re.compile("Somebody has this name"))
        await expect(page.get_by_role("checkbox", name="South wing")).to_be_checked()
        await name.fill("fay")
        await page.get_by_role("button", name="Make an account and a code").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(
            "A one-time code for Fay Wong"
        )
        code = await page.locator("#code").inner_text()
        await page.get_by_role("button", name="Copy").click()
        await expect(page.locator(".once").get_by_role("status")).to_have_text("Copied.")
        assert await page.evaluate("navigator.clipboard.readText()") == code
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_role("link", name="I have a one-time code").click()
        await page.get_by_label("One-time code").fill(code.lower().replace("-", " "))
        await page.get_by_label("New password").fill(NEW)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name="Your account: Fay Wong")).to_be_visible()
        await expect(page.get_by_role("link", name="People", exact=True)).to_have_count(0)


async def test_somebody_is_moved_kept_out_and_taken_away(house: House) -> None:
    async with house.open("bob") as bobs, house.open() as page:
        await page.goto(house.at("/admin/people"))
        await page.get_by_role("link", name="Bob Fisher").click()
        await page.get_by_role("checkbox", name="North wing").uncheck()
        await page.get_by_role("checkbox", name="South wing").check()
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator("#said")).to_have_text("The account was changed.")
        await expect(page.get_by_text("South wing ·")).to_be_visible()
        await bobs.goto(house.at("/admin/rooms"))
        await expect(bobs).to_have_url(re.compile("/admin/login"))
        await house.sign_in(bobs, "bob", PASSWORD)
        await bobs.goto(house.at("/admin/rooms"))
        await expect(bobs.locator(".row")).to_have_count(1)
        await expect(bobs.locator(".row")).to_contain_text("Heron")

        await page.get_by_role("button", name="Keep out").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("Sign them out now, and keep them out?")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Keep out")).to_be_focused()
        await page.keyboard.press("Enter")
        await dialog.get_by_role("button", name="Keep out").click()
        await expect(page.locator("#said")).to_contain_text("cannot sign in any more")
        await bobs.reload()
        await expect(bobs).to_have_url(re.compile("/admin/login"))
        await page.get_by_role("button", name="Remove for good").click()
        await dialog.get_by_role("button", name="Remove for good").click()
        await expect(page.locator("#said")).to_have_text("The account was deleted.")
        await expect(page.get_by_text("Bob Fisher")).to_have_count(0)


async def test_of_two_owners_the_slower_one_is_told(house: House) -> None:
    async with house.open() as page, house.open() as other:
        for one in (page, other):
            await one.goto(house.at("/admin/people/{bob}"))
        await page.get_by_label("What others call them").fill("Robert Fisher")
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator("h1")).to_have_text("Robert Fisher")
        await other.get_by_role("checkbox", name="Board rooms").check()
        await other.get_by_role("button", name="Save").click()
        await expect(other.get_by_role("alert")).to_contain_text("Somebody changed something")
        await expect(other.get_by_label("What others call them")).to_have_value("Robert Fisher")
        await other.get_by_role("checkbox", name="Board rooms").check()
        await other.get_by_role("button", name="Save").click()
        await expect(other.locator("#said")).to_have_text("The account was changed.")


async def test_another_password_by_keyboard_alone(house: House) -> None:
    async with house.open("bob") as elsewhere, house.open("bob", TELEPHONE) as page:
        await page.get_by_role("link", name="Your account: Bob Fisher").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Your account")
        await page.get_by_label("Your password until now").focus()
        await page.keyboard.type("not this one")
        await page.keyboard.press("Tab")
        await page.keyboard.type("short")
        await expect(page.locator("#new-check")).to_have_text("7 more characters are needed.")
        await page.keyboard.press("Control+a")
        await page.keyboard.type(NEW)
        await page.keyboard.press("Enter")
        await expect(page.locator("#password-wrong")).to_contain_text("This is not your password")
        await page.get_by_label("Your password until now").focus()
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Tab")
        await page.keyboard.type(NEW)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Set the new password")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#said")).to_contain_text("You have a new password.")
        await elsewhere.reload()
        await expect(elsewhere).to_have_url(re.compile("/admin/login"))
        await house.sign_in(elsewhere, "bob", NEW)
        await page.reload()
        await page.get_by_role("button", name=re.compile("Sign out.*Linux")).click()
        await expect(page.locator("#said")).to_have_text("Signed out there.")
        await expect(page.get_by_text("Only here, in this browser.")).to_be_visible()


async def test_a_token_is_made_and_ended_without_scripts(house: House) -> None:
    async with house.open(java_script_enabled=False) as page:
        await page.get_by_role("link", name="People", exact=True).click()
        await page.get_by_role("link", name="Services").click()
        await page.get_by_role("link", name="Make a token").click()
        await page.get_by_label("What it is for").fill("A script")
        await page.get_by_role("checkbox", name="South wing").check()
        await page.get_by_role("checkbox", name="Look after rooms").check()
        await page.get_by_label("Good for").select_option("90")
        await page.get_by_role("button", name="Make the token").click()
        secret = await page.locator("#token").inner_text()
        headers = {"Authorization": f"Bearer {secret}"}
        answer = await page.context.request.get(house.at("/api/v1/rooms"), headers=headers)
        assert [one["id"] for one in (await answer.json())["rooms"]] == ["heron"]
        await page.get_by_role("link", name="Back to all tokens").click()
        assert secret not in await page.content()
        await page.get_by_role("button", name=re.compile("A script")).click()
        assert "The token opens nothing any more." in await page.content()
        answer = await page.context.request.get(house.at("/api/v1/rooms"), headers=headers)
        assert answer.status == 401
        await page.goto(house.at("/admin/people/new"))
        await page.get_by_role("radio", name="Engineer").check()
        await page.get_by_role("checkbox", name="Board rooms").check()
        await page.get_by_label("Name to sign in with").fill("fay")
        await page.get_by_role("button", name="Make an account and a code").click()
        assert "Room lists do not go with this." in await page.content()


async def test_every_page_of_people_fits_and_can_be_touched(house: House) -> None:
    async with house.open() as page:
        for path in PAGES:
            for lang in ("en", "de"):
                await page.goto(f"{house.at(path)}?lang={lang}")
                await expect(page.locator("html")).to_have_attribute("lang", lang)
                assert await page.locator("h1").count() == 1
                for width, height in (DESK, TELEPHONE, (320, 640)):
                    await page.set_viewport_size({"width": width, "height": height})
                    assert await page.evaluate(WIDER) <= 0, (path, lang, width)
                    small = await page.evaluate(SMALL)  # what is chosen is touched at its label
                    found = [one for one in small if 'type="radio"' not in one]
                    assert [one for one in found if 'type="checkbox"' not in one] == [], path
