"""The audit log of the real process: shown, exported, checked, and whole whatever happens to it."""

import asyncio
import contextlib
import json
import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from rooms.audit import _READ, _row
from rooms.chain import Head, Row, Walk, linked
from rooms.database import Database
from tests.fakes.syslog import over_udp
from tests.fakes.virtual import NOON
from tests.process.conftest import Site, until

KILLS = 6


@contextmanager
def opened(site: Site) -> Iterator[sqlite3.Connection]:
    """The database of an appliance that does not run."""
    with closing(sqlite3.connect(site.folder / "data" / "bridge.db")) as connection, connection:
        yield connection


def on_disk(site: Site) -> list[Row]:
    """All entries, as another start would find them."""
    with closing(Database(site.folder / "data" / "bridge.db")) as database:
        return [_row(row) for row in database.rows(f"SELECT {_READ} FROM audit ORDER BY seq")]


async def made(site: Site, *names: str) -> None:
    for name in names:
        status, _, errors = await site.command("tokens", "create", name)
        assert (status, errors.splitlines()[-1]) == (0, "it is not told again")


async def test_who_did_what_is_shown_exported_and_checked(site: Site) -> None:
    async with site.running():
        await made(site, "reception", "signage", "lobby\x1b[2J")
        await site.command("tokens", "revoke", "nothing")
        status, out, _ = await site.command("audit", "show", "--action", "tokens")
        assert status == 0
        heading, *lines = out.splitlines()
        assert heading.split()[:2] == ["SEQ", "WHEN"]
        assert [line.split()[0] for line in lines] == ["1", "2", "3"]
        assert all("control:" in line and " control " in line for line in lines)
        assert "name=lobby?[2J" in lines[-1]
        status, out, _ = await site.command("audit", "show", "--limit", "2", "--json")
        assert [one["detail"]["name"] for one in json.loads(out)] == ["signage", "lobby\x1b[2J"]
        status, exported, _ = await site.command("audit", "export")
        assert (status, len(exported.splitlines())) == (0, 3)
        status, out, _ = await site.command("audit", "verify")
        head = out.splitlines()[-1]
        assert (status, out.splitlines()[0]) == (
            0,
            "3 entries, each as it was written; the head is",
        )
        status, out, _ = await site.command("audit", "verify", "--head", head)
        assert status == 0
        status, _, errors = await site.command("audit", "verify", "--head", "2:" + "0" * 64)
        assert (status, errors.splitlines()[0]) == (
            1,
            "entry 2: is not the row whose hash is known",
        )
        status, _, errors = await site.command("audit", "verify", "--head", "two")
        assert (status, "SEQ:HASH" in errors) == (2, True)
        status, _, errors = await site.command("audit", "show", "--since", "soon")
        assert (status, errors) == (1, "`since` is not RFC 3339\n")
    status, _, errors = await site.command("audit", "export")
    assert (status, "no appliance runs" in errors) == (2, True)
    await off_line(site, exported, head)


async def test_an_export_that_breaks_off_is_not_taken_for_the_whole(site: Site) -> None:
    site.write()
    (site.folder / "data").mkdir()
    row = linked(
        Head(),
        {"at": NOON.isoformat(), "actor": "a", "action": "tokens.create"}
        | {"object": "t", "origin": "", "detail": {}},
    )
    line = msgspec.json.encode(row) + b"\n"

    async def breaks_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"%x\r\n%s\r\n" % (len(line), line))
        await writer.drain()
        writer.close()

    socket = str(site.folder / "data" / "control.sock")
    async with await asyncio.start_unix_server(breaks_off, socket):
        for words in ("export", "verify"):
            status, out, errors = await site.command("audit", words)
            assert (status, out) == (2, "")
            assert "broke off" in errors


