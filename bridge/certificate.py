"""The appliance's own certificate, made at the first start where none is configured."""

import logging
import os
import socket
import ssl
from datetime import datetime, timedelta
from pathlib import Path

from bridge.settings.model import Site

log = logging.getLogger(__name__)

VALID_DAYS = 825
"""Longer is refused by browsers."""
RENEW_BEFORE = timedelta(days=30)


def server_context(site: Site, now: datetime) -> ssl.SSLContext | None:
    """What callers meet: the configured certificate, our own, or plain http.

    Plain http is for loopback, and for reverse proxies that end TLS.
    """
    listen = site.listen
    if listen.tls is not None:
        return _context(listen.tls.certificate_file, listen.tls.key_file)
    if site.proxies or listen.address in {"127.0.0.1", "::1"}:
        return None
    return _context(*own_certificate(site.data_dir / "tls", now))


def own_certificate(folder: Path, now: datetime) -> tuple[Path, Path]:
    """The files of a self-signed certificate and its key; made, or made anew near its end."""
    from connector.certificates import (  # noqa: PLC0415 - only where it is needed
        expires,
        fingerprint,
        self_signed,
    )

    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if certificate.exists() and key.exists():
        if expires(certificate.read_bytes()) - now > RENEW_BEFORE:
            return certificate, key
        log.warning("the appliance's own certificate ends soon and is made anew")
    folder.mkdir(mode=0o700, exist_ok=True)
    made = self_signed(
        [socket.getfqdn(), "localhost", "127.0.0.1", "::1"], days=VALID_DAYS, now=now
    )
    _write(key, made.key)
    _write(certificate, made.pem)
    log.warning(
        "no listen.tls: serving with an own certificate, fingerprint %s", fingerprint(made.pem)
    )
    return certificate, key


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for nobody else to read."""
    part = path.with_suffix(".new")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        os.fsync(file.fileno())
    part.replace(path)
