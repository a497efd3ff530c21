"""Tables and proposals in a real browser: real files chosen, with scripts and without."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, Page, expect

from bridge.views.site import site
from rooms.inventory import Edit
from tests.bridge.admin.found import Found, sought
from tests.bridge.admin.stocked import LISTS, ROOMS
from tests.process.test_admin_pages import DESK, SMALL, TELEPHONE, WIDER

__all__ = ["sought"]  # a fixture
pytestmark = pytest.mark.browser

HEAD = "Room name;E-mail;Time zone;Building;Floor;Seats;Room list\r\n"
OWL = "Owl;owl@example.com;Europe/London;Mill;1;6;North wing\r\n"
KNOWN = "Kestrel;kestrel@example.com;;;;9;\r\nWren;wren@example.com;;;;4;\r\n"
BAD = "Bat;bat;GMT Standard Time;Mill;02. Jan;many;West\r\n"


class Desk:
    """A browser, and the pages that it looks at."""

    def __init__(self, found: Found, browser: Browser, url: str) -> None:
        self.found = found
        self.browser = browser
        self.url = url
        self.complaints: list[str] = []

    async def open(
        self, path: str, *, size: tuple[int, int] = DESK, **more: object
    ) -> tuple[BrowserContext, Page]:
        """A window; whatever it complains of fails the test."""
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            **{"locale": "en-GB", "reduced_motion": "reduce", **more},  # type: ignore[arg-type]
        )
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda told: self.complaints.append(told.text))
        await page.goto(self.url + path)
        return context, page


@pytest.fixture
async def empty(sought: Found, browser: Browser) -> AsyncIterator[Desk]:
    """A house without any room."""
    found = sought
    # As real ones, it has no spaces: of a form with files it is looked for byte by byte.
    found.house.house.csrf = lambda _: "of-s1"
    async with (
        found.database.running(),
        TestServer(site(found.house.house, found.house.routes())) as server,
    ):
        desk = Desk(found, browser, f"http://127.0.0.1:{server.port}")
        yield desk
        found.house.hub.close()
        found.house.panels.close()
        expected = (" (Unprocessable Entity)", " (Conflict)", "(Request Entity Too Large)")
        assert [one for one in desk.complaints if not one.endswith(expected)] == []


@pytest.fixture
async def desk(empty: Desk) -> Desk:
    """A house with three rooms, and a service that was asked twice."""
    await empty.found.apply(Edit(rooms=ROOMS, lists=LISTS))
    await empty.found.ask()
    return empty


def written(folder: Path, name: str, text: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Tables as people have them."""
    broken = "".join(f"Room {one};room-{one};Nowhere;;;many;\r\n" for one in range(200))
    forty = "".join(
        f"Room {one};room-{one}@example.com;Europe/London;North;{one // 10};8;Tower\r\n"
        for one in range(40)
    )
    return {
        "good": written(tmp_path, "good.csv", (HEAD + OWL + KNOWN).encode("utf-8-sig")),
        "mixed": written(tmp_path, "mixed.csv", HEAD + OWL + BAD + KNOWN),
        "forty": written(tmp_path, "rooms of the north.csv", HEAD + forty),
        "broken": written(tmp_path, "broken.csv", HEAD + broken),
        "old": written(tmp_path, "old.csv", "Raum;Gebäude\r\nX;Süd\r\n".encode("cp1252")),
        "book": written(tmp_path, "rooms.xlsx", b"PK\x03\x04" + bytes(400)),
        "large": written(tmp_path, "large.csv", b"id\r\n" + b"x" * (17 << 20)),
    }


async def send(page: Page, file: Path, *ticks: str) -> None:
    await page.get_by_label("File", exact=True).set_input_files(file)
    for name in ticks:
        await page.get_by_label(name).check()
    await page.get_by_role("button", name="Check the table").click()


