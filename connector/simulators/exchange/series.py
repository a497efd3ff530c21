"""How often a series meets, as EWS writes it.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/recurrence-recurrencetype
"""

from datetime import date, datetime
from itertools import islice

from connector.simulators.exchange.mailbox import Mailbox
from connector.simulators.exchange.markup import Xml, instant, tag
from connector.simulators.graph.entry import Event
from connector.simulators.graph.recurrence import WEEKDAYS, Recurrence, meets

MONTHS = (
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


def first_day(of: Event) -> date:
    """The local day on which it begins."""
    start = of.meeting.start
    return start.astimezone(of.zone).date() if isinstance(start, datetime) else start


def days(of: Event, limit: int) -> list[date]:
    """The days on which a series meets by its pattern, the first of them."""
    series = of.meeting.recurrence
    return list(islice(meets(series, first_day(of)), limit)) if series else []


def recurrence(of: Event) -> Xml:
    """The pattern and its range; the schema gives them this order."""
    series = of.meeting.recurrence
    if series is None:
        return Xml("")
    begins = tag("t:StartDate", first_day(of).isoformat())
    if series.until is not None:
        span = tag("t:EndDateRecurrence", begins, tag("t:EndDate", series.until.isoformat()))
    elif series.count is not None:
        span = tag("t:NumberedRecurrence", begins, tag("t:NumberOfOccurrences", series.count))
    else:
        span = tag("t:NoEndRecurrence", begins)
    return tag("t:Recurrence", _pattern(series, first_day(of)), span)


def _pattern(series: Recurrence, first: date) -> Xml:
    interval = tag("t:Interval", series.interval)
    chosen = " ".join(day.capitalize() for day in series.days or (WEEKDAYS[first.weekday()],))
    weekdays, index = tag("t:DaysOfWeek", chosen), tag("t:DayOfWeekIndex", series.index.title())
    day = tag("t:DayOfMonth", series.day_of_month or first.day)
    month = tag("t:Month", MONTHS[(series.month or first.month) - 1])
    match series.type:
        case "daily":
            return tag("t:DailyRecurrence", interval)
        case "weekly":
            begins = tag("t:FirstDayOfWeek", series.first_day.capitalize())
            return tag("t:WeeklyRecurrence", interval, weekdays, begins)
        case "absoluteMonthly":
            return tag("t:AbsoluteMonthlyRecurrence", interval, day)
        case "relativeMonthly":
            return tag("t:RelativeMonthlyRecurrence", interval, _one(series, first), index)
        case "absoluteYearly":
            return tag("t:AbsoluteYearlyRecurrence", day, month)
        case "relativeYearly":
            return tag("t:RelativeYearlyRecurrence", _one(series, first), index, month)


def _one(series: Recurrence, first: date) -> Xml:
    """The one day, or kind of day, of a relative pattern."""
    chosen = {WEEKDAYS.index(day) for day in series.days or (WEEKDAYS[first.weekday()],)}
    kinds = {frozenset(range(7)): "Day", frozenset(range(5)): "Weekday"}
    kinds[frozenset((5, 6))] = "WeekendDay"
    name = kinds.get(frozenset(chosen), WEEKDAYS[min(chosen)].capitalize())
    return tag("t:DaysOfWeek", name)


def occurrence(of: Event, name: str) -> Xml:
    """One occurrence in a few words."""
    return tag(
        f"t:{name}",
        tag("t:ItemId", Id=of.id, ChangeKey=of.change_key),
        tag("t:Start", instant(of.start)),
        tag("t:End", instant(of.end)),
        tag("t:OriginalStart", instant(of.original_start or of.start)),
    )


def modified(of: Event, mailbox: Mailbox) -> Xml:
    """Occurrences that differ."""
    entry = mailbox.behind(of.id)
    changed = [day for day, meeting in sorted(entry.changed.items()) if meeting is not None]
    written = [occurrence(entry.event(day), "Occurrence") for day in changed]
    return tag("t:ModifiedOccurrences", *written) if written else Xml("")


def deleted(of: Event, mailbox: Mailbox) -> Xml:
    """Occurrences that are gone, by the start they would have had."""
    changed = mailbox.behind(of.id).changed
    gone = [
        tag("t:DeletedOccurrence", tag("t:Start", instant(_planned(of, day))))
        for day, meeting in sorted(changed.items())
        if meeting is None
    ]
    return tag("t:DeletedOccurrences", *gone) if gone else Xml("")


def edge(of: Event, mailbox: Mailbox, *, last: bool) -> Xml:
    """The first occurrence that there is, or the last; a series without an end has no last."""
    series = of.meeting.recurrence
    if series is None or (last and series.until is None and series.count is None):
        return Xml("")
    entry = mailbox.behind(of.id)
    kept = (
        day for day in meets(series, first_day(of)) if entry.changed.get(day, series) is not None
    )
    day = max(kept, default=None) if last else next(kept, None)
    if day is None:
        return Xml("")
    return occurrence(entry.event(day), "LastOccurrence" if last else "FirstOccurrence")


def _planned(of: Event, day: date) -> datetime:
    """When an occurrence would have begun."""
    return datetime.combine(day, of.start.astimezone(of.zone).time(), of.zone)
