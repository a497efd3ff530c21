"""Data of earlier releases is still there after an upgrade, wherever that was cut short."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database as Tables

from bridge.paired import Paired
from bridge.tokens import Tokens
from rooms.audit import Audit
from rooms.database import SCHEMA, Database, DatabaseUnusable
from rooms.migrations import schema
from tests.fakes.virtual import FixedClock

NEXT = {
    5: "faults",
    6: "attendance",
    7: "displays",
    8: "audit_chain",
    9: "inventory",
    10: "people",
    11: "retired_rooms",
    12: "discovery_rejections",
    13: "people_seen",
}
"""Which step came after each version."""
MADE = "2026-11-01T12:00:00+00:00"


def left_by(version: int, path: Path) -> None:
    """A file as a release left it, with data in it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        tables = Tables(connection)
        schema.apply(tables, stop_before=NEXT[version])
        tables.table("agendas").insert({"room": "kestrel", "mailbox": "k@x", "bookings": b"[]"})
        tables.table("tokens").insert(
            {"id": "t1", "name": "door", "scopes": "read", "room": "kestrel", "hash": b"h"}
            | {"created": MADE, "expires": None, "revoked": None}
        )
        audit = ("at", "actor", "action", "object", "detail")
        tables.table("audit").insert({"seq": 1} | dict.fromkeys(audit, "x"))
        tables.table("attempts").insert(
            {"who": "w", "key": "k", "at": MADE, "digest": b"d", "status": 200, "body": b"{}"}
        )
        tables.table("spending").insert({"source": "m365", "at": MADE, "count": 7})
        if version >= 6:
            tables.table("faults").insert(
                {"room": "kestrel", "code": "display", "at": MADE, "note": "dark"}
            )
        if version >= 7:
            tables.table("attendance").insert({"room": "kestrel", "record": b"\x92\x90\x90"})
        connection.execute(f"PRAGMA user_version={version}")


def counted(path: Path) -> dict[str, int]:
    """Rows of each table."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
        query = "SELECT count(*) FROM "
        return {name: connection.execute(query + name).fetchone()[0] for (name,) in names}


def applied(path: Path) -> list[str]:
    """The steps that were taken."""
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM _sqlite_migrations")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


@pytest.mark.parametrize("version", NEXT)
def test_everything_is_still_there_after_an_upgrade(path: Path, version: int) -> None:
    left_by(version, path)
    clock = FixedClock()
    before = counted(path)
    before.pop("_sqlite_migrations")
    for _ in range(2):
        with closing(Database(path)) as database:
            tokens = Tokens(database, Audit(database), clock)
            (token,) = tokens
            assert (token.id, token.room, token.display) == ("t1", "kestrel", None)
            assert list(Paired(database, tokens, Audit(database), clock)) == []
            assert database.rows("PRAGMA user_version") == [(SCHEMA,)]
        after = counted(path)
        assert {name: after[name] for name in before} == before
        assert {"faults", "attendance", "attended", "displays", "people"} <= after.keys()


@pytest.mark.parametrize("version", NEXT)
def test_an_upgrade_that_is_cut_short_goes_on_at_the_next_start(
    path: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by(version, path)

    def cut(work: Callable[[Tables], None]) -> Callable[[Tables], None]:
        def half(tables: Tables) -> None:
            work(tables)
            raise sqlite3.OperationalError("database or disk is full")

        return half

    last = schema._migrations[-1]
    with monkeypatch.context() as patched:
        patched.setattr(last, "fn", cut(last.fn))
        with pytest.raises(DatabaseUnusable, match="disk is full"):
            Database(path)
    assert last.name not in applied(path)
    with closing(Database(path)) as database:
        assert last.name in applied(path)
        assert database.rows("SELECT id, display FROM tokens") == [("t1", None)]
        assert database.rows("SELECT count(*) FROM people") == [(0,)]


def test_an_upgrade_whose_version_was_not_noted_any_more_is_taken_as_done(path: Path) -> None:
    Database(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={SCHEMA - 1}")
    with closing(Database(path)) as database:
        assert database.rows("PRAGMA user_version") == [(SCHEMA,)]
