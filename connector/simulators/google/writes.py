"""Changes of events as clients ask for them.

https://developers.google.com/workspace/calendar/api/v3/reference/events/insert and the pages of
`patch` and `delete`
"""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from connector.simulators.google import repeating
from connector.simulators.google.calendar import Calendar, NotThere
from connector.simulators.google.item import Item
from connector.simulators.google.refusal import Json, Refused, invalid

_OWN_ID = re.compile(r"[a-v0-9]{5,1024}")
_SET_HERE = {"id", "start", "end", "recurrence", "kind", "etag", "created", "updated", "attendees"}
_SHARED = {"summary", "description", "location", "start", "end", "recurrence", "attendees"}


def inserted(calendar: Calendar, body: Json, *, alone: bool) -> Json:
    """A new event; `alone` is a service account for which nobody delegated anything.

    Raises:
        Refused: it makes no sense, is there already, or is not allowed.
    """
    if alone and body.get("attendees"):
        message = (
            "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority."
        )
        raise Refused(403, "forbiddenForServiceAccounts", message, domain="calendar")
    event_id = str(body.get("id", ""))
    if event_id:
        _check_new(calendar, event_id)
    start, end = _moment(body.get("start")), _moment(body.get("end"))
    _check_order(start, end)
    rules = tuple(str(one) for one in body.get("recurrence", []))
    if rules:
        repeating.recurrence(rules)
    me = {"email": calendar.address, "displayName": calendar.name, "self": True}
    fields = {key: value for key, value in body.items() if key not in _SET_HERE}
    if "attendees" in body:
        fields["attendees"] = body["attendees"]
    item = calendar.put(
        event_id,
        start,
        end,
        fields={**fields, "creator": {"email": calendar.address}, "organizer": me},
        zone=str(body["start"].get("timeZone", "")),
        rules=rules,
    )
    return item.resource(calendar.zone)


def patched(calendar: Calendar, item: Item, body: Json) -> Json:
    """An event with other properties; of a copy only the room's own answer.

    Raises:
        Refused: it makes no sense, or is the organizer's to do.
    """
    if item.cancelled:
        raise Refused(403, "forbidden", "Cancelled events cannot be changed.", domain="calendar")
    changes = {key: value for key, value in body.items() if key not in _SET_HERE}
    changes.pop("attendeesOmitted", None)
    if not item.fields.get("organizer", {}).get("self"):
        if (_SHARED & body.keys()) - {"attendees"}:
            message = "Shared properties can only be changed by the organizer of the event."
            raise Refused(403, "forbiddenForNonOrganizer", message, domain="calendar")
        return _answered(calendar, item, body).resource(calendar.zone)
    if "attendees" in body:
        changes["attendees"] = body["attendees"]
    start = _moment(body["start"]) if "start" in body else item.start
    end = _moment(body["end"]) if "end" in body else item.end
    _check_order(start, end)
    if "recurrence" in body:
        changes["rules"] = tuple(body["recurrence"])
    return calendar.edit(item.id, start=start, end=end, **changes).resource(calendar.zone)


def removed(calendar: Calendar, item: Item) -> None:
    """An event, gone.

    Raises:
        Refused: it is gone already.
    """
    if item.cancelled:
        raise Refused(410, "deleted", "Resource has been deleted")
    calendar.delete(item.id)


def _answered(calendar: Calendar, item: Item, body: Json) -> Item:
    """The copy with the room's own answer; what is said of others is passed over."""
    for one in body.get("attendees", []):
        if str(one.get("email", "")).lower() == calendar.address and "responseStatus" in one:
            return calendar.respond(item.id, one["responseStatus"], one.get("comment", ""))
    return item


def _check_new(calendar: Calendar, event_id: str) -> None:
    if not _OWN_ID.fullmatch(event_id):
        raise invalid("Invalid resource id value.", "invalid")
    try:
        calendar.get(event_id)
    except NotThere:
        return
    raise Refused(409, "duplicate", "The requested identifier already exists.")


def _check_order(start: datetime | date, end: datetime | date) -> None:
    if isinstance(start, datetime) != isinstance(end, datetime):
        raise invalid("Invalid start time.", "invalid")
    if end <= start:
        raise Refused(
            400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar"
        )


def _moment(told: object) -> datetime | date:
    """A time as Google writes it; without an offset its zone is needed."""
    if not isinstance(told, dict):
        raise invalid("Missing or invalid time.", "required")
    try:
        if "date" in told:
            return date.fromisoformat(told["date"])
        when = datetime.fromisoformat(told["dateTime"])
        if when.tzinfo is None:
            when = when.replace(tzinfo=ZoneInfo(told["timeZone"]))
        return when.astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        raise invalid("Missing or invalid time.", "required") from None
