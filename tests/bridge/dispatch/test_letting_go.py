"""What an endpoint of former settings may still do: nothing."""

import asyncio
from typing import Any

import pytest

from connector.errors import ConnectorError
from tests.bridge.dispatch.conftest import World
from tests.fakes.endpoints import FakeDevice, FakeDriver
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

ALWAYS = event("always", NOON, minutes=60 * 24 * 3)


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver(FakeDevice)


def test_a_push_by_former_settings_does_not_come_after_the_one_by_the_new(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        before = world.device
        before.seconds = 30.0
        await world.keep(ALWAYS)
        await asyncio.sleep(5)
        assert before.times("show")
        await world.adopt(host="127.0.0.2")
        after = world.device
        assert after is not before
        await asyncio.sleep(200)
        assert after.shown
        assert not before.shown

    play(story)


def test_who_waits_for_a_push_of_former_settings_is_told(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(ALWAYS)
        await asyncio.sleep(50)
        world.device.seconds = 30.0
        push = asyncio.create_task(world.dispatch.push("codec"))
        await asyncio.sleep(5)
        await world.adopt(host="127.0.0.2")
        async with asyncio.timeout(5):
            with pytest.raises(ConnectorError) as caught:
                await push
        assert caught.value.reason == "broken_off"

    play(story)
