"""Poly room systems: they read their calendar from the façade, and are told to dial.

Studio X, G7500 and late Group units take REST, Trio takes a REST of its own, HDX and Group take
lines over SSH or telnet. A unit of which only `facade` is configured is never reached out to.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Literal

import msgspec
from yarl import URL

from connector.endpoint import Facade
from connector.endpoints.poly.unit import Family, Reader, Unit
from connector.lines import SshTrust
from connector.outside import Outside, Trust
from connector.secret import Secret

acknowledge = ""
notice = ""


class Telnet(msgspec.Struct, frozen=True, kw_only=True):
    """The unit's telnet: everything there is sent in clear, the password too."""

    port: int = 24
    """24 on Studio X; HDX and Group have been seen with 23 and 24."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of an endpoint when `kind: poly`."""

    address: str = ""
    """An IP address or name, with a port where it is not 443. Empty for a unit that only reads
    the façade: it cannot be told to dial."""
    username: str = ""
    """The unit's admin user; `Polycom` on a Trio."""
    password: Secret | None = None
    """That user's password."""
    tls: Trust = Trust()
    """How the unit's certificate is known; without it by the authorities trusted everywhere."""
    facade: Facade | None = None
    """With what the unit signs in to the façade; without it, it does not read there."""
    family: Family = "auto"
    """`auto` finds out by what answers: REST of VideoOS, REST of Trio, or the command line."""
    ssh: SshTrust | None = None
    """The command line of HDX and Group over SSH."""
    telnet: Telnet | None = None
    """The same over telnet, for units without SSH."""
    protocols: tuple[Literal["sip", "h323"], ...] = ("sip", "h323")
    """What it can dial, best first."""
    call_rate: int = 1920
    """kbit/s at which it is told to dial by its command line; by REST it chooses itself."""

    @property
    def url(self) -> URL:
        """Where its web interface begins."""
        return URL(self.address if "://" in self.address else f"https://{self.address}")

    @property
    def host(self) -> str:
        """Where it is: an IP address or a name; empty for one that is never reached out to."""
        try:
            return (self.url.host or "") if self.address else ""
        except ValueError:
            return ""  # `problems` says so

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if self.address:
            yield from self._reached()
        elif self.facade is None:
            yield "address", "must be there where there is no facade: nothing else can be done"
        for key in ("username", "password", "ssh", "telnet"):
            if getattr(self, key) and not self.address:
                yield key, "must stand beside an address"
        for key, words in self.tls.problems():
            yield f"tls.{key}", words
        if self.ssh is not None:
            for key, words in self.ssh.problems():
                yield f"ssh.{key}", words
        if self.telnet is not None and not 0 < self.telnet.port < 65536:
            yield "telnet.port", "must be between 1 and 65535"
        if not 64 <= self.call_rate <= 20000:
            yield "call_rate", "must be between 64 and 20000 kbit/s"

    def _reached(self) -> Iterator[tuple[str, str]]:
        """What is wrong with how it is reached."""
        try:
            fit = self.url.scheme in {"https", "http"} and self.host and self.url.path == "/"
        except ValueError:
            fit = False
        if not fit:
            yield "address", "must be an IP address or name, with a port where it is not 443"
        if bool(self.username) != (self.password is not None):
            yield "password" if self.username else "username", "both or neither must be there"
        elif not self.username and self.facade is None:
            yield "username", "must be there where there is no facade: nothing else can be done"
        if self.family == "hdx" and self.username and self.ssh is None and self.telnet is None:
            yield "ssh", "or telnet must be there: an HDX has nothing else"


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[Unit | Reader]:
    """Hold what the unit needs; nothing is sent yet, and no session stays open between errands."""
    if not options.address or not options.username or options.password is None:
        yield Reader()
        return
    yield Unit(
        replace(outside, trust=options.tls),
        options.url,
        family=options.family,
        username=options.username,
        password=options.password,
        ssh_trust=options.ssh,
        telnet_port=options.telnet.port if options.telnet else None,
        protocols=options.protocols,
        call_rate=options.call_rate,
    )
