"""Reading the rooms of one source, in virtual time."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bridge.counts import Counts
from bridge.health import Health, Subject
from bridge.lane import Lane
from bridge.settings.model import Poll, WindowSpan
from connector.errors import Denied, Malformed, NotFound, Unavailable
from rooms.database import Database
from rooms.store import Store
from tests.fakes.furnished import furnished
from tests.fakes.sources import FakeSource, event, room
from tests.fakes.virtual import NOON, PatientDatabase, VirtualClock, in_virtual_time

HOUR = timedelta(hours=1)
POLL = Poll(near=timedelta(seconds=60), far=timedelta(seconds=90))
STANDUP = event("standup", NOON + 3 * HOUR)
REVIEW = event("review", NOON + 4 * HOUR)
OUTAGE = Unavailable("HTTP 503", reason="service_error")


class World:
    """A lane with a source, a real store, and ears."""

    def __init__(self, database: Database, poll: Poll = POLL) -> None:
        self.clock = VirtualClock()
        self.health = Health(self.clock)
        self.store = Store(database)
        self.counts = Counts()
        self.source = FakeSource()
        self.told: list[tuple[str, bool]] = []
        self.task: asyncio.Task[None] | None = None
        self.poll = poll
        self.open_lane()

    def open_lane(self) -> None:
        """A new lane, as after a restart."""
        self.task = None
        self.lane = Lane(
            "m365",
            store=self.store,
            health=self.health,
            clock=self.clock,
            counts=self.counts,
            heard=self._heard,
            poll=self.poll,
            span=WindowSpan(),
        )

    def _heard(self, name: str, /, *, changed: bool) -> None:
        self.told.append((name, changed))

    def adopt(self, *names: str, **more: Any) -> None:
        self.lane.adopt((room(name, **more) for name in names), poll=self.poll, span=WindowSpan())

    def titles(self, name: str = "kestrel") -> list[str] | None:
        held = self.store.agenda(name)
        return [booking.title for booking in held.bookings] if held else None

    def troubles(self, name: str = "kestrel") -> list[str]:
        found = self.health.of(Subject("room", name), Subject("source", "m365"))
        return [trouble.code for trouble in found]

    async def run(self, seconds: float) -> None:
        """Let the lane work for so long, in virtual time."""
        if self.task is None:
            self.task = asyncio.create_task(self.lane.run(self.source))
        await asyncio.sleep(seconds)

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])


Story = Callable[[World], Coroutine[Any, Any, None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., World]:
    """Play a story in virtual time, from the first read on."""
    database = PatientDatabase(furnished(tmp_path / "bridge.db"))

    def played(story: Story, poll: Poll = POLL) -> World:
        world = World(database, poll)

        async def run() -> None:
            async with database.running():
                await story(world)
                await world.stop()

        in_virtual_time(run())
        return world

    return played


def test_a_calendar_is_read_by_whole_seconds_as_services_take_them(play: Any) -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(0.25)
        world.source.answer("kestrel", [STANDUP])
        world.adopt("kestrel")
        await world.run(1)
        held = world.store.agenda("kestrel")
        assert held is not None
        assert held.as_of.microsecond
        assert held.window.start.microsecond == held.window.end.microsecond == 0

    play(story)


def test_rooms_are_read_at_once_and_then_at_their_interval(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("kestrel", [STANDUP])
        world.adopt("kestrel")
        await world.run(300)

    world = play(story)
    times = world.source.times("kestrel")
    assert times[0] == 0
    gaps = [b - a for a, b in pairwise(times[1:])]
    assert gaps == pytest.approx([90, 90], abs=0.1)
    assert world.titles() == ["Standup"]
    assert world.told[0] == ("kestrel", True)
    assert not any(changed for _, changed in world.told[1:])


def test_a_failure_never_removes_a_booking(play: Any) -> None:
    failures = [
        OUTAGE,
        Denied("HTTP 403", reason="access_denied"),
        NotFound("HTTP 404", reason="not_found"),
        Malformed("not JSON", reason="not_json"),
        Unavailable("no connection", reason="unreachable", everywhere=True),
        Denied("no token", reason="credentials_refused", everywhere=True),
    ]

    async def story(world: World) -> None:
        world.source.answer("kestrel", [STANDUP])
        world.adopt("kestrel")
        await world.run(1)
        for failure in failures:
            world.source.answer("kestrel", failure)
            world.lane.hint("kestrel")
            await world.run(130)
            assert world.titles() == ["Standup"], failure
            assert failure.reason in world.troubles()

    play(story)


def test_a_room_recovers_without_a_hand(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("kestrel", OUTAGE, OUTAGE, OUTAGE, [STANDUP])
        world.adopt("kestrel")
        await world.run(200)

    world = play(story)
    assert world.titles() == ["Standup"]
    assert not world.troubles()


def test_a_room_that_keeps_failing_is_read_less_and_less_often(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("kestrel", NotFound("HTTP 404", reason="not_found"))
        world.adopt("kestrel")
        await world.run(6 * 3600)

    times = play(story).source.times("kestrel")
    gaps = [b - a for a, b in pairwise(times)]
    wanted = [10, 20, 40, 60, 60, 120, 240, 480, 960, 1800, 1800]
    assert gaps[: len(wanted)] == pytest.approx(wanted, rel=0.11)


def test_failure_of_one_room_does_not_touch_another(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("kestrel", Malformed("no", reason="not_json"))
        world.source.answer("heron", [STANDUP])
        world.adopt("kestrel", "heron")
        await world.run(300)

    world = play(story)
    assert len(world.source.times("heron")) >= 4
    assert world.troubles("kestrel") == ["not_json"]
    assert not world.troubles("heron")


def test_a_fault_of_our_own_is_isolated_and_logged_without_its_message(
    play: Any, caplog: pytest.LogCaptureFixture
) -> None:
    subject = "board meeting about the merger"

    async def story(world: World) -> None:
        world.source.answer("kestrel", RuntimeError(subject))
        world.source.answer("heron", [STANDUP])
        world.adopt("kestrel", "heron")
        await world.run(60)

    with caplog.at_level(logging.DEBUG):
        world = play(story)
    assert world.titles("heron") == ["Standup"]
    assert world.troubles("kestrel") == ["unexpected"]
    assert "RuntimeError" in caplog.text
    assert subject not in caplog.text


def test_retry_after_is_honoured(play: Any) -> None:
    async def story(world: World) -> None:
        asked = timedelta(seconds=47)
        world.source.answer(
            "kestrel", Unavailable("HTTP 429", reason="throttled", retry_after=asked), [STANDUP]
        )
        world.adopt("kestrel")
        await world.run(60)

    assert play(story).source.times("kestrel")[1] == pytest.approx(47, abs=0.1)


def test_throttling_lowers_how_much_is_asked_at_a_time(play: Any) -> None:
    async def story(world: World) -> None:
        names = [f"room-{number}" for number in range(40)]
        for name in names:
            world.source.answer(name, Unavailable("HTTP 429", reason="throttled"))
        world.adopt(*names)
        await world.run(30)

    world = play(story)
    assert world.lane.gate.limit < 8


def test_a_refused_identity_is_asked_with_once_a_minute_only(play: Any) -> None:
    async def story(world: World) -> None:
        refused = Denied("HTTP 401", reason="credentials_refused", everywhere=True)
        names = [f"room-{number}" for number in range(20)]
        for name in names:
            world.source.answer(name, refused)
        world.source.seconds = 0.1
        world.adopt(*names)
        await world.run(600)
        assert len(world.source.reads) <= 8 + 11
        for name in names:
            world.source.answer(name, [STANDUP])
        await world.run(90)

    world = play(story)
    assert all(world.titles(f"room-{number}") == ["Standup"] for number in range(20))


def test_an_outage_of_the_service_is_noticed_to_be_over_within_the_near_interval(play: Any) -> None:
    async def story(world: World) -> None:
        names = [f"room-{number}" for number in range(20)]
        for name in names:
            world.source.answer(
                name, Unavailable("no connection", reason="unreachable", everywhere=True)
            )
        world.adopt(*names)
        await world.run(3600)
        for name in names:
            world.source.answer(name, [STANDUP])
        await world.run(70)

    world = play(story)
    assert all(world.titles(f"room-{number}") == ["Standup"] for number in range(20))
    assert not world.troubles("room-0")


@pytest.mark.fault("graph_empty")
def test_sudden_emptiness_is_shown_only_after_a_second_read_agrees(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("kestrel", [STANDUP])
        world.adopt("kestrel")
        await world.run(1)
        world.source.answer("kestrel", [])
        world.lane.hint("kestrel")
        await world.run(1)
        assert world.titles() == ["Standup"]
        await world.run(2)
        assert world.titles() == []

    world = play(story)
    assert world.counts.confirmations["m365"] == 1


@pytest.mark.fault("graph_empty")
def test_emptiness_that_does_not_last_is_never_shown(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("kestrel", [STANDUP, REVIEW])
        world.adopt("kestrel")
        await world.run(1)
        world.source.answer("kestrel", [REVIEW], [STANDUP, REVIEW])
        world.lane.hint("kestrel")
        await world.run(10)

    world = play(story)
    assert world.titles() == ["Standup", "Review"]
    assert [changed for _, changed in world.told] == [True, False]


@pytest.mark.fault("graph_empty")
def test_emptiness_whose_second_read_fails_is_not_shown(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("kestrel", [STANDUP])
        world.adopt("kestrel")
        await world.run(1)
        world.source.answer("kestrel", [], OUTAGE)
        world.lane.hint("kestrel")
        await world.run(10)

    world = play(story)
    assert world.titles() == ["Standup"]
    assert world.troubles() == ["service_error"]


def test_one_hint_is_one_read(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("kestrel", [STANDUP])
        world.source.seconds = 5
        world.adopt("kestrel")
        await world.run(6)
        world.lane.hint("kestrel")
        world.lane.hint("kestrel")
        await world.run(2)
        for _ in range(5):
            world.lane.hint("kestrel")
        await world.run(30)

    assert len(play(story).source.reads) == 3


def test_the_next_meeting_comes_first_and_rooms_never_read_before_all(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("late", [event("late", NOON + 9 * HOUR)])
        world.source.answer("soon", [event("soon", NOON + 2 * HOUR)])
        world.adopt("late", "soon")
        await world.run(1)
        await world.stop()
        world.open_lane()
        world.source.reads.clear()
        world.adopt("late", "soon", "never")
        await world.run(1)

    assert [name for _, name in play(story).source.reads] == ["never", "soon", "late"]


def test_rooms_that_share_a_mailbox_do_not_crowd_it(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.seconds = 10
        world.adopt(*(f"part-{number}" for number in range(8)), mailbox="hall@example.com")
        await world.run(5)

    assert play(story).source.most_inside == 3


def test_a_room_that_is_taken_away_is_not_read_any_more(play: Any) -> None:
    async def story(world: World) -> None:
        world.adopt("kestrel", "heron")
        await world.run(1)
        world.adopt("heron")
        await world.run(300)

    world = play(story)
    assert len(world.source.times("kestrel")) == 1
    assert len(world.source.times("heron")) >= 4


def test_a_room_whose_settings_change_is_read_again_at_once(play: Any) -> None:
    async def story(world: World) -> None:
        world.adopt("kestrel")
        await world.run(1)
        world.adopt("kestrel", time_zone="Europe/Paris")
        await world.run(1)

    assert len(play(story).source.reads) == 2


def test_a_calendar_that_never_answers_is_given_up(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("kestrel", [STANDUP])
        world.source.seconds = 10_000
        world.adopt("kestrel")
        await world.run(121)

    assert play(story).troubles() == ["timeout"]


def test_five_thousand_rooms_are_read_without_a_crowd(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.seconds = 0.1
        world.adopt(*(f"room-{number}" for number in range(5000)))
        await world.run(60)

    world = play(story)
    assert len({name for _, name in world.source.reads}) == 5000
    assert world.source.most_inside <= 64


def test_a_new_room_that_is_refused_is_pending_for_two_hours(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("kestrel", Denied("HTTP 403", reason="access_denied"))
        world.adopt("kestrel")
        await world.run(2 * 3600 - 1)
        assert world.troubles() == ["access_pending"]
        await world.run(3600)
        assert world.troubles() == ["access_denied"]

    play(story)


def test_a_room_that_was_read_before_is_refused_and_not_pending(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("kestrel", [STANDUP], Denied("HTTP 403", reason="access_denied"))
        world.adopt("kestrel")
        await world.run(300)
        assert world.troubles() == ["access_denied"]

    play(story)


def test_a_service_that_asks_everybody_for_silence_has_it(play: Any) -> None:
    async def story(world: World) -> None:
        world.source.answer("kestrel", [STANDUP])
        world.adopt("kestrel", "heron")
        await world.run(1)
        busy = Unavailable(
            "busy", reason="throttled", everywhere=True, retry_after=timedelta(minutes=10)
        )
        world.source.answer("kestrel", busy)
        world.source.answer("heron", busy)
        world.lane.hint("kestrel")
        await world.run(595)
        assert len(world.source.times("kestrel")) + len(world.source.times("heron")) == 3
        world.source.answer("kestrel", [STANDUP])
        world.source.answer("heron", [STANDUP])
        await world.run(60)
        assert world.troubles() == []
        assert world.titles("heron") == ["Standup"]

    play(story)
