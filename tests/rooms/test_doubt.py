"""Distrust of sudden emptiness."""

from datetime import timedelta

import pytest

from rooms.doubt import doubtful
from rooms.model import Agenda, Booking, Window
from tests.fakes.virtual import NOON

HOUR = timedelta(hours=1)


def agenda(*hours: float, ahead: timedelta = timedelta(days=7)) -> Agenda:
    """Bookings of an hour, each named by the hour from now at which it begins."""
    return Agenda(
        room="kestrel",
        as_of=NOON,
        window=Window(start=NOON - timedelta(days=1), end=NOON + ahead),
        bookings=tuple(
            Booking(id=str(hour), start=NOON + hour * HOUR, end=NOON + (hour + 1) * HOUR)
            for hour in hours
        ),
    )


@pytest.mark.parametrize(
    ("before", "after", "doubted"),
    [
        ((1, 2, 3, 4), (1, 2, 3, 4), False),
        ((1, 2, 3, 4), (1, 2, 3), False),
        ((1, 2, 3, 4), (1, 2), True),
        ((1, 2, 3), (1, 2), False),
        ((1,), (), True),
        ((1, 2), (), True),
        ((), (), False),
        ((), (1, 2), False),
        ((1, 2), (3, 4), True),
        ((-3, -2), (), False),
        ((-0.5,), (), True),
    ],
)
def test_a_read_that_drops_half_of_the_future_bookings_is_doubted(
    before: tuple[float, ...], after: tuple[float, ...], *, doubted: bool
) -> None:
    assert doubtful(agenda(*before), agenda(*after), NOON) is doubted


def test_a_booking_that_moved_is_not_missed() -> None:
    old = agenda(1)
    moved = Booking(id="1", start=NOON + 5 * HOUR, end=NOON + 6 * HOUR)
    new = Agenda(room="kestrel", as_of=NOON, window=old.window, bookings=(moved,))
    assert not doubtful(old, new, NOON)


def test_what_lies_beyond_a_narrower_window_is_not_missed() -> None:
    assert not doubtful(agenda(1, 100), agenda(1, ahead=timedelta(days=2)), NOON)
