"""`roombridge demo`: what a newcomer sees first, in a real browser."""

import asyncio
import json
import re
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from tests.process.chromium import resized
from tests.process.conftest import PROGRAM, ROOT, until

pytestmark = pytest.mark.asyncio(loop_scope="session")
SIZES = [(1280, 800), (800, 1280), (1920, 1080), (480, 800)]


class Demo:
    """A demo that runs."""

    def __init__(self, told: dict[str, Any], http: aiohttp.ClientSession) -> None:
        self.told = told
        self.http = http

    async def book(self, subject: str, minutes: float, **more: Any) -> dict[str, Any]:
        """Add a meeting in the simulated tenant, so many minutes from now."""
        start = datetime.now(UTC) + timedelta(minutes=minutes)
        meeting = {
            "subject": subject,
            "start": start.isoformat(timespec="seconds"),
            "minutes": 30,
            **more,
        }
        async with self.http.post(self.events, json=meeting) as answer:
            assert answer.status in {200, 201}, await answer.text()
            return dict(await answer.json())

    @property
    def events(self) -> str:
        return f"{self.told['graph']['control']}/mailboxes/kestrel@example.com/events"

    async def clear(self) -> None:
        """Take every meeting out of kestrel's calendar."""
        async with self.http.get(self.events) as answer:
            for event in (await answer.json())["events"]:
                await self.http.delete(f"{self.events}/{event['id']}")

    async def screen(self) -> list[str]:
        """What the codec lists."""
        url = f"{self.told['cisco']['url']}/control/screen"
        async with self.http.get(url, ssl=False) as answer:
            return [one["title"] for one in (await answer.json())["bookings"]]


@asynccontextmanager
async def started(port: int = 0) -> AsyncIterator[Demo]:
    """A demo, as a person would start it."""
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "demo", "--json", "--port", str(port)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(30):
            told = json.loads(await process.stdout.readline())
        async with aiohttp.ClientSession() as http:
            yield Demo(told, http)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    finally:  # a failure must not leave it to the tests that follow
        if process.returncode is None:
            process.kill()
            await process.wait()


def find(mailbox: str) -> str:
    """What a unit asks an Exchange Server for."""
    now = datetime.now(UTC)
    until_then = now + timedelta(days=1)
    return f"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
      xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
      xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body>
    <m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>
    <m:CalendarView StartDate="{now:%FT%TZ}" EndDate="{until_then:%FT%TZ}"/>
    <m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"><t:Mailbox>
    <t:EmailAddress>{mailbox}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>
    </m:ParentFolderIds></m:FindItem></s:Body></s:Envelope>"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo() -> AsyncIterator[Demo]:
    """One for all: tests clear its calendar before they book."""
    async with started() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def watched(browser: Browser, demo: Demo) -> AsyncIterator[tuple[Page, list[str]]]:
    """Kestrel's display, and all that it complained of."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    opened = await context.new_page()
    complaints: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if not message.location["url"].endswith("/renew"):  # nobody signed it in
            complaints.append(message.text)

    opened.on("console", said)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    await opened.goto(demo.told["display"])
    await expect(opened.locator("h1")).to_have_text("Kestrel")
    yield opened, complaints
    await context.close()


@pytest.fixture
def page(watched: tuple[Page, list[str]]) -> Iterator[Page]:
    """Kestrel's display; whatever it complains of fails the test."""
    opened, complaints = watched
    complaints.clear()
    yield opened
    assert not [words for words in complaints if "ERR_" not in words]


async def test_the_demo_tells_where_everything_is(demo: Demo) -> None:
    told = demo.told
    assert set(told) == {"display", "api", "token", "ews", "cisco", "graph"}
    assert told["api"].endswith("/api/v1")
    assert told["display"].endswith("/display/kestrel")
    assert set(told["ews"]) == {"url", "username", "password", "mailbox"}
    headers = {"Authorization": f"Bearer {told['token']}"}
    async with demo.http.get(f"{told['api']}/rooms", headers=headers) as answer:
        rooms = (await answer.json())["rooms"]
    assert all(room["as_of"] and not room["stale"] and not room["health"] for room in rooms)
    async with demo.http.get(f"{told['api']}/rooms/kestrel/display", headers=headers) as answer:
        offers = (await answer.json())["offers"]
    assert (offers["book"], offers["join"], offers["find"]) == ([15, 30, 45, 60], True, "building")


