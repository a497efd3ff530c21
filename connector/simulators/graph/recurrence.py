"""The days on which a series meets, by the six patterns of Outlook.

https://learn.microsoft.com/graph/api/resources/recurrencepattern
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from typing import Literal

import msgspec

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Index = Literal["first", "second", "third", "fourth", "last"]
Pattern = Literal[
    "daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"
]

WEEKDAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_INDEXES: dict[Index, int] = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}


class Recurrence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a series meets, and until when; without `until` and `count` it never ends."""

    type: Pattern
    interval: int = 1
    days: tuple[Weekday, ...] = ()
    day_of_month: int = 0
    month: int = 0
    index: Index = "first"
    first_day: Weekday = "sunday"
    until: date | None = None
    """The last day on which it may meet."""
    count: int | None = None


def meets(recurrence: Recurrence, first: date) -> Iterator[date]:
    """Every day on which a series that begins on `first` meets, in order, perhaps for ever."""
    days = (day for day in _days(recurrence, first) if day >= first)
    for number, day in enumerate(days):
        if recurrence.count is not None and number >= recurrence.count:
            return
        if recurrence.until is not None and day > recurrence.until:
            return
        yield day


def _days(recurrence: Recurrence, first: date) -> Iterator[date]:
    """The days of the pattern, from the period in which `first` lies."""
    match recurrence.type:
        case "daily":
            return (first + timedelta(days=n * recurrence.interval) for n in count())
        case "weekly":
            return _weekly(recurrence, first)
        case "absoluteMonthly" | "absoluteYearly":
            return _on_day(recurrence, first)
        case "relativeMonthly" | "relativeYearly":
            return _on_weekday(recurrence, first)


def _weekly(recurrence: Recurrence, first: date) -> Iterator[date]:
    """The chosen days of every so many weeks, a week beginning on its first day."""
    begins = WEEKDAYS.index(recurrence.first_day)
    chosen = recurrence.days or (WEEKDAYS[first.weekday()],)
    offsets = sorted((WEEKDAYS.index(day) - begins) % 7 for day in chosen)
    week = first - timedelta(days=(first.weekday() - begins) % 7)
    for n in count():
        for offset in offsets:
            yield week + timedelta(weeks=n * recurrence.interval, days=offset)


def _on_day(recurrence: Recurrence, first: date) -> Iterator[date]:
    """The chosen day of a month; Outlook takes the last day of a month that is too short."""
    wanted = recurrence.day_of_month or first.day
    for year, month in _months(recurrence, first):
        yield date(year, month, min(wanted, monthrange(year, month)[1]))


def _on_weekday(recurrence: Recurrence, first: date) -> Iterator[date]:
    """The first, second … or last day of a month that is one of the chosen weekdays."""
    chosen = {WEEKDAYS.index(day) for day in recurrence.days or (WEEKDAYS[first.weekday()],)}
    for year, month in _months(recurrence, first):
        days = (date(year, month, day + 1) for day in range(monthrange(year, month)[1]))
        yield [day for day in days if day.weekday() in chosen][_INDEXES[recurrence.index]]


def _months(recurrence: Recurrence, first: date) -> Iterator[tuple[int, int]]:
    """Every so many months, or the one month of every so many years."""
    yearly = recurrence.type.endswith("Yearly")
    month = (recurrence.month or first.month) if yearly else first.month
    step = recurrence.interval * (12 if yearly else 1)
    for n in count():
        years, index = divmod(month - 1 + n * step, 12)
        yield first.year + years, index + 1
