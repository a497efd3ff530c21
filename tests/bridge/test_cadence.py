"""When a calendar is read next."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bridge import cadence
from tests.fakes.virtual import NOON

NEAR, FAR = timedelta(seconds=60), timedelta(seconds=90)


def begin(*starts: timedelta) -> list[datetime]:
    return sorted(NOON + start for start in starts)


def wait(known: list[datetime] | None, now: datetime = NOON, phase: float = 0.3) -> timedelta:
    return cadence.until_next(known, now, near=NEAR, far=FAR, phase=phase).wait


def test_a_room_without_a_meeting_soon_is_read_at_the_far_interval() -> None:
    assert cadence.interval(begin(timedelta(minutes=16)), NOON, near=NEAR, far=FAR) == FAR


def test_a_meeting_within_a_quarter_of_an_hour_makes_its_room_near() -> None:
    assert cadence.interval(begin(timedelta(minutes=15)), NOON, near=NEAR, far=FAR) == NEAR


def test_a_meeting_that_has_begun_is_not_near_any_more() -> None:
    assert cadence.interval(begin(timedelta()), NOON, near=NEAR, far=FAR) == FAR


def test_a_room_never_read_is_near() -> None:
    assert cadence.interval(None, NOON, near=NEAR, far=FAR) == NEAR


def test_a_calendar_is_read_five_minutes_and_one_minute_before_each_start() -> None:
    known = begin(timedelta(minutes=5, seconds=20))
    assert wait(known, phase=0.7) == timedelta(seconds=20)
    assert wait(known, NOON + timedelta(minutes=4), phase=0.7) == timedelta(seconds=20)


def test_reads_keep_to_the_place_of_their_room_in_the_interval() -> None:
    now, places = NOON, set()
    for _ in range(5):
        now += wait(None, now, phase=0.25)
        places.add(round(now.timestamp() % 60, 3))
    assert places == {15.0}


def test_rooms_spread_over_the_interval() -> None:
    phases = sorted(cadence.phase(f"room-{number}") for number in range(1000))
    gaps = [b - a for a, b in pairwise(phases)]
    assert phases[0] < 0.02
    assert phases[-1] > 0.98
    assert max(gaps) < 0.02


@given(
    now=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    phase=st.floats(0, 0.999),
    starts=st.lists(st.timedeltas(timedelta(hours=-2), timedelta(hours=2)), max_size=5),
)
def test_the_wait_is_never_much_longer_than_an_interval(
    now: datetime, phase: float, starts: list[timedelta]
) -> None:
    at = now.replace(tzinfo=UTC)
    known = sorted(at + start for start in starts)
    pause = wait(known, at, phase)
    assert timedelta() < pause <= FAR * 1.1
