"""Recurrence rules of bookings that are made here: what RFC 5545 §3.3.10 and every service share.

Less than RFC 5545 has: what Exchange cannot express is refused, and so is a series without end.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from rooms.model import Value

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST = timedelta(days=550)
"""From the first occurrence to the last."""
MOST = 400
"""Occurrences of a series."""
COMMON_DAYS = 28
"""Days that every month has."""
_KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"}

Frequency = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]


class Weekday(NamedTuple):
    """A day of the week, and which one of its month."""

    day: int
    """0 is Monday, as in Python."""
    which: int = 0
    """1 to 4, -1 for the last; 0 for every one."""


class Rule(Value, frozen=True, kw_only=True):
    """How a series recurs."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    """The last occurrence is not after it; an instant in UTC, or a day where the room is."""
    days: tuple[Weekday, ...] = ()
    month_day: int | None = None
    month: int | None = None
    week_start: int = 0

    def starts(self, first: datetime, where: ZoneInfo) -> list[datetime]:
        """The start of each occurrence in UTC; the time of day is kept where the room is.

        Raises:
            ValueError: the series never ends, has too many occurrences, or begins beside the rule.
        """
        local = first.astimezone(where)
        if self.frequency in {"MONTHLY", "YEARLY"} and not self.days and local.day > COMMON_DAYS:
            raise ValueError("not every month has this day, and services differ in what they do")
        found: list[datetime] = []
        for day in self._days(local.date()):
            start = datetime.combine(day, local.time(), tzinfo=where).astimezone(UTC)
            if self._over(start, day, len(found)):
                break
            found.append(start)
            if len(found) > MOST:
                raise ValueError(f"a series has at most {MOST} occurrences")
        else:
            if self.count is None or len(found) < self.count:
                raise ValueError(f"a series ends within {LONGEST.days} days: give COUNT or UNTIL")
        if not found or found[0] != first.astimezone(UTC):
            raise ValueError("the first occurrence is not one by the rule")
        return found

    def _over(self, start: datetime, day: date, so_far: int) -> bool:
        if self.count is not None and so_far >= self.count:
            return True
        if isinstance(self.until, datetime):
            return start > self.until
        return self.until is not None and day > self.until

    def _days(self, first: date) -> Iterator[date]:
        """The days of occurrences, one beyond what is allowed at most."""
        for number in range(LONGEST.days + 1):
            day = first + timedelta(days=number)
            if self._turn(first, day) and self._fits(first, day):
                yield day

    def _turn(self, first: date, day: date) -> bool:
        """Whether it is the turn of this day's week, month or year."""
        match self.frequency:
            case "DAILY":
                gone = (day - first).days
            case "WEEKLY":
                gone = (self._monday(day) - self._monday(first)).days // 7
            case "MONTHLY":
                gone = (day.year - first.year) * 12 + day.month - first.month
            case "YEARLY":
                gone = day.year - first.year
        return gone % self.interval == 0

    def _monday(self, day: date) -> date:
        """The day on which its week began."""
        return day - timedelta(days=(day.weekday() - self.week_start) % 7)

    def _fits(self, first: date, day: date) -> bool:
        """Whether an occurrence may be on this day of its week, month or year."""
        if self.frequency == "YEARLY" and day.month != (self.month or first.month):
            return False
        if self.days:
            return any(_is(day, one) for one in self.days)
        if self.frequency == "WEEKLY":
            return day.weekday() == first.weekday()
        if self.frequency in {"MONTHLY", "YEARLY"}:
            return day.day == (self.month_day or first.day)
        return True


def _is(day: date, weekday: Weekday) -> bool:
    if day.weekday() != weekday.day:
        return False
    if weekday.which == -1:
        return (day + timedelta(days=7)).month != day.month
    return weekday.which in {0, (day.day - 1) // 7 + 1}


def parse(text: str) -> Rule:
    """The rule in the value of an RRULE, with or without the name before it.

    Raises:
        ValueError: it is none, or more than a booking may have; the words are for people.
    """
    bare = text.strip().upper().removeprefix("RRULE:")
    parts: dict[str, str] = {}
    for part in bare.split(";"):
        name, _, value = part.partition("=")
        if name not in _KNOWN or not value:
            raise ValueError(f"this part of a recurrence is not offered: {name[:20] or 'an empty'}")
        if name in parts:
            raise ValueError(f"{name} is given twice")
        parts[name] = value
    rule = Rule(
        frequency=_frequency(parts.get("FREQ", "")),
        interval=_number(parts, "INTERVAL", 1, 99) or 1,
        count=_number(parts, "COUNT", 1, MOST),
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        days=tuple(_weekday(one) for one in parts["BYDAY"].split(",")) if "BYDAY" in parts else (),
        month_day=_number(parts, "BYMONTHDAY", 1, 31),
        month=_number(parts, "BYMONTH", 1, 12),
        week_start=_weekday(parts.get("WKST", "MO")).day,
    )
    _check(rule)
    return rule


def _check(rule: Rule) -> None:
    """Refuse what no service has."""
    if rule.count is not None and rule.until is not None:
        raise ValueError("give COUNT or UNTIL, not both")
    if len(rule.days) > 7:
        raise ValueError("BYDAY names at most seven days")
    monthly = rule.frequency in {"MONTHLY", "YEARLY"}
    if monthly and (len(rule.days) > 1 or any(not one.which for one in rule.days)):
        raise ValueError("BYDAY of a month or year is one day with its number, such as 2TU or -1FR")
    if not monthly and any(one.which for one in rule.days):
        raise ValueError("BYDAY has numbers in months and years only")
    if rule.month_day and (rule.days or not monthly):
        raise ValueError("BYMONTHDAY stands alone, in months and years only")
    if rule.month and rule.frequency != "YEARLY":
        raise ValueError("BYMONTH stands in years only")
    if rule.frequency == "DAILY" and rule.days:
        raise ValueError("BYDAY stands in weeks, months and years: write FREQ=WEEKLY")


def _frequency(text: str) -> Frequency:
    match text:
        case "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY":
            return text
        case _:
            raise ValueError("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY")


def _number(parts: dict[str, str], name: str, least: int, most: int) -> int | None:
    text = parts.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,4}", text) or not least <= int(text) <= most:
        raise ValueError(f"{name} must be a number from {least} to {most}")
    return int(text)


def _weekday(text: str) -> Weekday:
    found = re.fullmatch(r"([+]?[1-4]|-1)?(MO|TU|WE|TH|FR|SA|SU)", text)
    if found is None:
        raise ValueError("BYDAY must be days such as MO,WE, 2TU or -1FR")
    return Weekday(WEEKDAYS.index(found[2]), int(found[1] or 0))


def _until(text: str) -> date | datetime:
    try:
        if len(text) == len("20261231"):
            return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(
            "UNTIL must be a day as 20261231 or an instant as 20261231T235959Z"
        ) from None
