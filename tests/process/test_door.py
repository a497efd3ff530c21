"""All that people do at a door: the real program, a simulated tenant and codec, a real browser."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from connector.simulators.cisco import Codec
from connector.simulators.graph import Tenant
from rooms.model import Person
from tests.fakes.wiretap import Wiretap, tapped
from tests.process.conftest import Running, Site, codec, until
from tests.process.test_display_actions import audited

__all__ = ["codec"]  # a fixture
pytestmark = pytest.mark.browser

MINUTE = 1 / 60
PIN = "4711"
GRACE = Person(name="Grace Hopper", address="grace@example.com")
DIAL = "75757575.482913@zoomcrc.com"
"""Milliseconds after which a revoked display shows nothing any more."""


class Door:
    """A display that was paired with its room by what it showed."""

    def __init__(self, page: Page, wire: Wiretap, display: str) -> None:
        self.page = page
        self.wire = wire
        self.display = display
        self.word = page.locator("#word")
        self.meeting = page.locator("#title")
        self.join = page.locator("#act-button")
        self.bar = page.locator("#bar")
        self.sheet = page.locator("#sheet")
        self.told = page.locator("#sheet-title")
        self.note = page.locator("#sheet-note")

    async def touch(self, name: str) -> None:
        """A button of the bar."""
        await self.bar.get_by_role("button", name=name, exact=True).click()

    async def choose(self, name: str) -> None:
        """A button of the sheet, by what its words begin with."""
        await self.sheet.get_by_role("button", name=name).first.click()


@asynccontextmanager
async def put_up(browser: Browser, running: Running, site: Site, room: str) -> AsyncIterator[Door]:
    """Hang a display at a room's door and pair it; every byte that it is sent is kept."""
    async with tapped(running.port) as wire:
        context = await browser.new_context(
            viewport={"width": 1280, "height": 800}, locale="en-GB", reduced_motion="reduce"
        )
        page = await context.new_page()
        page.set_default_timeout(10_000)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"http://127.0.0.1:{wire.port}/display")
        await expect(page.locator("#command")).to_contain_text("roombridge displays pair")
        code = await page.locator("#code").inner_text()
        status, out, errors = await site.command("displays", "pair", code, room, "--json")
        assert status == 0, errors
        await expect(page.locator("h1")).to_have_text(room.title())
        await expect(page.locator("html")).to_have_attribute("data-trust", "good")
        try:
            yield Door(page, wire, json.loads(out)["id"])
        finally:
            await context.close()
        assert complaints == []


@pytest.fixture
def doors(site: Site, tenant: Tenant) -> Site:
    """Kestrel may be booked by who passes; heron must be checked in to, and has a PIN."""
    tenant.register_app(secret="right", roles=["Calendars.ReadWrite"])
    site.settings["writes"] = "adhoc"
    site.secrets["pin"] = PIN
    site.rooms[0] |= {"building": "HQ", "capacity": "6"}
    site.add_room("heron", building="HQ", capacity="4")
    site.rooms[1]["display"] = {"pin_file": "pin", "pin_for": ["release"]}
    site.rooms[1]["check_in"] = {"enabled": True, "ahead": "0s"}
    return site


async def ready(running: Running) -> None:
    """Both rooms were read."""
    await until(lambda: running.get("/readyz"), "all rooms")


async def test_a_room_is_booked_extended_and_ended_and_another_one_found(
    doors: Site, tenant: Tenant, browser: Browser
) -> None:
    async with doors.running() as running:
        await ready(running)
        async with put_up(browser, running, doors, "kestrel") as door:
            await door.page.evaluate("window.untouched = true")
            await expect(door.word).to_have_text("Free")
            await door.touch("Report a fault")
            await door.choose("Camera or video")
            await door.choose("Send")
            await expect(door.told).to_contain_text("Support was told")
            await door.choose("OK")
            await door.touch("Book now")
            await door.choose("15 min")
            await expect(door.told).to_contain_text("Booked until")
            await expect(door.word).to_have_text("In use")
            await expect(door.meeting).to_have_text("Booked at the door")
            await door.choose("OK")
            await door.touch("Extend")
            await door.choose("+ 15 min")
            await expect(door.told).to_contain_text("Extended until")
            (entry,) = tenant.mailbox("kestrel@example.com").entries()
            assert entry.end - entry.start > timedelta(minutes=29)
            await door.choose("OK")
            await door.touch("Find a room")
            await expect(door.sheet.get_by_text("1 room is free")).to_be_visible()
            await door.choose("Book 30 min")
            await expect(door.told).to_contain_text("is booked until")
            await door.choose("OK")
            await door.touch("End now")
            await door.choose("End now")
            await expect(door.told).to_contain_text("The meeting ends at")
            assert await door.page.evaluate("window.untouched"), "no reload was needed"
        assert len(tenant.mailbox("heron@example.com").entries()) == 1
        status, out, _ = await doors.command("rooms", "faults")
        assert (status, "video" in out) == (1, True)
        assert await running.stop() == 0
    assert [(action, room) for _, action, room in audited(doors)] == [
        ("displays.pair", door.display),
        ("rooms.fault_reported", "kestrel"),
        ("bookings.create", "kestrel"),
        ("bookings.extend", "kestrel"),
        ("bookings.create", "heron"),
        ("bookings.check_in", "heron"),
        ("bookings.end", "kestrel"),
    ]


