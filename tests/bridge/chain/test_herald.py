"""The head of the audit log reaches syslog and webhooks, and nothing else of it does."""

import asyncio
import hashlib
import hmac
import json
import logging
import sqlite3
import ssl
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bridge.alerts.receivers import Undelivered
from bridge.chain import syslog
from bridge.chain.herald import CHECK_EVERY, FIRST_CHECK, Herald
from bridge.chain.message import line, news
from bridge.health import BRIDGE, Health
from bridge.settings.audit import AuditSettings, AuditWebhook, Syslog
from bridge.settings.model import Site
from connector.certificates import self_signed
from connector.outside import open_outside
from connector.secret import Secret
from rooms.audit import Audit, Entry
from rooms.chain import START, Head
from tests.fakes.syslog import Receiver, over_socket, over_stream, over_udp
from tests.fakes.virtual import NOON, PatientDatabase, VirtualClock, in_virtual_time

HOUR = 3600.0
HEAD = Head(seq=7, hash="a" * 64, at="2026-11-23T12:00:00+00:00")
MESSAGE = line(
    news(HEAD, Head(seq=3), event="interval", appliance="rooms.example.com", now=NOON),
    facility=13,
    process=42,
)


def test_a_message_has_the_form_that_rfc_5424_demands() -> None:
    assert MESSAGE == (
        b"<109>1 2026-11-23T12:00:00.000000Z rooms.example.com roombridge 42 audit-head -"
        b" audit head seq=7 hash=" + b"a" * 64 + b" at=2026-11-23T12:00:00+00:00 count=4"
        b" event=interval"
    )


def test_a_name_that_no_header_takes_breaks_no_message() -> None:
    told = news(Head(), Head(), event="start", appliance="größe 1\n", now=NOON)
    assert b" gr??e?1? roombridge " in line(told, facility=0, process=1)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_message_reaches_a_receiver_of_syslog(transport: Any) -> None:
    way: Callable[[], AbstractAsyncContextManager[Receiver]]
    way = over_udp if transport == "udp" else over_stream
    async with way() as receiver, open_outside(VirtualClock()) as outside:
        settings = Syslog(transport=transport, host="127.0.0.1", port=receiver.port)
        await syslog.send(settings, MESSAGE, outside)
        await syslog.send(settings, MESSAGE, outside)
        first, second = await receiver.next(), await receiver.next()
    assert first == second
    assert (first.facility, first.severity) == (13, 5)
    assert (first.app, first.id) == ("roombridge", "audit-head")
    assert first.words["hash"] == "a" * 64


async def test_a_message_reaches_the_machines_own_syslog(tmp_path: Path) -> None:
    path = tmp_path / "log"
    async with over_socket(path) as receiver, open_outside(VirtualClock()) as outside:
        await syslog.send(Syslog(transport="local", path=path), MESSAGE, outside)
        assert (await receiver.next()).words["seq"] == "7"


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    made = self_signed(["localhost"], days=2, now=datetime.now(UTC))
    ca, key = folder / "ca.pem", folder / "log.key"
    ca.write_bytes(made.pem)
    key.write_bytes(made.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, key)
    return context, ca


async def test_a_message_reaches_a_receiver_over_tls_whose_certificate_is_trusted(
    tmp_path: Path,
) -> None:
    context, ca = await asyncio.to_thread(certified, tmp_path)
    async with over_stream(context) as receiver:
        settings = Syslog(host="localhost", port=receiver.port)
        async with open_outside(VirtualClock(), ca_file=ca) as outside:
            await syslog.send(settings, MESSAGE, outside)
            assert (await receiver.next()).words["seq"] == "7"
        async with open_outside(VirtualClock()) as outside:
            with pytest.raises(Undelivered, match="no TLS that can be trusted"):
                await syslog.send(settings, MESSAGE, outside)
        assert receiver.messages.empty()


