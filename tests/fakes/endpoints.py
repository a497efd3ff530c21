"""Endpoints that answer what they are told to."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec

from connector.outside import Outside
from rooms.model import Agenda


class FakeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a fake."""

    host: str = "127.0.0.1"
    password: str = "right"
    protocols: tuple[str, ...] = ("sip", "h323")

    def problems(self) -> Iterator[tuple[str, str]]:
        """None."""
        return iter(())


class FakeEndpoint:
    """Remembers what it was shown; fails as long as it has errors to raise."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.shown: list[tuple[float, tuple[str, ...]]] = []
        self.tries = 0
        self.seconds = 0.0
        self.closed = False

    async def show(self, agenda: Agenda) -> None:
        """Be shown a list."""
        self.tries += 1
        await asyncio.sleep(self.seconds)
        if self.errors:
            raise self.errors.pop(0) if len(self.errors) > 1 else self.errors[0]
        at = asyncio.get_running_loop().time()
        self.shown.append((at, tuple(booking.title for booking in agenda.bookings)))


class FakeDriver:
    """A driver whose endpoints are kept for the test to look at."""

    Options = FakeOptions
    acknowledge = ""
    notice = ""

    def __init__(self) -> None:
        self.made: list[FakeEndpoint] = []
        self.errors: list[Exception] = []

    @asynccontextmanager
    async def connect(
        self, _options: FakeOptions, _outside: Outside
    ) -> AsyncIterator[FakeEndpoint]:
        """Make one more."""
        endpoint = FakeEndpoint()
        endpoint.errors = list(self.errors)
        self.made.append(endpoint)
        try:
            yield endpoint
        finally:
            endpoint.closed = True
