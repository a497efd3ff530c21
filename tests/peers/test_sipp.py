"""SIPp and baresip: what is dialled is exactly what the invitation says, and calls stand."""

import asyncio
import hashlib
import json
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from connector.certificates import self_signed
from connector.endpoint import Order
from connector.endpoints import sip
from connector.endpoints.sip.unit import Unit
from connector.errors import Malformed, NotFound
from connector.outside import Trust, open_outside
from connector.simulators.sip import Agent, Switches, serve
from rooms.join import Dialing, DialString, dial_string
from rooms.model import JoinDetails
from tests.connector.endpoint_contract import ZOOM
from tests.fakes.virtual import FixedClock
from tests.peers.conftest import HERE, need
from tests.process.conftest import until

BOOKINGS = [
    ZOOM,
    JoinDetails(
        provider="webex",
        join_url="https://example.webex.com/meet/x",
        sip="27312345678@example.webex.com",
    ),
    JoinDetails(
        provider="pexip", join_url="https://pexip.example.com/x", sip="a.b_c-1@meet.example.com"
    ),
]
MODULES = Path("/usr/lib/baresip/modules")


def dialled(details: JoinDetails) -> DialString:
    """What a room system with SIP dials for a booking."""
    dial = dial_string(details, ["sip"], Dialing())
    assert dial is not None
    return dial


PORTS = iter(range(20000 + os.getpid() % 1000 * 10, 60000, 2))


def free() -> int:
    """A port that is free over UDP and TCP on loopback, and so is the next one."""
    for port in PORTS:
        with ExitStack() as held, suppress(OSError):
            for one in (port, port + 1):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    held.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", one))
            return port
    pytest.fail("no port is free")


class Sipp:
    """SIPp as one side of a call."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self._log = log

    @property
    def said(self) -> str:
        """All messages so far."""
        return self._log.read_text().replace("\r", "") if self._log.exists() else ""

    def uris(self, method: str) -> list[str]:
        """The request URIs of what it received, as it received them."""
        return re.findall(
            rf"message received \[[0-9]+\] bytes ?:\n\n{method} (\S+) SIP/2\.0", self.said
        )

    async def ended(self) -> int:
        """How its scenario ended: 0 where all went as it should."""
        async with asyncio.timeout(20):
            return await self.process.wait()


@asynccontextmanager
async def sipp(folder: Path, *words: str, transport: str = "u1") -> AsyncIterator[Sipp]:
    """SIPp on loopback for one call."""
    port = free()
    log = folder / f"sipp-{port}.log"
    process = await asyncio.create_subprocess_exec(
        need("sipp", "sip-tester"), *words, "-i", "127.0.0.1", "-p", str(port), "-t", transport,
        "-m", "1", "-nostdin", "-trace_msg", "-message_file", str(log), "-timeout", "30",
        cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield Sipp(process, port, log)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def looked_after(address: str, **more: Any) -> AsyncIterator[Unit]:
    async with (
        open_outside(FixedClock()) as outside,
        sip.connect(sip.Options(address=address, **more), outside) as unit,
    ):
        yield unit


async def called(meeting: Sipp) -> list[str]:
    async def confirmed() -> list[str]:
        return meeting.uris("INVITE") if meeting.uris("ACK") else []

    return list(await until(confirmed, "a call at SIPp"))


@pytest.mark.parametrize("details", BOOKINGS, ids=lambda one: one.provider)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_unit_told_by_refer_calls_exactly_the_dial_string(
    details: JoinDetails, transport: str, tmp_path: Path
) -> None:
    agent = Agent(switches=Switches(tells="always"))
    async with sipp(tmp_path, "-sn", "uas") as meeting, serve(agent) as room:
        agent.route = ("127.0.0.1", meeting.port)
        async with looked_after(str(room), transport=transport) as unit:
            await unit.dial(Order(dial=dialled(details)))
            assert await called(meeting) == [f"sip:{details.sip}"]
        (call,) = agent.calls.values()
        assert await agent.hang_up(call) == 200
        assert await meeting.ended() == 0


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_the_bridge_connects_a_unit_with_sipp(transport: str, tmp_path: Path) -> None:
    agent = Agent(switches=Switches(refer=501))
    kind = "u1" if transport == "udp" else "t1"
    async with sipp(tmp_path, "-sn", "uas", transport=kind) as meeting, serve(agent) as room:
        proxy = f"127.0.0.1:{meeting.port}"
        async with looked_after(str(room), proxy=proxy, transport=transport) as unit:
            if transport == "tcp":
                await until(lambda: listening(meeting.port), "SIPp listens")
            await unit.dial(Order(dial=dialled(ZOOM)))
            assert await called(meeting) == [f"sip:{ZOOM.sip}"]
            (call,) = agent.calls.values()

            async def told() -> bool:
                return bool(call.remote)

            await until(told, "the meeting's media at the room")
            assert "s=-" in call.remote
            assert f"127.0.0.1 {agent.at[1]}" not in call.remote
            await unit.hang_up()
        assert meeting.uris("BYE")
        if (
            transport == "udp"
        ):  # over TCP it calls it a fault that the connection ends with the call
            assert await meeting.ended() == 0


async def listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_the_bridge_connects_sipp_as_a_room_with_sipp_as_its_meeting(tmp_path: Path) -> None:
    scenario = ("-sf", str(HERE / "sipp_room.xml"))
    async with sipp(tmp_path, "-sn", "uas") as meeting, sipp(tmp_path, *scenario) as room:
        settings = {"proxy": f"127.0.0.1:{meeting.port}", "mode": "3pcc"}
        async with looked_after(f"127.0.0.1:{room.port}", **settings) as unit:
            await unit.dial(Order(dial=dialled(ZOOM)))
            assert await called(meeting) == [f"sip:{ZOOM.sip}"]
            assert meeting.said.count("s=room offers") >= 1, "the room's offer, as it was"

            async def answered() -> bool:
                return "ACK sip:room@" in room.said

            await until(answered, "the meeting's answer at the room")
            assert "o=user1 53655765" in room.said.partition("ACK sip:room@")[2]
            await unit.hang_up()
        assert (await room.ended(), await meeting.ended()) == (0, 0)


class Baresip:
    """baresip, told what to do over its control port."""

    def __init__(self, port: int, control: int, certificate: bytes) -> None:
        self.port = port
        """Over UDP and TCP; over TLS it is the next one."""
        self.fingerprint = f"sha256:{hashlib.sha256(certificate).hexdigest()}"
        self._port = control

    async def tell(self, command: str, params: str = "") -> dict[str, Any]:
        """Give one command (JSON in a netstring); its answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            text = json.dumps({"command": command, "params": params, "token": "t"})
            writer.write(f"{len(text)}:{text},".encode())
            async with asyncio.timeout(10):
                while True:
                    length = int((await reader.readuntil(b":"))[:-1])
                    told = json.loads((await reader.readexactly(length + 1))[:-1])
                    if told.get("response"):
                        return dict(told)
        finally:
            writer.close()


