"""Listening to room systems that tell things by themselves, in virtual time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bridge.dispatch.attending import OFFERED
from bridge.dispatch.notices import HeardCalls
from bridge.dispatch.serving import DEBOUNCE, UNCHANGED
from connector.endpoint import CallsChanged, CheckedIn, Lost, PhoneCall
from connector.errors import Unavailable
from tests.bridge.dispatch.conftest import World
from tests.fakes.endpoints import FakeDevice, FakeDriver
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

HOUR = 3600.0
ALWAYS = event("always", NOON, minutes=60 * 24 * 3)
TWO = event("two", NOON + timedelta(hours=5))
GONE = Unavailable("no connection", reason="unreachable")
CALL = PhoneCall(id="1", state="connected", direction="out", booking="b")


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver(FakeDevice)


async def settled(world: World) -> None:
    """An endpoint that has its list and is listened to."""
    await world.adopt()
    await world.keep(ALWAYS)
    await asyncio.sleep(200)
    assert world.status().connected
    assert world.status().state == "confirmed"


@pytest.mark.fault("endpoint_reboot")
@pytest.mark.parametrize("why", ["boot", "sync_required", "standby", "call_ended"])
def test_what_may_have_lost_its_list_is_shown_it_after_the_debounce(play: Any, why: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.device.listed = ()
        world.tell(Lost(why=why))
        if why in {"boot", "sync_required"}:
            assert world.status().state == "unknown"
        await asyncio.sleep(DEBOUNCE + 0.1)
        assert world.listed() == ("Always",)

    play(story)


def test_an_unchanged_list_is_shown_once_a_minute_at_most(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        for _ in range(60):
            world.tell(Lost(why="sync_required"))
            await asyncio.sleep(5)
        assert 5 <= len(world.device.times("show")) - 1 <= 6

    play(story)


def test_a_changed_list_does_not_wait_for_that_minute(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.tell(Lost(why="boot"))
        await asyncio.sleep(3)
        world.tell(Lost(why="boot"))
        await world.keep(ALWAYS, TWO)
        await asyncio.sleep(DEBOUNCE + 0.1)
        assert len(world.listed()) == 2

    play(story)


def test_what_is_lost_during_a_push_is_shown_after_it(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.device.seconds = 10
        await world.keep(ALWAYS, TWO)
        await asyncio.sleep(5)
        shown = len(world.device.times("show"))
        world.tell(Lost(why="boot"))
        await asyncio.sleep(10 + UNCHANGED + 10)
        assert len(world.device.times("show")) == shown + 1

    play(story)


def test_after_a_reconnection_it_is_asked_rather_than_shown(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        asked, shown = len(world.device.times("lists")), len(world.device.times("show"))
        world.tell(Lost(why="connected"))
        await asyncio.sleep(3)
        assert len(world.device.times("lists")) == asked + 1
        assert len(world.device.times("show")) == shown
        world.device.listed = ()
        world.tell(Lost(why="connected"))
        await asyncio.sleep(UNCHANGED)
        assert world.listed() == ("Always",)

    play(story)


def test_a_unit_that_cannot_tell_is_shown_its_list_after_a_reconnection(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.device.tells = False
        await world.keep(ALWAYS)
        await asyncio.sleep(200)
        world.tell(Lost(why="connected"))
        await asyncio.sleep(DEBOUNCE + 0.1)
        assert len(world.device.times("show")) == 2

    play(story)


def test_calls_are_kept_and_told_until_nobody_knows_any_more(play: Any) -> None:
    heard: list[tuple[str, tuple[PhoneCall, ...] | None]] = []

    async def story(world: World) -> None:
        hear: HeardCalls = lambda name, calls: heard.append((name, calls))  # noqa: E731
        world.dispatch.on_calls.append(hear)
        await settled(world)
        assert world.status().calls is None
        world.tell(CallsChanged(calls=(CALL,)))
        assert world.status().calls == (CALL,)
        assert world.dispatch.in_calls() == {("fake",): 1}
        world.tell(CallsChanged(calls=()))
        assert world.status().calls == ()
        world.device.break_off(GONE)
        await asyncio.sleep(1)
        assert world.status().calls is None
        assert world.status().connected is False

    play(story)
    assert heard == [("codec", (CALL,)), ("codec", ()), ("codec", None)]


def test_a_check_in_is_kept(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.tell(CheckedIn(booking="b"))
        assert world.status().checked_in == "b"

    play(story)


def test_a_connection_that_breaks_off_is_made_again_and_the_list_is_asked_for(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        asked = len(world.device.times("lists"))
        world.device.break_off(GONE)
        await asyncio.sleep(8)
        assert world.status().connected
        assert len(world.device.times("attend")) == 2
        assert len(world.device.times("lists")) == asked + 1
        assert not world.troubles()

    play(story)


def test_one_that_never_connects_is_tried_for_ever_and_told(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.device.wrong["attend"] = Unavailable("503", reason="service_error", fix="wait")
        await world.keep(ALWAYS)
        await asyncio.sleep(24 * HOUR)
        assert 280 <= len(world.device.times("attend")) <= 400
        assert world.troubles() == ["endpoint_unattended"]
        assert world.status().state == "confirmed"
        world.device.wrong.clear()
        await asyncio.sleep(400)
        assert not world.troubles()

    play(story)


def test_a_unit_that_says_when_is_asked_then(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.device.wrong["attend"] = Unavailable(
            "rate", reason="throttled", retry_after=timedelta(hours=1)
        )
        await world.keep(ALWAYS)
        await asyncio.sleep(1.9 * HOUR)
        assert len(world.device.times("attend")) == 2

    play(story)


def test_one_that_offers_nothing_is_asked_again_after_hours(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.device.offers = False
        await world.keep(ALWAYS)
        await asyncio.sleep(1.2 * OFFERED)
        assert len(world.device.times("attend")) == 2
        assert world.status().connected is None
        assert not world.troubles()

    play(story)


def test_one_that_is_away_is_not_connected_to(play: Any) -> None:
    async def story(world: World) -> None:
        world.driver.errors = [GONE]
        await world.keep(ALWAYS)
        await world.adopt()
        await asyncio.sleep(HOUR)
        assert not world.device.times("attend")
        world.device.errors.clear()
        await asyncio.sleep(400)
        assert world.status().connected

    play(story)


def test_no_connection_is_left_when_an_endpoint_is_taken_away(play: Any) -> None:
    async def story(world: World) -> None:
        await settled(world)
        device = world.device
        await world.dispatch.adopt([])
        assert device.told is None
        assert device.closed

    play(story)


def test_a_fault_in_listening_is_isolated(play: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def story(world: World) -> None:
        await settled(world)
        world.device.break_off(RuntimeError("board meeting"))
        await asyncio.sleep(30)
        assert world.status().connected

    play(story)
    assert "board meeting" not in caplog.text
