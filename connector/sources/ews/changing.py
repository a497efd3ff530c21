"""What is asked of Exchange to change a calendar, as XML; order as in Microsoft's schema."""

from exchangelib.winzone import IANA_TO_MS_TIMEZONE_MAP

from connector.sources.ews.operations import calendar, shape, utc
from connector.sources.ews.patterns import recurring
from connector.sources.ews.soap import Element, element
from connector.writing import Draft
from rooms.zones import zone

_LOOKED_AT = (
    "item:DateTimeCreated",
    "calendar:UID",
    "calendar:Start",
    "calendar:End",
    "calendar:IsAllDayEvent",
    "calendar:CalendarItemType",
    "calendar:MyResponseType",
    "calendar:StartTimeZone",
    "calendar:IsOrganizer",
)


def _key() -> Element:
    """Where the key of a booking is kept: a named property of the item, unseen by people."""
    return element(
        "t:ExtendedFieldURI",
        PropertySetId="6f1c2b0e-8f53-4f0c-9a8e-3d1b6d0c5a77",
        PropertyName="RoomCalendarBridgeKey",
        PropertyType="String",
    )


def find_key(mailbox: str, key: str) -> Element:
    """What was booked under a key."""
    constant = element("t:FieldURIOrConstant", element("t:Constant", Value=key))
    return element(
        "m:FindItem",
        shape(("calendar:UID",)),
        element("m:IndexedPageItemView", MaxEntriesReturned="2", Offset="0", BasePoint="Beginning"),
        element("m:Restriction", element("t:IsEqualTo", _key(), constant)),
        element("m:ParentFolderIds", calendar(mailbox)),
        Traversal="Shallow",
    )


def create(mailbox: str, draft: Draft) -> Element:
    """A booking in the room's own calendar: nobody is invited, nobody gets mail.

    Raises:
        ValueError: its recurrence is none that Exchange has.
    """
    item = element(
        "t:CalendarItem",
        element("t:Subject", draft.subject),
        element("t:Body", draft.text, BodyType="Text"),
        element("t:ReminderIsSet", "false"),
        element("t:ExtendedProperty", _key(), element("t:Value", draft.key)),
        element("t:Start", utc(draft.when.start)),
        element("t:End", utc(draft.when.end)),
        element("t:LegacyFreeBusyStatus", "Busy"),
    )
    if draft.recurrence:
        item.append(recurring(draft.recurrence, draft.when.start, draft.time_zone))
    named = windows(draft.time_zone)
    item.append(element("t:StartTimeZone", Id=named))
    item.append(element("t:EndTimeZone", Id=named))
    return element(
        "m:CreateItem",
        element("m:SavedItemFolderId", calendar(mailbox)),
        element("m:Items", item),
        SendMeetingInvitations="SendToNone",
    )


def windows(name: str) -> str:
    """The name of a zone as Exchange knows it.

    Raises:
        ValueError: it knows none: a series would be at other times than the rule says.
    """
    found = IANA_TO_MS_TIMEZONE_MAP.get(name) or IANA_TO_MS_TIMEZONE_MAP.get(zone(name).key)
    if not found:
        raise ValueError("Exchange has no name for this time zone")
    return str(found)


def look(item: str) -> Element:
    """What is looked at in an item before it is changed."""
    return element("m:GetItem", shape(_LOOKED_AT), element("m:ItemIds", _named(item)))


def look_at_series(occurrence: str) -> Element:
    """The series that an occurrence is of."""
    master = element("t:RecurringMasterItemId", OccurrenceId=occurrence)
    return element("m:GetItem", shape(), element("m:ItemIds", master))


def _named(item: str, version: str = "") -> Element:
    more = {"ChangeKey": version} if version else {}
    return element("t:ItemId", Id=item, **more)


def set_end(item: str, version: str, end: str) -> Element:
    """Another end; refused where somebody changed the item since that version."""
    field = element(
        "t:SetItemField",
        element("t:FieldURI", FieldURI="calendar:End"),
        element("t:CalendarItem", element("t:End", end)),
    )
    change = element("t:ItemChange", _named(item, version), element("t:Updates", field))
    return element(
        "m:UpdateItem",
        element("m:ItemChanges", change),
        ConflictResolution="NeverOverwrite",
        MessageDisposition="SaveOnly",
        SendMeetingInvitationsOrCancellations="SendToAllAndSaveCopy",
    )


def decline(item: str, version: str, text: str = "") -> Element:
    """The answer that the room does not come; its organizer is told."""
    answer = element("t:DeclineItem")
    if text:
        answer.append(element("t:Body", text, BodyType="Text"))
    reference = element("t:ReferenceItemId", Id=item)
    if version:
        reference.set("ChangeKey", version)
    answer.append(reference)
    return element("m:CreateItem", element("m:Items", answer), MessageDisposition="SendAndSaveCopy")


def delete(item: str, version: str) -> Element:
    """The end of a meeting that the room organised; whoever was invited is told."""
    return element(
        "m:DeleteItem",
        element("m:ItemIds", _named(item, version)),
        DeleteType="MoveToDeletedItems",
        SendMeetingCancellations="SendToAllAndSaveCopy",
    )