async def test_a_receiver_that_is_not_there_is_told_without_its_address(tmp_path: Path) -> None:
    async with open_outside(VirtualClock()) as outside:
        for settings in (
            Syslog(transport="tcp", host="127.0.0.1", port=1),
            Syslog(transport="local", path=tmp_path / "planted"),
        ):
            with pytest.raises(Undelivered, match="cannot be reached") as caught:
                await syslog.send(settings, MESSAGE, outside)
            assert "planted" not in str(caught.value)
            assert "127" not in str(caught.value)


# --- when it is sent, in virtual time


class Hooked:
    """A service that keeps heads, and has faults."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.asked: list[float] = []
        self.signed: list[bool] = []
        self.answers: list[web.Response] = []

    async def serve(self, request: web.Request) -> web.Response:
        """One message."""
        self.asked.append(asyncio.get_running_loop().time())
        if self.answers:
            return self.answers.pop(0)
        body = await request.read()
        right = "sha256=" + hmac.new(b"planted-secret", body, hashlib.sha256).hexdigest()
        self.signed.append(request.headers["Roombridge-Signature"] == right)
        self.told.append(json.loads(body))
        return web.Response(status=204)


class Bench:
    """An audit log, a herald and a service that it tells."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port
        """Of the service: it keeps its address over restarts of the appliance."""
        self.hooked = Hooked()
        self.clock = VirtualClock()
        self.health = Health(self.clock)
        self.database = PatientDatabase(folder / "bridge.db")
        self.audit = Audit(self.database)

    def play(self, work: "Callable[[Bench, Herald], Coroutine[Any, Any, None]]") -> Hooked:
        """Do this with a herald that runs."""

        async def all_of_it() -> None:
            app = web.Application()
            app.router.add_post("/planted-key", self.hooked.serve)
            server = TestServer(app, port=self.port)
            async with server, open_outside(self.clock) as outside, self.database.running():
                self.port = server.port or 0
                url = Secret(str(server.make_url("/planted-key")))
                hook = AuditWebhook(url=url, secret=Secret("planted-secret"))
                site = Site(
                    audit=AuditSettings(webhook=hook), public_url="https://rooms.example.com"
                )
                herald = Herald(outside, self.audit, self.health, self.folder)
                async with herald.running():
                    herald.adopt(site)
                    await work(self, herald)

        in_virtual_time(all_of_it())
        return self.hooked

    async def done(self, count: int = 1) -> None:
        for number in range(count):
            entry = Entry(
                at=self.clock.now(), actor="token:planted", action="x", object=f"planted{number}"
            )
            await self.audit.record(entry)

    def codes(self) -> list[str]:
        return [trouble.code for trouble in self.health.of(BRIDGE)]


def test_the_head_is_sent_at_start_at_each_interval_if_it_moved_and_at_stop(tmp_path: Path) -> None:
    async def work(bench: Bench, herald: Herald) -> None:
        await asyncio.sleep(60)
        await bench.done(3)
        await asyncio.sleep(4 * HOUR)
        assert herald.ages()["webhook",] < HOUR + 10
        await bench.done()

    hooked = Bench(tmp_path).play(work)
    assert [(one["event"], one["seq"], one["count"]) for one in hooked.told] == [
        ("start", 0, 0),
        ("interval", 3, 3),
        ("stop", 4, 1),
    ]
    assert hooked.told[0]["hash"] == START
    assert hooked.told[0]["appliance"] == "rooms.example.com"
    assert hooked.asked[0] < 1
    assert HOUR <= hooked.asked[1] < HOUR + 10
    assert all(hooked.signed)
    assert "planted" not in json.dumps(hooked.told)


