"""Rooms given back when nobody comes: once, with words, and never in doubt."""

from datetime import timedelta

import pytest

from connector.errors import Denied, Unavailable
from rooms.display import CheckIn, DisplayPolicy
from rooms.model import Person, Response
from tests.bridge.attendance.world import DAY, DOOR, HOUR, MINUTE, SERVICE, Play, World

BUSY = Unavailable("busy", reason="throttled")


def test_a_room_that_nobody_comes_to_is_given_back_once_with_words(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running():
            await world.until(1)
            assert world.asked() == {"Review": (170, 190, True)}
            await world.until(189.9)
            assert world.given_back == []
            await world.until(190.5)
            assert world.given_back == ["review"]
            assert world.calendars.events["review"].response is Response.DECLINED
            assert world.asked() == {}
            await world.until(300)
            assert world.given_back == ["review"]
            assert await world.told() == [("released", None, None, None)]
            ((actor, what, detail),) = await world.audited("bookings.release")
            assert (actor, detail["outcome"]) == ("auto-release", "done")
            assert what.startswith("kestrel/")
        (words,) = world.calendars.words
        assert words == (
            "Nobody checked in to Kestrel within 10 minutes of the start of this meeting, so the"
            " room was given back, that others can use it. If you still need a room, book one"
            " again."
        )
        assert world.house.attended.releases == {("this",): 1}

    play(story)


@pytest.mark.parametrize("at", [170, 180, 189])
def test_who_checks_in_keeps_the_room(play: Play, at: float) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running():
            await world.until(at)
            before = len(world.changes)
            assert await world.check_in() == ""
            assert await world.check_in() == ""
            assert world.house.attendance("kestrel").checked_in == {world.id()}
            assert len(world.changes) == before + 1
            await world.until(300)
            assert world.given_back == []
            assert await world.told() == [("attended", "display", None, None)]
            ((actor, _, detail),) = await world.audited("bookings.check_in")
            assert (actor, detail) == ("door", {"how": "display"})
        assert world.house.attended.check_ins == {("display",): 1}

    play(story)


def test_one_cannot_check_in_too_early_too_late_or_where_nobody_asks(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running(CheckIn(enabled=True, release=False)):
            await world.until(169)
            assert await world.check_in() == "check_in_not_open"
            await world.until(200)
            assert world.given_back == []
            assert await world.check_in(caller=SERVICE) == ""
            await world.until(241)
            assert await world.check_in() == "booking_over"
            assert await world.told() == [("attended", "service", None, None)]
            world.adopt(CheckIn())
            assert await world.check_in() == "check_in_off"
            assert world.asked() == {}

    play(story)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"at": 119}, "known_too_late"),
        ({"minutes": 480}, "too_long"),
        ({"blocks": False}, "not_taking_the_room"),
        ({"minutes": 0}, "not_taking_the_room"),
    ],
)
def test_some_bookings_are_left_alone(play: Play, change: dict[str, float], why: str) -> None:
    async def story(world: World) -> None:
        world.book(**change)  # type: ignore[arg-type] # as the cases say
        async with world.running():
            await world.until(1)
            assert world.asked() == {}
            await world.until(24 * 60)
            assert world.given_back == []
            assert await world.told() == [("exempt", None, why, None)]

    play(story)


def test_just_known_in_time_and_just_short_enough_is_asked(play: Play) -> None:
    async def story(world: World) -> None:
        world.book(at=120, minutes=479)
        async with world.running():
            await world.until(135)
            assert world.given_back == ["review"]

    play(story)


def test_a_meeting_that_is_moved_begins_anew_and_a_cancelled_one_is_forgotten(play: Play) -> None:
    async def story(world: World) -> None:
        made = world.book()
        async with world.running():
            await world.until(175)
            assert await world.check_in() == ""
            world.book(at=310)
            await world.until(180)
            assert world.house.attendance("kestrel").checked_in == frozenset()
            assert world.asked() == {"Review": (300, 320, True)}
            del world.calendars.events[made.id]
            await world.until(340)
            assert world.asked() == {}
            assert world.given_back == []

    play(story)


def test_each_of_two_meetings_back_to_back_needs_its_own(play: Play) -> None:
    async def story(world: World) -> None:
        world.book("first", 180, 30)
        world.book("second", 210, 30)
        async with world.running():
            await world.until(175)
            assert await world.check_in("first") == ""
            await world.until(219)
            assert world.asked() == {"Second": (200, 220, True)}
            await world.until(230)
            assert world.given_back == ["second"]

    play(story)


def test_what_was_given_back_and_is_booked_again_is_not_given_back_twice(play: Play) -> None:
    async def story(world: World) -> None:
        made = world.book()
        async with world.running():
            await world.until(192)
            assert world.given_back == ["review"]
            world.calendars.add(made)
            await world.until(239)
            assert world.given_back == ["review"]
            assert world.asked() == {}

    play(story)


