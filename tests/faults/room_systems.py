"""Room systems on real sockets behind a real dispatcher and store, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from bridge.dispatch import Dispatch
from bridge.dispatch.status import EndpointStatus
from bridge.health import Health, Subject
from bridge.settings.model import EndpointSettings
from connector import load
from connector.outside import Outside, Trust, open_outside
from connector.secret import Secret
from connector.simulators.cisco import Address, Codec, posting, serve_all
from rooms import database
from rooms.agenda import Account, agenda_of
from rooms.clock import Clock
from rooms.model import Event, Window
from rooms.store import Store
from tests.fakes.furnished import furnished
from tests.fakes.sources import event, room
from tests.fakes.virtual import PatientDatabase, VirtualClock, in_virtual_time

CISCO = load.endpoint("cisco")
"""Imported before the loop runs."""
USER = "bridge"
ROOMS = ("kestrel", "osprey")


class Site:
    """A codec in each room, each named like its room."""

    def __init__(
        self, dispatch: Dispatch, store: Store, health: Health, codecs: dict[str, Codec]
    ) -> None:
        self.dispatch = dispatch
        self.store = store
        self.health = health
        self.codecs = codecs
        self.addresses: dict[str, Address] = {}
        self._settings: dict[str, dict[str, Any]] = {name: {} for name in codecs}

    def codec(self, name: str = "kestrel") -> Codec:
        """The device."""
        return self.codecs[name]

    async def adopt(self, name: str = "kestrel", **more: Any) -> None:
        """Look after all codecs; the settings of one say more from now on."""
        self._settings[name] |= more
        await self.dispatch.adopt(
            EndpointSettings(id=one, kind="cisco", room=one, options=self._options(one))
            for one in self.codecs
        )

    def _options(self, name: str) -> Any:
        address = self.addresses[name]
        usual = {
            "address": address.url,
            "username": USER,
            "password": Secret("right"),
            "tls": Trust(fingerprint=address.fingerprint),
        }
        return CISCO.Options(**{**usual, **self._settings[name]})

    async def keep(self, name: str, *titles: str) -> None:
        """Keep a list of meetings of tomorrow night, and tell of it, as the sync does."""
        clock = VirtualClock()
        start = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=36)
        events = [one_of(title, start + number * HOUR) for number, title in enumerate(titles)]
        window = Window.around(clock.now(), timedelta(days=1), timedelta(days=7))
        agenda, _ = agenda_of(room(name), events, window=window, as_of=clock.now())
        if await self.store.replace(room(name), agenda, Account()):
            self.dispatch.changed(name)

    def listed(self, name: str = "kestrel") -> list[str]:
        """What is on its screen."""
        return [one.title for one in self.codecs[name].bookings]

    def status(self, name: str = "kestrel") -> EndpointStatus:
        """How it stands."""
        return self.dispatch.status(name)

    def troubles(self, name: str = "kestrel") -> list[str]:
        """What health says of it."""
        return [one.code for one in self.health.of(Subject("endpoint", name))]

    def lists(self, name: str, *titles: str) -> bool:
        """Whether exactly this is on its screen."""
        return self.listed(name) == list(titles)

    def well(self, name: str, *titles: str) -> bool:
        """Whether it lists exactly this, was asked whether it does, and nothing fails."""
        confirmed = self.status(name).state == "confirmed"
        return confirmed and self.lists(name, *titles) and not self.troubles(name)

    async def comes(self, true: Callable[[], object], seconds: float) -> None:
        """Wait until something is so; after minutes it is looked for more rarely."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        with unhurried() if seconds > HOUR.total_seconds() else nullcontext():
            while not true():
                gone = loop.time() - began
                assert gone < seconds, "it never came true"
                await asyncio.sleep(max(0.25, gone / 200))


async def passes(seconds: float) -> None:
    """Hours in which nothing is waited for."""
    with unhurried():
        await asyncio.sleep(seconds)


@contextmanager
def unhurried() -> Iterator[None]:
    """Units look for what has come due for them every ten seconds instead of each: ten times less."""
    with mock.patch.object(posting, "SECOND", 10.0):
        yield


HOUR = timedelta(hours=1)
Work = Callable[[Site], Awaitable[None]]


def one_of(title: str, start: Any) -> Event:
    """A meeting of an hour."""
    made: Event = event(title, start, subject=title)
    return made


@asynccontextmanager
async def room_systems(
    outside: Outside, store: Store, health: Health, clock: Clock, **units: str
) -> AsyncIterator[Site]:
    """A codec of this version in each room, looked after."""
    codecs = {
        name: Codec(version=version, users={USER: "right"}, clock=clock.now, serial=f"SIM{name}")
        for name, version in units.items()
    }
    made = Dispatch(outside, store=store, health=health, clock=clock)
    site = Site(made, store, health, codecs)
    async with serve_all(list(codecs.values())) as addresses:
        site.addresses = dict(zip(codecs, addresses, strict=True))
        async with made.running():
            yield site


def played(
    folder: Path,
    work: Work,
    *,
    version: str = "RoomOS 11.27.2.0",
    password: str = "right",
    before: Callable[[Site], None] = lambda _: None,
) -> None:
    """Play it: two rooms, of which kestrel has that version; both are well to begin with."""
    database.GATHER = 0.0  # real seconds, while virtual time stands still
    kept = PatientDatabase(furnished(folder / "bridge.db"))

    async def play() -> None:
        clock = VirtualClock()
        store, health = Store(kept), Health(clock)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(kept.running())
            outside = await stack.enter_async_context(open_outside(clock))
            units = {"kestrel": version, "osprey": "RoomOS 11.27.2.0"}
            site = await stack.enter_async_context(
                room_systems(outside, store, health, clock, **units)
            )
            before(site)
            await site.adopt(password=Secret(password))
            for name in ROOMS:
                await site.keep(name, "Board")
            await site.comes(partial(site.well, "osprey", "Board"), 60)
            if password == "right":
                await site.comes(partial(site.well, "kestrel", "Board"), 60)
                await asyncio.sleep(60)  # it is listened to by then
            await work(site)
            assert site.well("osprey", *site.listed("osprey")), "nobody else suffers"

    in_virtual_time(play())