def test_a_receiver_that_fails_is_told_later_and_health_says_so_until_then(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    codes: list[list[str]] = []

    async def work(bench: Bench, _: Herald) -> None:
        bench.hooked.answers = [web.Response(status=500) for _ in range(4)]
        await bench.done(2)
        await asyncio.sleep(60)
        codes.append(bench.codes())
        await asyncio.sleep(HOUR / 2)
        codes.append(bench.codes())

    with caplog.at_level(logging.DEBUG):
        hooked = Bench(tmp_path).play(work)
    assert codes == [["audit_head_unsent"], []]
    gaps = [after - before for before, after in zip(hooked.asked, hooked.asked[1:], strict=False)]
    assert gaps[0] > 25
    assert gaps[3] > 3 * gaps[0]
    assert [one["event"] for one in hooked.told] == ["start", "stop"]
    ours = [record for record in caplog.records if record.name.startswith(("bridge", "connector"))]
    assert "planted" not in str([record.getMessage() for record in ours])


def test_a_receiver_that_never_answers_delays_a_stop_by_two_seconds_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    async def never(*_: object) -> None:
        asked.append(asyncio.get_running_loop().time())
        await asyncio.Event().wait()

    monkeypatch.setattr("bridge.chain.herald.post", never)
    ended: list[float] = []

    async def work(bench: Bench, _: Herald) -> None:
        await asyncio.sleep(5)
        await bench.done()  # the log goes on meanwhile
        ended.append(asyncio.get_running_loop().time())

    Bench(tmp_path).play(work)
    assert len(asked) == 2
    assert asked[1] - ended[0] < 2.1


def test_what_was_sent_is_compared_at_the_next_start(tmp_path: Path) -> None:
    async def first(bench: Bench, _: Herald) -> None:
        await bench.done(4)

    async def sound(bench: Bench, _: Herald) -> None:
        assert bench.codes() == []

    async def cut(bench: Bench, _: Herald) -> None:
        assert bench.codes() == ["audit_broken"]
        await asyncio.sleep(FIRST_CHECK + 10)
        assert bench.codes() == ["audit_broken"]

    before = Bench(tmp_path)
    assert before.play(first).told[-1]["seq"] == 4
    again = Bench(tmp_path, before.port)
    assert again.play(sound).told[-1]["count"] == 0
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as connection, connection:
        connection.execute("DROP TRIGGER audit_no_delete")
        connection.execute("DELETE FROM audit WHERE seq = 4")
    told = Bench(tmp_path, before.port).play(cut).told
    assert (told[0]["seq"], told[0]["count"]) == (3, -1)
    assert (tmp_path / "audit-heads.json").stat().st_mode & 0o77 == 0


def test_the_whole_log_is_checked_soon_after_a_start_and_every_day(tmp_path: Path) -> None:
    async def work(bench: Bench, _: Herald) -> None:
        await bench.done(4)
        await asyncio.sleep(FIRST_CHECK + 10)
        assert bench.codes() == []
        await bench.database.change(lambda db: db.execute("DROP TRIGGER audit_no_update"))
        await bench.database.change(
            lambda db: db.execute("UPDATE audit SET actor = 'planted' WHERE seq = 2")
        )
        await asyncio.sleep(CHECK_EVERY)
        (trouble,) = bench.health.of(BRIDGE)
        assert (trouble.code, trouble.words) == ("audit_broken", "entry 2: was changed")

    Bench(tmp_path).play(work)


def test_other_settings_count_at_once_and_nobody_hears_of_a_start_twice(tmp_path: Path) -> None:
    async def work(bench: Bench, herald: Herald) -> None:
        await asyncio.sleep(10)
        assert herald._settings is not None
        hook = herald._settings.webhook
        often = AuditSettings(every=timedelta(minutes=1), webhook=hook)
        herald.adopt(Site(audit=often))
        await bench.done()
        await asyncio.sleep(100)
        herald.adopt(Site())
        await bench.done()
        await asyncio.sleep(HOUR)
        assert herald.ages() == {}

    assert [one["event"] for one in Bench(tmp_path).play(work).told] == ["start", "interval"]
