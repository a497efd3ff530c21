"""What Exchange tells of a calendar's items, and the events that it means."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connector.errors import Malformed
from connector.sources.ews.soap import Element, Fault, M, Message, T, only
from rooms.identity import clean_uid, occurrence_of
from rooms.model import Days, Event, Person, Response, Window
from rooms.zones import zone

_GONE = {"ErrorItemNotFound"}
_SPOILT = {
    "ErrorItemCorrupt",
    "ErrorCorruptData",
    "ErrorItemPropertyRequestFailed",
    "ErrorMimeContentConversionFailed",
    "ErrorContentConversionFailed",
    "ErrorMessageSizeExceeded",
    "ErrorPropertyValidationFailure",
}
"""What one item may have without the rest of the calendar being worse for it."""


class Found(NamedTuple):
    """The ids in a view of a calendar, and whether they are all."""

    ids: list[str]
    whole: bool


def found(answer: list[Message]) -> Found:
    """What FindItem found.

    Raises:
        Fault: Exchange refuses.
        Malformed: it says nothing about items.
    """
    content = only(answer)
    folder = content.find(f"{M}RootFolder")
    if folder is None or folder.get("IncludesLastItemInRange") is None:
        raise Malformed("the answer to FindItem tells of no folder", reason="wrong_shape")
    whole = folder.get("IncludesLastItemInRange", "").lower() in {"true", "1"}
    ids = [_id(item) for item in folder.iterfind(f"{T}Items/*")]
    return Found(ids, whole)


def _id(item: Element) -> str:
    named = item.find(f"{T}ItemId")
    name = named.get("Id") if named is not None else None
    if not name:
        raise Malformed("an item has no id", reason="wrong_shape")
    return name


class Vanished(Exception):
    """An item that was found is no longer there: the calendar changed meanwhile."""


def events(answer: list[Message], asked: list[str], where: ZoneInfo) -> list[Event]:
    """The events that GetItem told of, an answer for each id.

    Raises:
        Vanished: one of them is gone or has another id now.
        Fault: Exchange refuses.
        Malformed: these are not the items that were asked for.
    """
    if len(answer) != len(asked):
        raise Malformed("fewer items came than were asked for", reason="wrong_shape")
    return [
        event for one, name in zip(answer, asked, strict=True) for event in _of(one, name, where)
    ]


def _of(message: Message, name: str, where: ZoneInfo) -> Iterator[Event]:
    if message.fault is not None:
        if message.fault.code in _GONE:
            raise Vanished
        if message.fault.code not in _SPOILT:
            raise message.fault
        yield Event(id=name, when=None)
        return
    item = message.content.find(f"{M}Items/{T}CalendarItem")
    # A calendar folder may hold other things, such as notes somebody dropped there.
    if item is not None and _text(item, "CalendarItemType") != "RecurringMaster":
        yield event(item, where)


def event(item: Element, where: ZoneInfo) -> Event:
    """The event that a CalendarItem means; `where` is the room's own zone.

    https://learn.microsoft.com/exchange/client-developer/web-service-reference/calendaritem
    """
    body = item.find(f"{T}Body")
    return Event(
        id=_id(item),
        uid=clean_uid(_text(item, "UID")),
        occurrence=_occurrence(item),
        when=_when(item, where),
        subject=_text(item, "Subject"),
        organizer=_organizer(item),
        # A value that is not known yet is treated as private: showing too little mends itself.
        private=(_text(item, "Sensitivity") or "Normal") not in {"Normal", "Personal"},
        cancelled=_flag(item, "IsCancelled"),
        own=_flag(item, "IsOrganizer") or _text(item, "MyResponseType") == "Organizer",
        response=_response(item),
        blocks=_text(item, "LegacyFreeBusyStatus") != "Free",
        locations=tuple(_locations(item)),
        online_url=_text(item, "JoinOnlineMeetingUrl"),
        body=(body.text or "") if body is not None else "",
        html=body is not None and body.get("BodyType") == "HTML",
    )


def _text(item: Element, path: str) -> str:
    return (item.findtext("/".join(f"{T}{step}" for step in path.split("/"))) or "").strip()


def _flag(item: Element, name: str) -> bool:
    return _text(item, name).lower() in {"true", "1"}


def _organizer(item: Element) -> Person:
    """Whoever invited; an address that is not SMTP says nothing to anybody."""
    address = _text(item, "Organizer/Mailbox/EmailAddress")
    return Person(
        name=_text(item, "Organizer/Mailbox/Name"), address=address if "@" in address else ""
    )


def _occurrence(item: Element) -> str:
    """Which occurrence of its series an item is."""
    if _text(item, "CalendarItemType") not in {"Occurrence", "Exception"}:
        return ""
    text = _text(item, "OriginalStart") or _text(item, "RecurrenceId") or _text(item, "Start")
    try:
        return occurrence_of(_instant(text))
    except (ValueError, OverflowError):
        return text


def _response(item: Element) -> Response:
    """What the room answered; without an answer the room's calendar decides."""
    match _text(item, "MyResponseType"):
        case "Accept" | "Organizer":
            return Response.ACCEPTED
        case "Decline":
            return Response.DECLINED
        case "" | "Unknown":
            busy = _text(item, "LegacyFreeBusyStatus")
            return Response.TENTATIVE if busy == "Tentative" else Response.ACCEPTED
        case _:
            return Response.TENTATIVE


