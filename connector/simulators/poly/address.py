"""Where a unit listens, and the certificate and host key it shows there."""

import asyncio
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from aiohttp import web

from connector.certificates import Certificate, self_signed
from connector.simulators.poly.reader import Reader
from connector.simulators.poly.unit import Unit

Kind: TypeAlias = Literal["new", "expired"]
DAYS = 365


class Address:
    """A unit's addresses, for as long as it is served."""

    def __init__(self, unit: Unit, host: str = "", *, tls: bool = False) -> None:
        self.unit = unit
        self.host = host
        self.port = 0
        """Of REST and the control API."""
        self.telnet_port = 0
        """0 where it has no CLI."""
        self.ssh_port = 0
        self.ssh_fingerprint = ""
        """Of its host key: `SHA256:…`, as ssh-keygen writes it."""
        self.reader: Reader | None = None
        """What reads its calendar; None where nothing does."""
        self.context = _context() if tls else None
        self.certificate: Certificate | None = None

    @property
    def url(self) -> str:
        """Where requests go."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.context else 'http'}://{host}:{self.port}"

    @property
    def fingerprint(self) -> str:
        """What a careful person enters for this unit; nothing without TLS."""
        return self.certificate.fingerprint if self.certificate else ""

    async def renew(self, kind: Kind = "new") -> None:
        """Sign another certificate; connections that are open keep the former one.

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


ADDRESS = web.AppKey("ADDRESS", Address)


def place_of(request: web.Request) -> Address:
    """Where a request came in."""
    return request.config_dict[ADDRESS]


def unit_of(request: web.Request) -> Unit:
    """The unit that a request is for."""
    return place_of(request).unit


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
