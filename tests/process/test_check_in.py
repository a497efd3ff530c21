"""Check-in through the real program: one meeting is checked in to, nobody comes to the other."""

import sqlite3
from datetime import datetime
from typing import Any

from connector.simulators.graph import Tenant
from rooms.model import Person
from tests.process.conftest import HOUR, Running, Site, until
from tests.process.test_writing import post, token

SECOND = HOUR / 3600
REAL_GRACE = 110.0
"""Real seconds within which the shortest grace, of a minute, must be over."""


async def test_who_checks_in_stays_and_a_room_without_anybody_is_given_back(
    site: Site, tenant: Tenant
) -> None:
    tenant.register_app(secret="right", roles=["Calendars.ReadWrite"])
    site.settings |= {"writes": "release"}
    site.settings["check_in"] = {"enabled": True, "before": "5m", "grace": "1m", "ahead": "0s"}
    ada = Person(name="Ada", address="ada@example.com")
    for subject in ("Stays", "Goes"):
        site.book(subject, hour=20 * SECOND / HOUR, organizer=ada)
    async with site.running() as running:
        asked = await until(lambda: waiting(running), "that both are asked to check in")
        assert [one["check_in"]["releases"] for one in asked.values()] == [True, True]
        until_ = datetime.fromisoformat(asked["Goes"]["check_in"]["until"])
        assert until_ - datetime.fromisoformat(asked["Goes"]["start"]) == 60 * SECOND
        display = await token(site, "--display", "kestrel")
        path = f"/api/v1/rooms/kestrel/bookings/{asked['Stays']['id']}/check-in"
        for _ in range(2):
            status, told = await post(running, path, display)
            assert (status, told["done"]) == (200, "checked_in")
            assert told["booking"]["checked_in"] is True
        given_back = "that the other one is given back"
        await until(lambda: alone(running, "Stays"), given_back, seconds=REAL_GRACE)
        (stays,) = (await running.get("/api/v1/rooms/kestrel/agenda"))["bookings"]
        assert (stays["checked_in"], stays["check_in"]) == (True, None)
        report = (await running.get("/api/v1/rooms/kestrel/attendance"))["bookings"]
        assert sorted(one["outcome"] for one in report) == ["attended", "released"]
        assert b"roombridge_releases_total" in await metrics(running)
        assert await running.stop() == 0
    (reply,) = tenant.mailbox("kestrel@example.com").replies
    assert (reply.what, reply.to) == ("declined", "ada@example.com")
    assert reply.comment.startswith("Nobody checked in to Kestrel within 1 minute of the start")
    assert not {"Stays", "Goes", "Ada"} & set(" ".join(running.log).split())
    assert ("auto-release", "bookings.release", "done") in [
        (actor, action, outcome) for actor, action, _, outcome in released(site)
    ]


async def waiting(running: Running) -> dict[str, Any] | None:
    """The bookings that wait for somebody, by title, once there are both."""
    told = await running.get("/api/v1/rooms/kestrel/agenda")
    found = {one["title"]: one for one in told["bookings"] if one["check_in"]} if told else {}
    return found if len(found) == 2 else None


async def alone(running: Running, title: str) -> bool:
    """Whether the room shows this meeting and no other."""
    return await running.titles() == [title]


async def metrics(running: Running) -> bytes:
    url = f"http://127.0.0.1:{running.port}/metrics"
    async with running.http.get(url) as answer:
        return await answer.read()


def released(site: Site) -> list[tuple[str, str, str, str]]:
    """What the audit log says of releases, without check-ins, which have no outcome."""
    with sqlite3.connect(site.folder / "data" / "bridge.db") as database:
        names = database.execute("SELECT name FROM sqlite_master").fetchall()
        texts = [
            str(row)
            for (name,) in names
            if name in {"attendance", "attended"}
            for row in database.execute(f"SELECT * FROM {name}").fetchall()
        ]
        rows = database.execute(
            "SELECT actor, action, object, detail FROM audit WHERE action = 'bookings.release'"
        ).fetchall()
    database.close()
    assert texts
    assert not any(word in "".join(texts) for word in ("Stays", "Goes", "ada@"))
    return [
        (actor, action, what, "done" if '"done"' in it else it) for actor, action, what, it in rows
    ]
