"""What people want at a device, passed on and confirmed there, in virtual time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bridge.dispatch.wishes import MOST, TOO_MANY, Wish
from connector.endpoint import BookingWanted, ExtensionWanted, ReleaseWanted
from tests.bridge.dispatch.conftest import World
from tests.fakes.endpoints import FakeDevice, FakeDriver
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

ALWAYS = event("always", NOON, minutes=60 * 24 * 3)
TALK = event("talk", NOON + timedelta(hours=1))
SUBJECT = "board meeting"
BOOK = BookingWanted(request="r-1", start=NOON, end=NOON + timedelta(minutes=30), title="Talk")


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver(FakeDevice)


class Calendar:
    """Whoever changes calendars; the room is read again before it says that it did."""

    def __init__(self, world: World, code: str = "", seconds: float = 2.0) -> None:
        self.world = world
        self.code = code
        self.seconds = seconds
        self.reads = True
        self.asked: list[tuple[str, str, Wish]] = []

    async def __call__(self, endpoint: str, room: str, wish: Wish, /) -> str:
        """Do it."""
        self.asked.append((endpoint, room, wish))
        await asyncio.sleep(self.seconds)
        if not self.code and self.reads:
            await self.world.keep(ALWAYS, TALK)
        return self.code


async def settled(world: World, calendar: Calendar) -> None:
    """An endpoint that has its list and is listened to, and somebody who changes calendars."""
    world.dispatch.grant_by(calendar)
    await world.adopt()
    await world.keep(ALWAYS)
    await asyncio.sleep(200)
    assert world.status().connected


def test_a_booking_made_at_the_device_is_confirmed_there_without_any_delay(play: Any) -> None:
    async def story(world: World) -> None:
        calendar = Calendar(world)
        await settled(world, calendar)
        world.tell(BOOK)
        await asyncio.sleep(calendar.seconds + 0.1)
        assert world.listed() == ("Always", "Talk")
        assert calendar.asked == [("codec", "kestrel", BOOK)]
        outcome = world.status().last_wish
        assert outcome is not None
        assert (outcome.what, outcome.code) == ("book", "")
        assert world.dispatch.counts.wishes["fake", "book", "ok"] == 1

    play(story)


def test_one_that_was_done_before_is_confirmed_by_the_same_list(play: Any) -> None:
    async def story(world: World) -> None:
        calendar = Calendar(world)
        await settled(world, calendar)
        world.tell(BOOK)
        await asyncio.sleep(20)
        shown = len(world.device.times("show"))
        world.tell(BOOK)  # the device forgot
        await asyncio.sleep(calendar.seconds + 0.1)
        assert len(world.device.times("show")) == shown + 1

    play(story)


def test_a_room_that_is_read_late_is_shown_at_once_then(play: Any) -> None:
    async def story(world: World) -> None:
        calendar = Calendar(world)
        calendar.reads = False
        await settled(world, calendar)
        world.tell(BOOK)
        await asyncio.sleep(20)
        await world.keep(ALWAYS, TALK)
        await asyncio.sleep(2)
        assert world.listed() == ("Always", "Talk")

    play(story)


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        (BOOK, "book"),
        (ExtensionWanted(booking="b", end=NOON), "extend"),
        (ReleaseWanted(booking="b", why="Unclaimed"), "release"),
    ],
)
def test_what_is_refused_is_told_in_the_status_and_nothing_is_pushed(
    play: Any, caplog: pytest.LogCaptureFixture, wish: Wish, name: str
) -> None:
    async def story(world: World) -> None:
        calendar = Calendar(world, code="room_taken")
        await settled(world, calendar)
        world.tell(wish)
        await asyncio.sleep(60)
        assert len(world.device.times("show")) == 1
        outcome = world.status().last_wish
        assert outcome is not None
        assert (outcome.what, outcome.code) == (name, "room_taken")
        assert world.dispatch.counts.wishes["fake", name, "room_taken"] == 1
        assert not world.troubles()

    with caplog.at_level("INFO"):
        play(story)
    assert f"codec: wanted there: {name}: room_taken" in caplog.text
    assert "Talk" not in caplog.text


def test_where_nobody_changes_calendars_every_wish_is_refused(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await world.keep(ALWAYS)
        await asyncio.sleep(200)
        world.tell(BOOK)
        await asyncio.sleep(1)
        outcome = world.status().last_wish
        assert outcome is not None
        assert outcome.code == "writes_not_allowed"

    play(story)


def test_a_device_that_wants_too_much_is_not_listened_to(play: Any) -> None:
    async def story(world: World) -> None:
        calendar = Calendar(world)
        await settled(world, calendar)
        for _ in range(100):
            world.tell(BOOK)
        await asyncio.sleep(10)
        assert len(calendar.asked) == MOST
        assert world.dispatch.counts.wishes["fake", "book", TOO_MANY] == 100 - MOST

    play(story)


def test_a_fault_in_granting_is_isolated(play: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_endpoint: str, _room: str, _wish: Wish, /) -> str:
        raise RuntimeError(SUBJECT)

    async def story(world: World) -> None:
        await world.adopt()
        world.dispatch.grant_by(broken)
        await world.keep(ALWAYS)
        await asyncio.sleep(200)
        world.tell(BOOK)
        await asyncio.sleep(1)
        outcome = world.status().last_wish
        assert outcome is not None
        assert outcome.code == "unexpected"

    play(story)
    assert SUBJECT not in caplog.text


def test_a_wish_of_what_is_taken_away_meanwhile_is_done_all_the_same(play: Any) -> None:
    async def story(world: World) -> None:
        calendar = Calendar(world)
        await settled(world, calendar)
        world.tell(BOOK)
        await asyncio.sleep(1)
        device = world.device
        await world.dispatch.adopt([])
        shown = len(device.times("show"))
        await asyncio.sleep(60)
        assert len(calendar.asked) == 1
        assert len(device.times("show")) == shown

    play(story)


def test_refusals_are_logged_once_until_something_is_done_and_counted(
    play: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(world: World) -> None:
        calendar = Calendar(world, code="room_taken", seconds=0.0)
        await settled(world, calendar)
        for _ in range(5):
            await wanted(world, BOOK)
        outcome = world.status().last_wish
        assert outcome is not None
        assert outcome.refused == 5
        calendar.code = ""
        await wanted(world, BOOK)
        outcome = world.status().last_wish
        assert outcome is not None
        assert (outcome.code, outcome.refused) == ("", 0)
        calendar.code = "room_taken"
        await wanted(world, BOOK)

    with caplog.at_level("INFO"):
        play(story)
    assert caplog.text.count("wanted there: book: room_taken") == 2
    assert caplog.text.count("wanted there: book: done") == 1


async def wanted(world: World, wish: Wish, seconds: float = 7.0) -> None:
    """Somebody wants something; time passes."""
    world.tell(wish)
    await asyncio.sleep(seconds)


@pytest.mark.parametrize(("seconds", "tries", "granted"), [(1.0, 30, 10), (7.0, 65, 60)])
def test_only_so_many_wishes_of_one_device_are_granted_and_health_says_so(
    play: Any, seconds: float, tries: int, granted: int
) -> None:
    """Ten a minute and sixty an hour, whatever the room's `writes` says."""

    async def story(world: World) -> None:
        calendar = Calendar(world, seconds=0.0)
        await settled(world, calendar)
        for _ in range(10):
            await wanted(world, BOOK, seconds)
        assert not world.troubles()
        for _ in range(tries - 10):
            await wanted(world, BOOK, seconds)
        assert len(calendar.asked) == granted
        assert world.troubles() == ["endpoint_insistent"]
        await asyncio.sleep(20 * 60)
        assert not world.troubles()
        await asyncio.sleep(60 * 60)
        await wanted(world, BOOK)
        assert len(calendar.asked) == granted + 1

    play(story)
