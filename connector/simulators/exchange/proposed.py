"""What a client writes of a calendar item, read into a meeting.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/calendaritem
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from lxml import etree

from connector.simulators.exchange.call import SPACES
from connector.simulators.exchange.item import SENSITIVITIES, SHOWN
from connector.simulators.exchange.markup import TYPES
from connector.simulators.exchange.reading import moment
from connector.simulators.exchange.refusal import Refused
from connector.simulators.exchange.series import MONTHS
from connector.simulators.graph import text
from connector.simulators.graph.meeting import Attendee, AttendeeType
from connector.simulators.graph.recurrence import Index, Pattern, Recurrence, Weekday
from rooms import zones
from rooms.model import Person

Changes = dict[str, Any]
_GUESTS: dict[str, AttendeeType] = {
    "RequiredAttendees": "required",
    "OptionalAttendees": "optional",
    "Resources": "resource",
}
_PATTERNS: dict[str, Pattern] = {
    "DailyRecurrence": "daily",
    "WeeklyRecurrence": "weekly",
    "AbsoluteMonthlyRecurrence": "absoluteMonthly",
    "RelativeMonthlyRecurrence": "relativeMonthly",
    "AbsoluteYearlyRecurrence": "absoluteYearly",
    "RelativeYearlyRecurrence": "relativeYearly",
}
_WEEK: dict[str, tuple[Weekday, ...]] = {
    "Day": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "Weekday": ("monday", "tuesday", "wednesday", "thursday", "friday"),
    "WeekendDay": ("saturday", "sunday"),
}


def changes(elements: list[etree._Element]) -> Changes:
    """What elements of an item say, by the names of `Meeting`; times stay instants.

    Raises:
        Refused: it makes no sense.
    """
    told: Changes = {}
    guests: list[Attendee] | None = None
    for element in elements:
        name = etree.QName(element).localname
        if name in _GUESTS:
            guests = (guests or []) + _guests(element, _GUESTS[name])
        elif name in _READERS:
            key, read = _READERS[name]
            told[key] = read(element)
    if guests is not None:
        told["attendees"] = tuple(guests)
    return told


def whole_days(told: Changes, zone_name: str) -> Changes:
    """All-day items have days instead of instants: local ones, where the mailbox is."""
    where = zones.zone(zone_name)
    days = {
        name: told[name].astimezone(where).date()
        for name in ("start", "end")
        if isinstance(told.get(name), datetime)
    }
    return told | days


def _text(element: etree._Element) -> str:
    return element.text or ""


def _body(element: etree._Element) -> str:
    written = element.text or ""
    return text.from_text(written) if element.get("BodyType") == "Text" else written


def _instant(element: etree._Element) -> datetime:
    return moment(element.text or "")


def _boolean(element: etree._Element) -> bool:
    return _text(element).strip() in {"true", "1"}


def _one_of(names: dict[Any, str]) -> Callable[[etree._Element], str]:
    words = {word: name for name, word in names.items()}

    def read(element: etree._Element) -> str:
        """One of the words of the schema."""
        if _text(element) not in words:
            raise Refused("ErrorSchemaValidation", whole=True)
        return str(words[_text(element)])

    return read


def _locations(element: etree._Element) -> tuple[str, ...]:
    return (_text(element),) if _text(element) else ()


def _categories(element: etree._Element) -> tuple[str, ...]:
    return tuple(one.text or "" for one in element)


def _importance(element: etree._Element) -> str:
    return _text(element).lower()


def _zone(element: etree._Element) -> str:
    return element.get("Id", "") or "UTC"


def _guests(element: etree._Element, kind: AttendeeType) -> list[Attendee]:
    return [
        Attendee(
            person=Person(
                name=one.findtext("t:Mailbox/t:Name", "", SPACES),
                address=one.findtext("t:Mailbox/t:EmailAddress", "", SPACES),
            ),
            type=kind,
            response="notResponded",
        )
        for one in element
    ]


def recurrence(element: etree._Element) -> Recurrence:
    """A pattern and its range."""
    pattern, span = element[0], element[1]
    kind = _PATTERNS.get(etree.QName(pattern).localname)
    if kind is None:
        raise Refused("ErrorCalendarInvalidRecurrence")

    def told(name: str) -> str:
        return pattern.findtext(f"{{{TYPES}}}{name}", "")

    chosen: list[Weekday] = []
    for word in told("DaysOfWeek").split():
        chosen += _WEEK.get(word, (word.lower(),))  # type: ignore[arg-type]
    index: Index = told("DayOfWeekIndex").lower() or "first"  # type: ignore[assignment]
    begins: Weekday = told("FirstDayOfWeek").lower() or "sunday"  # type: ignore[assignment]
    until = span.findtext(f"{{{TYPES}}}EndDate", "")
    count = span.findtext(f"{{{TYPES}}}NumberOfOccurrences", "")
    return Recurrence(
        type=kind,
        interval=int(told("Interval") or 1),
        days=tuple(chosen),
        day_of_month=int(told("DayOfMonth") or 0),
        month=MONTHS.index(told("Month")) + 1 if told("Month") else 0,
        index=index,
        first_day=begins,
        until=date.fromisoformat(until[:10]) if until else None,
        count=int(count) if count else None,
    )


_READERS: dict[str, tuple[str, Callable[[etree._Element], Any]]] = {
    "Subject": ("subject", _text),
    "Sensitivity": ("sensitivity", _one_of(SENSITIVITIES)),
    "Body": ("body", _body),
    "Categories": ("categories", _categories),
    "Importance": ("importance", _importance),
    "UID": ("uid", _text),
    "Start": ("start", _instant),
    "End": ("end", _instant),
    "IsAllDayEvent": ("all_day", _boolean),
    "LegacyFreeBusyStatus": ("show_as", _one_of(SHOWN)),
    "Location": ("locations", _locations),
    "Recurrence": ("recurrence", recurrence),
    "StartTimeZone": ("time_zone", _zone),
}
"""Elements that are read, and what they are called in a meeting."""
