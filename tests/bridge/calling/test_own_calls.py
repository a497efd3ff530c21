"""Calls that people make by hand are theirs: no end of a meeting ends them."""

import asyncio
from typing import Any

import pytest

from bridge.calling.units import Refused
from bridge.views.web import Problem
from connector.endpoint import PhoneCall
from rooms.room import AutoJoin
from tests.bridge.calling.world import CALL, DISPLAY, MINUTE, World

MINE = PhoneCall(id="1", state="connected", direction="out")
BY_HAND = PhoneCall(id="2", state="connected", direction="out")
COMING = PhoneCall(id="1", state="connected", direction="in")


async def joined(world: World) -> str:
    """A meeting that the room joined, at a system that does not say which; its booking."""
    await world.adopt()
    (call,) = await world.keep(CALL)
    world.codec().forgetful = True
    await world.until(12)
    await world.joining.join(world.room, call)
    return call


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


@pytest.mark.parametrize("seen", [[MINE, BY_HAND], [BY_HAND], [COMING]])
def test_a_call_that_may_be_another_is_left_alone_and_who_wants_to_leave_is_told(
    play: Any, seen: list[PhoneCall]
) -> None:
    async def story(world: World) -> None:
        call = await joined(world)
        await asyncio.sleep(60)
        assert (await world.joining.call("kestrel")).booking == call
        world.joining.told("fake", seen)
        world.codec().current = seen[-1]
        for _ in range(2):
            with pytest.raises(Problem, match="endpoint_busy"):
                await world.wishes.leave(world.room, call, key="", caller=DISPLAY)
        assert world.codec().current is not None
        assert [row[1] for row in await world.audited()] == ["bookings.leave"]
        assert (await world.joining.call("kestrel")).booking == ""

    play(story)


def test_a_call_that_is_the_one_that_was_dialled_is_ended(play: Any) -> None:
    async def story(world: World) -> None:
        call = await joined(world)
        await asyncio.sleep(1)
        world.joining.told("fake", ())
        world.joining.told("fake", (MINE,))
        await asyncio.sleep(60)
        world.joining.told("fake", None)
        assert (await world.joining.join(world.room, call)).already
        assert await world.joining.leave(world.room, call) == "fake"
        assert world.codec().current is None

    play(story)


def test_a_second_call_beside_the_meetings_is_not_ended_with_it(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (call,) = await world.keep(CALL)
        await world.until(12)
        await world.joining.join(world.room, call)
        both = (PhoneCall(id="1", state="connected", booking=call), BY_HAND)

        async def calls() -> tuple[PhoneCall, ...]:
            return both

        world.codec().calls = calls  # type: ignore[method-assign] # two calls at once
        with pytest.raises(Refused, match="endpoint_busy"):
            await world.joining.leave(world.room, call)
        assert world.codec().current is not None

    play(story)


@pytest.mark.parametrize("silent", [False, True])
def test_no_room_leaves_by_itself_what_may_be_another_call_and_health_says_so(
    play: Any, silent: bool
) -> None:
    async def story(world: World) -> None:
        await world.adopt(auto=AutoJoin(leave=5 * MINUTE))
        world.codec().forgetful = True
        world.codec().silent = silent
        async with world.auto.running():
            (call,) = await world.keep(CALL)
            await world.until(12)
            await world.joining.join(world.room, call)
            await world.until(14)
            await world.joining.call("kestrel")
            world.codec().current = BY_HAND
            await world.until(46)
            assert world.codec().current is not None
            assert world.troubles() == ["auto_leave_unsure"]
            world.codec().current, world.codec().silent = None, False
            await world.until(47)
            assert world.troubles() == []

    play(story)


def test_somebody_who_presses_leave_ends_the_call_of_a_system_that_tells_nothing(
    play: Any,
) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.codec().silent = True
        (call,) = await world.keep(CALL)
        await world.until(12)
        await world.joining.join(world.room, call)
        await asyncio.sleep(60)
        assert await world.joining.leave(world.room, call) == "fake"

    play(story)


def test_where_a_system_tells_of_calls_only_while_there_are_any_none_is_the_end(play: Any) -> None:
    async def story(world: World) -> None:
        call = await joined(world)
        await asyncio.sleep(60)
        assert (await world.joining.call("kestrel")).state == "in_call"
        world.codec().silent = True
        assert await world.joining.leave(world.room, call) == ""
        assert world.codec().current is not None

    play(story)
