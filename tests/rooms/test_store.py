"""The last known agenda of each room."""

import asyncio
import logging
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rooms.agenda import Account, Explained
from rooms.database import Database
from rooms.model import Agenda, Booking, JoinDetails, NoJoinReason, Window
from rooms.store import Mark, Store
from tests.fakes.furnished import furnished
from tests.fakes.sources import room
from tests.fakes.virtual import NOON

HOUR = timedelta(hours=1)
WEEK = Window(start=NOON - 24 * HOUR, end=NOON + 168 * HOUR)
FULL = Booking(
    id="full",
    start=NOON,
    end=NOON + HOUR,
    all_day=True,
    title="日本語 🎉",
    organizer="Ada",
    organizer_address="ada@example.com",
    private=True,
    state="tentative",
    blocks=False,
    join=JoinDetails(
        provider="zoom", meeting_id="1", sip="1@zoomcrc.com", h323_gateways=("a", "b")
    ),
    no_join_reason=NoJoinReason.TENTATIVE,
)


def agenda(*names: str, name: str = "kestrel", as_of: Any = NOON) -> Agenda:
    bookings = tuple(
        Booking(id=one, start=NOON + n * HOUR, end=NOON + (n + 1) * HOUR, title=one)
        for n, one in enumerate(names)
    )
    return Agenda(room=name, as_of=as_of, window=WEEK, bookings=bookings)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(furnished(tmp_path / "bridge.db"))


@pytest.fixture
def opened(database: Database) -> Store:
    """A store, read before the loop runs."""
    return Store(database)


def again(tmp_path: Path) -> Store:
    """What another start finds."""
    database = Database(tmp_path / "bridge.db")
    try:
        return Store(database)
    finally:
        database.close()


async def test_a_room_never_read_has_no_agenda(opened: Store, database: Database) -> None:
    async with database.running():
        assert opened.agenda("kestrel") is None


async def test_what_was_kept_is_answered_whole(opened: Store, database: Database) -> None:
    whole = Agenda(room="kestrel", as_of=NOON, window=WEEK, bookings=(FULL,))
    async with database.running():
        assert await opened.replace(room(), whole, Account())
        assert opened.agenda("kestrel") == whole


async def test_an_equal_agenda_is_no_change_but_is_fresher(
    opened: Store, database: Database
) -> None:
    async with database.running():
        assert await opened.replace(room(), agenda("one"), Account())
        assert not await opened.replace(room(), agenda("one", as_of=NOON + HOUR), Account())
        held = opened.agenda("kestrel")
    assert held
    assert held.as_of == NOON + HOUR


async def test_the_times_of_reads_reach_the_disk_together(
    opened: Store, database: Database, tmp_path: Path
) -> None:
    async with database.running():
        for name in ("kestrel", "heron"):
            await opened.replace(room(name), agenda("one", name=name), Account())
            opened.confirm(room(name), NOON + HOUR, WEEK)
        saving = asyncio.create_task(opened.run())
        await asyncio.sleep(0)
        saving.cancel()
        await asyncio.wait([saving])
    after = await asyncio.to_thread(again, tmp_path)
    for name in ("kestrel", "heron"):
        held = after.agenda(name)
        assert held == opened.agenda(name)
        assert held
        assert held.as_of == NOON + HOUR


async def test_a_restart_finds_everything(
    opened: Store, database: Database, tmp_path: Path
) -> None:
    async with database.running():
        await opened.replace(room(), agenda("one"), Account())
        await opened.replace(room(), agenda("two", as_of=NOON + HOUR), Account())
        await opened.replace(room("heron"), agenda("three", name="heron"), Account())
        before = [opened.agenda(name) for name in ("kestrel", "heron")]
    after = await asyncio.to_thread(again, tmp_path)
    assert [after.agenda(name) for name in ("kestrel", "heron")] == before


async def test_how_an_agenda_came_about_is_kept_beside_it(
    opened: Store, database: Database
) -> None:
    account = Account(explained=(Explained(booking="one", source="body", tried=("a", "b")),))
    async with database.running():
        await opened.replace(room(), agenda("one"), account)
        assert await opened.account("kestrel") == account
        assert await opened.account("heron") == Account()
        await opened.replace(room(), agenda("one"), Account())
        assert await opened.account("kestrel") == Account()


async def test_another_mailbox_does_not_inherit_an_agenda(
    opened: Store, database: Database
) -> None:
    async with database.running():
        await opened.replace(room(), agenda("one"), Account())
        opened.adopt([room()])
        assert opened.agenda("kestrel")
        opened.adopt([room(mailbox="Kestrel@Example.com")])
        assert opened.agenda("kestrel")
        opened.adopt([room(mailbox="other@example.com")])
        assert opened.agenda("kestrel") is None


async def test_purging_removes_what_ended_and_nothing_else(
    opened: Store, database: Database, tmp_path: Path
) -> None:
    async with database.running():
        await opened.replace(room(), agenda("one", "two", "three"), Account())
        assert await opened.purge(NOON + 2 * HOUR, {"kestrel"}) == 2
        held = opened.agenda("kestrel")
        assert held
        assert [one.id for one in held.bookings] == ["three"]
        assert await opened.purge(NOON + 2 * HOUR, {"kestrel"}) == 0
    assert (await asyncio.to_thread(again, tmp_path)).agenda("kestrel") == held


