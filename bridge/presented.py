"""The certificate that new TLS connections meet, renewed while open ones go on."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bridge.certificate import RENEW_BEFORE, own_certificate, own_files, pair
from bridge.health import BRIDGE, Health
from bridge.settings.model import Site
from rooms.clock import Clock

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0
"""Seconds between two looks at the files."""


class _Read(NamedTuple):
    """What the files held at one time."""

    state: tuple[tuple[int, ...], ...]
    contexts: tuple[ssl.SSLContext, ...]
    ends: datetime
    fingerprint: str


def modern() -> ssl.SSLContext:
    """TLS 1.2 or later."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def weak() -> ssl.SSLContext:
    """Whatever old units speak, from TLS 1.0 with the ciphers of its time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED  # SSL 3.0 stays off
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


class Presented:
    """The certificate in force, for each listener with TLS of its own strength.

    A listener keeps its context; each handshake is given the newest one. To load the new chain
    into the listener's own would leave the former beside it where the kind of key differs.
    """

    def __init__(
        self, site: Site, clock: Clock, kinds: Sequence[Callable[[], ssl.SSLContext]] = (modern,)
    ) -> None:
        """Read what is there; called before the loop runs.

        Raises:
            OSError: certificate and key cannot be used.
        """
        self._site = site
        self._clock = clock
        self._kinds = kinds
        certificate, key = pair(site, clock.now())
        self._read = self._load(certificate, key)
        self._failed = 0
        self.listening = self._load(certificate, key).contexts
        """What each listener is opened with, in the order of the kinds."""
        for place, context in enumerate(self.listening):
            context.sni_callback = self._presenter(place)

    @property
    def fingerprint(self) -> str:
        """Of the certificate in force."""
        return self._read.fingerprint

    async def run(self, health: Health) -> None:
        """Look after the files until the end."""
        while True:
            await self.look(health)
            await asyncio.sleep(LOOK_EVERY)

    async def look(self, health: Health) -> None:
        """Take up a renewed certificate; one that cannot be used leaves the former in force."""
        try:
            renewed = await asyncio.to_thread(self._renewed)
        except (OSError, ValueError):
            # Two files are not written at once: only what fails twice in a row is wrong.
            self._failed += 1
            if self._failed > 1:
                health.bad(BRIDGE, "certificate_rejected")
        else:
            self._failed = 0
            health.good(BRIDGE, "certificate_rejected")
            if renewed is not None:
                told = renewed.fingerprint
                if told != self._read.fingerprint:
                    log.info("a renewed certificate is in force, fingerprint %s", told)
                self._read = renewed
        if self._read.ends - self._clock.now() < RENEW_BEFORE:
            words = f"the appliance's certificate ends on {self._read.ends:%Y-%m-%d}"
            health.bad(BRIDGE, "certificate_expiring", words)
        else:
            health.good(BRIDGE, "certificate_expiring")

    def _presenter(
        self, place: int
    ) -> Callable[[ssl.SSLSocket | ssl.SSLObject, str | None, ssl.SSLContext], None]:
        """What a handshake asks for its context, whether or not the caller names a host."""

        def present(
            connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _was: ssl.SSLContext
        ) -> None:
            connection.context = self._read.contexts[place]

        return present

    def _renewed(self) -> _Read | None:
        """What the files hold now, or None where nothing has changed."""
        now, tls = self._clock.now(), self._site.listen.tls
        if tls is None and self._read.ends - now <= RENEW_BEFORE:
            own_certificate(self._site, now)
        certificate, key = (tls.certificate_file, tls.key_file) if tls else own_files(self._site)
        if _state(certificate, key) == self._read.state:
            return None
        renewed = self._load(certificate, key)
        if renewed.ends <= now < self._read.ends:
            raise ValueError("it has ended already, and the former has not")
        return renewed

    def _load(self, certificate: Path, key: Path) -> _Read:
        from connector.certificates import expires, fingerprint  # noqa: PLC0415 - only with TLS

        state = _state(certificate, key)  # before they are read: what changes meanwhile is seen
        contexts = tuple(kind() for kind in self._kinds)
        for context in contexts:
            context.load_cert_chain(certificate, key, password="")  # or it would ask a terminal
        written = certificate.read_bytes()
        return _Read(state, contexts, expires(written), fingerprint(written))


def _state(*files: Path) -> tuple[tuple[int, ...], ...]:
    """What tells whether a file was changed, was put in place of another, or can be read now."""
    states = [file.stat() for file in files]
    return tuple((one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino) for one in states)
