"""Calls that people make by hand are theirs: no end of a meeting ends them."""

import asyncio
from typing import Any

from connector.endpoint import PhoneCall
from tests.bridge.calling.world import CALL, World


def test_a_call_by_hand_after_the_meetings_is_not_ended_with_it(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (call,) = await world.keep(CALL)
        codec = world.codec()
        codec.forgetful = True
        await world.until(12)
        assert (await world.joining.join(world.room, call)).endpoint == "fake"
        await asyncio.sleep(60)
        codec.current = None  # somebody hung up at the device, which tells so
        world.joining.told("fake", ())
        await asyncio.sleep(60)
        codec.current = PhoneCall(id="2", state="connected", direction="out")
        world.joining.told("fake", (codec.current,))
        assert await world.joining.leave(world.room, call) == ""
        assert codec.current is not None

    play(story)