async def test_a_room_that_is_gone_goes_with_its_last_booking(
    opened: Store, database: Database, tmp_path: Path
) -> None:
    async with database.running():
        await opened.replace(room(), agenda("one"), Account())
        await opened.purge(NOON, set())
        assert opened.agenda("kestrel")
        await opened.purge(NOON + 9 * HOUR, set())
        assert opened.agenda("kestrel") is None
    assert (await asyncio.to_thread(again, tmp_path)).agenda("kestrel") is None


async def test_what_was_purged_is_in_no_byte_of_the_files(
    opened: Store, database: Database, tmp_path: Path
) -> None:
    secret = "merger-with-the-competitor"
    async with database.running():
        await opened.replace(room(), agenda(secret), Account())
        await opened.purge(NOON + 9 * HOUR, {"kestrel"})
    files = await asyncio.to_thread(lambda: b"".join(f.read_bytes() for f in tmp_path.iterdir()))
    assert secret.encode() not in files


async def full(*_: object) -> None:
    """What a full disk answers."""
    raise sqlite3.OperationalError("database or disk is full")


@pytest.mark.fault("bridge")
async def test_memory_goes_on_where_the_disk_fails_and_says_so_once(
    opened: Store,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with database.running():
        with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
            patch.setattr(database, "change", full)
            assert await opened.replace(room(), agenda("one"), Account())
            assert await opened.replace(room(), agenda("two"), Account())
            assert opened.failing == "database or disk is full"
            assert opened.agenda("kestrel") == agenda("two")
            assert caplog.text.count("cannot be written") == 1
        await opened.reconcile()
        assert opened.failing is None


async def test_reconciling_writes_what_the_disk_missed(
    opened: Store, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with database.running():
        await opened.replace(room(), agenda("one"), Account())
        with monkeypatch.context() as patch:
            patch.setattr(database, "change", full)
            await opened.replace(room(), agenda("two"), Account())
        await opened.reconcile()
    assert (await asyncio.to_thread(again, tmp_path)).agenda("kestrel") == agenda("two")


# --- marks of the watch


ONE, TWO = Mark("m365", b"one"), Mark("m365", b"two")


@pytest.mark.fault("bridge")
async def test_a_mark_reaches_the_disk_with_its_agenda_or_not_at_all(
    opened: Store, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.running():
        await opened.replace(room(), agenda("one"), Account(), ONE)
        with monkeypatch.context() as patch:
            patch.setattr(database, "change", full)
            await opened.replace(room(), agenda("two"), Account(), TWO)
            opened.confirm(room(), NOON + HOUR, WEEK, TWO)
        await opened.save()
    after = await asyncio.to_thread(again, tmp_path)
    held = after.agenda("kestrel")
    assert held
    assert [one.id for one in held.bookings] == ["one"]
    assert after.mark("m365", "kestrel") == b"one"


async def test_a_mark_of_an_unchanged_agenda_reaches_the_disk_with_the_time_of_its_read(
    opened: Store, database: Database, tmp_path: Path
) -> None:
    async with database.running():
        await opened.replace(room(), agenda("one"), Account(), ONE)
        opened.confirm(room(), NOON + HOUR, WEEK, TWO)
        assert opened.mark("m365", "kestrel") == b"two"
        rows = await database.change(lambda db: list(db.query("SELECT mark FROM marks")))
        assert rows == [{"mark": b"one"}]
        await opened.save()
    after = await asyncio.to_thread(again, tmp_path)
    held = after.agenda("kestrel")
    assert held
    assert held.as_of == NOON + HOUR
    assert after.mark("m365", "kestrel") == b"two"


async def test_the_mark_of_another_mailbox_is_never_found_again(
    opened: Store, database: Database, tmp_path: Path
) -> None:
    other = room(mailbox="other@example.com")
    async with database.running():
        await opened.replace(room(), agenda("one"), Account(), ONE)
        opened.adopt([other])
        assert opened.mark("m365", "kestrel") is None
        await opened.keep_mark("kestrel", TWO)
        assert opened.mark("m365", "kestrel") is None, "it is past what was never read"
        await opened.replace(other, agenda("one"), Account())
    after = await asyncio.to_thread(again, tmp_path)
    assert after.agenda("kestrel")
    assert after.mark("m365", "kestrel") is None


async def test_a_room_that_is_gone_takes_its_mark_along(
    opened: Store, database: Database, tmp_path: Path
) -> None:
    async with database.running():
        await opened.replace(room(), agenda("one"), Account(), ONE)
        await opened.purge(NOON + 9 * HOUR, {"heron"})
        rows = await database.change(lambda db: list(db.query("SELECT mark FROM marks")))
        assert rows == []
    assert (await asyncio.to_thread(again, tmp_path)).mark("m365", "kestrel") is None


@pytest.mark.fault("bridge")
async def test_memory_goes_on_where_somebody_else_locks_the_database(
    opened: Store, database: Database, tmp_path: Path
) -> None:
    await asyncio.to_thread(database.rows, "PRAGMA busy_timeout=10")
    other = await asyncio.to_thread(
        sqlite3.connect, tmp_path / "bridge.db", isolation_level=None, check_same_thread=False
    )
    async with database.running():
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        assert await opened.replace(room(), agenda("one"), Account(), ONE)
        assert opened.failing == "database is locked"
        assert opened.agenda("kestrel") == agenda("one")
        await asyncio.to_thread(other.execute, "ROLLBACK")
        await opened.reconcile()
        assert opened.failing is None
    await asyncio.to_thread(other.close)
    assert (await asyncio.to_thread(again, tmp_path)).agenda("kestrel") == agenda("one")
