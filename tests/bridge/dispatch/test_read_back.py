"""Asking room systems what they list and what they are, in virtual time."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from bridge.dispatch.serving import CONFIRM, DRIFTS, FACTS_EVERY, REPAIR
from bridge.health import Subject
from connector.endpoint import Facts
from connector.errors import Malformed, NotFound, Unavailable
from tests.bridge.dispatch.conftest import World
from tests.fakes.endpoints import FakeDevice, FakeDialler, FakeDriver
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

HOUR = 3600.0
ALWAYS = event("always", NOON, minutes=60 * 24 * 3)
TWO = event("two", NOON + timedelta(hours=5))
GONE = Unavailable("no connection", reason="unreachable")


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver(FakeDevice)


def test_some_seconds_after_a_push_the_list_is_confirmed(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(ALWAYS)
        await asyncio.sleep(2)
        assert world.status().state == "shown"
        assert world.status().confirmed_at is None
        await asyncio.sleep(2 * CONFIRM)
        assert world.status().state == "confirmed"
        assert world.status().confirmed_at is not None
        assert world.dispatch.counts.read_backs["fake", "confirmed"] == 1

    play(story)


def test_a_unit_that_has_its_list_is_asked_now_and_then_and_shown_nothing(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(ALWAYS)
        await asyncio.sleep(2 * HOUR)
        assert len(world.device.times("show")) == 1
        gaps = [b - a for a, b in pairwise(world.device.times("lists"))]
        assert len(gaps) >= 6
        assert all(0.85 * REPAIR <= gap <= 1.15 * REPAIR for gap in gaps)

    play(story)


@pytest.mark.fault("endpoint_reboot")
def test_a_list_lost_in_silence_is_found_and_shown_again(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(ALWAYS)
        await asyncio.sleep(60)
        world.device.listed = ()
        await asyncio.sleep(1.2 * REPAIR)
        assert world.listed() == ("Always",)
        assert world.status().state == "confirmed"
        assert world.status().drift == 1
        assert world.dispatch.counts.read_backs["fake", "drift"] == 1
        assert not world.troubles()

    play(story)


def test_a_unit_that_cannot_tell_is_shown_the_same_list_every_quarter(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.device.tells = False
        await world.keep(ALWAYS)
        await asyncio.sleep(HOUR)
        assert len(world.device.times("lists")) == 1
        assert [b - a for a, b in pairwise(world.device.times("show"))] == pytest.approx(
            [REPAIR] * 3, abs=2
        )
        assert world.status().state == "shown"

    play(story)


@pytest.mark.parametrize(
    "error",
    [Malformed("no such command", reason="not_xml"), NotFound("no such page", reason="not_found")],
)
def test_a_unit_that_does_not_know_the_question_is_no_worse_off(play: Any, error: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.device.wrong["lists"] = error
        await world.keep(ALWAYS)
        await asyncio.sleep(HOUR)
        assert world.status().state == "shown"
        assert not world.troubles()
        assert len(world.device.times("show")) == 4

    play(story)


def test_a_list_that_somebody_else_writes_is_shown_more_rarely_and_told(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(ALWAYS)

        async def other() -> None:
            while True:
                world.device.listed = ("Theirs",)
                await asyncio.sleep(1)

        async with asyncio.TaskGroup() as group:
            writing = group.create_task(other())
            await asyncio.sleep(2 * HOUR)
            writing.cancel()
        assert world.troubles() == ["endpoint_drift"]
        shown = [b - a for a, b in pairwise(world.device.times("show"))]
        assert min(shown) >= 59
        assert shown[-1] >= 850
        assert world.status().drift > DRIFTS
        await asyncio.sleep(4 * HOUR)
        assert not world.troubles()
        assert world.status().state == "confirmed"

    play(story)


def test_a_change_is_shown_at_once_however_often_the_list_was_lost(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(ALWAYS)
        for _ in range(20):
            world.device.listed = ()
            await asyncio.sleep(100)
        await world.keep(ALWAYS, TWO)
        await asyncio.sleep(2)
        assert len(world.device.listed) == 2

    play(story)


def test_after_an_outage_it_is_asked_first_and_shown_only_what_it_lacks(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(ALWAYS)
        await asyncio.sleep(60)
        world.device.wrong["lists"] = GONE
        await asyncio.sleep(HOUR)
        assert (world.status().state, world.status().reachable) == ("unreachable", False)
        assert world.troubles() == ["endpoint_unreachable"]
        world.device.wrong.clear()
        await asyncio.sleep(400)
        assert (world.status().state, world.status().reachable) == ("confirmed", True)
        assert not world.troubles()
        assert len(world.device.times("show")) == 1

    play(story)


def test_what_a_person_must_mend_is_tried_rarely_and_again_once_somebody_asks(play: Any) -> None:
    wrong = Malformed("no such command", reason="unsupported", fix="update it")

    async def story(world: World) -> None:
        await world.adopt()
        world.device.errors = [wrong]
        await world.keep(ALWAYS)
        await asyncio.sleep(24 * HOUR)
        assert 20 <= world.device.tries <= 40
        assert world.status().state == "quarantined"
        (trouble,) = world.health.of(Subject("endpoint", "codec"))
        assert (trouble.code, trouble.fix) == ("endpoint_quarantined", "update it")
        tries = world.device.tries
        for number in range(5):
            await world.keep(ALWAYS, event(f"m{number}", NOON + timedelta(hours=30)))
            await asyncio.sleep(30)
        assert world.device.tries <= tries + 1
        world.device.errors.clear()
        await world.dispatch.push("codec")
        assert world.status().state == "shown"
        assert not world.troubles()

    play(story)


def test_what_it_is_is_asked_after_the_first_push_and_every_six_hours(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.device.offers = False
        await asyncio.sleep(HOUR)
        assert [what for _, what in world.device.asked] == ["attend"]
        await world.keep(ALWAYS)
        await asyncio.sleep(180)
        assert len(world.device.times("facts")) == 1
        assert world.status().facts == world.device.told_facts
        await asyncio.sleep(24 * HOUR)
        gaps = [b - a for a, b in pairwise(world.device.times("facts"))]
        assert len(gaps) in {3, 4}
        assert all(0.89 * FACTS_EVERY <= gap <= 1.11 * FACTS_EVERY for gap in gaps)

    play(story)


def test_a_unit_that_does_not_say_what_it_is_is_no_worse_off(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.device.wrong["facts"] = GONE
        await world.keep(ALWAYS)
        await asyncio.sleep(HOUR)
        assert world.status().state == "confirmed"
        assert not world.troubles()
        failure = world.status().last_error
        assert failure is not None
        assert failure.code == "unreachable"

    play(story)


@pytest.mark.fault("endpoint_clock")
def test_a_clock_that_is_wrong_is_told_until_it_is_right(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        right = world.device.told_facts
        wrong = msgspec.structs.replace(right, clock_off=timedelta(minutes=-7))
        world.device.told_facts = wrong
        await world.keep(ALWAYS)
        await asyncio.sleep(180)
        (trouble,) = world.health.of(Subject("endpoint", "codec"))
        assert trouble.code == "endpoint_clock"
        assert "420 s behind" in trouble.words
        assert trouble.severity == "warning"
        assert "NTP" in trouble.fix
        assert world.status().state == "confirmed"
        world.device.told_facts = msgspec.structs.replace(right, clock_off=timedelta(seconds=59))
        await asyncio.sleep(1.2 * FACTS_EVERY)
        assert not world.troubles()

    play(story)


class TestDialler:
    """A unit without a calendar."""

    @pytest.fixture
    def driver(self) -> FakeDriver:
        return FakeDriver(FakeDialler)

    def test_it_is_asked_what_it_is_and_that_tells_whether_it_is_there(self, play: Any) -> None:
        async def story(world: World) -> None:
            await world.adopt()
            dialler = world.driver.made[-1]
            assert world.status().state == "dial_only"
            await asyncio.sleep(180)
            assert world.status().facts == Facts(product="VVX")
            assert world.status().reachable
            dialler.errors = [GONE]
            await asyncio.sleep(1.2 * FACTS_EVERY)
            assert world.status().state == "unreachable"
            assert world.troubles() == ["endpoint_unreachable"]
            dialler.errors = []
            await asyncio.sleep(400)
            assert world.status().state == "dial_only"
            assert not world.troubles()

        play(story)

    def test_it_cannot_be_pushed_to(self, play: Any) -> None:
        async def story(world: World) -> None:
            await world.adopt()
            with pytest.raises(Malformed) as raised:
                await world.dispatch.push("codec")
            assert raised.value.reason == "unsupported"

        play(story)
