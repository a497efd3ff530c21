"""What is done at a door, through the real program: a display's token, and a tenant behind it."""

import asyncio
import json
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from connector.simulators.graph import Tenant
from tests.process.conftest import Running, Site, until
from tests.process.test_writing import is_read, post, token

ROOM = "/api/v1/rooms/kestrel"
BOOKINGS = f"{ROOM}/bookings"
PIN = {"Display-Pin": "4711"}
NOTE = "Grace says the HDMI cable is gone"


@pytest.fixture
def doors(site: Site, tenant: Tenant) -> Site:
    """Kestrel and heron in one building; to give kestrel back needs a PIN."""
    tenant.register_app(secret="right", roles=["Calendars.ReadWrite"])
    site.settings["writes"] = "adhoc"
    site.secrets["pin"] = "4711"
    site.rooms[0] |= {"building": "HQ", "capacity": "6"}
    site.rooms[0]["display"] = {"pin_file": "pin", "pin_for": ["release"]}
    site.add_room("heron", building="HQ", capacity="4")
    return site


async def asked(running: Running, path: str, headers: dict[str, str]) -> Any:
    url = f"http://127.0.0.1:{running.port}{path}"
    async with running.http.get(url, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def ready(running: Running) -> None:
    """Both rooms were read."""
    await until(lambda: is_read(running), "kestrel")
    await until(lambda: running.get("/readyz"), "all rooms")


def audited(site: Site) -> list[tuple[str, str, str]]:
    """Who did what to what, once the appliance has stopped."""
    with sqlite3.connect(site.folder / "data" / "bridge.db") as database:
        rows = database.execute(
            "SELECT actor, action, object FROM audit WHERE action NOT LIKE 'tokens.%' ORDER BY seq"
        ).fetchall()
    database.close()
    return [(actor, action, what.partition("/")[0]) for actor, action, what in rows]


async def test_a_room_is_booked_extended_ended_and_given_back_at_its_door(
    doors: Site, tenant: Tenant
) -> None:
    async with doors.running() as running:
        await ready(running)
        display = await token(doors, "--display", "kestrel")
        told = await asked(running, f"{ROOM}/display", display)
        assert told["offers"]["book"] == [15, 30, 45, 60]
        assert told["pin"] == ["release"]
        talk = {"title": "Quick talk", "minutes": 30}
        status, made = await post(running, BOOKINGS, display | {"Idempotency-Key": "1"}, **talk)
        assert (status, made["done"]) == (201, "created"), made
        again = await post(running, BOOKINGS, display | {"Idempotency-Key": "1"}, **talk)
        assert again == (status, made)
        one = f"{BOOKINGS}/{made['booking']['id']}"
        status, later = await post(running, f"{one}/extend", display, minutes=15)
        assert (status, later["done"]) == (200, "extended"), later
        status, ended = await post(running, f"{one}/end", display)
        assert (status, ended["done"]) == (200, "ended"), ended
        assert made["booking"]["end"] > ended["booking"]["end"]
        doors.book("Design review", hour=0.2)
        await until(lambda: shows(running, "Design review"), "the meeting")
        (_, other) = (await asked(running, f"{ROOM}/agenda", display))["bookings"]
        release = f"{BOOKINGS}/{other['id']}/release"
        for pin, code in ({}, "pin_required"), ({"Display-Pin": "1147"}, "pin_wrong"):
            status, refused = await post(running, release, display | pin)
            assert (status, refused["code"]) == (403, code)
        status, given = await post(running, release, display | PIN)
        assert (status, given["done"]) == (200, "released"), given
        status, refused = await post(running, BOOKINGS, display, title="Long", minutes=600)
        assert (status, refused["code"]) == (403, "not_offered")
        assert await running.stop() == 0
    log = "\n".join(running.log)
    assert not [word for word in ("4711", "1147", "Quick talk", "Design") if word in log]
    assert audited(doors) == [
        ("token:panel", "bookings.create", "kestrel"),
        ("token:panel", "bookings.extend", "kestrel"),
        ("token:panel", "bookings.end", "kestrel"),
        ("token:panel", "displays.pin_wrong", "kestrel"),
        ("token:panel", "bookings.release", "kestrel"),
    ]


async def shows(running: Running, title: str) -> bool:
    return title in (await running.titles() or [])


async def test_another_room_is_found_and_booked_from_a_door(doors: Site, tenant: Tenant) -> None:
    doors.book("Board", hour=-0.1)
    async with doors.running() as running:
        await ready(running)
        display = await token(doors, "--display", "kestrel")
        path = f"{ROOM}/alternatives"
        (free,) = (await asked(running, f"{path}?minutes=30", display))["rooms"]
        assert (free["id"], free["until"]) == ("heron", None)
        order = {"room": "heron", "minutes": 30, "title": "Moved talk"}
        key = display | {"Idempotency-Key": "elsewhere"}
        status, made = await post(running, path, key, **order)
        assert (status, made["done"], made["shown"]) == (201, "created", True), made
        assert await post(running, path, key, **order) == (status, made)
        assert await running.titles("heron") == ["Moved talk"]
        assert (await asked(running, f"{path}?minutes=30", display))["rooms"] == []
        status, refused = await post(running, path, display, **order)
        assert (status, refused["code"]) == (409, "room_taken")
        theirs = "/api/v1/rooms/heron/bookings"
        status, refused = await post(running, theirs, display, title="x", minutes=30)
        assert (status, refused["code"]) == (403, "forbidden")
        assert await running.stop() == 0
    assert len(tenant.mailbox("heron@example.com").entries()) == 1
    assert audited(doors) == [("token:panel at kestrel", "bookings.create", "heron")]


async def test_a_fault_is_reported_at_the_door_outlives_a_restart_and_is_cleared(
    doors: Site,
) -> None:
    async with doors.running() as running:
        await ready(running)
        display = await token(doors, "--display", "kestrel")
        assert await doors.command("rooms", "faults") == (0, "no fault is open\n", "")
        for done in ("reported", "already"):
            status, told = await post(running, f"{ROOM}/faults", display, code="video", note=NOTE)
            assert (status, told["done"]) == (200, done)
        assert NOTE not in json.dumps(await asked(running, f"{ROOM}/faults", display))
        await running.stop()
    log = running.log
    async with doors.running() as running:
        await ready(running)
        (trouble,) = (await asked(running, ROOM, display))["health"]
        assert (trouble["code"], trouble["words"]) == ("fault_reported", "somebody reported: video")
        status, out, _ = await doors.command("rooms", "faults", "kestrel")
        assert status == 1
        assert out.splitlines()[1].split()[:2] == ["kestrel", "video"]
        assert NOTE in out
        assert (await doors.command("rooms", "faults", "--clear", "video"))[0] == 2
        assert (await doors.command("rooms", "faults", "heron", "--clear", "video"))[0] == 1
        assert (await doors.command("rooms", "faults", "kestrel", "--clear", "video"))[0] == 0
        assert (await asked(running, ROOM, display))["health"] == []
        await running.stop()
    assert "HDMI" not in "\n".join([*log, *running.log])
    assert [what[1:] for what in audited(doors)] == [
        ("rooms.fault_reported", "kestrel"),
        ("rooms.fault_cleared", "kestrel"),
    ]


@asynccontextmanager
async def listening(running: Running, headers: dict[str, str]) -> AsyncIterator[Any]:
    """A display's stream; gives one `status` after the other."""
    url = f"http://127.0.0.1:{running.port}{ROOM}/stream"
    async with running.http.get(url, headers=headers) as answer:

        async def status() -> dict[str, Any]:
            while True:
                event = await answer.content.readuntil(b"\n\n")
                if b"event: status" in event:
                    return dict(json.loads(event.partition(b"data: ")[2]))

        yield status


async def test_a_changed_policy_is_told_at_once_and_holds(doors: Site) -> None:
    async with doors.running() as running:
        await ready(running)
        display = await token(doors, "--display", "kestrel")
        before = await asked(running, f"{ROOM}/display", display)
        async with listening(running, display) as status, asyncio.timeout(14):
            assert (await status())["display"] == before["version"]
            doors.rooms[0]["display"] = {"offers": ["join"], "theme": "contrast"}
            doors.write()
            while (after := (await status())["display"]) == before["version"]:
                pass
        told = await asked(running, f"{ROOM}/display", display)
        assert (told["version"], told["look"]["theme"], told["pin"]) == (after, "contrast", [])
        status_, refused = await post(running, BOOKINGS, display, title="x", minutes=30)
        assert (status_, refused["code"]) == (403, "not_offered")
        await running.stop()


async def test_the_logo_of_the_configuration_is_served_and_a_wrong_one_is_told(
    doors: Site,
) -> None:
    doors.settings["display"] = {"logo_file": "logo.svg"}
    doors.write()
    status, out, _ = await doors.command("check")
    assert status == 2
    assert "display.logo_file" in out
    doors.secrets["logo.svg"] = "<svg xmlns='http://www.w3.org/2000/svg'/>"
    async with doors.running() as running:
        await ready(running)
        display = await token(doors, "--display", "kestrel")
        logo = (await asked(running, f"{ROOM}/display", display))["look"]["logo"]
        url = f"http://127.0.0.1:{running.port}{logo}"
        async with running.http.get(url, headers=display) as answer:
            assert (answer.status, answer.content_type) == (200, "image/svg+xml")
            assert "<svg" in await answer.text()
        await running.stop()


async def test_another_logo_under_the_same_name_is_shown_without_a_restart(doors: Site) -> None:
    logo = doors.folder / "logo.svg"
    logo.write_text("<svg><title>old</title></svg>")
    doors.rooms[0]["display"] = {"logo_file": str(logo)}
    async with doors.running() as running:
        await ready(running)
        display = await token(doors, "--display", "kestrel")
        before = await asked(running, f"{ROOM}/display", display)
        logo.write_text("<svg><title>new</title></svg>")
        running.process.send_signal(signal.SIGHUP)

        async def another() -> bool:
            told = await asked(running, f"{ROOM}/display", display)
            return bool(told["version"] != before["version"] and told["look"] != before["look"])

        await until(another, "the new logo")
        assert await running.stop() == 0
