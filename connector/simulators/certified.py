"""The certificate that a simulated device shows, and how it gets another."""

import asyncio
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from connector.certificates import Certificate, self_signed

Kind: TypeAlias = Literal["new", "expired"]

DAYS = 365


def context() -> ssl.SSLContext:
    """TLS 1.2 or later; no tickets, which would hide a changed certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.options |= ssl.OP_NO_TICKET
    made.num_tickets = 0
    return made


async def renewed(served: ssl.SSLContext | None, host: str, kind: Kind) -> Certificate:
    """Sign another certificate, which is shown from the next connection on.

    Raises:
        ValueError: the device is not served with TLS.
    """
    if served is None:
        raise ValueError("this unit is not served with TLS")
    certificate = await asyncio.to_thread(_certificate, host, kind)
    # OpenSSL reads it from a file only, and not while another thread uses the context.
    file = await asyncio.to_thread(_written, certificate)
    try:
        served.load_cert_chain(file)
    finally:
        await asyncio.to_thread(file.unlink)
    return certificate


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
