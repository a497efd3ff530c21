"""A calendar item as EWS writes it: its properties, in the order of the schema.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/calendaritem
"""

from base64 import b64encode
from collections.abc import Callable

import msgspec

from connector.simulators.exchange import identifiers, series, zones
from connector.simulators.exchange.mailbox import Mailbox
from connector.simulators.exchange.markup import Xml, instant, tag
from connector.simulators.graph import text
from connector.simulators.graph.entry import Event
from connector.simulators.graph.meeting import (
    SHOWN_AFTER,
    Attendee,
    AttendeeType,
    Response,
    Sensitivity,
    ShowAs,
)
from rooms.model import Person

RESPONSES: dict[Response, str] = {
    "none": "Unknown",
    "organizer": "Organizer",
    "tentativelyAccepted": "Tentative",
    "accepted": "Accept",
    "declined": "Decline",
    "notResponded": "NoResponseReceived",
}
SHOWN: dict[ShowAs, str] = {
    "free": "Free",
    "tentative": "Tentative",
    "busy": "Busy",
    "oof": "OOF",
    "workingElsewhere": "WorkingElsewhere",
    "unknown": "NoData",
}
SENSITIVITIES: dict[Sensitivity, str] = {
    "normal": "Normal",
    "personal": "Personal",
    "private": "Private",
    "confidential": "Confidential",
}
KINDS = {
    "singleInstance": "Single",
    "occurrence": "Occurrence",
    "exception": "Exception",
    "seriesMaster": "RecurringMaster",
}
_MEETING, _RECEIVED, _CANCELLED = 1, 2, 4
"""Bits of AppointmentState ([MS-OXOCAL] 2.2.1.10)."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to a client."""

    event: Event
    mailbox: Mailbox
    found: bool
    """Whether FindItem tells of it, which knows the organizer by name only."""
    text_body: bool
    """Whether the body is wanted as text."""

    @property
    def series_item(self) -> str:
        """The id under which extended properties are kept: that of the series."""
        return self.event.series_id or self.event.id

    @property
    def uid(self) -> str:
        """The UID of the meeting, the same for every occurrence."""
        return (
            self.mailbox.get(self.event.series_id).uid if self.event.series_id else self.event.uid
        )

    @property
    def organizes(self) -> bool:
        """Whether the mailbox invited."""
        return self.event.meeting.organizer.address.lower() == self.mailbox.address.lower()

    @property
    def response(self) -> Response:
        """What the mailbox answered."""
        return "organizer" if self.organizes else self.event.meeting.response

    @property
    def guests(self) -> tuple[Attendee, ...]:
        """Those who were invited; the room at least, unless it holds the meeting itself."""
        meeting = self.event.meeting
        if meeting.attendees or self.organizes:
            return meeting.attendees
        room = Person(name=self.mailbox.name, address=self.mailbox.address)
        return (Attendee(person=room, type="resource", response=meeting.response),)

    @property
    def location(self) -> str:
        """Places, on one line."""
        return "; ".join(self.event.meeting.locations) or self.mailbox.name


Property = Callable[[Shown], Xml]


def item_id(of: Event) -> Xml:
    """An id and the version it means."""
    return tag("t:ItemId", Id=of.id, ChangeKey=of.change_key)


def item(shown: Shown, wanted: frozenset[str], extended: tuple[Xml, ...] = ()) -> Xml:
    """An item with the properties that are wanted."""
    raw = shown.event.meeting.raw
    parts: list[Xml] = []
    for name, write in PROPERTIES.items():
        if name == "ExtendedProperty":
            parts += extended
        elif name in wanted and name in raw:
            parts += [tag(f"t:{name}", raw[name])] if raw[name] is not None else []
        elif name in wanted:
            parts.append(write(shown))
    return tag("t:CalendarItem", *parts)


def person(who: Person, element: str = "Mailbox", *, named_only: bool = False) -> Xml:
    """Somebody, by name and address or by name alone."""
    name = tag("t:Name", who.name)
    if named_only:
        return tag(f"t:{element}", name)
    address = tag("t:EmailAddress", who.address) if who.address else Xml("")
    routing = tag("t:RoutingType", "SMTP") if who.address else Xml("")
    return tag(f"t:{element}", name, address, routing)


def _text(name: str, read: Callable[[Shown], str | int | bool]) -> Property:
    """A property that is one value."""

    def write(shown: Shown) -> Xml:
        """The property."""
        return tag(f"t:{name}", read(shown))

    return write


def _body(shown: Shown) -> Xml:
    body = shown.event.meeting.body
    if shown.text_body:
        return tag("t:Body", text.as_text(body), BodyType="Text")
    return tag("t:Body", text.as_page(body) if body else "", BodyType="HTML")


def _text_body(shown: Shown) -> Xml:
    return tag("t:TextBody", text.as_text(shown.event.meeting.body), BodyType="Text")


