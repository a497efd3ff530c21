"""The days on which a series meets."""

from datetime import date
from itertools import islice

import pytest

from connector.simulators.graph.recurrence import Index, Recurrence, meets


def days(recurrence: Recurrence, first: str, count: int = 4) -> list[str]:
    return [str(day) for day in islice(meets(recurrence, date.fromisoformat(first)), count)]


def test_every_third_day() -> None:
    series = Recurrence(type="daily", interval=3)
    assert days(series, "2026-12-29") == ["2026-12-29", "2027-01-01", "2027-01-04", "2027-01-07"]


def test_every_other_week_counts_weeks_from_their_first_day() -> None:
    sunday = Recurrence(type="weekly", interval=2, days=("sunday", "tuesday"))
    monday = Recurrence(type="weekly", interval=2, days=("sunday", "tuesday"), first_day="monday")
    # Tuesday, 24 November 2026.
    assert days(sunday, "2026-11-24") == ["2026-11-24", "2026-12-06", "2026-12-08", "2026-12-20"]
    assert days(monday, "2026-11-24") == ["2026-11-24", "2026-11-29", "2026-12-08", "2026-12-13"]


def test_a_week_without_days_meets_on_the_day_of_the_first_meeting() -> None:
    assert days(Recurrence(type="weekly"), "2026-11-25", 2) == ["2026-11-25", "2026-12-02"]


def test_the_31st_of_a_short_month_is_its_last_day() -> None:
    series = Recurrence(type="absoluteMonthly", day_of_month=31)
    assert days(series, "2026-12-31") == ["2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"]


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("first", ["2026-12-03", "2027-01-07"]),
        ("second", ["2026-12-10", "2027-01-14"]),
        ("fourth", ["2026-12-24", "2027-01-28"]),
        ("last", ["2026-12-31", "2027-01-28"]),
    ],
)
def test_a_thursday_of_the_month(index: Index, expected: list[str]) -> None:
    series = Recurrence(type="relativeMonthly", days=("thursday",), index=index)
    assert days(series, "2026-12-01", 2) == expected


def test_of_several_weekdays_the_first_that_fits() -> None:
    working_day = Recurrence(
        type="relativeMonthly",
        days=("monday", "tuesday", "wednesday", "thursday", "friday"),
        index="last",
    )
    assert days(working_day, "2026-10-01", 2) == ["2026-10-30", "2026-11-30"]


def test_a_day_of_the_year_even_the_29th_of_february() -> None:
    series = Recurrence(type="absoluteYearly", day_of_month=29, month=2)
    assert days(series, "2027-03-01", 2) == ["2028-02-29", "2029-02-28"]


def test_a_weekday_of_every_other_year() -> None:
    series = Recurrence(type="relativeYearly", interval=2, days=("monday",), index="last", month=8)
    assert days(series, "2026-08-31", 2) == ["2026-08-31", "2028-08-28"]


def test_a_series_ends_after_so_many_times_or_on_its_last_day() -> None:
    counted = Recurrence(type="daily", count=2)
    dated = Recurrence(type="daily", until=date(2026, 11, 25))
    assert days(counted, "2026-11-24") == ["2026-11-24", "2026-11-25"]
    assert days(dated, "2026-11-24") == ["2026-11-24", "2026-11-25"]
