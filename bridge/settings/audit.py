"""Who gets the head of the audit log's chain."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import msgspec

from bridge.settings.addresses import fit
from connector.secret import Secret

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=1)


class Syslog(msgspec.Struct, frozen=True, kw_only=True):
    """A syslog receiver (RFC 5424)."""

    transport: Literal["tls", "tcp", "udp", "local"] = "tls"
    """RFC 5425; RFC 6587 with counted octets; RFC 5426; the machine's own, at `path`."""
    host: str = ""
    """Its name, which its certificate must carry; not for `local`."""
    port: int = 0
    """Else 6514 for `tls`, 601 for `tcp`, 514 for `udp`."""
    path: Path = Path("/dev/log")
    """The socket of the machine's own."""
    facility: int = 13
    """13 is for log audits."""


class AuditWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A service that gets the head in JSON."""

    url: Secret
    """https, or http on loopback."""
    secret: Secret | None = None
    """Signs each message: `Roombridge-Signature: sha256=<HMAC-SHA256 of the body in hex>`."""


class AuditSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the head of the audit log's chain is sent, so that nobody here can write it anew."""

    every: timedelta = timedelta(hours=1)
    """How often, where something was added since; also at each start and stop. 1m to 1d."""
    syslog: Syslog | None = None
    """A syslog receiver."""
    webhook: AuditWebhook | None = None
    """A service that gets JSON."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if not SHORTEST <= self.every <= LONGEST:
            yield "every", "must be between 1m and 1d"
        if self.webhook is not None and self.webhook.url and not fit(self.webhook.url.reveal()):
            yield "webhook.url", "must be an https:// URL, or http:// on loopback"
        syslog = self.syslog
        if syslog is None:
            return
        if (syslog.transport == "local") == bool(syslog.host):
            yield "syslog.host", "must be given, except for transport local, which has none"
        if not 0 <= syslog.port <= 65535:
            yield "syslog.port", "must be between 1 and 65535"
        if not 0 <= syslog.facility <= 23:
            yield "syslog.facility", "must be between 0 and 23"
