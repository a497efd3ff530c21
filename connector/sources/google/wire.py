"""What Google Calendar sends, typed.

https://developers.google.com/workspace/calendar/api/v3/reference/events
"""

import msgspec

from connector.errors import Malformed

FIELDS = (
    "kind,nextPageToken,items(id,status,iCalUID,recurringEventId,originalStartTime,summary,description,"
    "location,start,end,visibility,transparency,eventType,organizer(email,displayName,self),"
    "attendees(email,self,responseStatus),hangoutLink,"
    "conferenceData(entryPoints,createRequest/status,notes))"
)
"""What a room needs of its events."""
LIST = "calendar#events"
"""What a page says it is."""
CHANGED = "kind,nextPageToken,nextSyncToken,items(id,status,recurringEventId,recurrence,start,end)"
"""What is needed of changes: no words of anybody."""


class Wire(msgspec.Struct, rename="camel"):
    """A part of an answer; whatever else it holds is passed over."""


class Moment(Wire):
    """A day, or an instant with its offset."""

    date: str | None = None
    date_time: str | None = None


class Who(Wire):
    """An organizer."""

    email: str | None = None
    display_name: str | None = None
    self_: bool | None = msgspec.field(default=None, name="self")


class Guest(Wire):
    """Somebody who was invited."""

    email: str | None = None
    self_: bool | None = msgspec.field(default=None, name="self")
    response_status: str | None = None


class Entry(Wire):
    """One way into an online meeting."""

    entry_point_type: str | None = None
    uri: str | None = None
    meeting_code: str | None = None
    access_code: str | None = None
    passcode: str | None = None
    password: str | None = None


class Status(Wire):
    """How far a request for an online meeting has come: `pending`, `success`, `failure`."""

    status_code: str | None = None


class Request(Wire):
    """A request for an online meeting."""

    status: Status | None = None


class Conference(Wire):
    """An online meeting, of Google's own or of an add-on."""

    entry_points: list[Entry] | None = None
    create_request: Request | None = None
    notes: str | None = None


class Item(Wire):
    """An event: the fields that a room needs."""

    id: str
    status: str | None = None
    i_cal_uid: str | None = msgspec.field(default=None, name="iCalUID")
    recurring_event_id: str | None = None
    original_start_time: Moment | None = None
    recurrence: list[str] | None = None
    summary: str | None = None
    description: str | None = None
    location: str | None = None
    start: Moment | None = None
    end: Moment | None = None
    visibility: str | None = None
    transparency: str | None = None
    event_type: str | None = None
    organizer: Who | None = None
    attendees: list[Guest] | None = None
    hangout_link: str | None = None
    conference_data: Conference | None = None


class Page(Wire):
    """One page of a list."""

    kind: str
    items: list[Item] = []
    next_page_token: str | None = None
    next_sync_token: str | None = None
    access_role: str | None = None


class _Loose(Wire):
    """A page whose items are still to be read, one by one."""

    kind: str
    items: list[msgspec.Raw] = []
    next_page_token: str | None = None
    next_sync_token: str | None = None


class _Named(Wire):
    id: str


_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_page = msgspec.json.Decoder(Page)
_loose = msgspec.json.Decoder(_Loose)
_item = msgspec.json.Decoder(Item)
_named = msgspec.json.Decoder(_Named)


def page(body: bytes) -> Page:
    """A page of events; an item that makes no sense loses all but its id.

    Raises:
        Malformed: this is no page of events.
    """
    told = _decoded(body)
    # Something else that answers with JSON must not pass for a calendar without meetings.
    if told.kind != LIST:
        raise Malformed("the answer is not a page of events", reason="wrong_shape")
    return told


def _decoded(body: bytes) -> Page:
    try:
        return _page.decode(body)
    except msgspec.ValidationError:
        pass
    except _NO_JSON as error:
        raise Malformed("the answer is not whole JSON", reason="not_json") from error
    try:
        loose = _loose.decode(body)
        items = [_readable(raw) for raw in loose.items]
    except _NO_JSON as error:
        raise Malformed("the answer is not a page of events", reason="wrong_shape") from error
    return Page(
        kind=loose.kind,
        items=items,
        next_page_token=loose.next_page_token,
        next_sync_token=loose.next_sync_token,
    )


def _readable(raw: msgspec.Raw) -> Item:
    try:
        return _item.decode(raw)
    except msgspec.ValidationError:
        return Item(id=_named.decode(raw).id)
