"""Recurrence rules as Graph writes them.

https://learn.microsoft.com/graph/api/resources/patternedrecurrence
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rooms import recurrence
from rooms.recurrence import Rule

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WHICH = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}


def patterned(text: str, first: datetime, time_zone: str) -> dict[str, Any]:
    """The `recurrence` of a series that begins at an instant.

    Raises:
        ValueError: the rule is none.
    """
    rule, where = recurrence.parse(text), ZoneInfo(time_zone)
    local = first.astimezone(where)
    return {
        "pattern": {"interval": rule.interval, **_pattern(rule, local)},
        "range": {
            "startDate": f"{local:%Y-%m-%d}",
            "recurrenceTimeZone": time_zone,
            **_range(rule, first, where),
        },
    }


def _pattern(rule: Rule, first: datetime) -> dict[str, Any]:
    days = [_DAYS[one.day] for one in rule.days]
    match rule.frequency:
        case "DAILY":
            return {"type": "daily"}
        case "WEEKLY":
            return {
                "type": "weekly",
                "daysOfWeek": days or [_DAYS[first.weekday()]],
                "firstDayOfWeek": _DAYS[rule.week_start],
            }
        case "MONTHLY" | "YEARLY":
            when: dict[str, Any] = {"dayOfMonth": rule.month_day or first.day}
            if days:
                when = {"daysOfWeek": days, "index": _WHICH[rule.days[0].which]}
            if rule.frequency == "MONTHLY":
                return {"type": "relativeMonthly" if days else "absoluteMonthly", **when}
            kind = "relativeYearly" if days else "absoluteYearly"
            return {"type": kind, "month": rule.month or first.month, **when}


def _range(rule: Rule, first: datetime, where: ZoneInfo) -> dict[str, Any]:
    if rule.count is not None:
        return {"type": "numbered", "numberOfOccurrences": rule.count}
    last = rule.starts(first, where)[-1].astimezone(where)
    return {"type": "endDate", "endDate": f"{last:%Y-%m-%d}"}
