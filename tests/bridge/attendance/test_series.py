"""Series that nobody comes to any more are told of, or given up where the site wants that."""

from rooms.display import CheckIn
from tests.bridge.attendance.world import Play, World

DRY = CheckIn(enabled=True, strikes=3)
WET = CheckIn(enabled=True, strikes=3, strikes_dry_run=False)


def day(number: int, minutes: float = 200) -> float:
    """Minutes past noon of a day."""
    return number * 24 * 60 + minutes


def test_a_dry_run_only_tells(play: Play) -> None:
    async def story(world: World) -> None:
        world.every = 300
        world.series(5)
        async with world.running(DRY):
            await world.until(day(1, 250))
            assert world.troubles() == []
            await world.until(day(2))
            assert world.given_back == ["daily-0", "daily-1", "daily-2"]
            await world.until(day(2, 250))
            assert world.troubles() == ["series_would_be_given_up"]
            ((actor, what, detail),) = await world.audited("bookings.series_would_be_given_up")
            assert (actor, detail) == ("auto-release", {"occurrences": "3"})
            assert what.startswith("kestrel/")
            await world.until(day(3, 175))
            await world.check_in("daily-3")
            await world.until(day(3, 250))
            assert world.troubles() == []

    play(story)


def test_a_series_that_nobody_comes_to_is_given_up(play: Play) -> None:
    async def story(world: World) -> None:
        world.every = 300
        world.series(6)
        async with world.running(WET):
            await world.until(day(2, 189))
            assert world.given_back == ["daily-0", "daily-1"]
            await world.until(day(5))
            assert world.given_back == ["daily-0", "daily-1", "daily-2"]
            assert world.asked() == {}
            assert [one[0] for one in await world.told()] == ["released", "released", "given_up"]
            assert "number 3 of this series in a row" in world.calendars.words[-1]
        assert world.house.attended.releases == {("this",): 2, ("series",): 1}

    play(story)


def test_a_check_in_begins_the_count_anew(play: Play) -> None:
    async def story(world: World) -> None:
        world.every = 300
        world.series(6)
        async with world.running(WET):
            await world.until(day(1, 175))
            await world.check_in("daily-1")
            await world.until(day(3, 250))
            assert world.given_back == ["daily-0", "daily-2", "daily-3"]
            assert len(world.shown()) == 6 - 3 - 1  # one is past the window by now
            await world.until(day(4))
            assert [one[0] for one in await world.told()][-1] == "given_up"

    play(story)


def test_what_the_bridge_could_not_tell_counts_as_nothing(play: Play) -> None:
    async def story(world: World) -> None:
        world.every = 300
        world.series(5)
        async with world.running(WET):
            await world.until(day(1, 150))
            world.reads_well = False
            await world.until(day(1, 250))
            world.reads_well = True
            await world.until(day(3))
            assert world.given_back == ["daily-0", "daily-2", "daily-3"]
            outcomes = [one[0] for one in await world.told()]
            assert outcomes == ["released", "unsure", "released", "given_up"]

    play(story)


def test_where_series_may_not_be_changed_the_occurrence_is_given_back(play: Play) -> None:
    async def story(world: World) -> None:
        world.every = 300
        world.series(5)
        async with world.running(WET, writes="release"):
            await world.until(day(2))
            assert world.given_back == ["daily-0", "daily-1", "daily-2"]
            assert world.troubles() == ["release_not_allowed"]
            assert [one[0] for one in await world.told()] == ["released"] * 3

    play(story)


def test_single_meetings_and_other_series_do_not_add_up(play: Play) -> None:
    async def story(world: World) -> None:
        world.every = 300
        for name in ("daily", "other"):
            world.series(2, 180 if name == "daily" else 300, name)
        world.book("alone", 420)
        async with world.running(DRY):
            await world.until(day(2))
            assert len(world.given_back) == 5
            assert await world.audited("bookings.series_would_be_given_up") == []

    play(story)


def test_where_nothing_is_given_back_nobody_is_counted_too(play: Play) -> None:
    async def story(world: World) -> None:
        world.every = 300
        world.series(4)
        async with world.running(CheckIn(enabled=True, strikes=3, release=False)):
            await world.until(day(2, 250))
            assert world.given_back == []
            assert world.troubles() == ["series_would_be_given_up"]
            told = [(one[0], one[3]) for one in await world.told()]
            assert told == [("nobody", "release_off")] * 3

    play(story)
