"""kill -9 of the real process while it writes, again and again: nothing lost, nothing by halves."""

import asyncio
import contextlib
import random
import signal
import sqlite3

import pytest

from rooms.database import Database
from rooms.store import Store
from tests.process.conftest import Running, Site

KILLS = 50
ROOMS = [f"room-{number}" for number in range(12)]
MEETINGS = 4
"""In each room, all renamed together in each round: a mixture would be a half-applied round."""


class Calendar:
    """Meetings that are renamed all the time."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.round = 0
        self.ids = {
            name: [site.book("Round 0", room=name, hour=hour + 1) for hour in range(MEETINGS)]
            for name in ROOMS
        }

    async def churn(self) -> None:
        """One round after the other; a room's meetings change between two reads, never in one."""
        while True:
            self.round += 1
            for name, ids in self.ids.items():
                mailbox = self.site.tenant.mailbox(f"{name}@example.com")
                for id_ in ids:
                    mailbox.edit(id_, subject=f"Round {self.round}")
            await asyncio.sleep(0.2)  # far more often than the appliance reads


def one_round(titles: list[str]) -> int:
    """The round that all titles name."""
    assert len(titles) == MEETINGS
    assert len(set(titles)) == 1, f"half a round: {titles}"
    return int(titles[0].removeprefix("Round "))


async def watched(running: Running, served: dict[str, int]) -> None:
    """Note the newest round that each room was seen to show."""
    while True:
        for name in ROOMS:
            titles = await running.titles(name)
            if titles:
                served[name] = max(served[name], one_round(titles))
        await asyncio.sleep(0.02)  # the appliance reads once in a second


def on_disk(site: Site) -> dict[str, int]:
    """The round of each room that another start would find, in a database that is whole."""
    file = site.folder / "data" / "bridge.db"
    connection = sqlite3.connect(file)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        halves = connection.execute("SELECT room FROM agendas EXCEPT SELECT room FROM reads")
        assert not halves.fetchall()
    finally:
        connection.close()
    database = Database(file)
    try:
        store = Store(database)
        held = {name: store.agenda(name) for name in ROOMS}
    finally:
        database.close()
    return {
        name: one_round([booking.title for booking in agenda.bookings])
        for name, agenda in held.items()
        if agenda
    }


@pytest.mark.timeout(300)
@pytest.mark.fault("bridge")
async def test_fifty_kills_lose_nothing_and_leave_nothing_by_halves(site: Site) -> None:
    chance = random.Random(20261121)
    site.rooms.clear()
    for name in ROOMS:
        site.add_room(name)
    calendar = Calendar(site)
    churning = asyncio.create_task(calendar.churn())
    served = dict.fromkeys(ROOMS, -1)
    rounds = set()
    for _ in range(KILLS):
        async with site.running() as running:
            watching = asyncio.create_task(watched(running, served))
            await asyncio.sleep(chance.uniform(0.0, 1.5))
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            running.process.send_signal(signal.SIGKILL)
            assert await running.process.wait() == -signal.SIGKILL
        kept = on_disk(site)
        for name, seen in served.items():
            assert kept.get(name, -1) >= seen, f"{name} lost what it had served"
            served[name] = max(seen, kept.get(name, -1))
        rounds |= set(kept.values())
    churning.cancel()
    assert len(rounds) > KILLS / 2, "hardly anything was written: the kills proved little"
