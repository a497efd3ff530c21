"""A room joins a meeting: which system dials, when, and once."""

import asyncio

import pytest

from bridge.calling.units import Refused
from bridge.views.web import Problem
from connector.endpoint import PhoneCall
from connector.errors import Denied, Malformed, Unavailable
from tests.bridge.calling.world import CALL, DISPLAY, NEXT, SECRET, TALK, Play, World

ELSEWHERE = PhoneCall(id="9", state="connected", direction="in", booking="")


async def refused(world: World, booking: str) -> str:
    with pytest.raises(Refused) as caught:
        await world.joining.join(world.room, booking)
    return caught.value.code


def test_a_booking_is_dialled_with_its_id_and_title(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (booking,) = await world.keep(CALL)
        await world.until(10)
        joined = await world.joining.join(world.room, booking)
        assert joined == ("fake", False)
        (order,) = world.codec().dialled
        assert (order.booking, order.title) == (booking, "Call")
        assert order.dial.protocol == "sip"
        assert order.dial.address.endswith("@zoomcrc.com")

    play(story)


@pytest.mark.parametrize(("minute", "opens"), [(4, False), (5, True), (39, True), (40, False)])
def test_a_booking_opens_with_its_buffer_and_closes_at_its_end(
    play: Play, minute: int, opens: bool
) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (booking,) = await world.keep(CALL)
        await world.until(minute)
        if opens:
            await world.joining.join(world.room, booking)
        else:
            assert await refused(world, booking) == "join_not_open"

    play(story)


def test_what_cannot_be_joined_says_why(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (talk,) = await world.keep(TALK)
        await world.until(10)
        with pytest.raises(Refused, match="no_join") as caught:
            await world.joining.join(world.room, talk)
        assert caught.value.words.startswith("no_online_meeting")
        assert await refused(world, "no-such-booking") == "unknown_booking"

    play(story)


def test_a_private_meeting_is_joined_and_the_device_is_told_nothing_of_it(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (booking,) = await world.keep(SECRET)
        await world.until(10)
        await world.joining.join(world.room, booking)
        assert [one.title for one in world.codec().dialled] == ["Private meeting"]

    play(story)


def test_a_room_without_a_system_that_dials_says_so(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (booking,) = await world.keep(CALL)
        world.joining.adopt(())
        await world.until(10)
        assert await refused(world, booking) == "no_endpoint"
        assert not (await world.joining.call("kestrel")).dials

    play(story)


def test_the_order_is_the_configurations_and_a_sip_request_comes_last(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt("sip", "other", "fake")
        assert [one.id for one in world.joining.diallers("kestrel")] == ["other", "fake", "sip"]
        (booking,) = await world.keep(CALL)
        await world.until(10)
        assert (await world.joining.join(world.room, booking)).endpoint == "other"

    play(story)


@pytest.mark.parametrize(
    "error",
    [
        Denied("wrong password", reason="credentials_refused"),
        Unavailable("no connection", reason="unreachable"),
        Malformed("no such command", reason="unsupported"),
    ],
)
def test_where_one_system_certainly_did_not_dial_the_next_one_does(
    play: Play, error: Exception
) -> None:
    async def story(world: World) -> None:
        await world.adopt("fake", "sip")
        (booking,) = await world.keep(CALL)
        await world.until(10)
        world.codec().errors = [error]
        assert (await world.joining.join(world.room, booking)).endpoint == "sip"

    play(story)


@pytest.mark.fault("endpoint_slow")
def test_where_nobody_knows_whether_it_dialled_no_other_system_does(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt("fake", "sip")
        (booking,) = await world.keep(CALL)
        await world.until(10)
        world.codec().errors = [Unavailable("no answer within 25 s", reason="timeout")]
        assert await refused(world, booking) == "endpoint_unreachable"
        assert not world.codec("sip").dialled

    play(story)


@pytest.mark.fault("endpoint_password")
def test_after_a_wrong_password_nothing_is_sent_again(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (booking,) = await world.keep(CALL)
        await world.until(10)
        world.codec().errors = [Denied("wrong password", reason="credentials_refused")]
        for _ in range(3):
            assert await refused(world, booking) == "endpoint_denied"
        assert world.codec().asked == 1

    play(story)


def test_a_system_in_another_call_is_left_in_it(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (booking,) = await world.keep(CALL)
        await world.until(10)
        world.codec().current = ELSEWHERE
        assert await refused(world, booking) == "endpoint_busy"
        assert not world.codec().dialled

    play(story)


@pytest.mark.parametrize("forgetful", [False, True])
def test_who_is_in_the_meeting_already_is_not_dialled_again(play: Play, forgetful: bool) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.codec().forgetful = forgetful
        (booking,) = await world.keep(CALL)
        await world.until(10)
        await world.joining.join(world.room, booking)
        await asyncio.sleep(60)
        assert (await world.joining.join(world.room, booking)).already
        assert len(world.codec().dialled) == 1

    play(story)


def test_who_keeps_pressing_is_told_the_same_without_the_system_being_asked(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (booking,) = await world.keep(CALL)
        await world.until(10)
        world.codec().current = ELSEWHERE
        for _ in range(100):
            with pytest.raises(Problem, match="endpoint_busy"):
                await world.wishes.join(world.room, booking, key="", caller=DISPLAY)
            await world.joining.leave(world.room, booking)
        assert world.codec().asked == 2
        assert len(await world.audited()) == 1
        world.codec().current = None
        await asyncio.sleep(3)
        await world.joining.join(world.room, booking)

    play(story)


def test_after_a_restart_the_system_says_which_meeting_it_is_in(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (booking,) = await world.keep(CALL)
        await world.until(10)
        await world.joining.join(world.room, booking)
        world.begin()
        await world.adopt()
        assert (await world.joining.call("kestrel")).state == "unknown"
        assert (await world.joining.join(world.room, booking)).already
        assert (await world.joining.call("kestrel")).state == "in_call"
        assert await world.joining.leave(world.room, booking) == "fake"

    play(story)


def test_two_presses_within_seconds_dial_once_even_if_the_system_tells_nothing(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.codec().silent = True
        world.codec().seconds = 2
        (booking,) = await world.keep(CALL)
        await world.until(10)
        both = (world.joining.join(world.room, booking) for _ in range(2))
        assert sorted(one.already for one in await asyncio.gather(*both)) == [False, True]
        assert len(world.codec().dialled) == 1

    play(story)


def test_who_hung_up_can_join_again_at_once(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (booking,) = await world.keep(CALL)
        await world.until(10)
        await world.joining.join(world.room, booking)
        assert await world.joining.leave(world.room, booking) == "fake"
        await world.joining.join(world.room, booking)
        assert len(world.codec().dialled) == 2

    play(story)


def test_leaving_ends_the_bookings_call_and_no_other(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        first, second = await world.keep(CALL, NEXT)
        await world.until(10)
        await world.joining.join(world.room, first)
        assert await world.joining.leave(world.room, second) == ""
        assert world.codec().current
        assert await world.joining.leave(world.room, first) == "fake"
        assert not world.codec().current
        assert await world.joining.leave(world.room, first) == ""

    play(story)


def test_the_call_of_a_room_is_known_and_its_system_asked_now_and_then_only(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (booking,) = await world.keep(CALL)
        assert (await world.joining.call("kestrel")).state == "unknown"
        assert world.codec().asked == 0
        await world.until(10)
        await world.joining.join(world.room, booking)
        for _ in range(10):
            call = await world.joining.call("kestrel")
        assert (call.state, call.booking) == ("in_call", booking)
        assert world.codec().asked == 2
        world.codec().current = None
        await asyncio.sleep(11)
        assert (await world.joining.call("kestrel")).state == "idle"

    play(story)


def test_a_call_that_cannot_be_seen_is_dialling_for_a_while_and_then_unknown(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.codec().silent = True
        (booking,) = await world.keep(CALL)
        await world.until(10)
        await world.joining.join(world.room, booking)
        assert (await world.joining.call("kestrel")).state == "dialling"
        await asyncio.sleep(30)
        assert (await world.joining.call("kestrel")).state == "unknown"

    play(story)


def test_the_same_key_is_the_same_wish(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        first, second = await world.keep(CALL, NEXT)
        await world.until(10)
        done = await world.wishes.join(world.room, first, key="k", caller=DISPLAY)
        await world.joining.leave(world.room, first)
        assert done == await world.wishes.join(world.room, first, key="k", caller=DISPLAY)
        assert len(world.codec().dialled) == 1
        with pytest.raises(Problem, match="key_reused"):
            await world.wishes.join(world.room, second, key="k", caller=DISPLAY)

    play(story)


def test_who_joined_and_left_stands_in_the_audit_log_and_what_was_dialled_does_not(
    play: Play,
) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (booking,) = await world.keep(CALL)
        await world.until(10)
        await world.wishes.join(world.room, booking, key="", caller=DISPLAY)
        world.codec().current = ELSEWHERE
        await asyncio.sleep(20)
        world.joining.forget("fake")
        with pytest.raises(Problem, match="endpoint_busy"):
            await world.wishes.join(world.room, booking, key="", caller=DISPLAY)
        told = await world.audited()
        assert [row[:3] for row in told] == [("door", "bookings.join", "kestrel")] * 2
        assert f'"booking":"{booking}"' in told[0][3]
        assert "endpoint_busy" in told[1][3]
        assert "zoomcrc" not in str(told)

    play(story)