async def test_one_checks_in_and_gives_back_by_pin_what_one_does_not_need(
    doors: Site, tenant: Tenant, browser: Browser
) -> None:
    doors.book("Review", room="heron", hour=2 * MINUTE, organizer=GRACE)
    async with doors.running() as running:
        await ready(running)
        async with put_up(browser, running, doors, "heron") as door:
            await expect(door.word).to_have_text("Check in")
            await door.touch("Check in")
            await expect(door.page.locator("#act-said")).to_contain_text("Checked in")
            await expect(door.word).to_have_text("Starting soon")
            await door.bar.get_by_role("button", name="Give back").click()
            await door.choose("Give back")
            await expect(door.told).to_have_text("Enter PIN")
            for digits, words in (("1147", "Enter PIN"), (PIN, "was given back")):
                await door.page.keyboard.type(digits)
                await door.page.keyboard.press("Enter")
                await expect(door.told).to_contain_text(words)
                if digits != PIN:
                    await expect(door.note).to_contain_text("Wrong PIN")
            await expect(door.word).to_have_text("Free")
        assert await running.stop() == 0
    (reply,) = tenant.mailbox("heron@example.com").replies
    assert (reply.what, reply.to) == ("declined", GRACE.address)
    assert not {PIN, "1147", "Review", "Grace"} & set(" ".join(running.log).split())


async def test_what_somebody_else_booked_a_moment_ago_is_told_and_nothing_is_booked(
    doors: Site, tenant: Tenant, browser: Browser
) -> None:
    doors.settings["poll"] = {"near": "60s", "far": "60s"}
    async with doors.running() as running:
        await ready(running)
        async with put_up(browser, running, doors, "kestrel") as door:
            await door.touch("Book now")
            doors.book("Sudden", hour=5 * MINUTE, organizer=GRACE)
            await door.choose("30 min")
            await expect(door.note).to_have_text("Somebody else has just taken the room.")
            await expect(door.sheet.locator(".taken li")).to_contain_text("Taken by")
            await expect(door.sheet.locator(".taken li")).to_contain_text("Sudden")
            await expect(door.word).to_have_text("Starting soon")
        assert len(tenant.mailbox("kestrel@example.com").entries()) == 1


async def test_a_private_meeting_is_joined_and_no_byte_of_it_reaches_the_door(
    doors: Site, codec: Codec, browser: Browser
) -> None:
    doors.book(
        "Merger talks",
        hour=-3 * MINUTE,
        sensitivity="private",
        organizer=GRACE,
        locations=(f"sip:{DIAL}",),
    )
    doors.book("Harvest planning", hour=2)
    async with doors.running() as running:
        await ready(running)
        async with put_up(browser, running, doors, "kestrel") as door:
            await expect(door.meeting).to_have_text("Private meeting")
            await expect(door.join).to_have_text("Join")
            await expect(door.join).not_to_have_attribute("aria-disabled", "true")
            await door.join.click()
            await expect(door.join).to_have_text("Leave")
            assert [call.number for call in codec.calls.all()] == [DIAL]
            await door.touch("Leave")
            await expect(door.join).to_have_text("Join")
            assert (await doors.command("displays", "revoke", door.display))[0] == 0
            await expect(door.meeting).to_have_text("Pair this display")
            assert "Harvest" not in await door.page.content()
            sent = door.wire.sent
        for word in (b"Harvest planning", b"Private meeting", b"event: status"):
            assert word in sent, "all that was sent is here, and can be read"
        for word in (b"Merger", b"Grace", b"Hopper", b"75757575", b"482913", b"zoomcrc"):
            assert word not in sent
        assert await running.stop() == 0
