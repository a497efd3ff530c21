"""Rooms that join and leave by themselves: once, only when idle, and only where that is wanted."""

from datetime import timedelta

import msgspec
import pytest

from connector.endpoint import PhoneCall
from connector.errors import Unavailable
from rooms.model import Response
from rooms.room import AutoJoin, Privacy
from tests.bridge.calling.world import CALL, DISPLAY, MINUTE, SECRET, Play, World
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

AUTO = AutoJoin(before=MINUTE, leave=5 * MINUTE)
GONE = Unavailable("no connection", reason="unreachable")


async def begin(world: World, *kinds: str, auto: AutoJoin = AUTO) -> None:
    await world.adopt(*kinds, auto=auto)


def dialled(world: World) -> int:
    return len(world.codec().dialled)


def test_a_room_joins_a_minute_before_the_start_and_leaves_after_the_end(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world)
        async with world.auto.running():
            (booking,) = await world.keep(CALL)
            await world.until(8.9)
            assert dialled(world) == 0
            await world.until(9.1)
            assert [one.booking for one in world.codec().dialled] == [booking]
            await world.until(44.9)
            assert world.codec().current
            await world.until(45.1)
            assert not world.codec().current
            told = [(who, what, object_) for who, what, object_, _ in await world.audited()]
            assert told == [
                ("bridge", "bookings.auto_join", "kestrel"),
                ("bridge", "bookings.auto_leave", "kestrel"),
            ]

    play(story)


def test_without_the_policy_nothing_is_dialled(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world, auto=AutoJoin())
        async with world.auto.running():
            await world.keep(CALL)
            await world.until(60)
            assert dialled(world) == 0
            assert world.codec().asked == 0

    play(story)


@pytest.mark.parametrize(
    "meeting",
    [
        event("talk", NOON + 10 * MINUTE, body="no link"),
        event("note", NOON + 10 * MINUTE, body="sip:a@example.com", blocks=False),
        msgspec.structs.replace(CALL, response=Response.TENTATIVE),
    ],
    ids=["nothing to join", "a note", "tentative"],
)
def test_only_meetings_with_a_button_that_take_the_room_are_joined(
    play: Play, meeting: object
) -> None:
    async def story(world: World) -> None:
        await begin(world)
        async with world.auto.running():
            await world.keep(meeting)  # type: ignore[arg-type]
            await world.until(60)
            assert dialled(world) == 0

    play(story)


@pytest.mark.parametrize("private_join", [True, False])
def test_private_meetings_are_joined_where_that_is_the_policy(
    play: Play, private_join: bool
) -> None:
    async def story(world: World) -> None:
        privacy = Privacy(private_join=private_join)
        policy = msgspec.structs.replace(world.room.policy, privacy=privacy)
        world.room = msgspec.structs.replace(world.room, policy=policy)
        await begin(world)
        async with world.auto.running():
            await world.keep(SECRET)
            await world.until(20)
            assert dialled(world) == private_join

    play(story)


def test_somebody_who_hung_up_is_not_called_back(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world)
        async with world.auto.running():
            await world.keep(CALL)
            await world.until(9.5)
            world.codec().current = None
            await world.until(30)
            assert dialled(world) == 1

    play(story)


def test_nor_after_a_restart_of_the_bridge(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world)
        async with world.auto.running():
            await world.keep(CALL)
            await world.until(9.5)
            world.codec().current = None
        world.begin()
        await begin(world)
        async with world.auto.running():
            await world.until(30)
            assert dialled(world) == 1

    play(story)


def test_nor_who_joined_and_hung_up_before(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world)
        async with world.auto.running():
            (booking,) = await world.keep(CALL)
            await world.until(6)
            await world.wishes.join(world.room, booking, key="", caller=DISPLAY)
            await world.until(7)
            world.codec().current = None
            await world.until(30)
            assert dialled(world) == 1

    play(story)


def test_nor_who_joined_at_the_device_itself(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world)
        async with world.auto.running():
            (booking,) = await world.keep(CALL)
            await world.until(6)
            world.auto.heard("kestrel", booking)
            await world.until(30)
            assert dialled(world) == 0

    play(story)


def test_a_room_in_another_call_joins_when_that_ends_soon(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.codec().current = PhoneCall(id="9", state="connected")
        async with world.auto.running():
            await world.keep(CALL)
            await world.until(12)
            assert dialled(world) == 0
            world.codec().current = None
            await world.until(12.5)
            assert dialled(world) == 1

    play(story)


def test_and_not_when_it_ends_long_after_the_start(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.codec().current = PhoneCall(id="9", state="connected")
        async with world.auto.running():
            await world.keep(CALL)
            await world.until(16)
            world.codec().current = None
            await world.until(40)
            assert dialled(world) == 0

    play(story)


@pytest.mark.fault("endpoint_slow")
def test_a_system_that_does_not_answer_is_tried_again_for_a_while(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.codec().errors = [GONE] * 4
        async with world.auto.running():
            await world.keep(CALL)
            await world.until(12)
            assert dialled(world) == 1

    play(story)


def test_what_cannot_join_by_itself_is_said_once_with_its_reason(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.codec().silent = True
        async with world.auto.running():
            await world.keep(CALL)
            await world.until(30)
            assert dialled(world) == 0
            assert world.troubles() == ["auto_join_impossible"]
            world.joining.adopt(())
            world.auto.adopt((world.room,))
            assert world.troubles() == ["auto_join_impossible"]
            await begin(world, auto=AutoJoin())
            assert world.troubles() == []

    play(story)


def test_another_call_is_not_ended(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world)
        async with world.auto.running():
            await world.keep(CALL)
            await world.until(30)
            world.codec().current = PhoneCall(id="9", state="connected", booking="another")
            await world.until(60)
            assert world.codec().current

    play(story)


def test_a_meeting_that_goes_on_in_the_next_booking_is_not_left(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world)
        more = event("more", NOON + 40 * MINUTE, body=CALL.body)
        async with world.auto.running():
            await world.keep(CALL, more)
            await world.until(60)
            assert world.codec().current
            assert dialled(world) == 1
            await world.until(76)
            assert not world.codec().current

    play(story)


def test_a_meeting_that_is_extended_is_left_later(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world)
        async with world.auto.running():
            await world.keep(CALL)
            await world.until(30)
            await world.keep(event("call", NOON + 10 * MINUTE, 60, body=CALL.body))
            await world.until(70)
            assert world.codec().current
            await world.until(76)
            assert not world.codec().current

    play(story)


def test_a_meeting_that_was_moved_is_joined_at_its_new_time(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world, auto=AutoJoin(before=timedelta()))
        async with world.auto.running():
            await world.keep(CALL)
            await world.until(5)
            await world.keep(event("call", NOON + 20 * MINUTE, body=CALL.body))
            await world.until(15)
            assert dialled(world) == 0
            await world.until(21)
            assert dialled(world) == 1

    play(story)


def test_a_changed_policy_is_in_force_at_once(play: Play) -> None:
    async def story(world: World) -> None:
        await begin(world, auto=AutoJoin())
        async with world.auto.running():
            await world.keep(CALL)
            await world.until(11)
            await begin(world)
            await world.until(11.5)
            assert dialled(world) == 1

    play(story)