async def test_a_house_without_rooms_begins_with_a_table(
    empty: Desk, files: dict[str, Path]
) -> None:
    context, page = await empty.open("/admin")
    for name in ("See which rooms your calendar service knows", "Add a room"):
        await expect(page.get_by_role("link", name=name)).to_be_visible()
    await page.get_by_role("link", name="Add rooms by a table").click()
    await send(page, files["forty"])
    await expect(page.locator("#verdict")).to_contain_text("40 rows are wrong")
    await expect(page.locator(".rows > li").first).to_contain_text("There is no room list Tower.")
    await page.get_by_label("Add room lists that are not there yet").check()
    await page.get_by_role("button", name="Check it again").click()
    await expect(page.locator("#verdict")).to_have_text("Every row is fine")
    await expect(page.locator(".fates .added .number")).to_have_text("40")
    await page.get_by_role("button", name="Apply it").click()
    await expect(page.locator("#said")).to_have_text("It is done.")
    assert len(empty.found.document.rooms) == 40
    await page.goto(f"{empty.url}/admin/tables")
    async with page.expect_download() as came:
        await page.get_by_role("link", name="Your rooms as they are now").click()
    table = await asyncio.to_thread(Path(await (await came.value).path()).read_bytes)
    assert table.count(b"\n") == 41
    await context.close()


async def test_wrong_rows_are_told_and_the_good_ones_taken(
    desk: Desk, files: dict[str, Path]
) -> None:
    context, page = await desk.open("/admin/tables")
    await send(page, files["mixed"])
    await expect(page.locator("#verdict")).to_contain_text("One row is wrong")
    row = page.locator(".rows > li")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("Row 3")
    for words in ("Seats", "must be a whole number", "E-mail", "There is no room list West."):
        await expect(row).to_contain_text(words)
    await page.get_by_role("link", name=re.compile("^Changed")).last.click()
    await expect(row).to_contain_text("Kestrel")
    await row.get_by_text("Seats").first.click()
    await expect(row.locator("ins")).to_contain_text("9")
    await page.get_by_role("button", name="Go on without the wrong row").click()
    await expect(page.locator("#verdict")).to_contain_text("3 rows are fine")
    await page.get_by_role("button", name="Apply it").click()
    await expect(page.locator("#said")).to_have_text("It is done.")
    assert "owl" in desk.found.document.rooms
    await context.close()


@pytest.mark.parametrize("scripts", [True, False])
async def test_what_is_no_table_says_what_helps(
    desk: Desk, files: dict[str, Path], scripts: bool
) -> None:
    context, page = await desk.open("/admin/tables", java_script_enabled=scripts)
    for name, words in (("old", "The letters cannot be read for sure."), ("book", "is a workbook")):
        await page.goto(f"{desk.url}/admin/tables")
        await send(page, files[name])
        alarm = page.get_by_role("alert")
        assert "Nothing of this table can be read." in await alarm.inner_text()
        assert words in await alarm.inner_text()
        assert "CSV UTF-8" in await alarm.inner_text()
    await send(page, files["broken"])
    assert "200 rows are wrong" in await page.locator("#verdict").inner_text()
    assert await page.locator(".rows > li").count() == 100
    await page.get_by_role("link", name="Next page").click()
    assert await page.locator(".rows > li").first.get_attribute("value") == "102"
    assert len(desk.found.document.rooms) == 3
    await context.close()


async def test_a_table_that_is_too_large_is_refused_before_and_after_it_is_sent(
    desk: Desk, files: dict[str, Path]
) -> None:
    context, page = await desk.open("/admin/tables")
    await send(page, files["large"])
    await expect(page.locator("#file-said")).to_contain_text("That is too long.")
    await expect(page).to_have_url(f"{desk.url}/admin/tables")
    await context.close()
    context, page = await desk.open("/admin/tables", java_script_enabled=False)
    await send(page, files["large"])
    assert "That is too long." in await page.locator("main").inner_text()
    await context.close()


async def test_without_scripts_rows_are_pasted_checked_and_applied(desk: Desk) -> None:
    context, page = await desk.open("/admin/tables", java_script_enabled=False)
    await page.get_by_text("Or paste rows from a spreadsheet").click()
    pasted = (HEAD + OWL).replace(";", "\t")
    await page.get_by_label("Rows with their headings").fill(pasted)
    await page.get_by_role("button", name="Check the table").click()
    assert "Every row is fine" in await page.locator("#verdict").inner_text()
    await page.get_by_role("link", name="See it change by change").click()
    assert "owl@example.com" in await page.locator("main").inner_text()
    await page.get_by_role("button", name="Do it").click()
    assert "It is done." in await page.locator("#said").inner_text()
    assert desk.found.document.rooms["owl"]["building"] == "Mill"
    await context.close()


