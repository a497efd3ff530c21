"""Cisco room systems: the booking list is pushed, the system dials by itself.

Two ways lead in over HTTP: `xCommand Bookings Put` by `/putxml`, and the older private
`/bookingsputxml`. Cisco's schemas say which software offers the first to whom.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Literal

import msgspec
from yarl import URL

from connector.endpoints.cisco.codec import Codec
from connector.outside import Outside, Trust
from connector.secret import Secret

acknowledge = "cisco_permitted_use"
notice = (
    "Cisco permits the use of its booking interfaces for one's own internal business; other"
    " commercial use needs Cisco's separate permission (devsupport@webex.com, see NOTICE)"
)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of an endpoint when `kind: cisco`."""

    address: str
    """An IP address or name, with a port where it is not 443; `http://…` only for units without
    TLS: the password then travels in clear."""
    username: str
    """A local user with the role Admin."""
    password: Secret
    """That user's password."""
    tls: Trust = Trust()
    """How the system's certificate is known; without it by the authorities trusted everywhere."""
    protocols: tuple[Literal["sip", "h323"], ...] = ("sip", "h323")
    """What it can dial, best first."""
    call_rate: int = 6000
    """kbit/s at which it dials."""

    @property
    def url(self) -> URL:
        """Where its web interface begins."""
        return URL(self.address if "://" in self.address else f"https://{self.address}")

    @property
    def host(self) -> str:
        """Where it is: an IP address or a name."""
        return self.url.host or ""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        try:
            fit = self.url.scheme in {"https", "http"} and self.host and self.url.path == "/"
        except ValueError:
            fit = False
        if not fit:
            yield "address", "must be an IP address or name, with a port where it is not 443"
        for key, words in self.tls.problems():
            yield f"tls.{key}", words
        if not 64 <= self.call_rate <= 20000:
            yield "call_rate", "must be between 64 and 20000 kbit/s"


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[Codec]:
    """Hold what the codec needs; every request signs in by itself, so no session is left open."""
    yield Codec(
        replace(outside, trust=options.tls),
        options.url,
        username=options.username,
        password=options.password,
        protocols=options.protocols,
        call_rate=options.call_rate,
    )
