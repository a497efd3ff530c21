"""Invented meetings."""

from datetime import timedelta

import pytest

from connector.outside import Outside
from connector.sources import demo
from rooms.model import Days, Window
from tests.fakes.sources import room
from tests.fakes.virtual import NOON

WEEK = Window(start=NOON - timedelta(days=1), end=NOON + timedelta(days=7))


async def test_every_day_of_the_window_has_its_meetings(outside: Outside) -> None:
    async with demo.connect(demo.Options(), outside) as source:
        events = await source.fetch(room(), WEEK)
    days = {event.when.window(room().zone).start.date() for event in events if event.when}
    assert len(days) == 9
    assert len({event.uid for event in events}) == len(events)


async def test_meetings_begin_at_the_rooms_own_time_of_day(outside: Outside) -> None:
    options = demo.Options(meetings=(demo.Meeting(subject="Noon", start="12:00"),))
    summer = Window(start=NOON - timedelta(days=120), end=NOON + timedelta(days=1))
    async with demo.connect(options, outside) as source:
        events = await source.fetch(room(), summer)
    zone = room().zone
    assert {
        event.when.window(zone).start.astimezone(zone).hour for event in events if event.when
    } == {12}


async def test_whole_days_float(outside: Outside) -> None:
    options = demo.Options(meetings=(demo.Meeting(subject="Fair"),))
    async with demo.connect(options, outside) as source:
        events = await source.fetch(room(), WEEK)
    assert all(isinstance(event.when, Days) for event in events)


async def test_reading_twice_gives_the_same(outside: Outside) -> None:
    async with demo.connect(demo.Options(), outside) as source:
        assert await source.fetch(room(), WEEK) == await source.fetch(room(), WEEK)


@pytest.mark.parametrize(
    ("meeting", "key"),
    [
        (demo.Meeting(subject="x", start="25:00"), "meetings[0].start"),
        (demo.Meeting(subject="x", minutes=0), "meetings[0].minutes"),
    ],
)
def test_impossible_meetings_are_problems(meeting: demo.Meeting, key: str) -> None:
    assert [path for path, _ in demo.Options(meetings=(meeting,)).problems()] == [key]