@pytest.mark.parametrize("scripts", [True, False])
async def test_proposals_are_taken_over_and_turned_down(desk: Desk, scripts: bool) -> None:
    context, page = await desk.open("/admin/discovery", java_script_enabled=scripts)
    await page.get_by_role("button", name=re.compile(r"Add\W+eagle@")).click()
    assert "Nothing is changed yet." in await page.locator("main").inner_text()
    await page.get_by_role("button", name="Do it").click()
    assert "It is done." in await page.locator("#said").inner_text()
    assert desk.found.document.rooms["eagle"]["capacity"] == "4"
    await page.get_by_role("button", name=re.compile(r"Turn down\W+owl@")).click()
    assert "It is turned down." in await page.locator("#said").inner_text()
    await page.get_by_role("link", name=re.compile("^Something differs")).click()
    if scripts:
        await page.get_by_label("Tick all on this page").check()
    else:
        for box in await page.locator(".picks input").all():
            await box.check()
    await page.get_by_role("button", name="Take over what is ticked").click()
    await page.get_by_role("button", name="Do it").click()
    assert desk.found.document.rooms["heron"]["name"] == "Heron Lounge"
    await page.get_by_role("link", name=re.compile("^Turned down")).click()
    await page.get_by_role("button", name=re.compile(r"again\W+owl@")).click()
    assert "It is proposed again." in await page.locator("#said").inner_text()
    await context.close()


async def test_how_far_services_are_is_followed_until_they_have_answered(desk: Desk) -> None:
    gate = desk.found.directory.before = asyncio.Event()
    context, page = await desk.open("/admin/discovery")
    await page.clock.install()
    await page.get_by_role("button", name="Ask now").click()
    await expect(page.locator("progress")).to_have_attribute("max", "4")
    await expect(page.locator("#asking")).to_contain_text("3 rooms of about 4")
    gate.set()
    await page.clock.run_for(2200)
    await expect(page.locator("h1")).to_have_text("Found rooms")
    await context.close()


async def test_ten_thousand_proposals_stay_usable(desk: Desk) -> None:
    desk.found.lists(*desk.found.many(10_000))
    await desk.found.ask()
    context, page = await desk.open("/admin/discovery?what=new")
    await expect(page.locator(".picks > li")).to_have_count(50)
    await page.get_by_label("Search").fill("Room 777")
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator(".picks > li")).to_have_count(19)
    await page.get_by_role("button", name="Add all 19").click()
    await page.get_by_role("button", name="Do it").click()
    await expect(page.locator("#said")).to_have_text("It is done.")
    assert len(desk.found.document.rooms) == 22
    await context.close()


async def shown(desk: Desk, page: Page, files: dict[str, Path]) -> AsyncIterator[str]:
    """Every page of this kind, one after the other."""
    yield await _went(desk, page, "/admin/tables")
    for name in ("mixed", "good", "old"):
        await _went(desk, page, "/admin/tables")
        await page.locator("#file").set_input_files(files[name])
        await page.locator("form[enctype] button").click()
        yield name
    desk.found.directory.told = [desk.found.doubtful()]
    await desk.found.ask()
    for what in ("new", "differs", "gone", "twice", "rejected"):
        yield await _went(desk, page, f"/admin/discovery?what={what}")


async def _went(desk: Desk, page: Page, path: str) -> str:
    await page.goto(desk.url + path)
    return path


async def test_every_page_fits_and_can_be_touched(desk: Desk, files: dict[str, Path]) -> None:
    context, page = await desk.open("/admin?lang=de")
    async for path in shown(desk, page, files):
        await page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
        assert await page.locator("h1").count() == 1
        for width, height in (DESK, TELEPHONE, (320, 640)):
            await page.set_viewport_size({"width": width, "height": height})
            assert await page.evaluate(WIDER) <= 0, (path, width)
            assert await page.evaluate(SMALL) == [], path
    await context.close()