@asynccontextmanager
async def baresip(folder: Path, proxy: int) -> AsyncIterator[Baresip]:
    """A baresip that calls by way of a port of this machine."""
    program = need("baresip", "baresip-core")
    port, control = free(), free()
    made = self_signed(["127.0.0.1"], days=2, now=FixedClock().now())
    (folder / "tls.pem").write_bytes(made.pem + made.key)
    (folder / "config").write_text(
        f"sip_certificate {folder}/tls.pem\n"
        f"sip_listen 127.0.0.1:{port}\nmodule_path {MODULES}\nmodule g711.so\nmodule aubridge.so\n"
        "module_app account.so\nmodule_app menu.so\nmodule ctrl_tcp.so\n"
        f"ctrl_tcp_listen 127.0.0.1:{control}\naudio_source aubridge,x\naudio_player aubridge,x\n"
        "audio_alert aubridge,x\n"
    )
    (folder / "accounts").write_text(
        f'<sip:room@127.0.0.1:{port}>;regint=0;outbound="sip:127.0.0.1:{proxy}"\n'
    )
    (folder / "contacts").write_text("")
    process = await asyncio.create_subprocess_exec(
        program, "-f", str(folder), stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await until(lambda: listening(control), "baresip's control port")
        yield Baresip(port, control, ssl.PEM_cert_to_DER_cert(made.pem.decode()))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.mark.parametrize("details", BOOKINGS, ids=lambda one: one.provider)
async def test_baresip_calls_exactly_the_dial_string(details: JoinDetails, tmp_path: Path) -> None:
    async with sipp(tmp_path, "-sn", "uas") as meeting, baresip(tmp_path, meeting.port) as unit:
        told = await unit.tell("dial", f"sip:{dialled(details).address}")
        assert told["ok"], told
        assert await called(meeting) == [f"sip:{details.sip}"]
        await unit.tell("hangup")
        assert await meeting.ended() == 0


async def test_baresip_refuses_orders_and_is_connected_by_the_bridge(tmp_path: Path) -> None:
    """It answers 501 to REFER outside of a call; invited without media it offers its own."""
    async with sipp(tmp_path, "-sn", "uas") as meeting, baresip(tmp_path, meeting.port) as room:
        aor = f"sip:room@127.0.0.1:{room.port}"
        settings = {"aor": aor, "proxy": f"127.0.0.1:{meeting.port}"}
        async with looked_after(f"127.0.0.1:{room.port}", **settings) as unit:
            await unit.attempt()
            assert "baresip" in (await unit.facts()).product
            order = asyncio.create_task(unit.dial(Order(dial=dialled(ZOOM))))

            async def rings() -> bool:
                return [one.state for one in await unit.calls() or ()] == ["ringing"]

            await until(rings, "baresip rings")
            await room.tell("accept")
            await order
            assert await called(meeting) == [f"sip:{ZOOM.sip}"]
            await unit.hang_up()
        assert await meeting.ended() == 0


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_baresip_is_reached_over_streams_and_known_by_its_certificate(
    transport: str, tmp_path: Path
) -> None:
    async with baresip(tmp_path, free()) as room:
        port = room.port + 1 if transport == "tls" else room.port
        trust = Trust(fingerprint=room.fingerprint)
        settings: dict[str, Any] = {
            "aor": f"sip:room@127.0.0.1:{room.port}",
            "transport": transport,
        }
        async with looked_after(f"127.0.0.1:{port}", tls=trust, **settings) as unit:
            assert "baresip" in (await unit.facts()).product
        async with looked_after(f"127.0.0.1:{port}", transport=transport, tls=trust) as unit:
            with pytest.raises(NotFound, match="404"):  # it goes by its user
                await unit.attempt()
        if transport == "tls":
            trust = Trust(fingerprint="sha256:" + "0" * 64)
            async with looked_after(f"127.0.0.1:{port}", tls=trust, **settings) as unit:
                with pytest.raises(Malformed) as caught:
                    await unit.attempt()
                assert caught.value.reason == "certificate_changed"
