"""Having room systems do something, and what a refused login ends, in virtual time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bridge.dispatch.dispatch import ACTION_LIMIT
from connector.endpoint import Endpoint, Order
from connector.errors import Denied, Malformed, NotFound, Unavailable
from rooms.join import DialString
from tests.bridge.dispatch.conftest import World
from tests.fakes.endpoints import FakeDevice, FakeDriver
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

ALWAYS = event("always", NOON, minutes=60 * 24 * 3)
TWO = event("two", NOON + timedelta(hours=5))
GONE = Unavailable("no connection", reason="unreachable")
REFUSED = Denied("refused", reason="credentials_refused", fix="set the password")
ORDER = Order(dial=DialString(protocol="sip", address="1@example.com"), booking="b")


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver(FakeDevice)


async def dial(endpoint: Endpoint) -> None:
    """What whoever dials does."""
    assert isinstance(endpoint, FakeDevice)
    await endpoint.dial(ORDER)


async def hang_up(endpoint: Endpoint) -> None:
    """What whoever hangs up does."""
    assert isinstance(endpoint, FakeDevice)
    await endpoint.hang_up()


async def settled(world: World) -> None:
    """An endpoint that has its list and is listened to."""
    await world.adopt()
    await world.keep(ALWAYS)
    await asyncio.sleep(200)
    assert world.status().state == "confirmed"


def test_a_push_that_somebody_wants_is_done_at_once_and_waited_for(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        began = world.clock.monotonic()
        await world.dispatch.push("codec")
        assert world.clock.monotonic() - began < 0.1
        assert len(world.device.times("show")) == 2

    play(story)


def test_a_push_that_goes_on_does_not_count_as_the_one_that_was_asked_for(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.device.seconds = 10
        await world.keep(ALWAYS, TWO)
        await asyncio.sleep(5)
        shown = len(world.device.times("show"))
        await asyncio.gather(*(world.dispatch.push("codec") for _ in range(3)))
        assert len(world.device.times("show")) == shown + 1

    play(story)


def test_whoever_wants_a_push_hears_why_it_failed(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.device.errors = [GONE]
        with pytest.raises(Unavailable):
            await world.dispatch.push("codec")
        assert world.status().state == "unreachable"

    play(story)


def test_a_room_never_read_cannot_be_pushed(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        with pytest.raises(Unavailable) as raised:
            await world.dispatch.push("codec")
        assert raised.value.reason == "never_read"
        assert not world.device.times("show")

    play(story)


def test_whoever_waits_for_a_push_of_what_is_taken_away_is_told(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.device.seconds = 10
        await world.keep(ALWAYS, TWO)
        await asyncio.sleep(5)
        push = asyncio.create_task(world.dispatch.push("codec"))
        await asyncio.sleep(1)
        await world.dispatch.adopt([])
        with pytest.raises(Unavailable):
            await push
        with pytest.raises(KeyError):
            world.status()

    play(story)


def test_one_thing_is_done_after_another(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.device.seconds = 5
        await asyncio.gather(*(world.dispatch.act("codec", dial) for _ in range(3)))
        first, second, third = world.device.times("dial")
        assert (second - first, third - second) == pytest.approx((5, 5), abs=0.1)
        assert world.device.dialled == ["b"] * 3
        assert world.dispatch.counts.actions["fake", "ok"] == 3

    play(story)


def test_nothing_that_is_done_lasts_for_ever(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.device.seconds = 10_000
        with pytest.raises(Unavailable) as raised:
            await world.dispatch.act("codec", dial)
        assert raised.value.reason == "timeout"
        failure = world.status().last_error
        assert failure is not None
        assert failure.code == "timeout"
        assert world.status().reachable is False
        world.device.seconds = 0
        await asyncio.sleep(ACTION_LIMIT)
        assert world.status().reachable
        assert world.status().state == "confirmed"

    play(story)


@pytest.mark.parametrize(
    "error",
    [Malformed("no such number", reason="refused"), NotFound("no call", reason="not_found")],
)
def test_what_is_refused_says_nothing_about_its_health(play: Any, error: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.device.wrong["dial"] = error
        for _ in range(10):
            with pytest.raises(type(error)):
                await world.dispatch.act("codec", dial)
        assert world.status().state == "confirmed"
        assert world.status().failures == 0
        assert not world.troubles()

    play(story)


def test_a_fault_of_our_own_in_an_action_is_told_without_its_message(
    play: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.device.wrong["dial"] = RuntimeError("board meeting")
        with pytest.raises(Unavailable) as raised:
            await world.dispatch.act("codec", dial)
        assert raised.value.reason == "unexpected"

    play(story)
    assert "board meeting" not in caplog.text


@pytest.mark.fault("endpoint_password")
@pytest.mark.parametrize("what", ["show", "lists", "facts", "attend", "dial"])
def test_after_one_refused_login_nothing_more_is_sent(play: Any, what: str) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.device.wrong[what] = REFUSED
        await world.keep(ALWAYS)
        await asyncio.sleep(200)
        if what == "dial":
            with pytest.raises(Denied):
                await world.dispatch.act("codec", dial)
        assert world.status().state == "denied"
        assert world.troubles() == ["endpoint_denied"]
        before = list(world.device.asked)
        assert len([1 for _, asked in before if asked == what]) == 1
        await world.keep(ALWAYS, TWO)
        for attempt in (
            world.dispatch.act("codec", dial),
            world.dispatch.act("codec", hang_up),
        ):
            with pytest.raises(Denied) as raised:
                await attempt
            assert raised.value.reason == REFUSED.reason
            assert raised.value.fix.startswith(REFUSED.fix)
        await asyncio.sleep(48 * 3600)
        assert world.device.asked == before
        assert world.device.told is None

    play(story)


@pytest.mark.fault("endpoint_password")
def test_who_waits_behind_a_refused_login_does_not_try_again(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.device.wrong["dial"] = REFUSED
        outcomes = await asyncio.gather(
            *(world.dispatch.act("codec", dial) for _ in range(5)), return_exceptions=True
        )
        assert all(isinstance(outcome, Denied) for outcome in outcomes)
        assert len(world.device.times("dial")) == 1

    play(story)


@pytest.mark.fault("endpoint_password")
def test_a_new_password_begins_anew(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.device.wrong["show"] = REFUSED
        await world.keep(ALWAYS)
        await asyncio.sleep(200)
        await world.adopt(password="new")
        await asyncio.sleep(200)
        assert world.status().state == "confirmed"
        assert world.status().connected
        assert not world.troubles()

    play(story)


@pytest.mark.fault("endpoint_slow")
def test_a_unit_that_takes_twenty_seconds_for_everything_is_well(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.device.seconds = 20
        await world.keep(ALWAYS)
        await asyncio.sleep(60)
        assert world.status().state == "confirmed"
        await world.dispatch.act("codec", dial)
        assert not world.troubles()

    play(story)


@pytest.mark.fault("endpoint_half_open")
def test_units_that_answer_nothing_any_more_hold_up_no_other(play: Any) -> None:
    async def story(world: World) -> None:
        names = [f"dead-{number}" for number in range(300)]
        await world.adopt("codec", *names)
        for device in world.driver.made[1:]:
            device.seconds = 10_000
            device.offers = False
        await world.keep(ALWAYS)
        await asyncio.sleep(15 * 60)
        codec = world.driver.made[0]
        for number in range(20):
            await world.keep(ALWAYS, event(f"m{number}", NOON + timedelta(hours=9)))
            await asyncio.sleep(5)
            assert f"M{number}" in codec.listed
        assert not world.troubles()
        assert world.troubles("dead-7") == ["endpoint_unreachable"]

    play(story)


def test_a_push_is_done_at_once_though_the_unit_waits_among_many_that_are_off(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt("codec", *(f"dead-{number}" for number in range(300)))
        codec, *dead = world.driver.made
        codec.errors = [GONE]
        for device in dead:
            device.seconds = 10_000
            device.offers = False
        await world.keep(ALWAYS)
        await asyncio.sleep(30 * 60)
        assert world.status().state == "unreachable"
        codec.errors = []
        most = 0
        for _ in range(5):
            shown = len(codec.times("show"))
            async with asyncio.timeout(1):
                await world.dispatch.push("codec")
            most = max(most, len(codec.times("show")) - shown)
        assert most == 1
        assert world.status().state == "shown"

    play(story)


@pytest.mark.fault("endpoint_source_fails")
def test_an_agenda_that_is_not_read_any_more_stays_on_the_unit(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(ALWAYS)
        await asyncio.sleep(24 * 3600)  # nothing is read meanwhile
        world.device.listed = ()
        await asyncio.sleep(1200)
        assert world.listed() == ("Always",)
        assert all(titles == ("Always",) for _, titles in world.device.shown)

    play(story)


@pytest.mark.fault("endpoint_source_fails")
def test_a_room_never_read_is_told_no_empty_list_whatever_happens(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.device.listed = ("From before",)
        await asyncio.sleep(24 * 3600)
        assert world.listed() == ("From before",)

    play(story)
