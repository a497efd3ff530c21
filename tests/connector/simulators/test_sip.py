"""The simulated SIP unit, spoken to in plain text as RFC 3261 and 3515 have it."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connector.simulators import sip as simulator
from connector.simulators.sip import Address, Agent, Meeting, Phone, Seen, Switches, serve
from tests.fakes.sip import Wire, field
from tests.fakes.virtual import in_virtual_time

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


@asynccontextmanager
async def at(phone: Phone) -> AsyncIterator[tuple[Address, Wire]]:
    async with serve(phone) as address:
        loop = asyncio.get_running_loop()
        transport, wire = await loop.create_datagram_endpoint(Wire, local_addr=("127.0.0.1", 0))
        yield address, wire
        transport.close()
        await asyncio.sleep(0)


def test_an_order_is_accepted_and_obeyed_and_told_of() -> None:
    async def obeyed() -> None:
        agent, meeting = Agent(), Meeting()
        async with serve(meeting) as away, at(agent) as (unit, wire):
            wire.request(unit, "REFER", f"r: <sip:1.2@127.0.0.1:{away.port};x=y>")
            assert "SIP/2.0 202" in await wire.next("SIP/2.0")
            told: list[str] = []
            while not told or "terminated" not in told[-1]:
                told.append(notify := await wire.next("NOTIFY"))
                assert field(notify, "Event") == "refer"
                answer = notify.replace(notify.split("\r\n")[0], "SIP/2.0 200 OK")
                wire.transport.sendto(answer.encode(), tuple(unit))
            said = [one.strip().rpartition("\n")[2] for one in told]
            assert said == ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]
            assert meeting.joined == [f"sip:1.2@127.0.0.1:{away.port};x=y"] == agent.called

    in_virtual_time(obeyed())


@pytest.mark.parametrize(
    ("tells", "asked", "status", "notifies"),
    [
        ("as_asked", "Refer-Sub: false", 200, False),
        ("as_asked", "Refer-Sub: true", 202, True),
        ("always", "Refer-Sub: false", 202, True),
        ("never", "Refer-Sub: true", 202, False),
    ],
)
def test_who_wants_not_to_be_told_is_not_where_the_unit_knows_that(
    tells: Any, asked: str, status: int, notifies: bool
) -> None:
    async def told() -> None:
        async with at(Agent(switches=Switches(tells=tells))) as (unit, wire):
            wire.request(unit, "REFER", asked, "Refer-To: <sip:x@127.0.0.1:9>")
            answer = await wire.next("SIP/2.0")
            assert answer.startswith(f"SIP/2.0 {status}")
            assert ("Refer-Sub: false" in answer) == (status == 200)
            await asyncio.sleep(0.1)
            assert any(one.startswith("NOTIFY") for one in wire.got) == notifies

    in_virtual_time(told())


@pytest.mark.parametrize("status", [405, 420, 481, 489, 501, 603])
def test_orders_are_refused_on_request(status: int) -> None:
    async def refused() -> None:
        agent = Agent(switches=Switches(refer=status))
        async with at(agent) as (unit, wire):
            wire.request(unit, "REFER", "Refer-To: <sip:x@127.0.0.1:9>")
            assert (await wire.next("SIP/2.0")).startswith(f"SIP/2.0 {status}")
            assert not agent.called

    in_virtual_time(refused())


def test_somebody_in_the_room_is_asked_first() -> None:
    async def asked() -> None:
        agent = Agent(switches=Switches(refer="ask"))
        async with at(agent) as (unit, wire):
            wire.request(unit, "REFER", "Refer-To: <sip:x@127.0.0.1:9>")
            await asyncio.sleep(10)
            assert not agent.called
            agent.pressed.put_nowait(False)
            notify = await wire.next("NOTIFY")
            answer = notify.replace(notify.split("\r\n")[0], "SIP/2.0 200 OK")
            wire.transport.sendto(answer.encode(), tuple(unit))
            while "SIP/2.0 603" not in notify:
                notify = await wire.next("NOTIFY")
            assert not agent.called

    in_virtual_time(asked())


def test_an_invitation_without_media_gets_an_offer_and_one_with_media_an_answer() -> None:
    async def invited() -> None:
        agent = Agent()
        async with at(agent) as (unit, wire):
            wire.request(unit, "INVITE")
            offered = await wire.next("SIP/2.0 200")
            assert offered.count("\nm=") == 2
            again = await wire.next("SIP/2.0 200")
            assert again == offered, "until it is confirmed"
            wire.request(unit, "ACK", body=SDP)
            await asyncio.sleep(1)
            assert agent.calls["mine"].remote == SDP
            wire.got.clear()
            wire.request(unit, "INVITE", body=SDP, mark="2")
            answered = await wire.next("SIP/2.0 200")
            assert re.findall(r"\nm=(\w+)", answered) == ["audio"]
            wire.request(unit, "ACK", mark="2")
            wire.request(unit, "BYE", mark="3")
            assert "CSeq: 3 BYE" in await wire.next("SIP/2.0 200")
            assert not agent.calls

    in_virtual_time(invited())


def test_what_comes_again_is_answered_again_and_done_once() -> None:
    async def again() -> None:
        agent = Agent()
        async with at(agent) as (unit, wire):
            for _ in range(3):
                wire.request(unit, "REFER", "Refer-Sub: false", "Refer-To: <sip:x@127.0.0.1:9>")
                await asyncio.sleep(0)
            await asyncio.sleep(0.1)
            answers = [one for one in wire.got if one.startswith("SIP/2.0")]
            assert answers
            assert len(set(answers)) == 1
            assert len(agent.called) == len(agent.requests) == 1

    in_virtual_time(again())


@pytest.mark.parametrize(
    ("algorithm", "make"),
    [("MD5", hashlib.md5), ("SHA-256", hashlib.sha256), ("none", hashlib.md5)],
)
@pytest.mark.parametrize("password", ["right", "wrong"])
def test_a_login_is_asked_for_and_looked_at(
    algorithm: Any, make: Callable[[bytes], Any], password: str
) -> None:
    def digest(text: str) -> str:
        return str(make(text.encode()).hexdigest())

    async def looked_at() -> None:
        agent = Agent(switches=Switches(password="right", algorithm=algorithm))
        async with at(agent) as (unit, wire):
            wire.request(unit, "OPTIONS")
            asked = field(await wire.next("SIP/2.0 401"), "WWW-Authenticate")
            (nonce,) = re.findall('nonce="([^"]+)"', asked)
            assert (f"algorithm={algorithm}" in asked) == (algorithm != "none")
            user = digest(f"bridge:simulated:{password}")
            what = digest(f"OPTIONS:{unit.uri}")
            qop = "" if algorithm == "none" else ":00000001:c:auth"
            line = (
                f'Authorization: Digest username="bridge", realm="simulated", nonce="{nonce}",'
                f' uri="{unit.uri}", response="{digest(f"{user}:{nonce}{qop}:{what}")}"'
                + ("" if algorithm == "none" else ', nc=00000001, cnonce="c", qop=auth')
            )
            for mark in ("2", "3"):  # a nonce is good once
                wire.request(unit, "OPTIONS", line, mark=mark)
                good = mark == "2" and password == "right"
                assert (await wire.next("SIP/2.0")).startswith(f"SIP/2.0 {200 if good else 401}")
            assert agent.gate.failures == (1 if password == "right" else 2)

    in_virtual_time(looked_at())


def test_the_log_has_unknown_requests_and_nonsense() -> None:
    async def logged() -> None:
        meeting = Meeting()
        seen: list[Seen] = []
        meeting.noticed = seen.append
        async with at(meeting) as (unit, wire):
            wire.request(unit, "REFER", "Refer-To: <sip:x@127.0.0.1:9>")
            assert (await wire.next("SIP/2.0")).startswith("SIP/2.0 501"), (
                "a meeting takes no orders"
            )
            wire.request(unit, "PUBLISH", mark="2")
            wire.transport.sendto(b"nonsense", tuple(unit))
            await asyncio.sleep(0.1)
            assert sorted(meeting.unknown) == ["PUBLISH", "REFER", "no SIP"]
            assert [one.method for one in meeting.requests] == ["REFER", "PUBLISH"]
            assert len(seen) == 2

    in_virtual_time(logged())


def test_over_tcp_messages_are_told_apart_by_their_lengths() -> None:
    async def streamed() -> None:
        agent = Agent()
        async with at(agent) as (unit, wire):
            reader, writer = await asyncio.open_connection(*unit)
            texts = [wire.request(unit, "OPTIONS", mark=mark) for mark in ("7", "8")]
            writer.write("".join(["\r\n\r\n", *texts]).replace("/UDP", "/TCP").encode())
            for mark in ("7", "8"):
                answer = (await reader.readuntil(b"\r\n\r\n")).decode()
                assert f"CSeq: {mark} OPTIONS" in answer
            writer.close()
            assert {one.transport for one in agent.requests} == {"udp", "tcp"}

    in_virtual_time(streamed())


def test_switches_that_make_no_sense_are_refused() -> None:
    for settings in ({"refer": "perhaps"}, {"refer": 42}, {"late": -1}, {"nothing": 1}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(settings, Switches)


def test_it_is_written_independently_of_what_it_tests() -> None:
    for path in Path(simulator.__file__).parent.glob("*.py"):
        lines = [one for one in path.read_text().splitlines() if "import" in one]
        assert not [one for one in lines if "connector.sip" in one or "endpoints" in one]
