"""A time zone as a free/busy request describes it: a bias, and when it changes in a year.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/timezone-availability
"""

from calendar import monthrange
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from bridge.views.ews.markup import Fault
from bridge.views.ews.reading import Element, T, number, words

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = timedelta(days=1)


class _Change(NamedTuple):
    """When a part of the year begins, and by how much it differs."""

    bias: timedelta
    at: time
    order: int
    """1 to 4, and 5 for the last."""
    month: int
    day: int

    def in_year(self, year: int) -> datetime:
        """On the clock that is read until then."""
        first, length = monthrange(year, self.month)
        day = 1 + (self.day - first) % 7 + 7 * (self.order - 1)
        while day > length:
            day -= 7
        return datetime.combine(datetime(year, self.month, day, tzinfo=UTC), self.at, tzinfo=UTC)


class Zone(NamedTuple):
    """How far local clocks are behind UTC (that is Exchange's way round)."""

    bias: timedelta
    standard: _Change | None = None
    daylight: _Change | None = None

    def instant(self, local: datetime) -> datetime:
        """The instant that a local clock shows."""
        if self.daylight is None:
            return local + self.bias
        summer = local + self.bias + self.daylight.bias
        return (
            summer
            if self._behind(summer) == self.bias + self.daylight.bias
            else (local + self.bias + (self.standard.bias if self.standard else timedelta()))
        )

    def local(self, at: datetime) -> datetime:
        """What a local clock shows."""
        return at - self._behind(at)

    def _behind(self, at: datetime) -> timedelta:
        if self.standard is None or self.daylight is None:
            return self.bias
        winter, summer = self.bias + self.standard.bias, self.bias + self.daylight.bias
        year = (at - self.bias).year
        begins = self.daylight.in_year(year) + winter
        ends = self.standard.in_year(year) + summer
        inside = begins <= at < ends if begins < ends else not ends <= at < begins
        return summer if inside else winter


def zone_of(asked: Element | None) -> Zone:
    """The zone of a request; UTC where it names none."""
    if asked is None:
        return Zone(timedelta())
    bias = timedelta(minutes=number(asked, f"{T}Bias", 0, -1440, 1440))
    parts = [_change(asked.find(f"{T}{name}")) for name in ("StandardTime", "DaylightTime")]
    if None in parts:
        return Zone(bias)
    return Zone(bias, parts[0], parts[1])


def _change(asked: Element | None) -> _Change | None:
    if asked is None or not 1 <= number(asked, f"{T}Month", 0, 0, 13) <= 12:
        return None
    day = words(asked, f"{T}DayOfWeek")
    if day not in _DAYS:
        return None
    try:
        at = time.fromisoformat(words(asked, f"{T}Time"))
    except ValueError as error:
        raise Fault("ErrorSchemaValidation", "The request failed schema validation.") from error
    return _Change(
        bias=timedelta(minutes=number(asked, f"{T}Bias", 0, -1440, 1440)),
        at=at,
        order=number(asked, f"{T}DayOrder", 1, 1, 5),
        month=number(asked, f"{T}Month", 1, 1, 12),
        day=_DAYS.index(day),
    )
