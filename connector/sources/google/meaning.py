"""The events that Google's items mean. Pure."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from connector.sources.google.wire import Conference, Entry, Item, Moment
from rooms.identity import clean_uid, occurrence_of
from rooms.model import Days, Event, Person, Response, Window

_SHOWN = {None, "default", "fromGmail"}
"""Other kinds of entries (focus time, birthdays, places of work) are no meetings."""
_HTML = re.compile(r"<(?:a|b|br|div|html|i|li|ol|p|span|table|u|ul)\b[^>]*>", re.IGNORECASE)
_ANSWERS = {
    "accepted": Response.ACCEPTED,
    "declined": Response.DECLINED,
    "tentative": Response.TENTATIVE,
    "needsAction": Response.TENTATIVE,
}


def events(items: Iterable[Item], mailbox: str) -> list[Event]:
    """The events of a calendar's view, as its room reports them.

    An occurrence that was cancelled comes without times: it takes away the one of its series that
    was planned then, should that be there too.
    """
    items = list(items)
    gone = {key for one in items if one.status == "cancelled" and (key := _key(one))}
    return [
        event(one, mailbox)
        for one in items
        if one.event_type in _SHOWN
        and not one.recurrence
        and _key(one) not in gone
        and (one.status != "cancelled" or one.start is not None)
    ]


def _key(item: Item) -> tuple[str, str] | None:
    """What tells an occurrence: its series, and when it was planned."""
    name = _occurrence(item)
    return (item.recurring_event_id, name) if item.recurring_event_id and name else None


def event(item: Item, mailbox: str) -> Event:
    """The event that an item means."""
    who = item.organizer
    words = item.description or ""
    return Event(
        id=item.id,
        uid=clean_uid(item.i_cal_uid or ""),
        occurrence=_occurrence(item),
        when=_when(item),
        subject=item.summary or "",
        organizer=Person(name=who.display_name or "", address=who.email or "") if who else Person(),
        # A value that is not known yet is treated as private: showing too little mends itself.
        private=(item.visibility or "default") not in {"default", "public"},
        cancelled=item.status == "cancelled",
        own=bool(who and (who.self_ or _same(who.email, mailbox))),
        response=_response(item, mailbox),
        blocks=item.transparency != "transparent",
        locations=tuple(_locations(item)),
        online_url=_online_url(item),
        body=words,
        html=_HTML.search(words) is not None,
    )


def is_pending(item: Item) -> bool:
    """Whether an online meeting was asked for and Google has not made it yet."""
    conference = item.conference_data
    if conference is None or conference.entry_points or conference.create_request is None:
        return False
    status = conference.create_request.status
    return status is not None and status.status_code == "pending"


def _occurrence(item: Item) -> str:
    """Which occurrence of its series an item is."""
    if not item.recurring_event_id or item.original_start_time is None:
        return ""
    try:
        start = moment(item.original_start_time)
    except (ValueError, OverflowError):
        return item.id
    return occurrence_of(start) if start is not None else item.id


def _response(item: Item, mailbox: str) -> Response:
    """What the room answered; where it is not told the calendar has it, so it was let in."""
    for guest in item.attendees or ():
        if guest.self_ or _same(guest.email, mailbox):
            answer = _ANSWERS.get(guest.response_status or "", Response.TENTATIVE)
            break
    else:
        answer = Response.ACCEPTED
    if item.status == "tentative" and answer is Response.ACCEPTED:
        return Response.TENTATIVE
    return answer


def _same(one: str | None, other: str) -> bool:
    return (one or "").lower() == other.lower()


def _online_url(item: Item) -> str:
    """The link of the meeting that is attached, Google's own or an add-on's."""
    for entry in _entries(item.conference_data):
        if entry.entry_point_type == "video" and entry.uri:
            return entry.uri
    return item.hangout_link or ""


def _locations(item: Item) -> Iterator[str]:
    """What is kept as data comes first, SIP before all: a room dials rather than browses."""
    entries = sorted(
        _entries(item.conference_data), key=lambda entry: entry.entry_point_type != "sip"
    )
    for entry in entries:
        if entry.entry_point_type in {"sip", "video"} and entry.uri:
            yield _in_words(entry)
    if item.location:
        yield item.location
    if item.conference_data and item.conference_data.notes:
        yield item.conference_data.notes


def _entries(conference: Conference | None) -> list[Entry]:
    return (conference.entry_points if conference else None) or []


def _in_words(entry: Entry) -> str:
    """A way in, as an invitation would print it."""
    lines = [entry.uri or ""]
    if code := entry.meeting_code or entry.access_code:
        lines.append(f"Meeting ID: {code}")
    if secret := entry.passcode or entry.password:
        lines.append(f"Passcode: {secret}")
    return "\n".join(lines)


def _when(item: Item) -> Window | Days | None:
    """When an item is, or None where its times make no sense."""
    try:
        start = moment(item.start)
        end = moment(item.end)
    except (ValueError, OverflowError):
        return None
    if start is None:
        return None
    if isinstance(start, datetime):
        # Without an end it is a point in time: Google writes one even for `endTimeUnspecified`.
        after = end if isinstance(end, datetime) else start
        return Window(start=start, end=max(start, after))
    last = end if end is not None and not isinstance(end, datetime) else start
    return Days(first=start, after=max(last, start + timedelta(days=1)))


def moment(told: Moment | None) -> datetime | date | None:
    """A day or an instant in UTC.

    Raises:
        ValueError, OverflowError: it is neither.
    """
    if told is None:
        return None
    if told.date_time:
        when = datetime.fromisoformat(told.date_time)
        if when.tzinfo is None:
            raise ValueError("an instant without an offset")
        return when.astimezone(UTC)
    return date.fromisoformat(told.date) if told.date else None
