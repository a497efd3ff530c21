"""A room that is renamed and retired while the appliance runs: its display, its unit."""

import asyncio
import signal

import pytest
from playwright.async_api import Browser, expect

from connector.simulators.cisco import Codec
from tests.process.conftest import Site, until
from tests.process.test_display_pairing import Wall
from tests.process.test_inventory import KESTREL, Socket, socket_of

SOON = 20_000
"""Milliseconds in which changed files are noticed."""


async def titles(codec: Codec) -> list[str]:
    """What the unit lists."""
    return [one.title for one in codec.bookings]


@pytest.mark.browser
async def test_a_display_and_a_unit_follow_their_room_and_are_told_of_its_end(
    site: Site, codec: Codec, browser: Browser
) -> None:
    site.add_room("heron")
    site.book("Harvest planning", hour=-0.1)
    async with site.running() as running:
        context = await browser.new_context(viewport={"width": 1280, "height": 800})
        wall = Wall(site, running, context, await context.new_page())
        await wall.pair()
        await expect(wall.page.locator("#title")).to_have_text("Harvest planning")

        async def has_it() -> bool:
            return await titles(codec) == ["Harvest planning"]

        await until(has_it, "the unit's list")
        site.rooms[0]["id"] = "hawk"
        site.write()
        await expect(wall.page).to_have_url(f"{wall.url}/display/hawk", timeout=SOON)
        await expect(wall.page.locator("#title")).to_have_text("Harvest planning")
        assert await titles(codec) == ["Harvest planning"]
        gone = site.rooms.pop(0)
        site.write()
        await expect(wall.page.locator("h1")).to_have_text(
            "This room is no longer in use", timeout=SOON
        )
        assert "Harvest" not in await wall.page.content()

        async def is_empty() -> bool:
            return await titles(codec) == []

        await until(is_empty, "the unit's empty list")
        site.rooms.insert(0, gone)
        site.write()

        async def is_back() -> bool:
            await wall.page.reload()
            return await wall.page.locator("#title").count() > 0

        await until(is_back, "the room once more")
        await expect(wall.page.locator("#title")).to_have_text("Harvest planning")
        await until(has_it, "the unit's list once more")
        await context.close()


async def test_killed_in_mid_rename_it_is_the_old_room_or_the_new_one(site: Site) -> None:
    site.settings["inventory"] = "store"
    site.rooms.clear()
    site.book("Budget")
    async with site.running() as running, socket_of(site) as control:
        await control.apply(rooms={"kestrel": KESTREL})
        await until(running.titles, "the agenda")
        _, token, _ = await site.command("tokens", "create", "door", "--display", "kestrel")
    headers = {"Authorization": f"Bearer {token.strip()}"}
    for moment in range(4):
        async with site.running() as running, socket_of(site) as control:
            (here,) = await ids(control)
            there = "hawk" if here == "kestrel" else "kestrel"
            _, plan = await control.ask("POST", "/plans", {"renamed": {here: there}})
            work = asyncio.create_task(control.ask("POST", f"/plans/{plan['id']}/apply"))
            await asyncio.sleep(0.004 * moment)
            await running.stop(signal.SIGKILL)
            await asyncio.wait([work])
            work.exception()
        async with site.running() as running, socket_of(site) as control:
            (now,) = await ids(control)
            url = f"http://127.0.0.1:{running.port}/api/v1/rooms/{now}/agenda"
            async with running.http.get(url, headers=headers) as answer:
                assert answer.status == 200
                agenda = await answer.json()
            assert [one["title"] for one in agenda["bookings"]] == ["Budget"]


async def ids(control: Socket) -> list[str]:
    """The rooms of the inventory."""
    _, found = await control.ask("GET", "")
    return [one["id"] for one in found["rooms"]]
