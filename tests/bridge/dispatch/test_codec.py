"""A simulated codec looked after by the real driver, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.clock import SystemClock
from bridge.dispatch import Dispatch, attending, dispatch, notices, serving
from bridge.dispatch.wishes import Wish
from bridge.health import Health, Subject
from bridge.settings.model import EndpointSettings
from connector import load
from connector.endpoint import BookingWanted
from connector.outside import Trust, open_outside
from connector.secret import Secret
from connector.simulators.cisco import Codec, serve
from connector.simulators.cisco.actions import Arguments
from connector.simulators.cisco.panel import book
from rooms.agenda import Account, agenda_of
from rooms.database import Database
from rooms.model import Event, Window
from rooms.store import Store
from tests.fakes.furnished import furnished
from tests.fakes.sources import event, room

SECONDS = 10.0
DRIVER = load.endpoint("cisco")
"""Imported before the loop runs."""


@dataclass(kw_only=True)
class Unit:
    """A codec, and the bridge that looks after it."""

    codec: Codec
    dispatch: Dispatch
    store: Store
    health: Health

    async def keep(self, *events: Event) -> None:
        """Keep an agenda and tell of it, as the sync does."""
        now = datetime.now(UTC)
        window = Window.around(now, timedelta(days=1), timedelta(days=7))
        agenda, _ = agenda_of(room(), events, window=window, as_of=now)
        if await self.store.replace(room(), agenda, Account()):
            self.dispatch.changed("kestrel")

    def listed(self) -> list[str]:
        return [one.title for one in self.codec.bookings]

    async def comes(self, true: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(SECONDS):
            while not true():  # noqa: ASYNC110 - a simulated unit tells nobody
                await asyncio.sleep(0.002)

    async def state(self, wanted: str) -> None:
        """Wait until it stands so."""
        await self.comes(lambda: self.dispatch.status("codec").state == wanted)


@pytest.fixture
def opened(tmp_path: Path) -> tuple[Database, Store]:
    """Opened before the loop runs."""
    database = Database(furnished(tmp_path / "bridge.db"))
    return database, Store(database)


@pytest.fixture
async def unit(
    opened: tuple[Database, Store], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Unit]:
    """Both, in a hurry."""
    for module in (serving, notices, dispatch):
        monkeypatch.setattr(module, "DEBOUNCE", 0.01)
    monkeypatch.setattr(notices, "UNCHANGED", 0.05)
    monkeypatch.setattr(serving, "UNCHANGED", 0.05)
    monkeypatch.setattr(serving, "CONFIRM", 0.05)
    monkeypatch.setattr(attending, "START", 0.05)
    monkeypatch.setattr(attending, "WAIT", 0.05)
    monkeypatch.setattr(attending, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(dispatch, "FIRST_RETRY", 0.05)
    clock = SystemClock()
    codec = Codec(users={"bridge": "right"})
    codec.configure("Bookings/AdhocBooking/Enabled", "True")
    (database, store), health = opened, Health(clock)
    async with database.running(), open_outside(clock) as outside, serve(codec) as served:
        made = Dispatch(outside, store=store, health=health, clock=clock)
        options = DRIVER.Options(
            address=served.url,
            username="bridge",
            password=Secret("right"),
            tls=Trust(fingerprint=served.fingerprint),
        )
        async with made.running():
            await made.adopt(
                [EndpointSettings(id="codec", kind="cisco", room="kestrel", options=options)]
            )
            yield Unit(codec=codec, dispatch=made, store=store, health=health)


def talk() -> Event:
    """A meeting of today."""
    return event("talk", datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2))


@pytest.mark.fault("endpoint_reboot")
async def test_a_list_is_confirmed_and_comes_back_after_a_reboot(unit: Unit) -> None:
    await unit.keep(talk())
    await unit.state("confirmed")
    await unit.comes(lambda: bool(unit.dispatch.status("codec").connected))
    unit.codec.reboot()
    assert unit.listed() == []
    await unit.comes(lambda: unit.listed() == ["Talk"])
    await unit.state("confirmed")


async def test_what_was_booked_at_the_codec_is_confirmed_there(unit: Unit) -> None:
    granted: list[Wish] = []

    async def grant(_endpoint: str, _room: str, wish: Wish, /) -> str:
        granted.append(wish)
        assert isinstance(wish, BookingWanted)
        minutes = int((wish.end - wish.start).total_seconds() / 60)
        await unit.keep(first, event("chat", wish.start, minutes=minutes))
        return ""

    first = talk()
    unit.dispatch.grant_by(grant)
    await unit.keep(first)
    await unit.comes(lambda: bool(unit.dispatch.status("codec").connected))
    book(unit.codec, Arguments(parameters={"Duration": "30"}, body=""))
    assert unit.codec.adhoc.pending
    await unit.comes(lambda: not unit.codec.adhoc.pending)
    assert sorted(unit.listed()) == ["Chat", "Talk"]
    assert len(granted) == 1
    outcome = unit.dispatch.status("codec").last_wish
    assert outcome is None or not outcome.code


@pytest.mark.fault("endpoint_clock")
async def test_its_clock_is_compared(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "FACTS_SOON", 0.05)
    unit.codec.offset = timedelta(minutes=-10)
    await unit.keep(talk())
    await unit.comes(lambda: unit.dispatch.status("codec").facts is not None)
    await unit.comes(lambda: bool(unit.health.of(Subject("endpoint", "codec"))))
    (trouble,) = unit.health.of(Subject("endpoint", "codec"))
    assert trouble.code == "endpoint_clock"
    assert "behind" in trouble.words


@pytest.mark.fault("endpoint_password")
async def test_its_user_is_never_locked_out(unit: Unit) -> None:
    unit.codec.users = type(unit.codec.users)({"bridge": "another"})
    unit.codec.requests.clear()
    await unit.keep(talk())
    await unit.state("denied")
    tried = len(unit.codec.requests)
    await unit.keep(talk(), event("more", datetime.now(UTC) + timedelta(hours=5)))
    for _ in range(1000):
        await asyncio.sleep(0)
    assert tried == 1
    assert len(unit.codec.requests) == 1
