"""Learning of changes: hints, coverage, marks, and what is told when watching fails."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bridge.health import Subject
from bridge.settings.model import ChangesSpan, Poll, Site
from bridge.watch import SourceWatch
from connector.errors import ConnectorError, Unavailable
from connector.watching import Watch
from rooms.database import Database
from rooms.store import Store
from tests.bridge.test_lane import HOUR, OUTAGE, POLL, REVIEW, STANDUP, World
from tests.fakes.furnished import furnished
from tests.fakes.sources import TellingSource, event
from tests.fakes.virtual import NOON, PatientDatabase, in_virtual_time

LOST = Unavailable("no connection", reason="unreachable")


class Watched(World):
    """A lane whose source tells of changes."""

    def __init__(self, database: Database, poll: Poll = POLL) -> None:
        super().__init__(database, poll)
        self.source: TellingSource = TellingSource()
        self.site = Site(poll=poll)
        self.watching: asyncio.Task[None] | None = None

    def adopt(self, *names: str, **more: Any) -> None:
        super().adopt(*names, **more)
        self.watch.adopt(self.site)

    def open_lane(self) -> None:
        super().open_lane()
        self.watch = SourceWatch(self.lane, store=self.store, health=self.health, hook=None)

    async def run(self, seconds: float) -> None:
        if self.watching is None:
            self.watching = asyncio.create_task(self.watch.keep_going(self.source, self.clock))
        await super().run(seconds)

    async def stop(self) -> None:
        await super().stop()
        if self.watching is not None:
            self.watching.cancel()
            await asyncio.wait([self.watching])

    @property
    def silent(self) -> list[str]:
        """What is said of the watch."""
        return [one.code for one in self.health.of(Subject("watch", "m365"))]


Story = Callable[[Watched], Coroutine[Any, Any, None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., Watched]:
    """Play a story in virtual time."""
    database = PatientDatabase(furnished(tmp_path / "bridge.db"))

    def played(story: Story, poll: Poll = POLL) -> Watched:
        world = Watched(database, poll)

        async def run() -> None:
            async with database.running():
                await story(world)
                await world.stop()

        in_virtual_time(run())
        return world

    return played


# --- hints


def test_hints_within_three_seconds_are_one_read(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.adopt("kestrel")
        await world.run(10)
        for _ in range(5):
            world.source.tell("kestrel")
            await world.run(0.5)
        await world.run(10)

    assert play(story).source.times("kestrel") == pytest.approx([0, 13], abs=0.01)


def test_a_hint_while_its_room_is_read_is_one_more_read(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.adopt("kestrel")
        await world.run(10)
        world.source.seconds = 8
        world.source.tell("kestrel")
        await world.run(4)
        for _ in range(5):
            world.source.tell("kestrel")
        await world.run(60)

    assert play(story).source.times("kestrel") == pytest.approx([0, 13, 21], abs=0.01)


def test_a_hint_does_not_wait_behind_a_backlog(play: Any) -> None:
    async def story(world: Watched) -> None:
        names = [f"room-{number}" for number in range(2000)]
        world.source.seconds = 1
        world.adopt(*names)
        await world.run(1)
        world.source.tell("room-1999")
        await world.run(6)

    world = play(story)
    assert world.source.times("room-1999")[0] < 6
    assert len(world.source.reads) < 500, "the backlog was still there"


def test_a_read_before_a_start_does_not_wait_behind_a_backlog(play: Any) -> None:
    async def story(world: Watched) -> None:
        names = [f"room-{number}" for number in range(2000)]
        soon = event("soon", NOON + timedelta(minutes=6, seconds=5))
        world.source.answer("kestrel", [soon])
        world.adopt("kestrel")
        await world.run(60)
        world.source.seconds = 10
        world.adopt("kestrel", *names)
        await world.run(25)

    world = play(story)
    assert world.counts.causes["m365", "before_start"] == 1


def test_a_hint_of_an_unknown_room_is_nothing(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.adopt("kestrel")
        await world.run(1)
        world.source.tell("nowhere", b"mark")
        await world.run(10)

    assert len(play(story).source.reads) == 1


# --- coverage


def test_a_covered_room_is_read_every_safety_interval_and_before_starts(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.source.answer("kestrel", [event("talk", NOON + 3 * HOUR)])
        world.adopt("kestrel")
        await world.run(2 * 3600)

    world = play(story)
    gaps = [b - a for a, b in pairwise(world.source.times("kestrel"))]
    assert all(0.74 * 900 <= gap <= 1.26 * 900 for gap in gaps)
    assert len({round(gap) for gap in gaps}) > 1, "rooms drift apart"
    assert set(world.counts.causes) == {("m365", "start"), ("m365", "safety")}


def test_a_covered_room_is_read_before_each_start(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.source.answer("kestrel", [event("talk", NOON + HOUR)])
        world.adopt("kestrel")
        await world.run(3600)

    world = play(story)
    times = world.source.times("kestrel")
    assert 3600 - 300 in [round(one) for one in times]
    assert 3600 - 60 in [round(one) for one in times]


def test_a_covered_room_that_was_never_read_is_still_polled(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.source.answer("kestrel", OUTAGE, OUTAGE, [STANDUP])
        world.adopt("kestrel")
        await world.run(60)

    assert play(story).titles() == ["Standup"]


def test_rooms_are_polled_as_soon_as_watching_ends(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.adopt("kestrel")
        await world.run(100)
        world.source.end(LOST)
        await world.run(4)
        assert world.silent == ["notifications_failing"]
        assert not world.lane.seats["kestrel"].covered
        for _ in range(9):
            world.source.end(LOST)
        await world.run(300)

    world = play(story)
    assert world.counts.causes["m365", "far"] >= 3


def test_watching_that_fails_begins_again_for_ever(play: Any) -> None:
    async def story(world: Watched) -> None:
        for _ in range(30):
            world.source.end(LOST)
        world.adopt("kestrel")
        await world.run(3 * 3600)
        assert not world.silent

    begun = play(story).source.begun
    gaps = [b - a for a, b in pairwise(begun)]
    assert len(begun) == 31
    assert gaps[0] == pytest.approx(5, rel=0.11)
    assert max(gaps) <= 330


def test_a_fault_of_a_watch_does_not_end_the_reading(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.adopt("kestrel")
        await world.run(1)
        world.source.end(RuntimeError("board meeting"))
        await world.run(2)
        (trouble,) = world.health.of(Subject("watch", "m365"))
        assert "board meeting" not in trouble.words
        await world.run(600)

    assert len(play(story).source.begun) == 2


def test_a_source_that_has_nothing_to_watch_is_polled_in_peace(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.source.end()
        world.adopt("kestrel")
        await world.run(600)
        assert not world.silent

    world = play(story)
    assert len(world.source.begun) == 1
    assert len(world.source.reads) >= 6


def test_one_room_that_cannot_be_watched_is_said_of_that_room(play: Any) -> None:
    def told(world: Watched) -> list[str]:
        return [one.code for one in world.health.of(Subject("watched", "kestrel"))]

    async def story(world: Watched) -> None:
        world.adopt("kestrel", "heron")
        await world.run(1)
        watch = world.source.watch_
        assert watch
        watch.covered("kestrel", by=False)
        watch.failing(LOST, room="kestrel")
        await world.run(200)
        assert told(world) == ["notifications_failing"], "a good read does not end it"
        assert not world.silent
        watch.well(room="kestrel")
        assert not told(world)
        watch.failing(LOST, room="kestrel")
        world.source.end(LOST)
        await world.run(1)
        assert not told(world), "all of the source is silent, and that is said"

    world = play(story)
    assert len(world.source.times("kestrel")) > len(world.source.times("heron"))


# --- what nobody told


@pytest.mark.fault("hook_silent")
def test_a_change_that_nobody_tells_is_found_by_the_safety_read_and_counted(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.source.answer("kestrel", [STANDUP])
        world.adopt("kestrel")
        await world.run(60)
        world.source.answer("kestrel", [STANDUP, REVIEW])
        await world.run(900 * 1.25)

    world = play(story)
    assert world.titles() == ["Standup", "Review"]
    assert world.counts.missed["m365"] == 1


def test_a_change_that_was_told_is_not_counted_as_missed(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.source.answer("kestrel", [STANDUP])
        world.adopt("kestrel")
        await world.run(60)
        world.source.answer("kestrel", OUTAGE, [STANDUP, REVIEW])
        world.source.tell("kestrel")
        await world.run(60)

    world = play(story)
    assert world.titles() == ["Standup", "Review"]
    assert world.counts.missed["m365"] == 0


def test_a_booking_that_time_brings_into_the_window_was_not_missed(play: Any) -> None:
    async def story(world: Watched) -> None:
        far = event("far", NOON + timedelta(days=7, minutes=5))
        world.source.answer("kestrel", [STANDUP], [STANDUP, far])
        world.adopt("kestrel")
        await world.run(1200)

    world = play(story)
    assert world.titles() == ["Standup", "Far"]
    assert world.counts.missed["m365"] == 0


# --- marks


def test_a_mark_is_kept_with_the_read_that_it_caused(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.source.answer("kestrel", [STANDUP])
        world.adopt("kestrel")
        await world.run(1)
        world.source.tell("kestrel", b"one")
        await world.run(2.9)
        assert world.watch.mark("kestrel") is None
        await world.run(0.2)
        assert world.watch.mark("kestrel") == b"one"
        world.source.answer("kestrel", [STANDUP, REVIEW])
        world.source.tell("kestrel", b"two")
        world.source.tell("kestrel", b"three")
        await world.run(4)
        assert world.watch.mark("kestrel") == b"three"

    play(story)


def test_a_mark_waits_for_a_good_read(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.source.answer("kestrel", [STANDUP], OUTAGE, OUTAGE, [STANDUP, REVIEW])
        world.adopt("kestrel")
        await world.run(1)
        world.source.tell("kestrel", b"one")
        await world.run(10)
        assert world.watch.mark("kestrel") is None
        await world.watch.keep("kestrel", b"two")
        assert world.watch.mark("kestrel") is None, "it is past a change that nobody has seen"
        await world.run(60)
        assert world.watch.mark("kestrel") == b"two"

    play(story)


def test_a_mark_of_a_doubted_read_waits_for_the_second(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.source.answer("kestrel", [STANDUP], [])
        world.adopt("kestrel")
        await world.run(1)
        world.source.tell("kestrel", b"one")
        await world.run(4)
        assert (world.titles(), world.watch.mark("kestrel")) == (["Standup"], None)
        await world.run(3)
        assert (world.titles(), world.watch.mark("kestrel")) == ([], b"one")

    play(story)


def test_a_read_that_began_before_a_hint_does_not_keep_its_mark(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.adopt("kestrel")
        await world.run(1)
        world.source.seconds = 10
        world.source.tell("kestrel", b"one")
        await world.run(5)
        world.source.tell("kestrel", b"two")
        await world.run(9)
        assert world.watch.mark("kestrel") is None
        await world.run(10)
        assert world.watch.mark("kestrel") == b"two"

    play(story)


def test_a_mark_by_itself_is_kept_at_once_and_forgotten(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.adopt("kestrel")
        await world.run(1)
        await world.watch.keep("kestrel", b"one")
        assert world.watch.mark("kestrel") == b"one"
        await world.watch.keep("kestrel", None)
        assert world.watch.mark("kestrel") is None

    play(story)


def test_another_mailbox_has_no_mark(play: Any) -> None:
    async def story(world: Watched) -> None:
        world.adopt("kestrel")
        await world.run(1)
        await world.watch.keep("kestrel", b"one")
        world.source.tell("kestrel", b"two")
        moved = [seat.room for seat in world.lane.seats.values()]
        world.store.adopt(
            type(one)(**{**_fields(one), "mailbox": "new@example.com"}) for one in moved
        )
        world.adopt("kestrel", mailbox="new@example.com")
        await world.run(10)
        assert world.watch.mark("kestrel") is None

    play(story)


def _fields(room: Any) -> dict[str, Any]:
    return {name: getattr(room, name) for name in room.__struct_fields__}


def test_a_mark_is_its_sources_own(play: Any, tmp_path: Path) -> None:
    async def story(world: Watched) -> None:
        world.adopt("kestrel")
        await world.run(1)
        await world.watch.keep("kestrel", b"one")
        assert world.store.mark("google", "kestrel") is None

    play(story)
    database = Database(furnished(tmp_path / "bridge.db"))
    assert Store(database).mark("m365", "kestrel") == b"one"
    database.close()


# --- rooms and spans


def test_a_watch_is_told_when_rooms_or_spans_change_and_only_then(play: Any) -> None:
    told: list[float] = []

    async def listen(watch: Watch, world: Watched) -> None:
        while True:
            await watch.rearranged()
            told.append(world.clock.monotonic())

    async def story(world: Watched) -> None:
        world.adopt("kestrel")
        await world.run(1)
        listening = asyncio.create_task(listen(world.watch, world))
        await world.run(1)
        world.adopt("kestrel")
        await world.run(1)
        world.adopt("kestrel", "heron")
        await world.run(1)
        assert set(world.watch.rooms) == {"kestrel", "heron"}
        world.site = Site(poll=POLL, changes=ChangesSpan(ahead=timedelta(days=2)))
        world.adopt("kestrel", "heron")
        await world.run(1)
        assert world.watch.ahead == timedelta(days=7), "what is served is always watched"
        listening.cancel()

    play(story)
    assert told == [3, 4]


def test_an_error_is_told_with_its_reason(play: Any) -> None:
    error: ConnectorError = Unavailable("the hook was not reached", reason="unreachable", fix="do")

    async def story(world: Watched) -> None:
        world.adopt("kestrel")
        await world.run(1)
        world.source.end(error)
        await world.run(1)
        (trouble,) = world.health.of(Subject("watch", "m365"))
        assert "the hook was not reached (unreachable)" in trouble.words
        assert trouble.fix == "do"
        assert trouble.source == "m365"

    play(story)
