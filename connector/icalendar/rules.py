"""Recurrence rules (RFC 5545 §3.3.10) that make sense, lead somewhere, and have measure.

What follows them looks for the next occurrence until the year 9999: a rule that leads nowhere costs
minutes. So parts that the RFC does not give to a frequency are refused, and those that never meet.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import product

from connector.icalendar.entry import Moment
from rooms.model import Window

Rule = dict[str, str]

STEPS = 40_000
"""Steps of one series from its first occurrence to the span: a hundred years of days."""
RARE_STEPS = 40_000
"""What a rule is taken for whose parts may seldom meet."""

_STEP = {
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(weeks=1),
    "MONTHLY": timedelta(days=28),
    "YEARLY": timedelta(days=365),
}
"""Frequencies that are followed; a room's calendar does not change each minute."""
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_MONTHLY = ("BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", *_TIMES)
_PARTS = {
    "HOURLY": ("BYDAY", "BYHOUR"),
    "DAILY": ("BYMONTH", "BYDAY", *_TIMES),
    "WEEKLY": ("BYMONTH", "BYDAY", *_TIMES),
    "MONTHLY": _MONTHLY,
    "YEARLY": (*_MONTHLY, "BYYEARDAY", "BYWEEKNO"),
}
"""What may limit or multiply each; BYSETPOS of single days means nothing."""
_LIMITS = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYSETPOS": (-366, 366),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 59),
    "COUNT": (1, 10**9),
    "INTERVAL": (1, 10_000),
}
_DAY = re.compile(r"([+-]?[1-9]\d?)?(MO|TU|WE|TH|FR|SA|SU)")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def read_rule(text: str, start: Moment) -> Rule:
    """The parts of a rule for a series that starts then.

    Raises:
        ValueError, KeyError: it makes no sense, or has no measure.
    """
    given = dict(part.split("=", 1) for part in text.strip(";").split(";"))
    frequency = given["FREQ"]
    allowed = _PARTS[frequency]
    if not isinstance(start, datetime):
        # Whole days have no hours: such parts are passed over (RFC 5545 §3.3.10).
        given = {key: value for key, value in given.items() if key not in _TIMES}
        if frequency == "HOURLY":
            raise ValueError
    rule = {"FREQ": frequency}
    for key, value in given.items():
        if key in _LIMITS and (key in allowed or key in {"COUNT", "INTERVAL"}):
            rule[key] = _numbers(key, value)
        elif key == "BYDAY":
            rule[key] = _days(value, numbered=frequency in {"MONTHLY", "YEARLY"})
        elif key == "WKST" and value in _WEEKDAYS:
            rule[key] = value
        elif key.startswith("BY"):
            raise ValueError
    if _per_day(rule) > 24 or _never(rule, start):
        raise ValueError
    if "UNTIL" in given:
        rule.pop("COUNT", None)  # both must not stand; the end is what people see
        rule["UNTIL"] = _until(given["UNTIL"], start)
    return rule


def _numbers(key: str, value: str) -> str:
    low, high = _LIMITS[key]
    numbers = [int(number) for number in value.split(",")]
    if not all(low <= number <= high for number in numbers):
        raise ValueError
    if (0 in numbers and not key.startswith(_TIMES)) or (
        len(numbers) > 1 and key in {"COUNT", "INTERVAL"}
    ):
        raise ValueError
    return ",".join(map(str, numbers))


def _days(value: str, *, numbered: bool) -> str:
    """Days of the week; a number before one counts within months and years only."""
    found = [_DAY.fullmatch(day) for day in value.split(",")]
    days = [(one[1] or "", one[2]) for one in found if one]
    if len(days) < len(found):
        raise ValueError
    return ",".join(f"{number}{day}" if numbered else day for number, day in days)


def _per_day(rule: Rule) -> int:
    count = 1
    for key in _TIMES:
        count *= rule[key].count(",") + 1 if key in rule else 1
    return count


def _never(rule: Rule, start: Moment) -> bool:
    """Whether a rule leads nowhere, or nobody could tell without looking."""
    interval = int(rule.get("INTERVAL", "1"))
    counts = [day[-3:-2].isdigit() for day in rule["BYDAY"].split(",")] if "BYDAY" in rule else []
    counted = any(counts)
    if rule["FREQ"] == "HOURLY":
        return interval > 24 or ("BYHOUR" in rule and interval > 1)
    if rule["FREQ"] == "DAILY" and interval % 7 == 0 and "BYDAY" in rule:
        return _WEEKDAYS[start.weekday()] not in rule["BYDAY"]
    if "BYWEEKNO" in rule or "BYYEARDAY" in rule:
        return len(rule.keys() & set(_PARTS["YEARLY"]) - {"BYDAY"}) > 1 or counted
    if counted and ("BYSETPOS" in rule or "BYMONTHDAY" in rule or not all(counts)):
        return True  # what follows rules wants days that are both, of those with and without
    return _no_such_place(rule) or _no_such_day(rule)


def _no_such_place(rule: Rule) -> bool:
    """Whether BYSETPOS counts further than there are days."""
    if "BYSETPOS" not in rule:
        return False
    if "BYDAY" in rule and "BYMONTHDAY" not in rule:
        days = len(rule["BYDAY"].split(",")) * 4 + 1
    else:
        days = rule.get("BYMONTHDAY", "").count(",") + 1
    if rule["FREQ"] == "YEARLY":
        days *= 12
    most = days * _per_day(rule)
    return all(abs(int(place)) > most for place in rule["BYSETPOS"].split(","))


def _no_such_day(rule: Rule) -> bool:
    """Whether none of the months has one of the days."""
    if "BYMONTH" not in rule or "BYMONTHDAY" not in rule:
        return False
    months, days = rule["BYMONTH"].split(","), rule["BYMONTHDAY"].split(",")
    return not any(
        abs(int(day)) <= _DAYS_IN_MONTH[int(month) - 1] for month, day in product(months, days)
    )


def _until(text: str, start: Moment) -> str:
    """The end of a rule as the series counts; a day counts to its end, as its writer meant."""
    form = "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d"
    end = datetime.strptime(text.removesuffix("Z"), form).replace(tzinfo=UTC)
    if not isinstance(start, datetime):
        return f"{end:%Y%m%d}"
    if "T" not in text:
        end = datetime.combine(end.date(), time(23, 59, 59), tzinfo=start.tzinfo)
    elif not text.endswith("Z"):
        end = end.replace(tzinfo=start.tzinfo)
    return f"{end.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def steps(rule: Rule, start: Moment, span: Window) -> int:
    """How many steps it takes to come from the first occurrence to the end of a span.

    Raises:
        ValueError: too many.
    """
    first = date(start.year, start.month, start.day)
    days = max((span.end.date() - first).days + 1, 0)
    interval = int(rule.get("INTERVAL", "1"))
    count = int(timedelta(days=days) / _STEP[rule["FREQ"]] / interval) * _per_day(rule) + 1
    if "COUNT" in rule:
        count = min(count, int(rule["COUNT"]))
    if count > STEPS:
        raise ValueError
    rare = {
        "YEARLY": {"BYSETPOS", "BYWEEKNO", "BYYEARDAY"},
        "MONTHLY": {"BYMONTH"},
    }.get(rule["FREQ"], set())
    return count + (RARE_STEPS if rare & rule.keys() else 0)
