"""Two rooms behind a real bridge over simulated services, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer

from bridge.health import Subject
from bridge.settings.model import Poll
from rooms.model import Agenda
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, VirtualClock, in_virtual_time
from tests.faults.services import Service
from tests.soak.site import Bridge

HOUR = timedelta(hours=1)
ROOMS = ("kestrel", "osprey")
KESTREL = "kestrel@example.com"
SETTLED = timedelta(minutes=10)
FRESH = timedelta(minutes=20)
"""Within which a room in which nothing is wrong was read: the default of `stale_after`."""


class House:
    """The rooms kestrel and osprey, their calendars, and the bridge that shows them."""

    def __init__(self, clock: VirtualClock, *services: Service) -> None:
        self.clock = clock
        self.services = services
        self.service = services[0]
        self.world: Any = services[0].world
        self.bridge: Bridge
        self.calendars = {name: self.service.add_room(f"{name}@example.com") for name in ROOMS}
        self.met = 0
        """How many requests were spoilt."""
        self._note()
        self.truth: dict[str, set[str]] = {name: set() for name in ROOMS}
        """The titles that a room has to show."""
        self.safe: dict[str, set[str]] = {name: set() for name in ROOMS}
        """Those that it must never cease to show."""
        self.lost: list[str] = []
        """What a room ceased to show all the same."""
        self.hearers: list[Callable[[str, bool], None]] = []
        """Who else is told that a room was read, and whether it shows something new."""

    def _note(self) -> None:
        """Count what is spoilt: a fault that nothing meets proves nothing."""
        take = self.world.faults.take

        def noted(*where: Any) -> Any:
            taken = take(*where)
            self.met += len(taken)
            return taken

        self.world.faults.take = noted

    def add(self, name: str, title: str, hours: float = 24, **more: Any) -> str:
        """A meeting of an hour, so many hours from noon."""
        start = NOON + hours * HOUR
        self.truth[name].add(title)
        return self.service.add(self.calendars[name], title, start, start + HOUR, **more)

    def agenda(self, name: str = "kestrel") -> Agenda:
        """What a room shows."""
        agenda = self.bridge.store.agenda(name)
        assert agenda is not None, f"{name} was never read"
        return agenda

    def titles(self, name: str = "kestrel") -> set[str]:
        """The titles that a room shows."""
        return {one.title for one in self.agenda(name).bookings}

    def age(self, name: str = "kestrel") -> timedelta:
        """How long ago a room was read well."""
        return self.clock.now() - self.agenda(name).as_of

    def codes(self, kind: Any, name: str) -> set[str]:
        """What fails of a subject."""
        return {one.code for one in self.bridge.health.of(Subject(kind, name))}

    def fine(self, name: str) -> bool:
        """Whether a room shows what its calendar holds, and knew so lately."""
        return self.titles(name) == self.truth[name] and self.age(name) < FRESH

    async def pass_(self, span: timedelta) -> None:
        """Let time pass."""
        await asyncio.sleep(span.total_seconds())

    async def settle(self) -> None:
        """Wait until all is well; nothing that is shown now may be lost from then on."""
        await self.pass_(SETTLED)
        for name in ROOMS:
            assert self.fine(name), (name, self.titles(name), list(self.bridge.health.all()))
            self.safe[name] = set(self.truth[name])

    def heard(self, name: str, /, *, changed: bool) -> None:
        """A room was read well; what it must show is still there."""
        self.lost += sorted(self.safe[name] - self.titles(name))
        for hear in self.hearers:
            hear(name, changed)


def played(
    folder: Path,
    make: Callable[[VirtualClock], Service | tuple[Service, ...]],
    work: Callable[[House], Awaitable[None]],
    *,
    poll: Poll | None = None,
) -> None:
    """Play it in virtual time."""

    async def play() -> None:
        clock = VirtualClock(NOON)
        made = make(clock)
        services = made if isinstance(made, tuple) else (made,)
        house = House(clock, *services)
        async with AsyncExitStack() as stack:
            sources = {}
            for one in services:
                server = await stack.enter_async_context(TestServer(one.application()))
                sources[one.name] = one.source(str(server.make_url("")).rstrip("/"))
            known = [room(name, source=house.service.name) for name in ROOMS]
            bridge = house.bridge = Bridge(
                folder, clock, known, sources, poll=poll or Poll(), heard=house.heard
            )
            await stack.enter_async_context(bridge.reachable())
            for name in ROOMS:
                house.add(name, "Board", 22)
                house.add(name, "Harvest", 26)
            await bridge.start()
            stack.push_async_callback(bridge.stop)
            await work(house)
            assert house.lost == [], "a failure removes nothing"

    in_virtual_time(play())