def _mime(shown: Shown) -> Xml:
    """The meeting as iCalendar, in as few words as will do."""
    event = shown.event
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:Simulated Exchange",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{shown.uid}",
        f"SUMMARY:{event.meeting.subject}",
        f"DTSTAMP:{event.modified:%Y%m%dT%H%M%SZ}",
        f"DTSTART:{event.start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{event.end:%Y%m%dT%H%M%SZ}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    content = b64encode("\r\n".join(lines).encode()).decode()
    return tag("t:MimeContent", content, CharacterSet="UTF-8")


def _categories(shown: Shown) -> Xml:
    names = [tag("t:String", name) for name in shown.event.meeting.categories]
    return tag("t:Categories", *names) if names else Xml("")


def _recurrence_id(shown: Shown) -> Xml:
    start = shown.event.original_start
    return tag("t:RecurrenceId", instant(start)) if start else Xml("")


def _original_start(shown: Shown) -> Xml:
    start = shown.event.original_start
    return tag("t:OriginalStart", instant(start)) if start else Xml("")


def _organizer(shown: Shown) -> Xml:
    who = person(shown.event.meeting.organizer, named_only=shown.found)
    return tag("t:Organizer", who)


def _attendees(name: str, kind: AttendeeType) -> Property:
    def write(shown: Shown) -> Xml:
        """Those of one kind; nobody is no list."""
        invited = [
            tag(
                "t:Attendee",
                person(one.person),
                tag("t:ResponseType", RESPONSES[one.response]),
            )
            for one in shown.guests
            if one.type == kind
        ]
        return tag(f"t:{name}", *invited) if invited else Xml("")

    return write


def _display(shown: Shown) -> str:
    return "; ".join(one.person.name for one in shown.guests if one.type == "required")


def _shown_as(shown: Shown) -> str:
    return SHOWN[shown.event.meeting.show_as or SHOWN_AFTER[shown.response]]


def _state(shown: Shown) -> int:
    if not shown.guests:
        return 0
    received = 0 if shown.organizes else _RECEIVED
    return _MEETING | received | (_CANCELLED if shown.event.meeting.cancelled else 0)


