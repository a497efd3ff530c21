"""SIP by hand: text over UDP, for what no simulated unit would do."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from connector.simulators.sip import Address

REPEATED = ("Via:", "From:", "To:", "Call-ID:", "CSeq:")
"""Fields that every answer repeats."""


def field(text: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)\r$", text, re.MULTILINE)
    assert found
    return found[1]


class Wire(asyncio.DatagramProtocol):
    """Sends text over UDP and collects what comes: SIP by hand."""

    def __init__(self) -> None:
        self.got: list[str] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.got.append(data.decode())

    def send(self, text: str, port: int) -> None:
        """Send any text to somebody on loopback."""
        self.transport.sendto(text.encode(), ("127.0.0.1", port))

    def answer(
        self, request: str, status: str, *more: str, tag: str = "room", body: str = ""
    ) -> None:
        """Answer a request to where its Via says."""
        kept = [line for line in request.split("\r\n") if line.startswith(REPEATED)]
        to = field(request, "To")
        lines = [line for line in kept if not line.startswith("To:")]
        lines.append(f"To: {to}" if "tag=" in to else f"To: {to};tag={tag}")
        lines += [*more, f"Content-Length: {len(body)}", "", body]
        found = re.search(r"^Via: SIP/2.0/UDP [^:]+:(\d+)", request, re.MULTILINE)
        assert found
        self.send("\r\n".join([f"SIP/2.0 {status}", *lines]), int(found[1]))

    def request(self, to: Address, method: str, *more: str, body: str = "", mark: str = "1") -> str:
        text = "\r\n".join(
            [
                f"{method} {to.uri} SIP/2.0",
                f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{method}{mark}",
                "From: <sip:me@127.0.0.1>;tag=me",
                f"To: <{to.uri}>",
                "Call-ID: mine",
                f"CSeq: {mark} {method}",
                f"Contact: <sip:me@127.0.0.1:{self.port}>",
                *more,
                f"Content-Length: {len(body)}",
                "",
                body,
            ]
        )
        self.transport.sendto(text.encode(), tuple(to))
        return text

    async def next(self, begin: str) -> str:
        """The next message that begins so; those before it are passed over."""
        for _ in range(400):
            while self.got:
                if (text := self.got.pop(0)).startswith(begin):
                    return text
            await asyncio.sleep(0.1)
        pytest.fail(f"never came: {begin}")


@asynccontextmanager
async def by_hand() -> AsyncIterator[Wire]:
    """Somebody on loopback who speaks SIP by hand."""
    loop = asyncio.get_running_loop()
    transport, wire = await loop.create_datagram_endpoint(Wire, local_addr=("127.0.0.1", 0))
    try:
        yield wire
    finally:
        transport.close()
        await asyncio.sleep(0)
