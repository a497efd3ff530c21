"""Lights: the right colour, again where a unit forgot it, and nothing where the agenda is old."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import msgspec

from bridge.occupancy.faces import Face
from bridge.occupancy.lights import AGAIN, Lights
from bridge.settings.model import EndpointSettings
from connector.endpoint import Glow
from connector.errors import Unavailable
from tests.fakes.virtual import VirtualClock, in_virtual_time


class LitOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a unit with a light."""

    led: bool = True
    host: str = ""

    def problems(self) -> Iterator[tuple[str, str]]:
        """None."""
        return iter(())


class Lamp:
    """A unit that remembers when it was told which colour."""

    def __init__(self) -> None:
        self.shown: list[tuple[float, str]] = []
        self.errors: list[Exception] = []

    async def glow(self, colour: Glow) -> None:
        """Be told."""
        self.shown.append((asyncio.get_running_loop().time(), colour))
        if self.errors:
            raise self.errors.pop()

    @property
    def colours(self) -> list[str]:
        return [colour for _, colour in self.shown]


class FakeUnits:
    """One lamp, and a unit without one."""

    def __init__(self) -> None:
        self.lamp = Lamp()

    def endpoint(self, name: str) -> Any:
        return {"lamp": self.lamp, "dark": object()}[name]

    async def act(self, name: str, what: Callable[[Any], Awaitable[None]]) -> None:
        await what(self.endpoint(name))


def settings(name: str, *, led: bool = True) -> EndpointSettings:
    return EndpointSettings(id=name, kind="fake", room="kestrel", options=LitOptions(led=led))


def played(story: Callable[[Lights, Lamp], Awaitable[None]]) -> None:
    async def play() -> None:
        units = FakeUnits()
        lights = Lights(units, VirtualClock())  # type: ignore[arg-type] # as much of it as is needed
        assert lights.adopt([settings("lamp"), settings("dark")]) == {"kestrel"}
        running = asyncio.create_task(lights.run())
        await story(lights, units.lamp)
        running.cancel()

    in_virtual_time(play())


def face(state: Any, *, stale: bool = False) -> Face:
    return Face(state=state, stale=stale)


def test_each_state_has_its_colour_and_an_old_agenda_none() -> None:
    async def story(lights: Lights, lamp: Lamp) -> None:
        for state in ("free", "soon", "check_in", "busy", "unknown"):
            lights.told("kestrel", face(state))
            await asyncio.sleep(1)
        assert lamp.colours == ["green", "yellow", "red", "off"]
        lights.told("kestrel", face("busy"))
        await asyncio.sleep(1)
        lights.told("kestrel", face("busy", stale=True))
        lights.told("elsewhere", face("busy"))
        await asyncio.sleep(1)
        assert lamp.colours[4:] == ["red", "off"]

    played(story)


def test_a_unit_that_started_anew_is_told_again() -> None:
    async def story(lights: Lights, lamp: Lamp) -> None:
        lights.called("lamp", ())
        lights.told("kestrel", face("busy"))
        await asyncio.sleep(1)
        lights.called("lamp", ())
        await asyncio.sleep(1)
        assert lamp.colours == ["red"]
        lights.called("lamp", None)
        lights.called("lamp", ())
        await asyncio.sleep(1)
        assert lamp.colours == ["red", "red"]
        await asyncio.sleep(AGAIN * 1.2)
        assert lamp.colours == ["red", "red", "red"], "and every ten minutes in any case"

    played(story)


def test_a_light_that_fails_is_tried_again_with_the_newest_colour() -> None:
    async def story(lights: Lights, lamp: Lamp) -> None:
        lamp.errors = [Unavailable("away", reason="unreachable") for _ in range(2)]
        lights.told("kestrel", face("busy"))
        await asyncio.sleep(1)
        assert lamp.colours == ["red"]
        lights.told("kestrel", face("free"))
        await asyncio.sleep(60)
        assert lamp.colours == ["red", "green", "green"]

    played(story)


def test_a_light_that_is_wanted_no_more_is_left_alone() -> None:
    async def story(lights: Lights, lamp: Lamp) -> None:
        lights.told("kestrel", face("busy"))
        await asyncio.sleep(1)
        assert lights.adopt([settings("lamp", led=False)]) == set()
        lights.told("kestrel", face("free"))
        await asyncio.sleep(timedelta(hours=1).total_seconds())
        assert lamp.colours == ["red"]

    played(story)
