"""Where a unit listens, and the certificate it shows there."""

import asyncio
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from aiohttp import web

from connector.certificates import Certificate, self_signed
from connector.simulators.cisco.codec import Codec

Kind: TypeAlias = Literal["new", "expired"]

Rekey: TypeAlias = Callable[[], Awaitable[str]]
HangUp: TypeAlias = Callable[[asyncio.BaseTransport | None], None]

DAYS = 365
MODE = "NetworkServices/HTTP/Mode"
"""Who serves a unit without TLS has turned HTTP on."""


class Address:
    """A unit's URL and fingerprint, for as long as it is served."""

    def __init__(self, codec: Codec, host: str = "", *, tls: bool = False) -> None:
        self.codec = codec
        self.host = host
        codec.host = host or codec.host
        self.port = 0
        self.context = _context() if tls else None
        if not tls and MODE in codec.configuration:
            codec.configuration.changed.setdefault(MODE, "HTTP+HTTPS")
        self.ssh_port = 0
        """Where its terminal is; 0 while it has none."""
        self.host_key = ""
        """The public key of its terminal: the kind, a space, and the key in base64."""
        self.rekey: Rekey | None = None
        """Makes another; whoever serves the terminal says how."""
        self.certificate: Certificate | None = None
        self.hang_up: HangUp = lambda _keep: None
        """Ends open connections but one; whoever serves the unit says how."""

    async def renew_host_key(self) -> None:
        """Show another key over SSH from the next connection on.

        Raises:
            ValueError: it has no terminal.
        """
        if self.rekey is None:
            raise ValueError("this unit has no terminal")
        self.host_key = await self.rekey()

    @property
    def url(self) -> str:
        """Where requests go."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.context else 'http'}://{host}:{self.port}"

    @property
    def ws_url(self) -> str:
        """Where its WebSocket is."""
        return f"ws{self.url.removeprefix('http')}/ws"

    @property
    def fingerprint(self) -> str:
        """What a careful person enters for this unit; nothing without TLS."""
        return self.certificate.fingerprint if self.certificate else ""

    async def renew(self, kind: Kind = "new", *, keep: asyncio.BaseTransport | None = None) -> None:
        """Sign another certificate, and break what is connected under the former one.

        One connection may be kept: that of whoever asked, for the answer.

        Raises:
            ValueError: it is not served with TLS.
        """
        if self.context is None:
            raise ValueError("this unit is not served with TLS")
        certificate = await asyncio.to_thread(_certificate, self.host, kind)
        # OpenSSL reads it from a file only, and not while another thread uses the context.
        file = await asyncio.to_thread(_written, certificate)
        try:
            self.context.load_cert_chain(file)
        finally:
            await asyncio.to_thread(file.unlink)
        self.certificate = certificate
        self.hang_up(keep)


ADDRESS: web.AppKey[Callable[[web.BaseRequest], Address]] = web.AppKey("ADDRESS")
"""Which unit a request is for."""
PLACE = web.RequestKey("PLACE", Address)
"""The same, once it is known."""


def place_of(request: web.Request) -> Address:
    """Where a request came in, known even after its connection broke."""
    if PLACE not in request:
        request[PLACE] = request.app[ADDRESS](request)
    return request[PLACE]


def codec_of(request: web.Request) -> Codec:
    """The unit that a request is for."""
    return place_of(request).codec


def _context() -> ssl.SSLContext:
    """TLS 1.2 or later; no tickets, which would hide a changed certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context


def _certificate(host: str, kind: Kind) -> Certificate:
    """A certificate for a host; its dates are real ones, since TLS compares them with those."""
    now = datetime.now(UTC)
    if kind == "expired":
        now -= timedelta(days=DAYS + 1)
    return self_signed(list(dict.fromkeys([host, "localhost"])), days=DAYS, now=now)


def _written(certificate: Certificate) -> Path:
    """A new file, for nobody else to read, with a certificate and its key."""
    with tempfile.NamedTemporaryFile(suffix=".pem", delete=False) as file:
        file.write(certificate.pem + certificate.key)
    return Path(file.name)
