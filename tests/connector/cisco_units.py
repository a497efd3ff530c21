"""A simulated codec to talk to, and an ear for what its endpoint tells."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from connector.endpoint import Notice
from connector.endpoints import cisco
from connector.lines import SshTrust
from connector.outside import Outside, Trust
from connector.secret import Secret
from connector.simulators.cisco import Address, Codec, serve
from tests.connector.endpoint_contract import Listed
from tests.fakes.virtual import FixedClock

N = TypeVar("N")

SOON = 5.0
"""Seconds after which a test gives up."""


class Screen:
    """What a person in the room sees."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    def listed(self) -> Sequence[Listed]:
        """The list on it."""
        return [Listed(one.id, one.title, one.dial) for one in self.codec.screen().bookings]

    def lose(self) -> None:
        """Forget the list."""
        self.codec.replace(())


@pytest.fixture
def codec(clock: FixedClock) -> Codec:
    """A current one."""
    return Codec(users={"bridge": "right"}, clock=clock.now)


@pytest.fixture
def device(codec: Codec) -> Screen:
    """Its screen."""
    return Screen(codec)


@pytest.fixture
async def address(codec: Codec) -> AsyncIterator[Address]:
    """Where it is."""
    async with serve(codec) as served:
        yield served


def options(unit: Address, **more: Any) -> cisco.Options:
    """Settings that fit it."""
    usual: dict[str, Any] = {
        "address": unit.url,
        "username": "bridge",
        "password": Secret("right"),
        "tls": Trust(fingerprint=unit.fingerprint),
    }
    return cisco.Options(**{**usual, **more})


def trust(unit: Address, port: int = 0) -> SshTrust:
    """What `ssh-keygen -lf` prints of its key (RFC 4253 6.6, SHA-256 without padding)."""
    digest = hashlib.sha256(base64.b64decode(unit.host_key.split()[1])).digest()
    fingerprint = "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    return SshTrust(port=port or unit.ssh_port, fingerprint=fingerprint)


@pytest.fixture
async def endpoint(outside: Outside, address: Address) -> AsyncIterator[Any]:
    """It, as the bridge looks after it."""
    async with cisco.connect(options(address), outside) as opened:
        yield opened


class Ear:
    """What an endpoint told."""

    def __init__(self) -> None:
        self.heard: list[Notice] = []
        self._more = asyncio.Event()
        self.listening: asyncio.Task[None]

    async def ends(self) -> None:
        """Wait until the endpoint no longer listens; what it raises is raised."""
        async with asyncio.timeout(SOON):
            await asyncio.shield(self.listening)

    def __call__(self, notice: Notice) -> None:
        self.heard.append(notice)
        self._more.set()

    async def hears(self, kind: type[N], fits: Callable[[N], bool] = lambda _: True) -> N:
        """The first such notice that is still here; all before it are dropped."""
        async with asyncio.timeout(SOON):
            while True:
                while self.heard:
                    notice = self.heard.pop(0)
                    if isinstance(notice, kind) and fits(notice):
                        return notice
                self._more.clear()
                await self._more.wait()

    async def quiet(self, endpoint: Any) -> None:
        """Until a question that came behind everything else was answered."""
        await endpoint.facts()


@asynccontextmanager
async def attended(endpoint: Any) -> AsyncIterator[Ear]:
    """Listen to it meanwhile."""
    ear = Ear()
    ear.listening = asyncio.create_task(endpoint.attend(ear))
    try:
        yield ear
    finally:
        ear.listening.cancel()
        await asyncio.wait([ear.listening])


async def comes(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(SOON):
        while not true():  # noqa: ASYNC110 - a simulated unit tells nobody
            await asyncio.sleep(0.002)
