"""Ways to other SIP elements: one UDP socket for all, and streams that are shared while used."""

import asyncio
import hashlib
import hmac
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Literal, Protocol, cast

import aiohttp

from connector.sip.message import Framing, NotSip

log = logging.getLogger(__name__)

CONNECT_LIMIT = 10.0
"""Seconds to open a stream, its TLS handshake included."""
CLOSE_LIMIT = 5.0
"""Seconds for the last message to leave."""
Name = Literal["UDP", "TCP", "TLS"]
Taken = Callable[["Flow", bytes], None]
"""Where whole messages go."""


class Flow(Protocol):
    """A way to one other element."""

    name: Name
    local: tuple[str, int]
    """What it can reach us by."""

    @property
    def peer(self) -> str:
        """The IP address at the other end."""

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""

    def send(self, data: bytes) -> None:
        """Send a message, or lose it: who waits for an answer has a timer."""


class Datagrams(asyncio.DatagramProtocol):
    """The UDP socket; every element is reached by it."""

    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Somebody sent something."""
        if self._transport is not None:
            self._taken(DatagramFlow(self._transport, addr[:2], self.at(("", 0))), data)

    def error_received(self, exc: Exception) -> None:
        """An ICMP error; timers find out for themselves."""

    def at(self, local: tuple[str, int]) -> tuple[str, int]:
        """Where it is reached, seen from an address of this machine."""
        port = 0 if self._transport is None else self._transport.get_extra_info("sockname")[1]
        return local[0], port

    def flow(self, peer: tuple[str, int]) -> "DatagramFlow":
        """The way to an IP address and port."""
        if self._transport is None or self._transport.is_closing():
            raise OSError(None, "the socket is closed")
        bound = str(self._transport.get_extra_info("sockname")[0])
        wild = bound in {"0.0.0.0", "::"}  # noqa: S104 - is read here, not bound
        return DatagramFlow(self._transport, peer, self.at((facing(peer) if wild else bound, 0)))

    def close(self) -> None:
        """Hear nothing more."""
        if self._transport is not None:
            self._transport.close()


class DatagramFlow:
    """The way to one element over UDP."""

    __slots__ = ("_peer", "_transport", "local")
    name: Name = "UDP"

    def __init__(
        self, transport: asyncio.DatagramTransport, peer: tuple[str, int], local: tuple[str, int]
    ) -> None:
        self._transport = transport
        self._peer = peer
        self.local = local

    @property
    def peer(self) -> str:
        """The IP address at the other end."""
        return self._peer[0]

    @property
    def port(self) -> int:
        """The port at the other end."""
        return self._peer[1]

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport.is_closing()

    def send(self, data: bytes) -> None:
        """Send a datagram."""
        if not self._transport.is_closing():
            self._transport.sendto(data, self._peer)

    def to(self, port: int) -> "DatagramFlow":
        """The same element at another port."""
        return DatagramFlow(self._transport, (self._peer[0], port), self.local)


class Stream(asyncio.Protocol):
    """A TCP or TLS connection; whole messages come out of it."""

    def __init__(
        self,
        taken: Taken,
        lost: Callable[[Flow], None],
        name: Name,
        port: int,
        *,
        accepted: bool = False,
        opened: Callable[["Stream"], None] = lambda _: None,
    ) -> None:
        self.name: Name = name
        self.local = ("", port)
        self.users = 0
        """Who needs it; without any it is closed."""
        self.accepted = accepted
        """Whether the other end opened it."""
        self.heard = False
        """Whether a message ever came."""
        self._taken = taken
        self._lost = lost
        self._opened = opened
        self._framing = Framing()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self.local = (host, self.local[1] or port)
        self._opened(self)

    def data_received(self, data: bytes) -> None:
        """Take what is whole by now."""
        try:
            for message in self._framing.feed(data):
                self.heard = True
                self._taken(self, message)
        except NotSip:
            log.info("a SIP connection is closed: what came over it can be no message")
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Whoever waits for an answer by it waits in vain."""
        self._lost(self)

    @property
    def peer(self) -> str:
        """The IP address at the other end."""
        told = self._transport and self._transport.get_extra_info("peername")
        return str(told[0]) if told else ""

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport is None or self._transport.is_closing()

    def send(self, data: bytes) -> None:
        """Send a message."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """End the connection when all is sent; whoever does not take it is left."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()
            asyncio.get_running_loop().call_later(CLOSE_LIMIT, self._transport.abort)

    def shown(self) -> bytes:
        """The certificate at the other end (DER); empty without TLS."""
        tls = self._transport and self._transport.get_extra_info("ssl_object")
        return (tls.getpeercert(binary_form=True) or b"") if tls else b""


async def connected(
    stream: Stream,
    peer: tuple[str, int],
    tls: ssl.SSLContext | aiohttp.Fingerprint | None,
    host: str,
    local: str = "",
) -> None:
    """Open a connection; nothing is sent over one that cannot be trusted.

    Raises:
        OSError, TimeoutError: there is none; ssl.SSLError: it cannot be trusted.
    """
    context = pinned() if isinstance(tls, aiohttp.Fingerprint) else tls
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_LIMIT):
        await loop.create_connection(
            lambda: stream,
            *peer,
            ssl=context,
            local_addr=(local, 0) if local else None,
            server_hostname=host if context is not None else None,
        )
    if isinstance(tls, aiohttp.Fingerprint):
        seen = hashlib.sha256(stream.shown()).digest()
        if not hmac.compare_digest(seen, tls.fingerprint):
            stream.close()
            raise Changed


class Changed(Exception):
    """The certificate is not the one whose fingerprint is configured."""


def pinned() -> ssl.SSLContext:
    """TLS that takes any certificate: the caller compares its fingerprint."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def facing(peer: tuple[str, int]) -> str:
    """The address of this machine from which it reaches another."""
    family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        probe.connect(peer)  # sends nothing: the kernel picks the route
        return str(probe.getsockname()[0])
