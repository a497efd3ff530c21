"""The newest agenda to each room system, in virtual time."""

import asyncio
import logging
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from bridge.health import Subject
from connector.errors import Denied, Malformed, Unavailable
from tests.bridge.dispatch.conftest import World
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

HOUR = timedelta(hours=1)
ONE, TWO, FAR = (
    event("one", NOON + 30 * HOUR),
    event("two", NOON + 31 * HOUR),
    event("far", NOON + 80 * HOUR),
)
GONE = Unavailable("no connection", reason="unreachable")


def test_a_change_is_shown_after_the_debounce(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(ONE)
        await asyncio.sleep(1.4)
        assert not world.codec.shown
        await asyncio.sleep(0.2)

    assert play(story).shown() == [("One",)]


def test_changes_that_come_together_are_shown_once_and_the_newest_wins(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        for events in ([ONE], [TWO], [ONE, TWO]):
            await world.keep(*events)
            await asyncio.sleep(0.2)
        await asyncio.sleep(5)

    assert play(story).shown() == [("One", "Two")]


def test_a_change_during_a_push_is_shown_after_it(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.codec.seconds = 10
        await world.keep(ONE)
        await asyncio.sleep(5)
        await world.keep(TWO)
        await asyncio.sleep(30)

    assert play(story).shown() == [("One",), ("Two",)]


def test_a_room_never_read_is_told_nothing(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await asyncio.sleep(3600)

    assert play(story).codec.tries == 0


def test_after_a_start_the_last_known_list_is_shown(play: Any) -> None:
    async def story(world: World) -> None:
        await world.keep(ONE)
        await world.adopt()
        await asyncio.sleep(2)

    assert play(story).shown() == [("One",)]


def test_an_unchanged_list_is_repaired_now_and_then_only(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(event("always", NOON, minutes=600))
        await asyncio.sleep(3600)

    times = [at for at, _ in play(story).codec.shown]
    assert [b - a for a, b in pairwise(times)] == pytest.approx([900] * 3, abs=2)


def test_a_device_that_is_off_is_tried_again_for_ever_and_gets_the_newest(play: Any) -> None:
    async def story(world: World) -> None:
        world.driver.errors = [GONE]
        await world.adopt()
        await world.keep(ONE)
        await asyncio.sleep(24 * 3600)
        assert world.troubles() == ["endpoint_unreachable"]
        assert 280 <= world.codec.tries <= 400
        await world.keep(TWO)
        world.codec.errors.clear()
        await asyncio.sleep(400)

    world = play(story)
    assert world.shown()[-1] == ("Two",)
    assert not world.troubles()


def test_a_wrong_password_is_tried_once_until_the_settings_change(play: Any) -> None:
    async def story(world: World) -> None:
        world.driver.errors = [Denied("refused", reason="credentials_refused")]
        await world.adopt()
        await world.keep(ONE)
        await asyncio.sleep(3600)
        await world.keep(TWO)
        await asyncio.sleep(24 * 3600)
        assert world.codec.tries == 1
        assert world.troubles() == ["endpoint_denied"]
        world.driver.errors.clear()
        await world.adopt(password="new")
        await asyncio.sleep(2)

    world = play(story)
    assert world.shown() == [("Two",)]
    assert not world.troubles()


def test_what_stays_the_same_is_not_disturbed_by_a_reload(play: Any) -> None:
    async def story(world: World) -> None:
        await world.keep(ONE)
        await world.adopt()
        await asyncio.sleep(2)
        await world.adopt()
        await asyncio.sleep(60)

    world = play(story)
    assert len(world.driver.made) == 1
    assert len(world.codec.shown) == 1


def test_an_endpoint_that_is_taken_away_is_let_go(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.dispatch.adopt([])
        await world.keep(ONE)
        await asyncio.sleep(60)
        assert world.codec.closed
        assert not world.dispatch.of("kestrel")

    assert not play(story).codec.shown


def test_one_endpoint_that_hangs_does_not_hold_up_another(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt("slow", "quick")
        world.driver.made[0].seconds = 10_000
        await world.keep(ONE)
        await asyncio.sleep(3)
        assert world.driver.made[1].shown
        await asyncio.sleep(100)
        assert world.troubles("slow") == ["endpoint_unreachable"]

    play(story)


def test_a_system_that_takes_no_bookings_is_told_apart(play: Any) -> None:
    async def story(world: World) -> None:
        world.driver.errors = [Malformed("no way in", reason="unsupported", fix="update it")]
        await world.adopt()
        await world.keep(ONE)
        await asyncio.sleep(5)
        (trouble,) = world.health.of(Subject("endpoint", "codec"))
        assert (trouble.code, trouble.fix, trouble.endpoint) == (
            "endpoint_unsupported",
            "update it",
            "codec",
        )

    play(story)


def test_a_fault_of_our_own_is_isolated_and_logged_without_its_message(
    play: Any, caplog: pytest.LogCaptureFixture
) -> None:
    subject = "board meeting about the merger"

    async def story(world: World) -> None:
        world.driver.errors = [RuntimeError(subject)]
        await world.adopt()
        await world.keep(ONE)
        await asyncio.sleep(5)
        world.codec.errors.clear()
        await asyncio.sleep(60)

    with caplog.at_level(logging.DEBUG):
        assert play(story).shown()
    assert subject not in caplog.text


def test_a_booking_that_comes_into_reach_is_shown_without_a_change(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(FAR)
        await asyncio.sleep(7 * 3600)
        assert world.shown()[-1] == ()
        await asyncio.sleep(2 * 3600)

    assert play(story).shown()[-1] == ("Far",)


def test_at_most_fifty_bookings_are_shown(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(*(event(f"m{number}", NOON + HOUR) for number in range(80)))
        await asyncio.sleep(2)

    assert len(play(story).shown()[0]) == 50


def test_a_thousand_endpoints_are_pushed_to_a_few_at_a_time(play: Any) -> None:
    inside = most = 0

    async def story(world: World) -> None:
        nonlocal inside, most
        await world.adopt(*(f"codec-{number}" for number in range(1000)))

        async def show(_agenda: Any) -> None:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.5)
            inside -= 1

        for endpoint in world.driver.made:
            endpoint.show = show  # counted together
        await world.keep(ONE)
        await asyncio.sleep(20)
        assert world.dispatch.states() == {("fake", "shown"): 1000}

    play(story)
    assert most == 64
