"""Sockets, strangers and TLS of the SIP element that all units share."""

import asyncio
import hashlib
import logging
import ssl
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import uvloop

from connector.certificates import self_signed
from connector.endpoints import sip
from connector.errors import Malformed, Unavailable
from connector.outside import Outside, Trust, open_outside
from connector.simulators.sip import Agent, Meeting, Switches, serve
from connector.sip.message import Response, read
from connector.sip.stack import Stack, Target
from connector.sip.transaction import NoAnswer, Timers
from tests.connector.endpoint_contract import ZOOM
from tests.connector.test_sip import looked_after, opened, options, order
from tests.connector.test_sip_message import ASKED
from tests.fakes.virtual import FixedClock, VirtualClock, in_virtual_time


class Stranger(asyncio.DatagramProtocol):
    """Somebody who sends what nobody asked for."""

    def __init__(self) -> None:
        self.got: list[bytes] = []

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.got.append(data)


async def strange(port: int, *sent: bytes) -> list[Response]:
    loop = asyncio.get_running_loop()
    transport, stranger = await loop.create_datagram_endpoint(
        Stranger, remote_addr=("127.0.0.1", port)
    )
    for data in sent:
        transport.sendto(data)
    await asyncio.sleep(0.5)
    transport.close()
    answers = [read(data) for data in stranger.got]
    return [one for one in answers if isinstance(one, Response)]


def port_of(stack: Stack) -> int:
    return stack._datagrams[False].at(("", 0))[1]


def request(method: str, *, to: str = "", mark: str = "a") -> bytes:
    text = ASKED.replace(b"OPTIONS", method.encode()).replace(b"bKabc", b"bK" + mark.encode())
    return text.replace(b"To: <sip:room@pbx.example.com>", b"To: <sip:room@pbx>" + to.encode())


def test_what_nobody_asked_for_is_refused_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)

    async def heard() -> None:
        async with opened() as site, looked_after(site) as unit:
            await unit.attempt()
            answers = await strange(
                port_of(unit._ways.stack),
                request("OPTIONS"),
                request("INVITE", mark="b"),
                request("BYE", to=";tag=x", mark="c"),
                request("NOTIFY", mark="d"),
                request("WEIRD", mark="e"),
                request("WEIRD", mark="f"),
                request("INFO", mark="g").replace(b"\r\n\r\n", b"\r\nRequire: x, y\r\n\r\n"),
                b"nonsense",
                b"\r\n\r\n",
            )
            told = sorted({(one.kind, one.status) for one in answers})
            assert told == [
                ("BYE", 481),
                ("INFO", 420),
                ("INVITE", 405),
                ("NOTIFY", 481),
                ("OPTIONS", 200),
                ("WEIRD", 405),
            ]
            assert all(one.via.parameters.get("rport") for one in answers)

    in_virtual_time(heard())
    lines = [one.getMessage() for one in caplog.records if "SIP" in one.getMessage()]
    assert sum("of another method" in line for line in lines) == 1
    assert sum("makes no sense" in line for line in lines) == 1
    assert not any("pbx" in line for line in lines)


def test_a_request_that_comes_again_gets_the_same_answer() -> None:
    async def again() -> None:
        async with opened() as site, looked_after(site) as unit:
            await unit.attempt()
            one, two = await strange(
                port_of(unit._ways.stack), request("OPTIONS"), request("OPTIONS")
            )
            assert one == two

    in_virtual_time(again())


def test_nobody_outside_of_the_networks_is_heard_or_called() -> None:
    async def outside_of_them() -> None:
        async with opened() as site:
            networks = [ip_network("192.0.2.0/24")]
            async with (
                open_outside(VirtualClock(), networks=networks) as outside,
                sip.connect(options(site), outside) as unit,
            ):
                with pytest.raises(Unavailable) as caught:
                    await unit.attempt()
                assert caught.value.reason == "unreachable"
                stack = unit._ways.stack
                await stack._udp(six=False)
                assert await strange(port_of(stack), request("OPTIONS")) == []

    in_virtual_time(outside_of_them())


def test_requests_by_others_are_remembered_for_a_minute_and_no_longer() -> None:
    async def remembered() -> None:
        async with opened() as site, looked_after(site) as unit:
            await unit.attempt()
            stack = unit._ways.stack
            await strange(port_of(stack), request("OPTIONS"))
            assert len(stack._servers) == 1
            await asyncio.sleep(65)
            assert not stack._servers
            assert not stack._clients

    in_virtual_time(remembered())


