"""One connection, one thread, changes committed in groups."""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlite_utils import Database as Tables

from rooms.audit import Audit, Entry
from rooms.database import SCHEMA, Database, DatabaseUnusable
from rooms.migrations import schema
from tests.fakes.virtual import NOON


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Opened before the loop runs, as the appliance does."""
    return Database(tmp_path / "bridge.db")


def insert(text: str) -> Callable[[Tables], object]:
    return lambda db: Audit.add(db, Entry(at=NOON, actor=text, action="test"))


def rows(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute("SELECT actor FROM audit ORDER BY seq")]
    finally:
        connection.close()


async def test_changes_are_on_disk_when_they_are_done(database: Database, tmp_path: Path) -> None:
    async with database.running():
        await database.change(insert("one"))
        assert await asyncio.to_thread(rows, tmp_path / "bridge.db") == ["one"]


async def test_changes_that_wait_together_are_all_kept(database: Database, tmp_path: Path) -> None:
    async with database.running():
        await asyncio.gather(*(database.change(insert(str(n))) for n in range(200)))
    assert len(await asyncio.to_thread(rows, tmp_path / "bridge.db")) == 200


async def test_a_change_that_fails_is_undone_alone(database: Database, tmp_path: Path) -> None:
    def half(db: Tables) -> None:
        insert("half")(db)
        db.execute("INSERT INTO nowhere VALUES (1)")

    async with database.running():
        told = await asyncio.gather(
            database.change(insert("one")),
            database.change(half),
            database.change(insert("two")),
            return_exceptions=True,
        )
    assert isinstance(told[1], sqlite3.OperationalError)
    assert await asyncio.to_thread(rows, tmp_path / "bridge.db") == ["one", "two"]


async def test_what_was_ordered_before_the_end_is_still_committed(
    database: Database, tmp_path: Path
) -> None:
    async with database.running():
        waiting = asyncio.ensure_future(database.change(insert("last")))
        await asyncio.sleep(0)
    await waiting
    assert await asyncio.to_thread(rows, tmp_path / "bridge.db") == ["last"]


def test_a_second_process_is_refused_in_words(tmp_path: Path) -> None:
    database = Database(tmp_path / "bridge.db")
    with pytest.raises(DatabaseUnusable, match="another roombridge process uses"):
        Database(tmp_path / "bridge.db")
    database.close()
    Database(tmp_path / "bridge.db").close()


def test_a_damaged_file_is_refused_in_words_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "bridge.db"
    file.write_bytes(b"not a database, but somebody may want to look at it" * 100)
    before = file.read_bytes()
    with pytest.raises(DatabaseUnusable, match="move it away to start afresh"):
        Database(file)
    assert file.read_bytes() == before


def test_a_file_of_a_later_version_is_refused_in_words(tmp_path: Path) -> None:
    Database(tmp_path / "bridge.db").close()
    connection = sqlite3.connect(tmp_path / "bridge.db")
    connection.execute(f"PRAGMA user_version={SCHEMA + 1}")
    connection.close()
    with pytest.raises(DatabaseUnusable, match="later version"):
        Database(tmp_path / "bridge.db")


def test_a_folder_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="cannot be written"):
        Database(tmp_path / "nowhere" / "bridge.db")


def test_the_schema_version_counts_the_migrations(tmp_path: Path) -> None:
    Database(tmp_path / "bridge.db").close()
    tables = Tables(tmp_path / "bridge.db")
    assert not schema.pending(tables)
    assert tables.conn.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
    tables.close()


def test_what_is_committed_survives_a_power_cut(tmp_path: Path) -> None:
    database = Database(tmp_path / "bridge.db")
    assert database.rows("PRAGMA journal_mode") == [("wal",)]
    assert database.rows("PRAGMA synchronous") == [(2,)]  # FULL
    assert database.rows("PRAGMA secure_delete") == [(1,)]
    database.close()


async def test_the_audit_log_cannot_be_changed(database: Database, tmp_path: Path) -> None:
    async with database.running():
        await database.change(insert("one"))
        for sql in ("UPDATE audit SET actor = 'two'", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                await database.change(partial(Tables.execute, sql=sql))
    assert await asyncio.to_thread(rows, tmp_path / "bridge.db") == ["one"]


async def test_what_was_overwritten_leaves_the_write_ahead_log_too(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rooms.database.SETTLE", 0.0)
    log = tmp_path / "bridge.db-wal"
    async with database.running():
        await database.change(lambda db: db.execute("DROP TRIGGER audit_no_update"))
        await database.change(insert("overwritten"))
        await database.change(lambda db: db.execute("UPDATE audit SET actor = 'since'"))
        async with asyncio.timeout(20):
            while await asyncio.to_thread(log.read_bytes):
                await database.change(lambda db: db.execute("SELECT 1"))
        kept = await asyncio.to_thread((tmp_path / "bridge.db").read_bytes)
    assert b"overwritten" not in kept
    assert b"since" in kept
