"""A dispatcher in virtual time, with endpoints that remember."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.dispatch import Dispatch
from bridge.dispatch.status import EndpointStatus
from bridge.health import Health, Subject
from bridge.settings.model import EndpointSettings
from connector import load
from connector.endpoint import Notice
from connector.outside import Outside
from rooms.agenda import Account, agenda_of
from rooms.model import Event, Window
from rooms.store import Store
from tests.fakes.endpoints import FakeDevice, FakeDriver, FakeEndpoint, FakeOptions
from tests.fakes.furnished import furnished
from tests.fakes.sources import room
from tests.fakes.virtual import PatientDatabase, VirtualClock, in_virtual_time


class World:
    """A dispatcher, a store, and endpoints that remember."""

    def __init__(self, database: PatientDatabase, driver: FakeDriver) -> None:
        self.clock = VirtualClock()
        self.health = Health(self.clock)
        self.store = Store(database)
        self.driver = driver
        session: Any = None  # the fakes have nothing to reach
        outside = Outside(http=session, sockets=session, clock=self.clock)
        self.dispatch = Dispatch(outside, store=self.store, health=self.health, clock=self.clock)

    @property
    def codec(self) -> FakeEndpoint:
        endpoint = self.driver.made[-1]
        assert isinstance(endpoint, FakeEndpoint)
        return endpoint

    @property
    def device(self) -> FakeDevice:
        endpoint = self.driver.made[-1]
        assert isinstance(endpoint, FakeDevice)
        return endpoint

    def status(self) -> EndpointStatus:
        return self.dispatch.status("codec")

    def listed(self) -> tuple[str, ...]:
        return self.device.listed

    def tell(self, notice: Notice) -> None:
        self.device.tell(notice)

    async def adopt(self, *names: str, public_url: str = "", **options: Any) -> None:
        endpoints = (
            EndpointSettings(id=name, kind="fake", room="kestrel", options=FakeOptions(**options))
            for name in names or ("codec",)
        )
        await self.dispatch.adopt(endpoints, public_url=public_url)

    async def keep(self, *events: Event) -> None:
        """Keep an agenda and tell of it, as the sync does."""
        now = self.clock.now()
        window = Window.around(now, timedelta(days=1), timedelta(days=7))
        agenda, _ = agenda_of(room(), events, window=window, as_of=now)
        if await self.store.replace(room(), agenda, Account()):
            self.dispatch.changed("kestrel")

    def shown(self) -> list[tuple[str, ...]]:
        return [titles for _, titles in self.codec.shown]

    def troubles(self, name: str = "codec") -> list[str]:
        return [trouble.code for trouble in self.health.of(Subject("endpoint", name))]


Story = Callable[[World], Coroutine[Any, Any, None]]


@pytest.fixture
def driver() -> FakeDriver:
    """What makes the endpoints."""
    return FakeDriver()


@pytest.fixture
def play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, driver: FakeDriver
) -> Callable[[Story], World]:
    """Play a story in virtual time."""
    monkeypatch.setattr(load, "endpoint", lambda _kind: driver)
    database = PatientDatabase(furnished(tmp_path / "bridge.db"))

    def played(story: Story) -> World:
        world = World(database, driver)

        async def run() -> None:
            async with database.running(), world.dispatch.running():
                await story(world)

        in_virtual_time(run())
        return world

    return played
