"""What changes while a room is being given back: nobody who came is thrown out."""

import asyncio
from typing import Any

import msgspec
import pytest

from connector.errors import Unavailable
from rooms.display import CheckIn
from rooms.model import Event, Window
from rooms.room import Room
from tests.bridge.attendance.world import MINUTE, POLICY, Play, World
from tests.fakes.virtual import NOON

BUSY = Unavailable("busy", reason="throttled")


@pytest.mark.parametrize(
    ("start", "end", "stays"),
    [(30, 90, True), (-5, 60, True), (0, 540, True), (0, 90, False), (0, 30, False)],
    ids=str,
)
def test_a_meeting_whose_time_changed_unseen_is_judged_anew(
    play: Play, start: float, end: float, *, stays: bool
) -> None:
    async def story(world: World) -> None:
        made = world.book()
        world.every = 140.0
        async with world.running():
            await world.until(189.9)
            when = Window(start=NOON + (180 + start) * MINUTE, end=NOON + (180 + end) * MINUTE)
            world.calendars.events["review"] = msgspec.structs.replace(made, when=when)
            await world.until(192)
            assert world.given_back == ([] if stays else ["review"])
            assert world.troubles() == []

    play(story)


def test_who_checks_in_while_another_booking_is_released_keeps_theirs(play: Play) -> None:
    async def story(world: World) -> None:
        world.book("first", 180)
        world.book("second", 180)
        async with world.running():
            await world.until(189)
            slow(world)
            await world.until(190.1)
            assert world.given_back == ["first"]
            assert await world.check_in("first") == "booking_changed"
            assert await world.check_in("second") == ""
            await world.until(239)
            assert world.given_back == ["first"]

    play(story)


def slow(world: World, seconds: float = 20.0) -> None:
    """The calendar service takes long for each release."""
    decline = world.calendars.decline

    async def slowly(room: Room, event: Event, **more: Any) -> None:
        await decline(room, event, **more)
        await asyncio.sleep(seconds)

    world.calendars.decline = slowly  # type: ignore[method-assign]


def test_what_is_switched_off_while_others_are_released_is_not_done(play: Play) -> None:
    async def story(world: World) -> None:
        world.book("first", 180)
        world.book("second", 180)
        async with world.running():
            await world.until(189)
            slow(world)
            await world.until(190.1)
            world.adopt(CheckIn(enabled=True, release=False))
            await world.until(239)
            assert world.given_back == ["first"]

    play(story)


def test_a_room_that_leaves_while_its_release_fails_has_no_trouble(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running():
            await world.until(189)
            world.calendars.fails = [BUSY] * 99
            hinder(world)
            await world.until(190.2)
            world.adopt(CheckIn())
            await world.until(200)
            assert world.troubles() == []

    play(story)


def hinder(world: World) -> None:
    """The calendar service takes long to refuse."""
    decline = world.calendars.decline

    async def slowly(room: Room, event: Event, **more: Any) -> None:
        await asyncio.sleep(20.0)
        await decline(room, event, **more)

    world.calendars.decline = slowly  # type: ignore[method-assign]


def test_a_series_is_told_of_no_more_once_nobody_is_asked(play: Play) -> None:
    async def story(world: World) -> None:
        world.series(3)
        async with world.running(CheckIn(enabled=True, strikes=1)):
            await world.until(300)
            assert world.troubles() == ["series_would_be_given_up"]
            world.adopt(CheckIn())
            assert world.troubles() == []

    play(story)


def test_once_rooms_may_be_given_back_everybody_has_a_whole_grace(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running(writes="none"):
            await world.until(195)
            world.adopt(POLICY)
            await world.until(204.9)
            assert world.asked() == {"Review": (170, 205, True)}
            assert world.given_back == []
            await world.until(205.5)
            assert world.given_back == ["review"]

    play(story)