def test_nothing_is_given_back_while_the_calendar_is_not_read(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running():
            await world.until(165)
            world.reads_well = False
            await world.until(220)
            assert world.given_back == []
            world.reads_well = True
            await world.until(222)
            assert world.given_back == ["review"]

    play(story)


def test_a_calendar_that_was_not_read_since_the_window_opened_is_read_first(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        policy = CheckIn(enabled=True, before=MINUTE, grace=MINUTE)
        async with world.running(policy):
            await world.until(178.5)
            world.calendars.unreadable = BUSY
            await world.until(181.5)
            assert world.given_back == []
            world.calendars.unreadable = None
            await world.until(182)
            assert world.given_back == ["review"]

    play(story)


def test_after_a_start_everybody_has_a_whole_grace(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running():
            await world.until(150)
        await world.until(185)
        async with world.running():
            await world.until(186)
            assert world.asked() == {"Review": (170, 195, True)}
            await world.until(194.9)
            assert world.given_back == []
            await world.until(196)
            assert world.given_back == ["review"]

    play(story)


def test_a_check_in_outlives_a_restart_and_so_does_a_release(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        world.book("other", 300)
        async with world.running():
            await world.until(175)
            await world.check_in()
        async with world.running():
            await world.until(311)
            assert world.given_back == ["other"]
        async with world.running():
            world.calendars.add(world.book("other", 300))
            await world.until(359)
            assert world.given_back == ["other"]
            await world.until(365)
            told = [one[:2] for one in await world.told()]
            assert told == [("attended", "display"), ("released", None)]

    play(story)


@pytest.mark.parametrize("jump", [timedelta(minutes=5), timedelta(minutes=-5), HOUR / 2])
def test_after_a_jump_of_the_clock_everybody_has_a_whole_grace(play: Play, jump: timedelta) -> None:
    async def story(world: World) -> None:
        world.book(minutes=120)
        async with world.running():
            await world.until(183)
            world.clock.offset = jump
            await world.until(183 + 9.5)
            assert world.given_back == []
            await world.until(max(183 + 11, 191 - jump / MINUTE))
            assert world.given_back == ["review"]

    play(story)


def test_a_release_that_fails_is_tried_again_and_told(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running():
            await world.until(189)
            world.calendars.fails = [BUSY, BUSY]
            await world.until(190.2)
            assert world.troubles() == ["release_failed"]
            assert world.asked()["Review"] == (170, 190, True)
            await world.until(195)
            assert world.given_back == ["review"]
            assert world.troubles() == []
            assert world.calendars.fails == []

    play(story)


def test_a_release_of_which_nobody_knows_is_taken_up_again_and_done_once(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running():
            await world.until(189)
            world.calendars.loses = [Unavailable("no answer", reason="timeout")]
            await world.until(200)
            assert world.given_back == ["review"]
            assert [one[0] for one in await world.told()] == ["released"]

    play(story)


def test_what_may_not_be_released_is_told_and_tried_when_it_may(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running(writes="none"):
            await world.until(1)
            assert world.asked() == {"Review": (170, 190, False)}
            await world.until(195)
            assert world.troubles() == ["release_not_allowed"]
            assert world.given_back == []
            world.adopt(writes="release")
            assert world.troubles() == []
            await world.until(206)
            assert world.given_back == ["review"]
            assert world.troubles() == []

    play(story)


def test_a_calendar_that_refuses_is_told_and_asked_seldom(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running():
            await world.until(189)
            world.calendars.fails = [Denied("no", reason="access_denied")] * 99
            await world.until(239)
            assert world.troubles() == ["release_failed"]
            assert 10 < 99 - len(world.calendars.fails) < 20
            await world.until(245)
            assert world.troubles() == []
            assert await world.told() == [("nobody", None, None, "source_refused")]

    play(story)


def test_who_comes_while_a_release_fails_keeps_the_room(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running():
            await world.until(189)
            world.calendars.fails = [BUSY] * 99
            await world.until(200)
            assert await world.check_in() == ""
            world.calendars.fails = []
            await world.until(230)
            assert world.given_back == []
            assert world.troubles() == []

    play(story)


def test_the_rooms_own_booking_is_called_off(play: Play) -> None:
    async def story(world: World) -> None:
        world.book(own=True)
        async with world.running():
            await world.until(200)
            assert world.calendars.done == [("cancel", "review")]

    play(story)


def test_a_grace_longer_than_the_meeting_gives_nothing_back(play: Play) -> None:
    async def story(world: World) -> None:
        world.book(minutes=10)
        async with world.running():
            await world.until(1)
            assert world.asked() == {"Review": (170, 190, False)}
            await world.until(300)
            assert world.given_back == []
            assert await world.told() == [("unsure", None, None, None)]

    play(story)


def test_what_came_of_bookings_is_forgotten_after_thirty_days(play: Play) -> None:
    async def story(world: World) -> None:
        world.book()
        async with world.running():
            await world.until(300)
            assert len(await world.told()) == 1
            world.clock.offset = 31 * DAY
            await world.until(500)
            assert await world.told() == []
            rows = await world.database.change(
                lambda db: db.execute("SELECT count(*) FROM attended").fetchone()
            )
            assert rows == (0,)

    play(story)


@pytest.mark.parametrize("hidden", ["title", "organizer"])
def test_a_door_that_is_to_be_silent_hears_no_more_when_somebody_checks_in(
    play: Play, hidden: str
) -> None:
    async def story(world: World) -> None:
        world.book(organizer=Person(name="Ada Lovelace"))
        display = DisplayPolicy(titles=hidden != "title", organizers=hidden != "organizer")
        told = {"title": "Review", "organizer": "Ada Lovelace"}
        async with world.running(display=display):
            await world.until(181)
            for caller, known in ((DOOR, told | {hidden: ""}), (SERVICE, told)):
                shape = await world.desk.check_in(world.room, world.id(), caller)
                assert shape.booking is not None
                assert shape.booking.checked_in
                assert {key: getattr(shape.booking, key) for key in told} == known

    play(story)
