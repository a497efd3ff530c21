"""Any unit that reads its calendar by Exchange Web Services, and is not reached out to.

It signs in at the façade with a user name of its own; what it must be set to stands in
docs/endpoints/ews.md.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Literal

import msgspec

from connector.endpoint import Endpoint, Facade
from connector.outside import Outside

acknowledge = ""
notice = ""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of an endpoint when `kind: reader`."""

    address: str = ""
    """Where it is, for people: nothing is ever sent there."""
    facade: Facade
    """With what it signs in."""
    protocols: tuple[Literal["sip", "h323"], ...] = ("sip", "h323")
    """What it can dial, best first."""

    @property
    def host(self) -> str:
        """Where it is: empty, as it is never reached out to."""
        return ""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if self.address and not re.fullmatch(r"[\w.:\[\]-]+", self.address):
            yield "address", "must be an IP address or name"
        if not self.protocols:
            yield "protocols", "must name sip, h323 or both"


class Silent:
    """A unit that is never spoken to."""


@asynccontextmanager
async def connect(_options: Options, _outside: Outside) -> AsyncIterator[Endpoint]:
    """Hold nothing: the unit comes by itself."""
    yield Silent()
