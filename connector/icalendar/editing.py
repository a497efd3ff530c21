"""Changing calendar objects: what the room does not change stays as it was written.

An occurrence that differs from its series becomes a component of its own (RFC 5545 §3.8.4.4).
"""

import copy
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vRecur
from icalendar.prop import vCalAddress, vDDDLists, vDDDTypes

from connector.errors import Malformed, NotFound
from connector.icalendar.zones import library
from rooms.identity import occurrence_of
from rooms.model import Window
from rooms.zones import zone

PRODUCT = "-//Room Calendar Bridge//EN"
YEARS = timedelta(days=3 * 365)
"""For how long a zone's rules are written beside a series; readers know it by its name."""

_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
_SERIES = ("RRULE", "RDATE", "EXDATE")


def made(
    uid: str,
    subject: str,
    when: Window,
    *,
    time_zone: str,
    text: str,
    rule: str,
    now: datetime,
) -> bytes:
    """A new object.

    Raises:
        Malformed: what was given makes none.
    """
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", PRODUCT)
    event = Event()
    try:
        where = zone(time_zone)
        event.add("UID", uid)
        event.add("SUMMARY", subject)
        event.add("DTSTART", when.start.astimezone(where))
        event.add("DTEND", when.end.astimezone(where))
        if text:
            event.add("DESCRIPTION", text)
        if rule:
            event.add("RRULE", vRecur.from_ical(rule))
        event.add("CREATED", now)
        _touched(event, now, sequence=0)
        calendar.add_component(event)
        first = when.start.date()
        calendar.add_missing_timezones(first_date=first, last_date=first + YEARS)
    except _BROKEN as error:
        raise Malformed("the booking makes no calendar object", reason="wrong_shape") from error
    told: bytes = calendar.to_ical()
    return told


class Object:
    """A calendar object that is changed."""

    def __init__(self, text: bytes, where: ZoneInfo, now: datetime) -> None:
        """Take an object apart.

        Raises:
            Malformed: it is none.
        """
        self._where = where
        self._now = now
        try:
            with library():
                self._calendar: Any = Calendar.from_ical(text)
            self._events: list[Any] = list(self._calendar.walk("VEVENT"))
        except _BROKEN as error:
            raise Malformed("the object is no calendar", reason="not_calendar") from error

    @property
    def text(self) -> bytes:
        """The object as it is now."""
        told: bytes = self._calendar.to_ical()
        return told

    @property
    def empty(self) -> bool:
        """Whether nothing is left of it."""
        return not self._events

    @property
    def created(self) -> datetime | None:
        """When it was made, where it tells."""
        for event in self._events:
            moment = getattr(event.get("CREATED"), "dt", None)
            if isinstance(moment, datetime):
                return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return None

    def end(self, occurrence: str, at: datetime) -> None:
        """Let it, or one occurrence of it, end then."""
        event = self._one(occurrence)
        start = event["DTSTART"]
        if not isinstance(start.dt, datetime):
            raise Malformed("a matter of whole days has no time to end", reason="wrong_shape")
        event.pop("DURATION", None)
        _put(event, "DTEND", max(self._like(at, start), start.dt), start)
        _touched(event, self._now)

    def answer(self, mailbox: str, answer: str, occurrence: str | None, text: str = "") -> None:
        """Let the room answer to one occurrence, or with None to all of it.

        Words go along as COMMENT, which a reply carries to the organizer (RFC 5546 §3.2.3).
        """
        for event in self._events if occurrence is None else [self._one(occurrence)]:
            attendees = event.get("ATTENDEE", [])
            for attendee in attendees if isinstance(attendees, list) else [attendees]:
                if str(attendee).lower() == f"mailto:{mailbox.lower()}":
                    attendee.params["PARTSTAT"] = answer
                    break
            else:
                attendee = vCalAddress(f"mailto:{mailbox}")
                attendee.params["PARTSTAT"] = answer
                event.add("ATTENDEE", attendee)
            if text:
                event.add("COMMENT", text)
            _touched(event, self._now, sequence=None)

    def leave_out(self, occurrence: str) -> None:
        """Take one occurrence away."""
        for event in [e for e in self._events if self._name(e) == occurrence]:
            self._events.remove(event)
            self._calendar.subcomponents.remove(event)
        master = self._master()
        if master is not None:
            start = master["DTSTART"]
            left_out = vDDDLists([self._original(occurrence, start)])
            if zone_name := start.params.get("TZID"):
                left_out.params["TZID"] = zone_name
            elif not isinstance(start.dt, datetime):
                left_out.params["VALUE"] = "DATE"
            master.add("EXDATE", left_out)
            _touched(master, self._now)

    def _master(self) -> Any:
        return next((e for e in self._events if "RECURRENCE-ID" not in e), None)

    def _one(self, occurrence: str) -> Any:
        """The component of an occurrence, made where it has none of its own yet."""
        for event in self._events:
            if self._name(event) == occurrence:
                return event
        master = self._master()
        if master is None:
            raise NotFound("the occurrence is gone", reason="event_gone")
        start = master["DTSTART"]
        length = master.end - master.start
        original = self._original(occurrence, start)
        event = copy.deepcopy(master)
        for name in (*_SERIES, "DURATION"):
            event.pop(name, None)
        _put(event, "RECURRENCE-ID", original, start)
        _put(event, "DTSTART", original, start)
        _put(event, "DTEND", original + length, start)
        self._calendar.add_component(event)
        self._events.append(event)
        return event

    def _name(self, event: Any) -> str:
        """The name of the occurrence that a component stands for; empty for the whole."""
        if "RECURRENCE-ID" not in event:
            return ""
        moment = event["RECURRENCE-ID"].dt
        master = self._master()
        if master is not None and not isinstance(moment, datetime):
            start = master["DTSTART"].dt
            if isinstance(start, datetime):
                moment = datetime.combine(moment, start.timetz())
        if isinstance(moment, datetime) and moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._where)
        return occurrence_of(moment)

    def _original(self, occurrence: str, start: Any) -> date | datetime:
        """When an occurrence begins, in the form in which its series begins."""
        if "T" not in occurrence:
            return datetime.strptime(occurrence, "%Y%m%d").replace(tzinfo=UTC).date()
        moment = datetime.strptime(occurrence, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return self._like(moment, start)

    def _like(self, moment: datetime, start: Any) -> datetime:
        """An instant as a series writes its own: in its zone, or floating where the room is."""
        if start.dt.tzinfo is None:
            return moment.astimezone(self._where).replace(tzinfo=None)
        return moment.astimezone(start.dt.tzinfo)


def _put(event: Any, name: str, moment: date | datetime, like: Any) -> None:
    """Set a time in the form of another one."""
    told = vDDDTypes(moment)
    if zone_name := like.params.get("TZID"):
        told.params["TZID"] = zone_name
    event[name] = told


def _touched(event: Any, now: datetime, sequence: int | None = -1) -> None:
    """Note that it was changed; an answer alone is no new version (RFC 5546 §2.1.4)."""
    for name in ("DTSTAMP", "LAST-MODIFIED"):
        event.pop(name, None)
        event.add(name, now)
    if sequence is not None:
        former = event.get("SEQUENCE", 0)
        event["SEQUENCE"] = sequence if sequence >= 0 else int(former) + 1
