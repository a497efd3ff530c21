"""Endpoints that answer what they are told to."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from connector.endpoint import Connected, Facts, Notice, Order, PhoneCall, Told
from connector.outside import Outside
from connector.secret import Secret
from connector.watching import Call, Reply
from rooms.model import Agenda


class FakeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a fake."""

    host: str = "127.0.0.1"
    password: str = "right"
    protocols: tuple[str, ...] = ("sip", "h323")
    hook: Secret | None = None

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


class FakeDevice(FakeEndpoint):
    """Does all that a room system can do, and remembers when it was asked what."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: tuple[str, ...] = ()
        self.tells = True
        self.asked: list[tuple[float, str]] = []
        self.wrong: dict[str, Exception] = {}
        """What it fails with when it is asked that."""
        self.told_facts = Facts(product="Room Kit", software="RoomOS 11.27.2.0")
        self.offers = True
        self.told: Told | None = None
        self.broken: asyncio.Future[None] | None = None
        self.posts: list[Call] = []
        self.dialled: list[str] = []

    def times(self, what: str) -> list[float]:
        """When it was asked that."""
        return [at for at, asked in self.asked if asked == what]

    def tell(self, notice: Notice) -> None:
        """Tell the bridge something, as a driver does."""
        assert self.told is not None
        self.told(notice)

    def break_off(self, error: Exception) -> None:
        """End the long connection."""
        assert self.broken is not None
        self.broken.set_exception(error)

    def _asked(self, what: str) -> None:
        self.asked.append((asyncio.get_running_loop().time(), what))
        if what in self.wrong:
            raise self.wrong[what]

    async def show(self, agenda: Agenda) -> None:
        """Be shown a list, and list it."""
        self._asked("show")
        await super().show(agenda)
        self.listed = tuple(booking.title for booking in agenda.bookings)

    async def lists(self, agenda: Agenda) -> bool | None:
        """Say what it lists."""
        self._asked("lists")
        await asyncio.sleep(self.seconds)
        if not self.tells:
            return None
        return self.listed == tuple(booking.title for booking in agenda.bookings)

    async def facts(self) -> Facts:
        """Say what it is."""
        self._asked("facts")
        return self.told_facts

    async def attend(self, told: Told) -> None:
        """Hold a connection, if it offers one."""
        self._asked("attend")
        if not self.offers:
            return
        self.told = told
        self.broken = asyncio.get_running_loop().create_future()
        told(Connected(up=True))
        try:
            await self.broken
        finally:
            self.told = None

    def hear(self, post: Call) -> Reply:
        """Take what was posted."""
        self.posts.append(post)
        return Reply(status=200, text="<heard/>", headers={"Content-Type": "text/xml"})

    async def dial(self, order: Order) -> None:
        """Call."""
        self._asked("dial")
        await asyncio.sleep(self.seconds)
        self.dialled.append(order.booking)

    async def hang_up(self) -> None:
        """Call no more."""
        self._asked("hang_up")

    async def calls(self) -> Sequence[PhoneCall] | None:
        """None."""
        return ()


class FakeDialler:
    """Shows nothing, says what it is, and can be called up."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.asked = 0
        self.closed = False

    async def facts(self) -> Facts:
        """Say what it is."""
        self.asked += 1
        if self.errors:
            raise self.errors[0]
        return Facts(product="VVX")


class FakeDriver:
    """A driver whose endpoints are kept for the test to look at."""

    Options = FakeOptions
    acknowledge = ""
    notice = ""

    def __init__(self, make: type[Any] = FakeEndpoint) -> None:
        self.make = make
        self.made: list[Any] = []
        self.errors: list[Exception] = []
        self.outside: list[Outside] = []

    @asynccontextmanager
    async def connect(self, _options: FakeOptions, outside: Outside) -> AsyncIterator[Any]:
        """Make one more."""
        self.outside.append(outside)
        endpoint = self.make()
        endpoint.errors = list(self.errors)
        self.made.append(endpoint)
        try:
            yield endpoint
        finally:
            endpoint.closed = True
