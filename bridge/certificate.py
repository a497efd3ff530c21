"""The appliance's own certificate, made at the first start where none is configured."""

import logging
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from bridge.settings.model import Site

log = logging.getLogger(__name__)

VALID_DAYS = 825
"""Longer is refused by browsers."""
RENEW_BEFORE = timedelta(days=30)


def plain(site: Site) -> bool:
    """Whether callers are served plain http: on loopback, and behind proxies that end TLS."""
    listen = site.listen
    return listen.tls is None and (bool(site.proxies) or listen.address in {"127.0.0.1", "::1"})


def own_files(site: Site) -> tuple[Path, Path]:
    """Where the certificate and key of the appliance's own lie."""
    folder = site.data_dir / "tls"
    return folder / "certificate.pem", folder / "key.pem"


def names_of(site: Site) -> list[str]:
    """What callers call the appliance: by `public_url`, else by the machine's name."""
    host = urlsplit(site.public_url).hostname
    return [host] if host else [socket.getfqdn()]


def pair(site: Site, now: datetime) -> tuple[Path, Path]:
    """The files of certificate and key that callers meet: the configured ones, else our own."""
    tls = site.listen.tls
    if tls is not None:
        return tls.certificate_file, tls.key_file
    return own_certificate(site, now)


def own_certificate(site: Site, now: datetime) -> tuple[Path, Path]:
    """The files of our own certificate and its key; made, or made anew near its end.

    One that an authority signed is not made anew: only the authority can. The key stays, so that
    a request for a certificate that is still under way stays good.
    """
    from connector.certificates import (  # noqa: PLC0415 - only where it is needed
        belongs,
        facts,
        self_signed,
    )

    certificate, key = own_files(site)
    if certificate.exists() and key.exists():
        written = certificate.read_bytes()
        if belongs(written, key.read_bytes()):
            told = facts(written)
            if not told.self_signed or told.expires - now > RENEW_BEFORE:
                return certificate, key
            log.warning("the appliance's own certificate ends soon and is made anew")
    names = [*names_of(site), "localhost", "127.0.0.1", "::1"]
    made = self_signed(names, days=VALID_DAYS, now=now, key_pem=own_key(site))
    write(certificate, made.pem)
    log.warning("no listen.tls: serving with an own certificate, fingerprint %s", made.fingerprint)
    return certificate, key


def own_key(site: Site) -> bytes:
    """The key of the appliance's own, made where there is none that can be used."""
    from connector.certificates import new_key, usable_key  # noqa: PLC0415 - see above

    _, file = own_files(site)
    if file.exists() and usable_key(kept := file.read_bytes()):
        return kept
    made = new_key()
    write(file, made)
    return made


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for nobody to read but who runs the appliance."""
    folder = path.parent
    folder.mkdir(mode=0o700, exist_ok=True)
    part = path.with_suffix(".new")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        os.fsync(file.fileno())
    if os.geteuid() == 0:  # root works for the user whose folder it is
        owner = folder.parent.stat()
        for made in (folder, part):
            os.chown(made, owner.st_uid, owner.st_gid)
    part.replace(path)
