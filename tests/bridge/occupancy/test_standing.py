"""How a room stands by its agenda, at every edge of it."""

from datetime import datetime, timedelta

import pytest

from bridge.occupancy.standing import Standing, changes, stand
from bridge.views.house import AskedToCheckIn, Attendance
from bridge.views.render import Standing as Agendas
from rooms.model import Agenda, Booking, Window
from tests.fakes.virtual import NOON

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def booking(start: float, end: float, name: str = "", *, blocks: bool = True) -> Booking:
    """From and to so many minutes past noon."""
    return Booking(
        id=name or f"at{start}",
        start=NOON + start * MINUTE,
        end=NOON + end * MINUTE,
        blocks=blocks,
    )


def agenda(*bookings: Booking) -> Agenda:
    return Agenda(
        room="kestrel",
        as_of=NOON,
        window=Window(start=NOON - DAY, end=NOON + DAY),
        bookings=bookings,
    )


def asked(name: str, opens: float, until: float) -> Attendance:
    span = AskedToCheckIn(NOON + opens * MINUTE, NOON + until * MINUTE, releases=True)
    return Attendance(asked={name: span})


def at(minutes: float) -> datetime:
    return NOON + minutes * MINUTE


BACK_TO_BACK = agenda(booking(30, 60), booking(60, 90), booking(200, 230))


@pytest.mark.parametrize(
    ("minutes", "state", "until", "following"),
    [
        (0, "free", 30, 30),
        (19.9, "free", 30, 30),
        (20, "soon", 30, 30),
        (30, "busy", 90, 60),
        (60, "busy", 90, 200),
        (90, "free", 200, 200),
        (300, "free", None, None),
    ],
)
def test_back_to_back_meetings_are_one_and_the_next_is_announced(
    minutes: float, state: str, until: float | None, following: float | None
) -> None:
    def moment(one: float | None) -> datetime | None:
        return None if one is None else at(one)

    found = stand(BACK_TO_BACK, Attendance(), at(minutes))
    assert found == Standing(state, moment(until), moment(following))  # type: ignore[arg-type] # one of its words


def test_what_does_not_take_the_room_changes_nothing() -> None:
    note = agenda(booking(-10, 10, blocks=False), booking(5, 5))
    assert stand(note, Attendance(), NOON).state == "free"
    assert changes(note, Attendance(), NOON) is None
    later = agenda(booking(10, 30, blocks=False), booking(15, 15), booking(40, 60, "meeting"))
    assert stand(later, Attendance(), NOON) == Standing("free", at(40), at(40))
    assert stand(later, Attendance(), at(5)).state == "free", "the note is not announced"
    following = Agendas(later, NOON).next
    assert following is not None
    assert following.id == "meeting"


def test_whoever_must_check_in_is_asked_before_and_during_but_not_in_anothers_meeting() -> None:
    meeting = agenda(booking(30, 60, "next"))
    check_in = asked("next", 20, 40)
    assert stand(meeting, check_in, at(19)).state == "free"
    assert stand(meeting, check_in, at(20)).state == "check_in"
    assert stand(meeting, check_in, at(39)).state == "check_in"
    assert stand(meeting, check_in, at(40)).state == "busy"
    both = agenda(booking(0, 30), booking(30, 60, "next"))
    assert stand(both, check_in, at(25)).state == "busy"
    assert stand(both, check_in, at(30)).state == "check_in"


def test_between_two_changes_a_room_stands_the_same() -> None:
    check_in = asked("at200", 190, 210)
    now, seen = at(-20), []
    while (following := changes(BACK_TO_BACK, check_in, now)) is not None:
        half = now + (following - now) / 2
        assert stand(BACK_TO_BACK, check_in, half) == stand(BACK_TO_BACK, check_in, now), now
        seen.append((following - NOON) / MINUTE)
        now = following
    assert seen == [20, 30, 50, 60, 90, 190, 200, 210, 230]
