"""What every endpoint does."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec

from connector.outside import Outside
from rooms.model import Agenda


class Endpoint(Protocol):
    """A room system that is told its agenda."""

    async def show(self, agenda: Agenda) -> None:
        """Make the device list exactly these bookings. Safe to repeat.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """


class EndpointOptions(Protocol):
    """Settings of an endpoint beside `id` and `kind`."""

    @property
    def host(self) -> str:
        """Where it is: an IP address or a name."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""


class EndpointDriver(Protocol):
    """A module `connector.endpoints.<kind>`."""

    Options: type[msgspec.Struct]
    """A struct that is an `EndpointOptions`."""

    acknowledge: str
    """What the site has to acknowledge before it uses such systems; empty for nothing."""

    notice: str
    """What is to be acknowledged."""

    protocols: tuple[str, ...]
    """What such a system can dial, best first: `sip`, `h323`."""

    def connect(
        self,
        options: Any,
        outside: Outside,
        /,
    ) -> AbstractAsyncContextManager[Endpoint]:
        """Hold what the device needs for as long as it is looked after."""