async def test_its_facade_is_read_with_what_it_tells(demo: Demo) -> None:
    await demo.clear()
    await demo.book("Harvest planning", 5, location="sip:harvest@example.com")
    ews = demo.told["ews"]
    login = {"Authorization": aiohttp.encode_basic_auth(ews["username"], ews["password"])}

    async def read() -> bool:
        async with demo.http.post(ews["url"], headers=login, data=find(ews["mailbox"])) as answer:
            assert answer.status == 200, await answer.text()
            return "sip:harvest@example.com" in await answer.text()

    await until(read, "the meeting")


async def test_units_of_every_family_read_or_are_told(demo: Demo) -> None:
    async def settled() -> dict[str, tuple[str, str]] | None:
        async with demo.http.get(f"{demo.told['api']}/endpoints") as answer:
            units = (await answer.json())["endpoints"]
        states = {one["id"]: (one["kind"], one["state"]) for one in units}
        came = [one for one in units if one["visits"] and one["visits"]["last"]]
        return states if len(came) == 3 and ("cisco", "confirmed") in states.values() else None

    assert await until(settled, "units that have come") == {
        "kestrel-codec": ("cisco", "confirmed"),
        "kestrel-reader": ("reader", "served"),
        "heron-studio": ("poly", "served"),
        "avocet-trio": ("poly", "served"),
        "puffin-sip": ("sip", "dial_only"),
    }


async def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = await asyncio.create_subprocess_exec(
            *(*PROGRAM, "demo", "--port", str(taken.getsockname()[1])),
            cwd=ROOT,
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
    assert process.returncode == 2
    assert errors.decode().startswith("cannot serve on port")


@pytest.mark.browser
async def test_a_new_meeting_appears_on_the_page_and_on_the_codec_without_reload(
    demo: Demo, page: Page
) -> None:
    await page.evaluate("window.untouched = true")
    await demo.clear()
    await expect(page.locator("#word")).to_have_text("Free")
    await demo.book(
        "Harvest planning",
        -5,
        location="sip:harvest@example.com",
        organizer="Grace Hopper <grace@example.com>",
    )
    await expect(page.locator("#word")).to_have_text("In use")
    await expect(page.locator("#title")).to_have_text("Harvest planning")
    await expect(page.locator("#organizer")).to_have_text("Grace Hopper")
    await expect(page.locator("#join-dial")).to_have_text("harvest@example.com")

    async def pushed() -> bool:
        return await demo.screen() == ["Harvest planning"]

    await until(pushed, "the codec's list")
    await demo.clear()
    await expect(page.locator("#word")).to_have_text("Free")

    async def emptied() -> bool:
        return await demo.screen() == []

    await until(emptied, "the codec's empty list")
    assert await page.evaluate("window.untouched")


@pytest.mark.browser
async def test_what_it_says_to_type_and_touch_has_the_codec_dial(browser: Browser) -> None:
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "demo", "--port", "0"), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    async with asyncio.timeout(30):
        words = (await process.stdout.readuntil(b"Ctrl-C")).decode()
    display, screen = (
        re.search(rf"{before} +(http\S+)", words)
        for before in ("Display of Kestrel", "Cisco codec")
    )
    typed = re.search(r"curl (.*?\n.*)\n", words)
    assert display
    assert screen
    assert typed
    page = await browser.new_page()
    await page.goto(display[1])
    await expect(page.locator("h1")).to_have_text("Kestrel")
    assert "#" not in page.url
    curl = await asyncio.create_subprocess_shell(
        f"curl -s {typed[1]}", stdout=asyncio.subprocess.DEVNULL
    )
    assert await curl.wait() == 0
    join = page.locator("#act-button")
    await expect(join).to_have_text("Join", timeout=15_000)
    await expect(join).not_to_have_attribute("aria-disabled", "true")
    await join.click()
    await expect(join).to_have_text("Leave", timeout=15_000)
    async with (
        aiohttp.ClientSession() as http,
        http.get(screen[1], ssl=False) as answer,
    ):
        (call,) = (await answer.json())["calls"]
    assert call["number"] == "91234567890@zoomcrc.com"
    await page.close()
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 0


