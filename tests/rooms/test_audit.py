"""The audit log in the database: chained as it is written, found out where it is not."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database as Tables

from rooms import audit as audit_module
from rooms.audit import Audit, Entry, Wanted, calling
from rooms.chain import Bad, Head, Row
from rooms.database import Database
from rooms.migrations import schema
from tests.fakes.virtual import NOON

HOUR = timedelta(hours=1)


@pytest.fixture
def opened(tmp_path: Path) -> Database:
    return Database(tmp_path / "bridge.db")


@pytest.fixture
async def audit(opened: Database) -> AsyncIterator[Audit]:
    async with opened.running():
        yield Audit(opened)


def entry(number: int = 0, **more: object) -> Entry:
    usual = {"actor": "token:a", "action": "tokens.create", "object": f"t{number}"}
    return Entry(at=NOON + number * HOUR, **(usual | more))  # type: ignore[arg-type]


async def all_of(audit: Audit, wanted: Wanted | None = None) -> list[Row]:
    return [row async for rows in audit.chunks(wanted) for row in rows]


async def test_entries_written_at_once_are_one_chain(audit: Audit) -> None:
    await asyncio.gather(*(audit.record(entry(n)) for n in range(300)))
    verdict = await audit.verify()
    assert verdict.bad is None
    assert verdict.head == await audit.head()
    assert verdict.head.seq == 300
    assert {row.object for row in await all_of(audit)} == {f"t{n}" for n in range(300)}


async def test_an_empty_log_is_sound(audit: Audit) -> None:
    verdict = await audit.verify()
    assert (verdict.bad, verdict.head) == (None, Head())
    assert (await audit.page(Wanted())).rows == []
    assert await all_of(audit) == []


async def test_a_change_that_is_undone_takes_its_entry_along_and_leaves_no_gap(
    audit: Audit, opened: Database
) -> None:
    def fails(tables: Tables) -> None:
        Audit.add(tables, entry(1))
        raise sqlite3.OperationalError("disk I/O error")

    told = await asyncio.gather(
        audit.record(entry(0)),
        opened.change(fails),
        audit.record(entry(2)),
        return_exceptions=True,
    )
    assert isinstance(told[1], sqlite3.OperationalError)
    assert [(row.seq, row.object) for row in await all_of(audit)] == [(1, "t0"), (2, "t2")]
    assert (await audit.verify()).bad is None


async def test_from_where_something_was_done_stands_in_the_entries_of_who_did_it(
    audit: Audit,
) -> None:
    with calling("token:a", "192.0.2.7"):
        await audit.record(entry(0))
        await audit.record(entry(1, actor="bridge"))
        await audit.record(entry(2, origin="elsewhere"))
        later = asyncio.create_task(audit.record(entry(3)))
    await later
    await audit.record(entry(4))
    origins = [row.origin for row in await all_of(audit)]
    assert origins == ["192.0.2.7", "", "elsewhere", "192.0.2.7", ""]


async def test_pages_go_back_to_the_first_entry_and_give_each_once(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "SEARCHED", 7)
    monkeypatch.setattr(audit_module, "CHUNK", 3)
    await asyncio.gather(*(audit.record(entry(n)) for n in range(40)))
    seen: list[int] = []
    before: int | None = None
    while True:
        page = await audit.page(Wanted(), limit=6, before=before)
        seen += [row.seq for row in page.rows]
        before = page.before
        if before is None:
            break
    assert seen == list(range(40, 0, -1))
    assert [row.seq for row in await all_of(audit)] == list(range(1, 41))


async def test_a_page_before_a_number_far_beyond_the_last_entry_comes_at_once(
    audit: Audit, opened: Database
) -> None:
    await audit.record(entry(0))
    assert len((await audit.page(Wanted(), before=2**53)).rows) == 1
    for name in ("update", "gap"):
        await opened.change(lambda db, name=name: db.execute(f"DROP TRIGGER audit_no_{name}"))  # type: ignore[misc]
    await opened.change(lambda db: db.execute(f"UPDATE audit SET seq = {2**60}"))
    assert len((await audit.page(Wanted(actor="token:a"))).rows) == 1
    assert len(await all_of(audit, Wanted(actor="token:a"))) == 1


@pytest.mark.parametrize("searched", [2, 1000])
async def test_entries_are_found_by_who_what_to_what_and_since(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, searched: int
) -> None:
    monkeypatch.setattr(audit_module, "SEARCHED", searched)
    for number, (actor, action, object_) in enumerate(
        [
            ("token:a", "tokens.create", "t"),
            ("token:b", "tokens.revoke", "t"),
            ("token:a", "tokensmith", "heron"),
            ("token:a", "bookings.create", "heron/b1"),
            ("token:a", "bookings.create", "heronry"),
        ]
    ):
        await audit.record(entry(number, actor=actor, action=action, object=object_))

    async def found(**wanted: object) -> list[int]:
        asked = Wanted(**wanted)  # type: ignore[arg-type]
        newest = [row.seq for row in (await audit.page(asked)).rows]
        assert newest[::-1] == [row.seq for row in await all_of(audit, asked)]
        return newest[::-1]

    assert await found(actor="token:b") == [2]
    assert await found(action="tokens") == [1, 2]
    assert await found(action="tokens.revoke") == [2]
    assert await found(object="heron") == [3, 4]
    assert await found(since=NOON + 3 * HOUR) == [4, 5]
    assert await found(actor="token:a", action="bookings", object="heron") == [4]
    assert await found(actor="' OR 1=1 --") == []


TAMPERED = {
    "UPDATE audit SET actor = 'nobody' WHERE seq = 3": Bad(seq=3, why="was changed"),
    "UPDATE audit SET detail = 'x' WHERE seq = 3": Bad(seq=3, why="was changed"),
    "UPDATE audit SET origin = x'ff00' WHERE seq = 3": Bad(seq=3, why="was changed"),
    "UPDATE audit SET actor = CAST(x'ff' AS TEXT) WHERE seq = 3": Bad(seq=3, why="was changed"),
    "UPDATE audit SET hash = CAST(x'ff' AS TEXT) WHERE seq = 5": Bad(seq=5, why="was changed"),
    "DELETE FROM audit WHERE seq = 3": Bad(seq=3, why="missing"),
    "UPDATE audit SET hash = former WHERE seq = 3": Bad(seq=3, why="was changed"),
    "INSERT INTO audit (seq, at, actor, action, object, detail) VALUES (-1, '', '', '', '', '')": (
        Bad(seq=1, why="row -1 stands in its place")
    ),
}


@pytest.mark.parametrize(("sql", "bad"), TAMPERED.items())
async def test_what_somebody_does_to_the_file_is_found(
    audit: Audit, opened: Database, sql: str, bad: Bad
) -> None:
    for number in range(5):
        await audit.record(entry(number))
    for name in ("update", "delete", "gap"):
        await opened.change(lambda db, name=name: db.execute(f"DROP TRIGGER audit_no_{name}"))  # type: ignore[misc]
    await opened.change(lambda db: db.execute(sql))
    verdict = await audit.verify()
    assert verdict.bad == bad
    assert (await audit.page(Wanted())).rows  # it can be read all the same
    await audit.record(entry(9))  # and goes on
    assert (await audit.verify()).bad == bad


async def test_a_log_that_was_cut_short_is_found_by_a_head_that_was_sent_out(
    audit: Audit, opened: Database
) -> None:
    for number in range(5):
        await audit.record(entry(number))
    head = await audit.head()
    assert await audit.hash_of(5) == head.hash
    await opened.change(lambda db: db.execute("DROP TRIGGER audit_no_delete"))
    await opened.change(lambda db: db.execute("DELETE FROM audit WHERE seq > 3"))
    assert (await audit.verify()).bad is None
    assert (await audit.verify(head)).bad == Bad(seq=4, why="missing: the log was longer")
    await audit.record(entry(9))
    await audit.record(entry(9))
    bad = (await audit.verify(head)).bad
    assert bad == Bad(seq=5, why="is not the row whose hash is known")
    assert await audit.hash_of(6) is None


@pytest.mark.parametrize("seq", [1, 3, 9, "NULL"])
async def test_the_database_refuses_rows_that_are_not_next(
    audit: Audit, opened: Database, seq: object
) -> None:
    await audit.record(entry(0))
    sql = "INSERT OR REPLACE INTO audit (seq, at, actor, action, object, detail)"
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        await opened.change(lambda db: db.execute(f"{sql} VALUES ({seq}, '', '', '', '', '')"))
    assert len(await all_of(audit)) == 1


def left_by_an_earlier_release(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        schema.apply(Tables(connection), stop_before="audit_chain")
        for number, detail in enumerate(['{"name": "é", "n": 3}', "{}", "no JSON"]):
            connection.execute(
                "INSERT INTO audit (at, actor, action, object, detail) VALUES (?, 'a', 'b', 'c', ?)",
                [(NOON + number * HOUR).isoformat(), detail],
            )
        connection.execute("PRAGMA user_version=8")


async def test_a_log_of_an_earlier_release_is_chained_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    await asyncio.to_thread(left_by_an_earlier_release, file)
    database = await asyncio.to_thread(Database, file)
    async with database.running():
        audit = Audit(database)
        await audit.record(entry(4))
        assert (await audit.verify()).bad is None
        details = [row.detail for row in await all_of(audit)]
        assert details == [{"name": "é", "n": 3}, {}, "no JSON", {}]
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            await database.change(lambda db: db.execute("UPDATE audit SET actor = 'x'"))


async def test_other_work_goes_on_while_a_long_log_is_checked(
    audit: Audit, opened: Database
) -> None:
    def many(tables: Tables) -> None:
        for number in range(3000):
            Audit.add(tables, entry(number))

    await opened.change(many)
    checking = asyncio.create_task(audit.verify())
    others = 0
    while not checking.done():
        await opened.change(lambda db: db.execute("SELECT 1"))
        others += 1
    assert (await checking).bad is None
    assert others >= 3000 // audit_module.CHUNK
