"""Signs that somebody is there: touches at the door, calls, and people that room systems see."""

import pytest

from bridge.attendance.signs import Came
from bridge.callers import Caller
from bridge.health import Subject
from bridge.views.booking_shapes import CreateOrder, ExtendOrder
from bridge.views.bookings import Asked
from bridge.views.house import Presence
from rooms.display import CheckIn
from rooms.room import AutoJoin
from tests.bridge.attendance.world import DOOR, MINUTE, POLICY, SERVICE, Play, World
from tests.fakes.virtual import NOON

SHUT = CheckIn(enabled=True, by_call=False)
AT_ONCE = CheckIn(enabled=True, ahead=0 * MINUTE)


def asked(world: World, caller: Caller, booking: str = "") -> Asked:
    return Asked(room=world.room, caller=caller, key="", request=("", b""), booking=booking)


async def book(world: World, caller: Caller) -> None:
    order = CreateOrder(title="Quick", minutes=30)
    status, _ = await world.actions.create(asked(world, caller), order)
    assert status == 201


def test_who_books_at_the_door_is_there(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.running(AT_ONCE):
            await world.until(5)
            await book(world, DOOR)
            await world.until(6)
            assert world.house.attendance("kestrel").checked_in == {world.id("quick")}
            await world.until(40)
            assert await world.told() == [("attended", "booked", None, None)]
            assert world.given_back == []

    play(story)


def test_a_service_that_books_is_nobody_in_the_room(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.running(AT_ONCE):
            await world.until(5)
            await book(world, SERVICE)
            await world.until(6)
            assert world.house.attendance("kestrel").checked_in == frozenset()
            assert world.house.attended.check_ins == {}

    play(story)


def test_who_extends_a_meeting_at_the_door_is_there(play: Play) -> None:
    async def story(world: World) -> None:
        world.book(own=True)
        async with world.running():
            await world.until(185)
            wanted = asked(world, DOOR, world.id())
            status, _ = await world.actions.extend(wanted, ExtendOrder(minutes=15))
            assert status == 200
            await world.until(300)
            assert world.given_back == []
            assert await world.told() == [("attended", "extended", None, None)]

    play(story)


@pytest.mark.parametrize("at", [166, 176])
def test_who_joins_from_the_room_is_there_however_early(play: Play, at: float) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running(SHUT):
            await world.until(at)
            world.presences.joined("kestrel", world.id())
            await world.until(300)
            assert await world.told() == [("attended", "joined", None, None)]

    play(story)


@pytest.mark.parametrize("at", [171, 185])
def test_a_call_of_the_room_counts(play: Play, at: float) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running():
            await world.until(at)
            world.presences.in_call("kestrel", "")
            await world.until(300)
            assert world.given_back == []
            assert await world.told() == [("attended", "call", None, None)]
            ((actor, _, detail),) = await world.audited("bookings.check_in")
            assert (actor, detail) == ("bridge", {"how": "call"})

    play(story)


def test_a_call_long_before_or_of_another_meeting_does_not(play: Play) -> None:
    async def story(world: World) -> None:
        world.book("first", 150, 30)
        world.book()
        async with world.running():
            await world.until(160)
            world.presences.in_call("kestrel", "")
            await world.until(175)
            world.presences.in_call("kestrel", world.id("first"))
            await world.until(191)
            assert world.given_back == ["review"]

    play(story)


def test_a_call_that_is_told_to_be_for_the_next_meeting_is(play: Play) -> None:
    async def story(world: World) -> None:
        world.book("first", 150, 30)
        world.book()
        async with world.running():
            await world.until(175)
            world.presences.in_call("kestrel", world.id())
            await world.until(191)
            assert world.given_back == ["first"]
            assert world.house.attendance("kestrel").checked_in == {world.id()}

    play(story)


@pytest.mark.parametrize(
    ("policy", "auto"), [(SHUT, AutoJoin()), (POLICY, AutoJoin(before=MINUTE))]
)
def test_a_call_that_does_not_count_keeps_the_room_while_it_lasts(
    play: Play, policy: CheckIn, auto: AutoJoin
) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running(policy, auto_join=auto):
            await world.until(179)
            world.presence = Presence("in_call", NOON + 179 * MINUTE)
            world.presences.in_call("kestrel", "")
            await world.until(200)
            assert world.given_back == []
            assert world.house.attendance("kestrel").checked_in == frozenset()
            assert world.troubles() == []
            world.presence = Presence("free", NOON + 200 * MINUTE)
            await world.until(201)
            assert world.given_back == ["review"]

    play(story)


def test_people_that_are_seen_once_it_began_count(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running():
            await world.until(175)
            world.attending.present("kestrel", world.clock.now())
            await world.until(176)
            assert world.house.attendance("kestrel").checked_in == frozenset()
            await world.until(182)
            world.attending.present("kestrel", world.clock.now())
            await world.until(300)
            assert await world.told() == [("attended", "presence", None, None)]

    play(story)


@pytest.mark.parametrize(("since", "checked_in"), [(175, 180.1), (150, 190.1)])
def test_people_of_the_meeting_before_count_only_at_the_last_moment(
    play: Play, since: float, checked_in: float
) -> None:
    async def story(world: World) -> None:
        world.book("first", 150, 30)
        world.book()
        world.presence = Presence("in_use", NOON + since * MINUTE)
        async with world.running():
            await world.until(checked_in - 0.2)
            assert world.house.attendance("kestrel").checked_in & {world.id()} == frozenset()
            await world.until(checked_in)
            assert world.house.attendance("kestrel").checked_in == {world.id()}
            await world.until(300)
            assert world.given_back == []

    play(story)


@pytest.mark.parametrize("by_call", [True, False])
def test_a_room_whose_system_cannot_be_asked_is_kept(play: Play, by_call: bool) -> None:
    async def story(world: World) -> None:
        world.book()
        world.house.room_endpoints = lambda _room: ("codec",)
        world.health.bad(Subject("endpoint", "codec"), "endpoint_unreachable")
        async with world.running(CheckIn(enabled=True, by_call=by_call)):
            await world.until(200)
            assert world.given_back == ([] if by_call else ["review"])
            world.health.good(Subject("endpoint", "codec"))
            await world.until(201)
            assert world.given_back == ["review"]

    play(story)


def test_a_booking_that_the_calendar_does_not_show_yet_is_waited_for(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.running(AT_ONCE):
            await world.until(5)
            event = world.book("quick", 6, 30)
            await world.read()
            booking = world.id("quick")
            del world.calendars.events[event.id]
            await world.read()
            world.attending.told("kestrel", Came("booked", world.clock.now(), booking, "door"))
            await world.until(5.2)
            world.calendars.add(event)
            await world.until(7)
            assert world.house.attendance("kestrel").checked_in == {booking}

    play(story)
