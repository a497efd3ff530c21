"""What is asked of Exchange: the operations that a room needs, as XML.

Names and their order are those of Microsoft's schema (messages.xsd, types.xsd).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from connector.sources.ews.soap import Element, element

BATCH = 10
"""Items read in one request: Microsoft's advice (EWS "Calendars and EWS in Exchange")."""
CHANGES = 512
"""Changes in one answer of SyncFolderItems: the schema's limit."""

_FIELDS = (
    "item:Subject",
    "item:Body",
    "item:Sensitivity",
    "calendar:UID",
    "calendar:RecurrenceId",
    "calendar:Start",
    "calendar:End",
    "calendar:OriginalStart",
    "calendar:IsAllDayEvent",
    "calendar:LegacyFreeBusyStatus",
    "calendar:Location",
    "calendar:IsCancelled",
    "calendar:CalendarItemType",
    "calendar:MyResponseType",
    "calendar:Organizer",
    "calendar:StartTimeZone",
    "calendar:EnhancedLocation",
    "calendar:JoinOnlineMeetingUrl",
    "calendar:IsOrganizer",
)
_EVENTS = (
    "FreeBusyChangedEvent",
    "CreatedEvent",
    "DeletedEvent",
    "ModifiedEvent",
    "MovedEvent",
    "CopiedEvent",
)


def calendar(mailbox: str) -> Element:
    """The calendar of a mailbox, named with it: nobody else's can be meant."""
    named = element("t:Mailbox", element("t:EmailAddress", mailbox))
    return element("t:DistinguishedFolderId", named, Id="calendar")


def shape(fields: Iterable[str] = (), *, base: str = "IdOnly", body: str = "") -> Element:
    """Which properties of items are told."""
    made = element("m:ItemShape", element("t:BaseShape", base))
    if body:
        made.append(element("t:BodyType", body))
    wanted = [element("t:FieldURI", FieldURI=field) for field in fields]
    if wanted:
        made.append(element("t:AdditionalProperties", *wanted))
    return made


def find_items(mailbox: str, start: datetime, end: datetime) -> Element:
    """The ids of everything in a calendar that overlaps a span, series expanded.

    https://learn.microsoft.com/exchange/client-developer/web-service-reference/calendarview
    """
    return element(
        "m:FindItem",
        shape(),
        element("m:CalendarView", StartDate=utc(start), EndDate=utc(end)),
        element("m:ParentFolderIds", calendar(mailbox)),
        Traversal="Shallow",
    )


def get_items(ids: Sequence[str], *, body: bool = True) -> Element:
    """Items by their ids; `Best` keeps the links of an HTML text."""
    fields = [field for field in _FIELDS if body or field != "item:Body"]
    return element(
        "m:GetItem",
        shape(fields, body="Best" if body else ""),
        element("m:ItemIds", *(element("t:ItemId", Id=one) for one in ids)),
    )


def sync_items(mailbox: str, state: str) -> Element:
    """What changed in a calendar since a state; nothing but ids, which are cheap to tell."""
    made = element("m:SyncFolderItems", shape(), element("m:SyncFolderId", calendar(mailbox)))
    if state:
        made.append(element("m:SyncState", state))
    made.append(element("m:MaxChangesReturned", str(CHANGES)))
    return made


def subscribe(mailbox: str) -> Element:
    """A streaming subscription to a calendar."""
    return element(
        "m:Subscribe",
        element(
            "m:StreamingSubscriptionRequest",
            element("t:FolderIds", calendar(mailbox)),
            element("t:EventTypes", *(element("t:EventType", one) for one in _EVENTS)),
        ),
    )


def streaming_events(subscriptions: Iterable[str], minutes: int) -> Element:
    """A connection that tells of changes as they happen, for so many minutes."""
    return element(
        "m:GetStreamingEvents",
        element("m:SubscriptionIds", *(element("t:SubscriptionId", one) for one in subscriptions)),
        element("m:ConnectionTimeout", str(minutes)),
    )


def room_lists() -> Element:
    """The room lists of the organization."""
    return element("m:GetRoomLists")


def rooms(room_list: str) -> Element:
    """The rooms in a room list."""
    return element("m:GetRooms", element("m:RoomList", element("t:EmailAddress", room_list)))


def sign_of_life() -> Element:
    """What needs no mailbox and tells nothing: whether the credentials work."""
    return element(
        "m:GetServerTimeZones",
        element("m:Ids", element("t:Id", "UTC")),
        ReturnFullTimeZoneData="false",
    )


def utc(instant: datetime) -> str:
    """An instant as Exchange reads it."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
