"""Syslog receivers: UDP (RFC 5426), TCP (RFC 6587), TLS (RFC 5425) and a machine's socket."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

_HEADER = re.compile(
    r"<(?P<pri>\d{1,3})>1 (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) (?P<host>[!-~]{1,255})"
    r" (?P<app>[!-~]{1,48}) (?P<process>[!-~]{1,128}) (?P<id>[!-~]{1,32}) - (?P<words>.*)"
)
"""RFC 5424, section 6, without structured data."""


class Message(NamedTuple):
    """What came."""

    facility: int
    severity: int
    host: str
    app: str
    id: str
    words: dict[str, str]


def parsed(data: bytes) -> Message:
    """A message; an AssertionError where it is none."""
    found = _HEADER.fullmatch(data.decode("ascii"))
    assert found, data
    words = dict(word.partition("=")[::2] for word in found["words"].split())
    pri = int(found["pri"])
    return Message(pri // 8, pri % 8, found["host"], found["app"], found["id"], words)


class Receiver(asyncio.DatagramProtocol):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.port = 0

    def datagram_received(self, data: bytes, _from: object) -> None:
        """A datagram is a message."""
        self.messages.put_nowait(parsed(data))

    async def read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Messages of a stream, each behind its length, until the sender hangs up."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int(await reader.readuntil(b" "))
                self.messages.put_nowait(parsed(await reader.readexactly(length)))
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def next(self) -> Message:
        """What comes next."""
        async with asyncio.timeout(10):
            return await self.messages.get()


@asynccontextmanager
async def over_udp() -> AsyncIterator[Receiver]:
    """A receiver of datagrams."""
    made = Receiver()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: made, local_addr=("127.0.0.1", 0)
    )
    made.port = transport.get_extra_info("sockname")[1]
    try:
        yield made
    finally:
        transport.close()


@asynccontextmanager
async def over_socket(path: Path) -> AsyncIterator[Receiver]:
    """What listens at /dev/log."""
    made = Receiver()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.setblocking(False)
    listening.bind(str(path))
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: made, sock=listening
    )
    try:
        yield made
    finally:
        transport.close()


@asynccontextmanager
async def over_stream(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver of TCP, or TLS."""
    made = Receiver()
    server = await asyncio.start_server(made.read, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()
