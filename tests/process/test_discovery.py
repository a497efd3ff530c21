"""Rooms that the service lists: approved by a person, through the real program."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from bridge.app import running
from bridge.clock import SystemClock
from bridge.prepared import prepared
from bridge.settings.load import usable
from connector.simulators.graph import RoomDetails

from .conftest import Site, until


@pytest.fixture
def listing(site: Site) -> Site:
    """A site whose application may list rooms, some of which nobody entered."""
    site.tenant.register_app(secret="right", roles=["Calendars.Read", "Place.Read.All"])
    for name in ("Heron", "Falcon", "Merlin"):
        details = RoomDetails(capacity=8, building="Harbour", floor_number=2)
        site.tenant.add_mailbox(f"{name.lower()}@example.com", name=name, room=details)
    addresses = ["heron@example.com", "falcon@example.com"]
    site.tenant.add_room_list("north@example.com", name="North Wing", rooms=addresses)
    site.rooms[0]["building"] = "Harbour"
    return site


async def told(site: Site) -> tuple[int, Any]:
    status, out, errors = await site.command("rooms", "discover", "--json")
    assert out, errors
    return status, json.loads(out)


async def test_new_rooms_are_listed_approved_and_read(listing: Site) -> None:
    listing.book("Stand-up")
    listing.book("Review", "heron")
    async with listing.running() as started:
        await until(started.titles, "the first read")
        status, out, errors = await listing.command("rooms", "discover", "--yaml")
        assert (status, out) == (1, ""), errors
        assert "listed once only" in errors
        status, out, errors = await listing.command("rooms", "discover", "--source", "m365")
        assert (status, out.count(" yes ")) == (1, 3), errors
        status, out, errors = await listing.command("rooms", "discover", "--yaml")
        assert status == 1
        assert "id: north-wing" in out
        listing.settings["rooms"] = "all"
        (listing.folder / "all").mkdir()
        listing.write()
        (listing.folder / "all" / "old.yaml").write_text(json.dumps({"rooms": listing.rooms}))
        (listing.folder / "all" / "new.yaml").write_text(out)
        status, _, errors = await listing.command("check")
        assert status == 0, errors

        async def shows() -> bool:
            return await started.titles("heron") == ["Review"]

        await until(shows, "the room that was added")
        heron = await started.get("/api/v1/rooms/heron")
        assert (heron["building"], heron["floor"], heron["capacity"]) == ("Harbour", "2", 8)
        assert (heron["time_zone"], heron["lists"]) == ("Europe/London", ["north-wing"])
        status, out, errors = await listing.command("rooms", "discover")
        assert (status, "it and rooms.yaml agree" in out) == (0, True), out + errors
        status, _, errors = await listing.command("rooms", "discover", "--source", "x")
        assert (status, errors) == (1, "There is no such calendar source\n")


@pytest.mark.fault("discovery")
async def test_a_list_that_shrinks_takes_no_room_away(listing: Site) -> None:
    listing.book("Review")
    async with listing.running() as started:
        await until(started.titles, "the first read")
        await told(listing)
        for name in ("kestrel", "falcon", "merlin"):
            listing.tenant.mailbox(f"{name}@example.com").room = None
        status, answer = await told(listing)
        (one,) = answer["sources"]
        assert (status, [trouble["code"] for trouble in one["health"]]) == (1, ["discovery_shrunk"])
        assert {found["what"] for found in one["findings"]} == {"new"}
        status, answer = await told(listing)
        (one,) = answer["sources"]
        assert [trouble["code"] for trouble in one["health"]] == ["discovery_differs"]
        assert [(found["what"], found["room"]) for found in one["findings"]] == [
            ("new", ""),
            ("gone", "kestrel"),
        ]
        health = await started.get("/api/v1/health")
        assert [trouble["code"] for trouble in health["findings"]] == ["discovery_differs"]
        room = await started.get("/api/v1/rooms/kestrel")
        assert room["health"] == []
        assert await started.titles() == ["Review"]
        assert await started.get("/api/v1/discovery") == answer
        assert await started.stop() == 0
    assert "kestrel@" not in "\n".join(started.log)


async def test_without_the_right_it_says_how_to_grant_it(site: Site) -> None:
    site.book("Review")
    site.tenant.register_app(secret="right", roles=["Calendars.Read"])
    async with site.running() as started:
        await until(started.titles, "the first read")
        status, out, errors = await site.command("rooms", "discover")
        assert (status, out) == (1, "m365: never answered, as of -\n")
        assert "m365: discovery_denied: " in errors
        assert "Place.Read.All" in errors


async def test_the_hourly_chore_asks_and_a_quarter_of_it_is_left_to_chance(listing: Site) -> None:
    configuration, _ = await asyncio.to_thread(usable, listing.write())
    made = await asyncio.to_thread(prepared, configuration, SystemClock())
    async with running(made) as appliance:

        async def opened() -> bool:
            return bool(appliance.sync.discovering())

        await until(opened, "the source")
        (chore,) = [one for one in appliance._chores() if one.name == "discovery"]
        assert (chore.every, chore.jitter) == (timedelta(hours=1), timedelta(minutes=15))
        await chore.do()
        (one,) = (await appliance.discovery.stands()).sources
        assert one.rooms == 4
        asked = listing.tenant.journal.counts.requests
        await appliance.identities.revoke("m365", actor="test")
        await chore.do()
        assert listing.tenant.journal.counts.requests == asked
