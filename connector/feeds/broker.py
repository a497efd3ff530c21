"""An MQTT broker: where it is, and how the bridge proves itself there."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from yarl import URL

from connector.secret import Secret

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_PREFIX = re.compile(r"[^#+\x00-\x1f\x7f/]{1,64}(/[^#+\x00-\x1f\x7f/]{1,64}){0,7}")
_PORTS = {"mqtt": 1883, "mqtts": 8883}


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """An MQTT broker that is told how rooms stand."""

    url: str
    """`mqtts://broker.example.com:8883`; `mqtt://` only with no login, or on loopback."""
    username: str = ""
    """Where the broker asks for a login."""
    password: Secret | None = None
    """Its password."""
    prefix: str = "roombridge"
    """What all topics begin with."""
    ca_file: Path | None = None
    """PEM: authorities that are trusted for it besides the system's and the global `ca_file`."""
    client_certificate_file: Path | None = None
    """PEM: the certificate, then its key, where the broker asks for one."""

    @property
    def tls(self) -> bool:
        """Whether the way to it is encrypted, and its certificate looked at."""
        return URL(self.url).scheme == "mqtts"

    @property
    def host(self) -> str:
        """Its name or IP address."""
        return URL(self.url).host or ""

    @property
    def port(self) -> int:
        """Its port."""
        url = URL(self.url)
        return url.explicit_port or _PORTS[url.scheme]

    def topic(self, *parts: str) -> str:
        """A topic below the prefix."""
        return "/".join((self.prefix, *parts))

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        try:
            url = URL(self.url)
            fit = url.scheme in _PORTS and url.host and url.path in {"", "/"} and not url.query
            login = bool(url.user or url.password)
        except ValueError:
            fit, login = False, False
        if not fit:
            yield "url", "must be mqtts://host:port, or mqtt://host:port"
            return
        if login:
            yield "url", "must not hold a login: use username and password_file"
        if not self.tls and self.username and self.host not in _LOOPBACK:
            yield "url", "must be mqtts:// with a login: the password would travel in clear"
        if self.password is not None and not self.username:
            yield "username", "is required with a password"
        for key in ("ca_file", "client_certificate_file"):
            file: Path | None = getattr(self, key)
            if file is not None and not self.tls:
                yield key, "is for mqtts:// only"
            elif file is not None and not file.is_file():
                yield key, f"there is no file {file}"
        if not _PREFIX.fullmatch(self.prefix):
            yield "prefix", "must be words with / between them, without # and +"
