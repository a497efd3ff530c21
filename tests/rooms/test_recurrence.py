"""Recurrence rules of bookings that are made here, against an independent expansion."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.recurrence import LONGEST, MOST, WEEKDAYS, Rule, parse
from tests.fakes.virtual import NOON

LONDON = ZoneInfo("Europe/London")


def days(text: str, first: datetime = NOON) -> list[int]:
    """On which days after the first one the series is."""
    return [(start.date() - first.date()).days for start in parse(text).starts(first, LONDON)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", [0, 1, 2]),
        ("RRULE:FREQ=DAILY;INTERVAL=2;COUNT=3", [0, 2, 4]),
        ("freq=daily;until=20261125", [0, 1, 2]),
        ("FREQ=DAILY;UNTIL=20261125T120000Z", [0, 1, 2]),
        ("FREQ=DAILY;UNTIL=20261125T115959Z", [0, 1]),
        ("FREQ=WEEKLY;COUNT=2", [0, 7]),
        ("FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4", [0, 2, 7, 9]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;COUNT=4", [0, 6, 14, 20]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU;COUNT=4", [0, 13, 14, 27]),
        ("FREQ=MONTHLY;COUNT=2", [0, 30]),
        ("FREQ=MONTHLY;BYMONTHDAY=23;COUNT=2", [0, 30]),
        ("FREQ=MONTHLY;BYDAY=4MO;COUNT=2", [0, 35]),
        ("FREQ=MONTHLY;BYDAY=-1MO;COUNT=1", None),
        ("FREQ=YEARLY;COUNT=2", [0, 365]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4MO;COUNT=2", [0, 364]),
    ],
)
def test_a_rule_recurs_as_rfc_5545_says(text: str, expected: list[int] | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="first occurrence"):
            days(text)
    else:
        assert days(text) == expected


def test_the_time_of_day_stays_where_clocks_change() -> None:
    first = datetime(2026, 10, 24, 8, tzinfo=UTC)
    assert parse("FREQ=DAILY;COUNT=2").starts(first, LONDON) == [
        first,
        first + timedelta(hours=25),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FREQ=HOURLY;COUNT=2",
        "COUNT=2",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=2;COUNT=3",
        "FREQ=DAILY;COUNT=2;UNTIL=20270101",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;UNTIL=20270101T000000",
        "FREQ=DAILY;BYDAY=MO;COUNT=2",
        "FREQ=WEEKLY;BYDAY=2MO;COUNT=2",
        "FREQ=MONTHLY;BYDAY=MO;COUNT=2",
        "FREQ=MONTHLY;BYDAY=1MO,2MO;COUNT=2",
        "FREQ=MONTHLY;BYDAY=4MO;BYMONTHDAY=23;COUNT=2",
        "FREQ=MONTHLY;BYSETPOS=1;COUNT=2",
        "FREQ=DAILY;COUNT=2\r\nATTENDEE:mailto:x@example.com",
        "FREQ=DAILY;COUNT=2;X-A=1",
        "FREQ=WEEKLY;BYMONTH=3;COUNT=2",
        "FREQ=DAILY;COUNT=١",
    ],
)
def test_what_is_more_or_less_than_a_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


@pytest.mark.parametrize("text", ["FREQ=DAILY", "FREQ=YEARLY;COUNT=3", "FREQ=DAILY;UNTIL=20991231"])
def test_a_series_that_does_not_end_soon_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"{LONGEST.days}|{MOST}"):
        days(text)


def test_a_day_that_not_every_month_has_is_refused() -> None:
    with pytest.raises(ValueError, match="not every month"):
        days("FREQ=MONTHLY;COUNT=2", datetime(2026, 12, 31, 12, tzinfo=UTC))


@given(st.text(max_size=80))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(parse(text), Rule)


@given(
    frequency=st.sampled_from(["DAILY", "WEEKLY"]),
    interval=st.integers(1, 5),
    count=st.integers(1, 40),
    week_start=st.sampled_from(WEEKDAYS),
    wanted=st.sets(st.sampled_from(WEEKDAYS)),
    hour=st.integers(0, 23),
)
def test_it_is_the_expansion_that_others_make(
    frequency: str, interval: int, count: int, week_start: str, wanted: set[str], hour: int
) -> None:
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped] # it has no stubs here

    first = NOON.replace(hour=hour)
    text = f"FREQ={frequency};INTERVAL={interval};COUNT={count};WKST={week_start}"
    if frequency == "WEEKLY" and wanted:
        text += f";BYDAY={','.join(sorted({*wanted, 'MO'}))}"
    local = first.astimezone(LONDON).replace(tzinfo=None)
    theirs = [one.replace(tzinfo=LONDON).astimezone(UTC) for one in rrulestr(text, dtstart=local)]
    if theirs[-1] - first < LONGEST - timedelta(days=1):
        assert parse(text).starts(first, LONDON) == theirs
