"""Units that were well a moment ago and answer nothing any more, in virtual time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.bridge.dispatch.conftest import World
from tests.fakes.endpoints import FakeDevice, FakeDriver
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

ALWAYS = event("always", NOON, minutes=60 * 24 * 3)
TWO = event("two", NOON + timedelta(hours=5))


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver(FakeDevice)


@pytest.mark.fault("endpoint_half_open")
def test_a_unit_that_is_well_waits_ten_seconds_at_most_however_many_fall_silent(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt(*(f"silent-{number}" for number in range(499)), "codec")
        *silent, codec = world.driver.made
        await world.keep(ALWAYS)
        await asyncio.sleep(200)
        for device in silent:
            device.seconds = 10_000
        await world.keep(ALWAYS, TWO)
        await asyncio.sleep(10)
        assert codec.listed == ("Always", "Two")
        await asyncio.sleep(900)
        assert world.troubles("silent-7") == ["endpoint_unreachable"]
        for device in silent:
            device.seconds = 0.0
        await asyncio.sleep(900)
        assert all(device.listed == ("Always", "Two") for device in silent)

    play(story)


def test_units_that_take_twenty_seconds_are_shown_their_lists_all_the_same(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt(*(f"slow-{number}" for number in range(200)))
        for device in world.driver.made:
            device.seconds = 20
        await world.keep(ALWAYS)
        await asyncio.sleep(30)
        assert all(device.listed == ("Always",) for device in world.driver.made)
        assert not world.troubles("slow-7")

    play(story)
