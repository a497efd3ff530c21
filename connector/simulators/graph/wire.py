"""Events as Graph writes them in JSON.

https://learn.microsoft.com/graph/api/resources/event
"""

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import quote

from connector.simulators.graph import text
from connector.simulators.graph.entry import Event
from connector.simulators.graph.mailbox import Mailbox
from connector.simulators.graph.meeting import SHOWN_AFTER, Attendee, Meeting, Response
from connector.simulators.graph.query import Preferences
from connector.simulators.graph.recurrence import Recurrence
from connector.simulators.graph.refusal import Json
from rooms.model import Person

_NEVER = "0001-01-01T00:00:00Z"
_NO_END = "0001-01-01"


def event(of: Event, mailbox: Mailbox, wanted: Preferences) -> Json:
    """An event in full, all its properties in Graph's order."""
    meeting = of.meeting
    event_id = of.immutable_id if wanted.immutable else of.id
    online = meeting.online
    written: Json = {
        "@odata.etag": f'W/"{of.change_key}"',
        "id": event_id,
        "createdDateTime": _instant(of.created),
        "lastModifiedDateTime": _instant(of.modified),
        "changeKey": of.change_key,
        "categories": list(meeting.categories),
        "transactionId": meeting.transaction_id or None,
        "originalStartTimeZone": meeting.time_zone,
        "originalEndTimeZone": meeting.time_zone,
        "iCalUId": of.uid,
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": False,
        "hasAttachments": False,
        "subject": meeting.subject,
        "bodyPreview": text.preview(meeting.body),
        "importance": meeting.importance,
        "sensitivity": meeting.sensitivity,
        "isAllDay": meeting.all_day,
        "isCancelled": meeting.cancelled,
        "isOrganizer": organises(mailbox, meeting),
        "responseRequested": True,
        "seriesMasterId": of.series_immutable_id if wanted.immutable else of.series_id,
        "showAs": meeting.show_as or SHOWN_AFTER[_answer(meeting, mailbox)],
        "type": of.kind,
        "webLink": _web_link(of.id),
        "onlineMeetingUrl": None,
        "isOnlineMeeting": online is not None,
        "onlineMeetingProvider": online.provider if online else "unknown",
        "allowNewTimeProposals": True,
        "isDraft": meeting.draft,
        "hideAttendees": meeting.hide_attendees,
        "responseStatus": {
            "response": _answer(meeting, mailbox),
            "time": _NEVER
            if meeting.response in {"none", "notResponded"}
            else _instant(of.created),
        },
        "body": _body(meeting, wanted),
        "start": moment(meeting.start, wanted),
        "end": moment(meeting.end, wanted),
        "location": _location(_places(meeting, mailbox), mailbox),
        "locations": [_location([place], mailbox) for place in _places(meeting, mailbox)],
        "recurrence": _recurrence(of, meeting.recurrence) if meeting.recurrence else None,
        "attendees": [_attendee(one) for one in _attendees(meeting, mailbox)],
        "organizer": {"emailAddress": _person(meeting.organizer)},
        "onlineMeeting": _online(meeting),
    }
    if of.original_start is not None:
        written["originalStart"] = _instant(of.original_start)
    return written | meeting.raw


def organises(mailbox: Mailbox, meeting: Meeting) -> bool:
    """Whether a meeting is the mailbox's own."""
    return meeting.organizer.address.lower() == mailbox.address.lower()


def sample(now: datetime, wanted: Preferences) -> Json:
    """An event of half an hour that begins now, in a mailbox of nobody."""
    mailbox = Mailbox(
        "nobody@example.com", name="Room", time_zone="UTC", rest_enabled=True, now=lambda: now
    )
    meeting = Meeting(subject="Sample", start=now, end=now + timedelta(minutes=30))
    return event(mailbox.add(meeting), mailbox, wanted)


def _instant(moment: datetime) -> str:
    """An instant with seven digits of a second, as Exchange counts."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}0Z"


def moment(at: datetime | date, wanted: Preferences) -> Json:
    """A moment in the zone that was asked for; a whole day begins at midnight in every zone."""
    if isinstance(at, datetime):
        local = at.astimezone(wanted.zone).replace(tzinfo=None)
    else:
        local = datetime.combine(at, time())
    written = f"{local.isoformat(timespec='microseconds')}0"
    return {"dateTime": written, "timeZone": wanted.zone_name}


def _body(meeting: Meeting, wanted: Preferences) -> Json:
    if wanted.text:
        return {"contentType": "text", "content": text.as_text(meeting.body)}
    return {"contentType": "html", "content": text.as_page(meeting.body) if meeting.body else ""}


def _person(person: Person) -> Json:
    return {"name": person.name, "address": person.address}


def _answer(meeting: Meeting, mailbox: Mailbox) -> Response:
    """What the mailbox answered; nothing, if it invites itself."""
    return "organizer" if organises(mailbox, meeting) else meeting.response


def _attendees(meeting: Meeting, mailbox: Mailbox) -> list[Attendee]:
    """Those who were invited; the room at least, unless it invites itself."""
    room = Attendee(
        person=Person(name=mailbox.name, address=mailbox.address),
        type="resource",
        response=meeting.response,
    )
    return list(meeting.attendees) or ([] if organises(mailbox, meeting) else [room])


def _attendee(attendee: Attendee) -> Json:
    return {
        "type": attendee.type,
        "status": {"response": attendee.response, "time": _NEVER},
        "emailAddress": _person(attendee.person),
    }


def _places(meeting: Meeting, mailbox: Mailbox) -> list[str]:
    return list(meeting.locations) or [mailbox.name]


def _location(places: list[str], mailbox: Mailbox) -> Json:
    """A place, or several on one line; the room is known to the directory."""
    if places == [mailbox.name]:
        return {
            "displayName": mailbox.name,
            "locationUri": mailbox.address,
            "locationType": "conferenceRoom",
            "uniqueId": mailbox.address,
            "uniqueIdType": "directory",
        }
    words = "; ".join(places)
    return {
        "displayName": words,
        "locationType": "default",
        "uniqueId": words,
        "uniqueIdType": "private",
    }


def _online(meeting: Meeting) -> Json | None:
    online = meeting.online
    if online is None:
        return None
    written: Json = {"joinUrl": online.join_url}
    if online.conference_id:
        written["conferenceId"] = online.conference_id
    if online.toll_number:
        written["tollNumber"] = online.toll_number
    return written


def _recurrence(of: Event, series: Recurrence) -> Json:
    """The pattern of a series and its range."""
    pattern = {
        "type": series.type,
        "interval": series.interval,
        "month": series.month,
        "dayOfMonth": series.day_of_month,
        "daysOfWeek": list(series.days),
        "firstDayOfWeek": series.first_day,
        "index": series.index,
    }
    kind = "endDate" if series.until else "numbered" if series.count else "noEnd"
    extent = {
        "type": kind,
        "startDate": of.start.astimezone(of.zone).date().isoformat(),
        "endDate": series.until.isoformat() if series.until else _NO_END,
        "recurrenceTimeZone": of.meeting.time_zone,
        "numberOfOccurrences": series.count or 0,
    }
    return {"pattern": pattern, "range": extent}


def _web_link(event_id: str) -> str:
    item = quote(event_id, safe="")
    return f"https://outlook.office365.com/owa/?itemid={item}&exvsurl=1&path=/calendar/item"
