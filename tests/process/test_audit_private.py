"""Values planted wherever something is done that the audit log notes: none of them is in it."""

import json
import re
import sqlite3
from typing import Any

import pytest

from connector.simulators.cisco import Codec
from connector.simulators.graph import Tenant
from rooms.model import Person
from tests.process.conftest import Running, Site, until
from tests.process.test_display_actions import PIN, ROOM, doors, ready, shows
from tests.process.test_writing import post, token

__all__ = ["doors"]  # a fixture

ZOOM = "<p>https://zoom.us/j/91234567890<br>91234567890@zoomcrc.com</p> planted body"
PLANTED = ("planted", "9123456789", "4711", "1147", "*77#", "Mallory")
"""What of secrets, subjects, people, notes, addresses and digits would be found."""


def found(text: str) -> list[str]:
    """Those of them that stand in a text by themselves: in a hash any four digits may stand."""
    return [
        word
        for word in PLANTED
        if re.search(rf"(?<![0-9A-Za-z]){re.escape(word)}(?![0-9A-Fa-f])", text)
    ]


DONE = {
    "tokens.create", "tokens.revoke",
    "displays.pair", "displays.move", "displays.revoke", "displays.pin_wrong",
    "rooms.fault_reported", "rooms.fault_cleared",
    "bookings.create", "bookings.extend", "bookings.end", "bookings.release",
    "bookings.join", "bookings.leave",
    "endpoints.push", "endpoints.dial", "endpoints.hangup", "endpoints.tones",
    "sources.authorize", "sources.revoke.begin", "sources.revoke",
    "secrets.init", "secrets.set", "secrets.delete",
}  # fmt: skip
"""Others are done by the bridge itself in the same words, or note no more than a name."""


@pytest.mark.timeout(240)
async def test_what_was_planted_is_in_no_entry(doors: Site, codec: Codec, tenant: Tenant) -> None:
    doors.settings["vault"] = {"key_file": "vault.key"}
    doors.write()
    await fine(doors, "secrets", "init")
    async with doors.running() as running:
        await ready(running)
        display = await token(doors, "--display", "kestrel")
        await at_the_door(doors, running, display)
        await joined(doors, running, display)
        await at_the_room_system(doors, running)
        await paired(doors, running)
        await fine(doors, "secrets", "set", "spare", stdin="planted-secret\n")
        await fine(doors, "secrets", "delete", "spare")
        await fine(doors, "sources", "authorize", "m365")
        await fine(doors, "sources", "revoke", "m365")
        status, out, _ = await doors.command("tokens", "list", "--json")
        ids = [one["id"] for one in json.loads(out)["tokens"] if not one["revoked"]]
        await fine(doors, "tokens", "revoke", ids[0])

        async def noted() -> str | None:
            _, out, _ = await doors.command("audit", "export")
            return out if "secrets.delete" in out else None

        exported = str(await until(noted, "all of it"))
        status, out, _ = await doors.command("audit", "verify")
        assert status == 0, out
        _, shown, _ = await doors.command("audit", "show", "--limit", "1000")
        await running.stop()
    entries = [json.loads(line) for line in exported.splitlines()]
    assert DONE - {one["action"] for one in entries} == set()
    assert found(exported) == []
    assert found(shown) == []
    with sqlite3.connect(doors.folder / "data" / "bridge.db") as database:
        kept = str(database.execute("SELECT * FROM audit").fetchall())
    database.close()
    assert found(kept) == []


async def fine(site: Site, *words: str, stdin: str = "") -> str:
    status, out, errors = await site.command(*words, stdin=stdin)
    assert status == 0, (words, out, errors)
    return out


async def did(running: Running, path: str, headers: dict[str, str], **body: Any) -> dict[str, Any]:
    status, told = await post(running, path, headers, **body)
    assert status in {200, 201}, (path, told)
    return told


async def at_the_door(site: Site, running: Running, display: dict[str, str]) -> None:
    """Booked, extended, ended; another given back, with a wrong PIN first; a fault."""
    path = f"{ROOM}/bookings"
    made = await did(running, path, display, title="planted subject", minutes=15)
    one = f"{path}/{made['booking']['id']}"
    await did(running, f"{one}/extend", display, minutes=15)
    await did(running, f"{one}/end", display)
    site.book(
        "planted review",
        hour=0.2,
        organizer=Person(name="Mallory", address="mallory@planted.example"),
    )
    await until(lambda: shows(running, "planted review"), "the meeting")
    other = (await running.get(f"{ROOM}/agenda"))["bookings"][-1]["id"]
    status, _ = await post(running, f"{path}/{other}/release", display | {"Display-Pin": "1147"})
    assert status == 403
    await did(running, f"{path}/{other}/release", display | PIN)
    await did(running, f"{ROOM}/faults", display, code="video", note="planted note of Mallory")
    await fine(site, "rooms", "faults", "kestrel", "--clear", "video")


async def joined(site: Site, running: Running, display: dict[str, str]) -> None:
    site.book("planted call", hour=-0.01, body=ZOOM, sensitivity="private")

    async def there() -> str | None:
        bookings = (await running.get(f"{ROOM}/agenda"))["bookings"]
        return next((one["id"] for one in bookings if one["can_join"]), None)

    booking = await until(there, "the call")
    path = f"{ROOM}/bookings/{booking}"
    await did(running, f"{path}/join", display)
    await did(running, f"{path}/leave", display)


async def at_the_room_system(site: Site, running: Running) -> None:
    await until(lambda: running.get("/api/v1/endpoints/kestrel-codec"), "the codec")
    await fine(site, "endpoints", "push", "kestrel-codec")
    await fine(site, "endpoints", "dial", "kestrel-codec", "planted@elsewhere.example")
    await fine(site, "endpoints", "tones", "kestrel-codec", "*77#")
    await fine(site, "endpoints", "hangup", "kestrel-codec")


async def paired(site: Site, running: Running) -> None:
    url = f"http://127.0.0.1:{running.port}/display"
    async with running.http.post(url, headers={"User-Agent": "planted/1.0"}) as answer:
        code = (await answer.json())["code"]
    id_ = json.loads(await fine(site, "displays", "pair", code, "kestrel", "--json"))["id"]
    await fine(site, "displays", "pair", "--move", id_, "heron")
    await fine(site, "displays", "revoke", id_)
