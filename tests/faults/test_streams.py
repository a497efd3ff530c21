"""What goes wrong at Exchange while it streams, in real time: threads hold the streams.

Rooms are polled once an hour here, so that nothing but the watch can bring what is waited for.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestServer

from bridge import lane, watch
from bridge.clock import SystemClock
from bridge.health import Subject
from bridge.settings.model import Poll
from connector.certificates import fingerprint, self_signed
from connector.outside import Trust
from connector.sources.ews import group, streaming
from rooms.database import Database
from rooms.store import Mark
from tests.fakes.sources import room
from tests.faults import services
from tests.faults.house import KESTREL, ROOMS
from tests.soak.site import Bridge

# Folders are made and drivers found within the loop; what the appliance does has its own tests.
pytestmark = [pytest.mark.allow_blocking, pytest.mark.timeout(60)]

RARELY = timedelta(hours=1)
LIMIT = 20.0
"""Seconds that a test may wait."""


class House:
    """Two rooms behind a bridge that listens to Exchange."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.service = services.Exchange(self.clock)
        self.world = self.service.world
        self.calendars = {name: self.world.add_mailbox(f"{name}@example.com") for name in ROOMS}
        self.truth: dict[str, set[str]] = {name: set() for name in ROOMS}
        self.bridge: Bridge
        self._news = asyncio.Event()

    def add(self, title: str) -> None:
        """A meeting of tomorrow in both rooms."""
        start = self.clock.now().replace(microsecond=0) + timedelta(days=1)
        for name, calendar in self.calendars.items():
            self.truth[name].add(title)
            self.service.add(calendar, title, start, start + timedelta(hours=1))

    def titles(self, name: str = "kestrel") -> set[str]:
        """What a room shows."""
        agenda = self.bridge.store.agenda(name)
        return {one.title for one in agenda.bookings} if agenda else set()

    def codes(self) -> set[str]:
        """What fails of the source and the rooms."""
        subjects = [Subject("source", "exchange"), *(Subject("room", name) for name in ROOMS)]
        return {one.code for one in self.bridge.health.of(*subjects)}

    def covered(self) -> bool:
        """Whether the server tells of both rooms."""
        assert self.bridge.sync
        seats = self.bridge.sync.lanes["exchange"].seats
        return all(seats[name].covered for name in ROOMS)

    def right(self) -> bool:
        """Whether both rooms show what they should."""
        return all(self.titles(name) == self.truth[name] for name in ROOMS)

    def heard(self, _room: str, /, *, changed: bool) -> None:
        """A room was read."""
        del changed
        self._news.set()

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until something is so: look at each read, and now and then, for cover is silent."""
        async with asyncio.timeout(LIMIT):
            while not done():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 0.05)
                self._news.clear()

    @asynccontextmanager
    async def bridged(
        self, folder: Path, url: str, way: str = "stream", **more: Any
    ) -> AsyncIterator[None]:
        """Let the bridge run meanwhile."""
        source = msgspec.structs.replace(self.service.source(url, way), **more)
        poll = Poll(near=timedelta(milliseconds=100), far=RARELY, safety=RARELY)
        rooms = [room(name, source="exchange") for name in ROOMS]
        bridge = self.bridge = Bridge(
            folder,
            self.clock,
            rooms,
            {"exchange": source},
            poll=poll,
            heard=self.heard,
            tables=Database,
        )
        await bridge.start()
        try:
            yield
        finally:
            await bridge.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow one another at once."""
    monkeypatch.setattr(group, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(group, "LONGEST_WAIT", 0.02)
    monkeypatch.setattr(watch, "DEBOUNCE", 0.01)
    monkeypatch.setattr(lane, "SOON", 0.05)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House()
    made.add("Board")
    async with TestServer(made.service.application()) as server:
        url = str(server.make_url("")).rstrip("/")
        async with made.bridged(tmp_path, url):
            await made.until(lambda: made.right() and made.covered())
            yield made


@pytest.mark.fault("ews_subscription_lost")
@pytest.mark.parametrize(
    "strike",
    [
        lambda world: world.subscriptions.drop(KESTREL),
        lambda world: world.restart(),
        lambda world: world.fail_over(KESTREL),
        lambda world: world.fail_over(KESTREL, moving=True),
    ],
    ids=["lost", "restart", "failover", "move"],
)
async def test_what_changes_while_subscriptions_are_lost_is_shown_and_heard_of_again(
    house: House, strike: Callable[[Any], None]
) -> None:
    strike(house.world)
    house.add("Meanwhile")
    await house.until(house.right)
    await house.until(house.covered)
    house.add("Afterwards")
    await house.until(house.right)
    assert house.codes() == set()


@pytest.mark.fault("ews_sync_state")
async def test_a_state_that_exchange_forgot_costs_a_read_and_no_booking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SENSED_EVERY", 1e-4)
    house = House()
    house.add("Board")
    async with TestServer(house.service.application()) as server:
        url = str(server.make_url("")).rstrip("/")
        async with house.bridged(tmp_path, url):
            store = house.bridge.store
            await house.until(lambda: store.mark("exchange", "kestrel") is not None)
            spoilt = b"H4sIAAAA-truncated"
            await store.keep_mark("kestrel", Mark("exchange", spoilt))
            await house.until(lambda: store.mark("exchange", "kestrel") not in {None, spoilt})
            assert house.right()
            house.add("Afterwards")
            await house.until(house.right)
            assert house.codes() == set()


@pytest.mark.fault("ews_certificate")
async def test_a_certificate_that_changes_keeps_the_agenda_until_it_is_right_again(
    tmp_path: Path,
) -> None:
    house = House()
    house.add("Board")
    known, other = (_certificate(tmp_path / name) for name in ("known", "other"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(known)
    folder = tmp_path / "bridge"
    folder.mkdir()
    server = TestServer(house.service.application(), scheme="https")
    # Each request has a connection of its own, and so the certificate of the moment.
    await server.start_server(ssl=context, keepalive_timeout=0)
    url = str(server.make_url("")).rstrip("/")
    trust = Trust(fingerprint=fingerprint(known.read_bytes()))
    async with house.bridged(folder, url, "poll", tls=trust):
        await house.until(house.right)
        house.add("Added")
        context.load_cert_chain(other)
        await _said(house, "certificate_changed")
        assert house.titles() == {"Board"}
        context.load_cert_chain(known)
        await house.until(lambda: house.right() and house.codes() == set())
    await server.close()


async def _said(house: House, code: str) -> None:
    """Wait until health says it; nothing is heard of reads that fail."""
    assert house.bridge.sync
    async with asyncio.timeout(LIMIT):
        while code not in house.codes():
            for name in ROOMS:
                house.bridge.sync.hint(name)
            await asyncio.sleep(0)


def _certificate(folder: Path) -> Path:
    """A certificate of its own, with its key behind it."""
    folder.mkdir()
    made = self_signed(["127.0.0.1"], days=2, now=datetime.now(UTC))
    both = folder / "both.pem"
    both.write_bytes(made.pem + made.key)
    return both