@pytest.mark.browser
async def test_states_are_told_by_words_colour_and_shape(demo: Demo, page: Page) -> None:
    seen = {}
    for minutes, word in ((90, "Free"), (5, "Starting soon"), (-5, "In use")):
        await demo.clear()
        await demo.book("Review", minutes)
        await expect(page.locator("#word")).to_have_text(word)
        colour = await page.locator(".now").evaluate(
            "e => e.getAnimations().forEach(a => a.finish()) ?? getComputedStyle(e).backgroundColor"
        )
        shape = await page.locator(".sign g").evaluate_all(
            "all => all.filter(e => getComputedStyle(e).display !== 'none').map(e => e.getAttribute('class'))"
        )
        seen[word] = (colour, *shape)
    assert len(set(seen.values())) == 3
    assert all(len(value) == 2 for value in seen.values())


@pytest.mark.browser
async def test_a_missing_button_is_explained(demo: Demo, page: Page) -> None:
    await demo.clear()
    await demo.book(
        "Review",
        -5,
        join_url="https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0",
    )
    await expect(page.locator("#reason")).to_contain_text("no way in for room systems")
    await expect(page.locator("#join")).to_be_hidden()


@pytest.mark.browser
async def test_a_private_meeting_is_masked_and_odd_subjects_are_text(
    demo: Demo, page: Page
) -> None:
    await demo.clear()
    await demo.book("Merger", -5, private=True, organizer="Ada <ada@example.com>")
    await expect(page.locator("#title")).to_have_text("Private meeting")
    assert "Merger" not in await page.content()
    await demo.clear()
    await demo.book("<img src=x onerror=alert(1)><b>bold</b>", -5)
    await expect(page.locator("#title")).to_have_text("<img src=x onerror=alert(1)><b>bold</b>")


@pytest.mark.browser
async def test_the_page_outlives_a_restart_of_the_bridge(browser: Browser) -> None:
    page = await browser.new_page()
    async with started() as first:
        await page.goto(first.told["display"])
        await expect(page.locator("h1")).to_have_text("Kestrel")
        await expect(page.locator("html")).to_have_attribute("data-trust", "good")
        listed = await page.locator("#list > li").first.inner_text()
    await expect(page.locator("html")).to_have_attribute("data-trust", "lost")
    await expect(page.locator("#age")).to_contain_text("No connection to the bridge since")
    await expect(page.locator("#age")).to_contain_text("Calendar as of")
    assert await page.locator("#list > li").first.inner_text() == listed
    await page.evaluate("window.untouched = true")
    async with started(int(first.told["display"].split(":")[2].partition("/")[0])):
        await expect(page.locator("html")).to_have_attribute("data-trust", "good", timeout=30_000)
        assert await page.evaluate("window.untouched")
        await page.close()


@pytest.mark.browser
async def test_nothing_is_cut_off_at_any_size(demo: Demo, page: Page) -> None:
    await demo.clear()
    for number in range(8):
        await demo.book(
            f"A meeting whose subject is rather long, number {number}", -5 + 35 * number
        )
    await expect(page.locator("#word")).to_have_text("In use")
    await expect(page.locator("#title")).to_contain_text("number 0")
    await expect(page.locator("#list > li").first).to_contain_text("number 1")
    for width, height in SIZES:
        await resized(page, width, height)
        assert await page.evaluate(CUT) == [], (width, height)
        meeting, section = page.locator(".meeting"), page.locator(".now")
        inner, outer = await meeting.bounding_box(), await section.bounding_box()
        assert inner
        assert outer
        assert inner["y"] + inner["height"] <= outer["y"] + outer["height"], (width, height)


CUT = """() => [...document.querySelectorAll('body, main, section, .meeting, #list, footer, .state')]
    .filter(e => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1)
    .map(e => e.className || e.id || e.tagName)"""


@pytest.mark.browser
async def test_the_page_says_how_old_its_data_is_and_why(demo: Demo, page: Page) -> None:
    await expect(page.locator("#age")).to_contain_text("Calendar read")
    faults = f"{demo.told['graph']['control']}/faults"
    async with demo.http.post(faults, json={"kind": "status", "status": 503}) as answer:
        assert answer.status in {200, 201}, await answer.text()
    await expect(page.locator("#age")).to_contain_text("HTTP 503")
    await demo.http.delete(faults)
    await expect(page.locator("#age")).to_contain_text("Calendar read", timeout=30_000)