def _locations(item: Element) -> Iterator[str]:
    """Every place named once: join links hide in names and addresses of places."""
    seen = {""}
    for path in (
        "Location",
        "EnhancedLocation/DisplayName",
        "EnhancedLocation/Annotation",
        "EnhancedLocation/PostalAddress/FormattedAddress",
        "EnhancedLocation/PostalAddress/LocationUri",
    ):
        text = _text(item, path)
        if text not in seen:
            seen.add(text)
            yield text


def _when(item: Element, where: ZoneInfo) -> Window | Days | None:
    """When an item is, or None where its times make no sense."""
    try:
        start, end = _instant(_text(item, "Start")), _instant(_text(item, "End"))
        if _flag(item, "IsAllDayEvent"):
            first, after = (_day(item, instant, where) for instant in (start, end))
            days = Days(first=first, after=max(after, first + timedelta(days=1)))
            days.window(where)  # raises where the calendar of people ends
            return days
    except (ValueError, OverflowError):
        return None
    return Window(start=start, end=max(start, end))


def _instant(text: str) -> datetime:
    """An instant in UTC.

    Raises:
        ValueError: it is none. A time without an offset is none either: nothing tells its zone.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return time.astimezone(UTC)


def _day(item: Element, instant: datetime, where: ZoneInfo) -> date:
    """The floating date of a whole day, which is told as the instant of its midnight.

    The midnight is that of the zone in which the meeting was made; where that zone is not known,
    of the room's zone; else of the zone in which that instant can only be a midnight.
    """
    for zoned in (_made_in(item), where):
        local = instant.astimezone(zoned) if zoned else None
        if local and not (local.hour or local.minute):
            return local.date()
    return (instant + timedelta(hours=12)).date()


def _made_in(item: Element) -> ZoneInfo | None:
    named = item.find(f"{T}StartTimeZone")
    try:
        return zone(named.get("Id") or "") if named is not None else None
    except KeyError:
        return None


class Changes(NamedTuple):
    """How far a calendar changed since a state."""

    state: str
    any: bool
    whole: bool


def changes(answer: list[Message]) -> Changes:
    """What SyncFolderItems told.

    Raises:
        Fault: Exchange refuses, or does not know the state.
        Malformed: it tells no state.
    """
    content = only(answer)
    state = content.findtext(f"{M}SyncState")
    if not state:
        raise Malformed("the answer to SyncFolderItems has no state", reason="wrong_shape")
    listed = content.find(f"{M}Changes")
    last = (content.findtext(f"{M}IncludesLastItemInRange") or "").lower()
    return Changes(state, listed is not None and len(listed) > 0, last in {"true", "1"})


__all__ = ["Changes", "Fault", "Found", "Vanished", "changes", "event", "events", "found"]
