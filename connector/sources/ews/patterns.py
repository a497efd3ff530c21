"""Recurrence rules as Exchange writes them.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/recurrence-recurrencetype
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from connector.sources.ews.soap import Element, element
from rooms import recurrence
from rooms.recurrence import Rule

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WHICH = {1: "First", 2: "Second", 3: "Third", 4: "Fourth", -1: "Last"}
YEAR = 12
"""Months; Exchange's yearly pattern has no interval, its monthly one has."""


def recurring(text: str, first: datetime, time_zone: str) -> Element:
    """The `Recurrence` of a series that begins at an instant.

    Raises:
        ValueError: the rule is none.
    """
    rule, where = recurrence.parse(text), ZoneInfo(time_zone)
    return element(
        "t:Recurrence", _pattern(rule, first.astimezone(where)), _range(rule, first, where)
    )


def _pattern(rule: Rule, first: datetime) -> Element:
    if rule.frequency == "DAILY":
        return element("t:DailyRecurrence", element("t:Interval", str(rule.interval)))
    if rule.frequency == "WEEKLY":
        days = [_DAYS[one.day] for one in rule.days] or [_DAYS[first.weekday()]]
        return element(
            "t:WeeklyRecurrence",
            element("t:Interval", str(rule.interval)),
            element("t:DaysOfWeek", " ".join(days)),
            element("t:FirstDayOfWeek", _DAYS[rule.week_start]),
        )
    yearly = rule.frequency == "YEARLY"
    if yearly and rule.interval == 1:
        kind = "Yearly"
        month = [element("t:Month", _MONTHS[(rule.month or first.month) - 1])]
        interval = []
    else:
        kind, month = "Monthly", []
        months = rule.interval * (YEAR if yearly else 1)
        interval = [element("t:Interval", str(months))]
    if rule.days:
        day = [
            element("t:DaysOfWeek", _DAYS[rule.days[0].day]),
            element("t:DayOfWeekIndex", _WHICH[rule.days[0].which]),
        ]
        return element(f"t:Relative{kind}Recurrence", *interval, *day, *month)
    number = element("t:DayOfMonth", str(rule.month_day or first.day))
    return element(f"t:Absolute{kind}Recurrence", *interval, number, *month)


def _range(rule: Rule, first: datetime, where: ZoneInfo) -> Element:
    start = element("t:StartDate", f"{first.astimezone(where):%Y-%m-%d}")
    if rule.count is not None:
        number = element("t:NumberOfOccurrences", str(rule.count))
        return element("t:NumberedRecurrence", start, number)
    last = rule.starts(first, where)[-1].astimezone(where)
    return element("t:EndDateRecurrence", start, element("t:EndDate", f"{last:%Y-%m-%d}"))