def _duration(shown: Shown) -> str:
    minutes = int((shown.event.end - shown.event.start).total_seconds() // 60)
    return f"PT{minutes}M" if minutes >= 0 else f"-PT{-minutes}M"


def _rights(shown: Shown) -> Xml:
    del shown
    names = ("CreateAssociated", "CreateContents", "CreateHierarchy", "Delete", "Modify", "Read")
    allowed = {"Delete", "Modify", "Read"}
    return tag("t:EffectiveRights", *(tag(f"t:{name}", name in allowed) for name in names))


def _responses(shown: Shown) -> Xml:
    """What a client may answer."""
    names = (
        ("CancelCalendarItem", "ForwardItem")
        if shown.organizes
        else ("AcceptItem", "TentativelyAcceptItem", "DeclineItem", "ReplyToItem", "ForwardItem")
    )
    return tag("t:ResponseObjects", *(tag(f"t:{name}") for name in names))


def _enhanced(shown: Shown) -> Xml:
    address = tag("t:PostalAddress", tag("t:Type", "Business"), tag("t:LocationSource", "None"))
    return tag("t:EnhancedLocation", tag("t:DisplayName", shown.location), address)


def _join_url(shown: Shown) -> Xml:
    online = shown.event.meeting.online
    return tag("t:JoinOnlineMeetingUrl", online.join_url) if online else Xml("")


def _of_series(write: Callable[[Event, Mailbox], Xml]) -> Property:
    def only(shown: Shown) -> Xml:
        """Something that only a series as such has."""
        is_series = shown.event.kind == "seriesMaster"
        return write(shown.event, shown.mailbox) if is_series else Xml("")

    return only


def _zone(name: str) -> Property:
    def write(shown: Shown) -> Xml:
        """The zone in which the organizer planned."""
        return zones.definition(shown.event.meeting.time_zone, name)

    return write


def _folder(shown: Shown) -> Xml:
    folder = identifiers.folder(shown.mailbox.id, "calendar")
    return tag("t:ParentFolderId", Id=folder, ChangeKey="AQAAAA==")


PROPERTIES: dict[str, Property] = {
    "MimeContent": _mime,
    "ItemId": lambda shown: item_id(shown.event),
    "ParentFolderId": _folder,
    "ItemClass": _text(
        "ItemClass",
        lambda shown: "IPM.Appointment.Occurrence" if shown.event.series_id else "IPM.Appointment",
    ),
    "Subject": _text("Subject", lambda shown: shown.event.meeting.subject),
    "Sensitivity": _text(
        "Sensitivity", lambda shown: SENSITIVITIES[shown.event.meeting.sensitivity]
    ),
    "Body": _body,
    "DateTimeReceived": _text("DateTimeReceived", lambda shown: instant(shown.event.created)),
    "Size": _text("Size", lambda shown: 1000 + len(shown.event.meeting.body)),
    "Categories": _categories,
    "Importance": _text("Importance", lambda shown: shown.event.meeting.importance.title()),
    "IsSubmitted": _text("IsSubmitted", lambda _: False),
    "IsDraft": _text("IsDraft", lambda shown: shown.event.meeting.draft),
    "IsFromMe": _text("IsFromMe", lambda shown: shown.organizes),
    "IsResend": _text("IsResend", lambda _: False),
    "IsUnmodified": _text("IsUnmodified", lambda _: False),
    "DateTimeSent": _text("DateTimeSent", lambda shown: instant(shown.event.created)),
    "DateTimeCreated": _text("DateTimeCreated", lambda shown: instant(shown.event.created)),
    "ResponseObjects": _responses,
    "ReminderIsSet": _text("ReminderIsSet", lambda _: False),
    "ReminderMinutesBeforeStart": _text("ReminderMinutesBeforeStart", lambda _: 15),
    "DisplayTo": _text("DisplayTo", _display),
    "HasAttachments": _text("HasAttachments", lambda _: False),
    "ExtendedProperty": lambda _: Xml(""),
    "Culture": _text("Culture", lambda _: "en-GB"),
    "EffectiveRights": _rights,
    "LastModifiedName": _text("LastModifiedName", lambda shown: shown.mailbox.name),
    "LastModifiedTime": _text("LastModifiedTime", lambda shown: instant(shown.event.modified)),
    "TextBody": _text_body,
    "UID": _text("UID", lambda shown: shown.uid),
    "RecurrenceId": _recurrence_id,
    "DateTimeStamp": _text("DateTimeStamp", lambda shown: instant(shown.event.modified)),
    "Start": _text("Start", lambda shown: instant(shown.event.start)),
    "End": _text("End", lambda shown: instant(shown.event.end)),
    "OriginalStart": _original_start,
    "IsAllDayEvent": _text("IsAllDayEvent", lambda shown: shown.event.meeting.all_day),
    "LegacyFreeBusyStatus": _text("LegacyFreeBusyStatus", _shown_as),
    "Location": _text("Location", lambda shown: shown.location),
    "IsMeeting": _text("IsMeeting", lambda shown: bool(shown.guests)),
    "IsCancelled": _text("IsCancelled", lambda shown: shown.event.meeting.cancelled),
    "IsRecurring": _text("IsRecurring", lambda shown: shown.event.series_id is not None),
    "MeetingRequestWasSent": _text("MeetingRequestWasSent", lambda shown: bool(shown.guests)),
    "IsResponseRequested": _text("IsResponseRequested", lambda _: True),
    "CalendarItemType": _text("CalendarItemType", lambda shown: KINDS[shown.event.kind]),
    "MyResponseType": _text("MyResponseType", lambda shown: RESPONSES[shown.response]),
    "Organizer": _organizer,
    "RequiredAttendees": _attendees("RequiredAttendees", "required"),
    "OptionalAttendees": _attendees("OptionalAttendees", "optional"),
    "Resources": _attendees("Resources", "resource"),
    "Duration": _text("Duration", _duration),
    "TimeZone": _text(
        "TimeZone", lambda shown: zones.display(zones.windows(shown.event.meeting.time_zone))
    ),
    "AppointmentSequenceNumber": _text("AppointmentSequenceNumber", lambda _: 0),
    "AppointmentState": _text("AppointmentState", _state),
    "Recurrence": lambda shown: series.recurrence(shown.event),
    "FirstOccurrence": _of_series(lambda event, box: series.edge(event, box, last=False)),
    "LastOccurrence": _of_series(lambda event, box: series.edge(event, box, last=True)),
    "ModifiedOccurrences": _of_series(series.modified),
    "DeletedOccurrences": _of_series(series.deleted),
    "StartTimeZone": _zone("StartTimeZone"),
    "EndTimeZone": _zone("EndTimeZone"),
    "ConferenceType": _text("ConferenceType", lambda _: 0),
    "AllowNewTimeProposal": _text("AllowNewTimeProposal", lambda _: True),
    "IsOnlineMeeting": _text(
        "IsOnlineMeeting", lambda shown: shown.event.meeting.online is not None
    ),
    "EnhancedLocation": _enhanced,
    "StartTimeZoneId": _text(
        "StartTimeZoneId", lambda shown: zones.windows(shown.event.meeting.time_zone)
    ),
    "EndTimeZoneId": _text(
        "EndTimeZoneId", lambda shown: zones.windows(shown.event.meeting.time_zone)
    ),
    "JoinOnlineMeetingUrl": _join_url,
    "IsOrganizer": _text("IsOrganizer", lambda shown: shown.organizes),
}
"""What an item can tell, in the order of the schema; what has no value is left out."""