async def off_line(site: Site, exported: str, head: str) -> None:
    """An export is checked where no appliance is."""
    file = site.folder / "x.jsonl"
    lines = exported.splitlines(keepends=True)
    for content, more, status, words in (
        (lines, (), 0, "3 entries, each as it was written"),
        (lines, ("--head", head), 0, "3 entries"),
        (lines[1:], (), 0, "2 entries, from entry 2 on, each as it was written"),
        (lines[:2], ("--head", head), 1, "entry 3: missing: the log was longer"),
        ([lines[0], lines[2]], (), 1, "entry 2: missing"),
        ([lines[0].replace("reception", "deception"), *lines[1:]], (), 1, "entry 1: was changed"),
        ([*lines, "{}\n"], (), 1, "entry 4: its line is no entry"),
        ([lines[0], lines[2], lines[1]], ("--json",), 1, '"why": "missing"'),
    ):
        await asyncio.to_thread(file.write_text, "".join(content))
        came, out, errors = await site.command("audit", "verify", str(file), *more)
        assert came == status, (words, out, errors)
        assert words in out + errors
    came, _, errors = await site.command("audit", "verify", str(site.folder / "nothing"))
    assert (came, "cannot be read" in errors) == (2, True)


async def test_a_file_that_somebody_tampered_with_is_found_and_health_says_so(site: Site) -> None:
    async with over_udp() as receiver:
        site.settings["audit"] = {
            "syslog": {"transport": "udp", "host": "127.0.0.1", "port": receiver.port}
        }
        async with site.running() as running:
            started = await receiver.next()
            await made(site, "reception", "signage", "lobby")
            assert await running.stop() == 0
        stopped = await receiver.next()
        assert (started.words["event"], started.words["seq"]) == ("start", "0")
        assert (stopped.words["event"], stopped.words["seq"]) == ("stop", "3")
        assert stopped.words["hash"] == (await asyncio.to_thread(on_disk, site))[-1].hash
        await asyncio.to_thread(tamper, site)
        async with site.running() as running:
            status, _, errors = await site.command("audit", "verify")
            assert (status, errors.splitlines()[0]) == (1, "entry 2: was changed")
            known = f"{stopped.words['seq']}:{stopped.words['hash']}"
            status, _, errors = await site.command("audit", "verify", "--head", known)
            assert (status, errors.splitlines()[0]) == (1, "entry 2: was changed")
            told = await receiver.next()
            assert (told.words["seq"], told.words["count"]) == ("2", "-1")

            async def said() -> bool:
                health = await running.get("/api/v1/health")
                return health is not None and "audit_broken" in json.dumps(health)

            await until(said, "audit_broken")


def tamper(site: Site) -> None:
    """What somebody does who may write the file."""
    with opened(site) as database:
        for name in ("update", "delete"):
            database.execute(f"DROP TRIGGER audit_no_{name}")
        database.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 2")
        database.execute("DELETE FROM audit WHERE seq = 3")


@pytest.mark.timeout(180)
@pytest.mark.fault("bridge")
async def test_kills_amid_many_changes_leave_a_whole_chain_and_no_change_without_its_entry(
    site: Site,
) -> None:
    chance = random.Random(20261122)
    amounts = set()
    for _ in range(KILLS):
        async with site.running() as running:
            told: list[str] = []
            writing = asyncio.create_task(write(site.folder / "data" / "control.sock", told))
            await asyncio.sleep(chance.uniform(0.05, 0.6))
            running.process.send_signal(signal.SIGKILL)
            assert await running.process.wait() == -signal.SIGKILL
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writing
        rows = await asyncio.to_thread(on_disk, site)
        walk = Walk()
        assert [bad for bad in map(walk.step, rows) if bad is not None] == []
        tokens = await asyncio.to_thread(tokens_of, site)
        noted = {row.object for row in rows if row.action == "tokens.create"}
        assert noted == tokens
        assert set(told) <= noted, "what was told as done is not there"
        amounts.add(len(rows))
    assert len(amounts) > KILLS / 2, "hardly anything was written: the kills proved little"


def tokens_of(site: Site) -> set[str]:
    with opened(site) as database:
        return {id_ for (id_,) in database.execute("SELECT id FROM tokens")}


async def write(socket: Path, told: list[str]) -> None:
    """Make tokens, several at a time, until nobody answers."""
    connector = aiohttp.UnixConnector(path=str(socket), limit=8)
    async with aiohttp.ClientSession(connector=connector) as http:

        async def one() -> None:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                while True:
                    order: dict[str, Any] = {"name": "x"}
                    async with http.post("http://a/api/v1/tokens", json=order) as answer:
                        told.append((await answer.json())["id"])

        await asyncio.gather(*(one() for _ in range(8)))
