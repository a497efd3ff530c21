"""A simulated unit on the network: UDP and TCP at one port."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple, cast

from connector.simulators.sip.call import Line
from connector.simulators.sip.phone import Phone
from connector.simulators.sip.text import chop


class Address(NamedTuple):
    """Where a unit is."""

    host: str
    port: int

    @property
    def uri(self) -> str:
        """Its SIP address."""
        return f"sip:{self.host}:{self.port}"

    def __str__(self) -> str:
        """As a setting has it."""
        return f"{self.host}:{self.port}"


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, agent: Phone) -> None:
        self.agent = agent

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.agent.receive(Line("udp", addr[0], addr[1], self.agent.datagram(addr)), data)


class _Tcp(asyncio.Protocol):
    def __init__(self, agent: Phone, open_: "set[_Tcp]", name: str) -> None:
        self.agent = agent
        self.name = name
        self.open = open_
        self.held = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.open.add(self)
        host, port = transport.get_extra_info("peername")[:2]
        self.line = Line(self.name, host, port, self.transport.write)

    def data_received(self, data: bytes) -> None:
        self.held += data
        for message in chop(self.held):
            self.agent.receive(self.line, message)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self.open.discard(self)


@asynccontextmanager
async def serve(
    agent: Phone, host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Address]:
    """Serve a unit or a meeting; port 0 stands for any that is free, the same over UDP and TCP.

    With `tls` there is TLS in place of TCP.
    """
    loop = asyncio.get_running_loop()
    connections: set[_Tcp] = set()

    def accepted() -> _Tcp:
        return _Tcp(agent, connections, "tls" if tls else "tcp")

    while True:
        server = await loop.create_server(accepted, host, port, ssl=tls)
        here = server.sockets[0].getsockname()[1]
        try:
            udp, _ = await loop.create_datagram_endpoint(
                lambda: _Udp(agent), local_addr=(host, here)
            )
            break
        except OSError:
            server.close()
            if port:
                raise
            # Free for TCP is not free for UDP: another one, then.
    port = here

    async def connect(to_host: str, to_port: int) -> Line:
        _, one = await loop.create_connection(accepted, to_host, to_port)
        return one.line

    agent.attach(host, port, udp, connect)
    try:
        yield Address(host, port)
    finally:
        await agent.stop()
        server.close()
        for one in list(connections):
            one.transport.abort()
        udp.close()
        await asyncio.sleep(0)