def test_a_broken_connection_is_known_at_once() -> None:
    async def broken() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        stack = Stack()
        try:
            async with stack.reach(Target(name="TCP", address="127.0.0.1", port=port)) as flow:
                asked = read(ASKED)
                assert not isinstance(asked, Response)
                with pytest.raises(NoAnswer) as caught:
                    await stack.ask(flow, asked)
                assert caught.value.broken
        finally:
            await stack.close()
            server.close()

    in_virtual_time(broken())


def test_timers_are_those_of_the_rfc() -> None:
    async def sent_at() -> list[float]:
        times: list[float] = []
        loop = asyncio.get_running_loop()

        class Counting(Stranger):
            def datagram_received(self, data: bytes, addr: Any) -> None:
                times.append(round(loop.time() - begin, 2))

        begin = loop.time()
        transport, _ = await loop.create_datagram_endpoint(Counting, local_addr=("127.0.0.1", 0))
        stack = Stack(timers=Timers())
        port = transport.get_extra_info("sockname")[1]
        asked = read(ASKED)
        assert not isinstance(asked, Response)
        async with stack.reach(Target(name="UDP", address="127.0.0.1", port=port)) as flow:
            with pytest.raises(NoAnswer):
                await stack.ask(flow, asked)
        assert round(loop.time() - begin, 1) == 32.0
        await stack.close()
        transport.close()
        return times

    times = in_virtual_time(sent_at())
    assert times == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


# --- TLS


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path, str]:
    made = self_signed(["localhost", "127.0.0.1"], days=2, now=FixedClock().now())
    file = tmp_path / "ca.pem"
    file.write_bytes(made.pem)
    both = tmp_path / "both.pem"
    both.write_bytes(made.pem + made.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    der = ssl.PEM_cert_to_DER_cert(made.pem.decode())
    return context, file, f"sha256:{hashlib.sha256(der).hexdigest()}"


Certified = tuple[ssl.SSLContext, Path, str]


@pytest.mark.fault("endpoint_certificate")
@pytest.mark.parametrize(
    ("fingerprint", "reason"),
    [("own", ""), ("sha256:" + "0" * 64, "certificate_changed"), ("", "certificate_untrusted")],
)
async def test_over_tls_only_the_right_certificate_is_spoken_to(
    outside: Outside, certificate: Certified, fingerprint: str, reason: str
) -> None:
    context, _, right = certificate
    trust = Trust(fingerprint=right if fingerprint == "own" else fingerprint)
    agent, meeting = Agent(switches=Switches(tells="always")), Meeting()
    async with serve(agent, tls=context) as room, serve(meeting) as away:
        agent.route = away
        settings = sip.Options(address=str(room), transport="tls", tls=trust)
        async with sip.connect(settings, outside) as unit:
            if reason:
                with pytest.raises(Malformed) as caught:
                    await unit.dial(order())
                assert caught.value.reason == reason
                assert not agent.requests
            else:
                await unit.dial(order())
                assert meeting.joined == agent.called
                (seen,) = agent.requests
                assert seen.text["Via"].startswith("SIP/2.0/TLS")
                assert "transport=tls" in seen.text["Contact"]


@pytest.mark.parametrize("mode", ["refer", "3pcc"])
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_the_loop_of_the_appliance_does_it_as_well(
    certificate: Certified, transport: str, mode: str
) -> None:
    context, _, right = certificate
    tls = context if transport == "tls" else None

    async def dialled() -> None:
        agent, meeting = Agent(switches=Switches(tells="always")), Meeting()
        calling = tls if mode == "3pcc" else None
        async with serve(agent, tls=tls) as room, serve(meeting, tls=calling) as away:
            agent.route = away
            settings: dict[str, Any] = {"mode": mode, "transport": transport, "proxy": str(away)}
            options = sip.Options(address=str(room), tls=Trust(fingerprint=right), **settings)
            async with (
                open_outside(FixedClock()) as outside,
                sip.connect(options, outside) as unit,
            ):
                await unit.dial(order())
                assert meeting.joined == [f"sip:{ZOOM.sip}"]
            assert bool(agent.calls) == (mode == "refer")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(dialled())


async def test_a_connection_is_shared_while_it_is_used_and_closed_after(outside: Outside) -> None:
    agent = Agent(switches=Switches(tells="never"))
    async with serve(agent) as room:
        settings = sip.Options(address=str(room), transport="tcp")
        async with sip.connect(settings, outside) as unit:
            stack = unit._ways.stack
            async with unit._ways.unit() as one, unit._ways.unit() as two:
                assert one is two
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not stack._streams
