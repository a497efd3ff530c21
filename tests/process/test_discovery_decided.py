"""Proposals approved and rejected on the command line of the real program."""

import asyncio
import json
import os
import signal
from typing import Any

import pytest

from connector.simulators.graph import RoomDetails
from connector.simulators.graph.faults.answers import Slow

from .conftest import PATIENCE, PROGRAM, ROOT, Site, until
from .test_inventory import KESTREL, socket_of


@pytest.fixture
def listing(site: Site) -> Site:
    """A site whose application may list rooms, three of which nobody entered."""
    site.tenant.register_app(secret="right", roles=["Calendars.Read", "Place.Read.All"])
    for name in ("Heron", "Falcon", "Merlin"):
        details = RoomDetails(capacity=8, building="Harbour", floor_number=2)
        site.tenant.add_mailbox(f"{name.lower()}@example.com", name=name, room=details)
    site.rooms[0]["building"] = "Harbour"
    return site


async def ids(site: Site) -> dict[str, str]:
    """The proposals' ids by mailbox, after services were asked."""
    status, out, errors = await site.command("rooms", "discover", "--json")
    assert status == 1, errors
    found = (one for source in json.loads(out)["sources"] for one in source["findings"])
    return {one["mailbox"].partition("@")[0]: one["id"] for one in found}


async def decided(site: Site, *words: str) -> tuple[int, str, str]:
    return await site.command("rooms", "discover", *words)


async def test_rooms_are_approved_and_rejected_where_the_store_decides(listing: Site) -> None:
    listing.settings["inventory"] = "store"
    listing.rooms.clear()
    listing.book("Review", "heron")
    async with listing.running() as started, socket_of(listing) as control:
        await control.apply(rooms={"kestrel": KESTREL | {"building": "Harbour"}})

        async def read() -> bool:
            return await started.titles() is not None

        await until(read, "the first read")
        first = await ids(listing)
        assert await ids(listing) == first, "ids stay"
        status, out, errors = await decided(listing, "--reject", first["merlin"])
        assert (status, out) == (0, ""), errors
        status, out, errors = await decided(listing, "--approve-new", "--dry-run")
        assert (status, out.count("added")) == (0, 2), errors
        assert "dry run" in errors
        assert await started.titles("heron") is None
        status, out, errors = await decided(listing, "--approve-new")
        assert (status, "done: change 2" in errors) == (0, True), out + errors

        async def shows() -> bool:
            return await started.titles("heron") == ["Review"]

        await until(shows, "the room that was approved")
        status, out, _ = await decided(listing)
        assert (status, "REJECTED" in out, "merlin@example.com" in out) == (0, True, True)
        status, _, errors = await decided(listing, "--approve", "0123456789ab")
        assert (status, errors) == (1, "0123456789ab\n")
    async with listing.running():
        again = await told(listing)
        assert [one["id"] for one in again["rejected"]] == [first["merlin"]], "it is remembered"
        status, _, errors = await decided(listing, "--take-back", first["merlin"])
        assert status == 0, errors
        assert await ids(listing) == {"merlin": first["merlin"]}


async def told(site: Site) -> Any:
    _, out, errors = await site.command("rooms", "discover", "--json")
    assert out, errors
    return json.loads(out)


async def test_where_files_decide_it_prints_what_to_write(listing: Site) -> None:
    listing.book("Review")
    async with listing.running() as started:
        await until(started.titles, "the first read")
        known = await ids(listing)
        status, out, errors = await decided(listing, "--approve", known["heron"])
        assert (status, "id: heron" in out, "inventory_in_files" in errors) == (1, True, True)
        assert await started.titles("heron") is None


async def on_terminal(site: Site, *, interrupted: bool = False) -> tuple[int, str]:
    """`rooms discover` with its errors on a terminal; its exit status, and what was shown."""
    ours, theirs = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *("rooms", "discover", "--config", str(site.folder / "bridge.yaml")),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while True:
            shown += await asyncio.to_thread(os.read, ours, 4096)
            if interrupted and b"rooms" in shown:
                process.send_signal(signal.SIGINT)
                interrupted = False
    except OSError:  # it ended, and its terminal with it
        pass
    finally:
        os.close(ours)
    async with asyncio.timeout(PATIENCE):
        return await process.wait(), shown.decode()


async def test_a_terminal_shows_how_far_it_is_and_may_be_left(listing: Site) -> None:
    listing.book("Review")
    async with listing.running() as started:
        await until(started.titles, "the first read")
        status, shown = await on_terminal(listing)
        assert (status, "m365: [" in shown, "of about 1 rooms" in shown) == (1, True, True), shown
        listing.tenant.faults.add(Slow(at="places", seconds=5, times=1))  # there is time to leave
        status, shown = await on_terminal(listing, interrupted=True)
        assert status == 130

        async def over() -> bool:
            answer = await started.get("/api/v1/discovery")
            return answer["sources"][0]["progress"] is None

        await until(over, "the reading that nobody waits for")
        known = await started.get("/api/v1/discovery")
        assert {one["confirmed"] for one in known["sources"][0]["findings"]} == {True}
        assert "\r" not in (await decided(listing))[2], "no bar where nobody sits"
        assert await started.stop() == 0
