"""Presence at a calendar service: told, renewed, cleared, and tried again, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from bridge.health import Subject
from bridge.occupancy.writeback import CODE, Writeback
from bridge.settings.model import Configuration, Inventory, SourceSettings
from connector import load
from connector.endpoint import PhoneCall
from connector.errors import Denied, Unavailable
from connector.presence import Shown
from tests.bridge.occupancy.test_presence import World, played
from tests.fakes.sources import room

CALL = (PhoneCall(id="1", state="connected"),)
SUBJECT = Subject("presence", "m365")


class FakeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a service that shows presence."""

    presence: Literal["none", "write"] = "write"


class Service:
    """Remembers what it was told, and fails as it is told to."""

    def __init__(self) -> None:
        self.told: list[tuple[int, str]] = []
        self.errors: list[Exception] = []

    @asynccontextmanager
    async def connect(self, _options: Any, _outside: Any) -> AsyncIterator["Service"]:
        yield self

    def lasts(self, shown: Shown) -> timedelta:
        return timedelta(minutes=4 if shown == "available" else 30)

    async def set(self, _mailbox: str, shown: Shown) -> None:
        self._hear(shown)

    async def clear(self, _mailbox: str) -> None:
        self._hear("clear")

    def _hear(self, what: str) -> None:
        self.told.append((int(asyncio.get_running_loop().time() / 60), what))
        if self.errors:
            raise self.errors.pop(0)

    @property
    def words(self) -> list[str]:
        return [word for _, word in self.told]


Story = Callable[[World, Writeback, Service], Awaitable[None]]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], None]:
    service = Service()
    monkeypatch.setattr(load, "presence", lambda _kind: service)

    def run(story: Story) -> None:
        async def begin(world: World) -> None:
            health, outside = world.house.health, lambda *_: None
            made = Writeback(world.house, health, world.clock, outside, lambda _: False)  # type: ignore[arg-type] # nothing is reached
            async with made.running():
                await made.adopt(configured("write"))
                await story(world, made, service)

        played(tmp_path, begin)

    return run


def configured(presence: Literal["none", "write"]) -> Configuration:
    source = SourceSettings(kind="fake", options=FakeOptions(presence=presence))
    return Configuration(
        file=Path("bridge.yaml"), sources={"m365": source}, inventory=Inventory(rooms=(room(),))
    )


def test_a_call_is_told_renewed_and_cleared_when_nothing_is_known(
    play: Callable[[Story], None],
) -> None:
    async def story(world: World, writeback: Writeback, service: Service) -> None:
        await asyncio.sleep(60)
        assert service.told == []
        world.occupancy.called("codec", CALL)
        writeback.look("kestrel")
        writeback.look("kestrel")
        writeback.look("heron")
        await asyncio.sleep(70 * 60)
        assert service.words == ["in_call"] * 3
        world.occupancy.called("codec", ())
        writeback.look("kestrel")
        await asyncio.sleep(3600)
        assert service.words == ["in_call"] * 3 + ["clear"]
        world.occupancy.saw("panel", False)
        writeback.look("kestrel")
        await asyncio.sleep(11 * 60)
        assert service.words[4:] == ["available"] * 3
        await writeback.adopt(configured("none"))
        world.occupancy.called("codec", CALL)
        writeback.look("kestrel")
        await asyncio.sleep(3600)
        assert len(service.words) == 7

    play(story)


def test_a_refusal_is_told_rested_on_and_over_when_it_is_over(
    play: Callable[[Story], None],
) -> None:
    async def story(world: World, writeback: Writeback, service: Service) -> None:
        health = world.house.health
        service.errors = [
            Denied("HTTP 403", reason="access_denied", fix="grant it", everywhere=True),
            Unavailable("HTTP 503", reason="service_error"),
            RuntimeError("a fault"),
        ]
        world.occupancy.called("codec", CALL)
        writeback.look("kestrel")
        await asyncio.sleep(10)
        (trouble,) = health.of(SUBJECT)
        assert (trouble.code, trouble.fix) == (CODE, "grant it")
        await asyncio.sleep(3 * 3600)
        assert service.words[:4] == ["in_call"] * 4
        assert health.of(SUBJECT) == ()

    play(story)
