"""From an empty appliance to its rooms, in a real browser against the real program."""

import pytest
from playwright.async_api import Browser, expect

from connector.simulators.graph import RoomDetails
from tests.process.conftest import Site

pytestmark = pytest.mark.browser

PASSWORD = "a heron stands in the reeds"
TABLE = (
    "Raum;Postfach;Zeitzone;Gebäude;Plätze;Raumliste\r\n"
    "Turmfalke;kestrel@example.com;Europe/Berlin;Süd;8;Nordflügel\r\n"
)


async def test_an_empty_appliance_gets_its_rooms_from_a_table_and_from_the_service(
    site: Site, browser: Browser
) -> None:
    site.settings["inventory"] = "store"
    site.rooms.clear()
    site.tenant.register_app(secret="right", roles=["Calendars.Read", "Place.Read.All"])
    details = RoomDetails(capacity=8, building="Harbour", floor_number=2)
    site.tenant.add_mailbox("heron@example.com", name="Heron", room=details)
    async with site.running() as running:
        _, code, _ = await site.command("people", "invite", "ada", "--role", "owner")
        context = await browser.new_context(locale="en-GB", reduced_motion="reduce")
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{running.port}/admin/welcome")
        await page.get_by_label("One-time code").fill(code.strip())
        await page.get_by_label("New password").fill(PASSWORD)
        await page.get_by_role("button", name="Set password and sign in").click()
        await page.get_by_role("link", name="Add rooms by a table").click()
        file = {"name": "räume.csv", "mimeType": "text/csv", "buffer": TABLE.encode("utf-8-sig")}
        await page.get_by_label("File", exact=True).set_input_files(file)  # type: ignore[arg-type] # a file without a path
        await page.get_by_label("Add room lists that are not there yet").check()
        await page.get_by_role("button", name="Check the table").click()
        await expect(page.locator("#verdict")).to_have_text("Every row is fine")
        await expect(page.get_by_text("räume.csv")).to_be_visible()
        await page.get_by_role("button", name="Apply it").click()
        await expect(page.locator("#said")).to_have_text("It is done.")
        await expect(page.get_by_role("link", name="Turmfalke")).to_be_visible()
        await page.get_by_role("link", name="Found rooms").click()
        await page.get_by_role("button", name="Ask now").click()
        await expect(page.locator(".picks")).to_contain_text("heron@example.com", timeout=60_000)
        await page.get_by_label("Time zone for rooms").fill("Europe/Berlin")
        await page.get_by_role("button", name="Add what is ticked").click()
        await expect(page.locator("#said")).to_have_text("Tick something first.")
        await context.close()
