"""Which properties of an item a client wants.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/itemshape
"""

from base64 import b64encode

import msgspec
from lxml import etree

from connector.simulators.exchange.call import SPACES, Call
from connector.simulators.exchange.item import PROPERTIES, Shown, item
from connector.simulators.exchange.mailbox import Mailbox
from connector.simulators.exchange.markup import Xml, tag
from connector.simulators.graph.entry import Event

_DEFAULT = {
    "ItemId",
    "Subject",
    "HasAttachments",
    "Start",
    "End",
    "IsAllDayEvent",
    "Location",
    "LegacyFreeBusyStatus",
    "IsRecurring",
    "IsMeeting",
    "CalendarItemType",
    "Organizer",
}
_ASKED_FOR = {"MimeContent", "TextBody"}
"""Not among all properties."""
_KEPT = 1000
"""Written items that a mailbox keeps."""
NOT_FOUND = {
    "MimeContent",
    "Body",
    "TextBody",
    "RequiredAttendees",
    "OptionalAttendees",
    "Resources",
    "Recurrence",
    "FirstOccurrence",
    "LastOccurrence",
    "ModifiedOccurrences",
    "DeletedOccurrences",
    "StartTimeZone",
    "EndTimeZone",
    "EnhancedLocation",
    "JoinOnlineMeetingUrl",
    "ResponseObjects",
}
"""Properties that FindItem and SyncFolderItems cannot tell."""
_MEETING = "Meeting"
_GLOBAL_OBJECT_IDS = {"3", "35", "0x3", "0x23"}
"""PidLidGlobalObjectId and PidLidCleanGlobalObjectId."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of each item."""

    names: frozenset[str]
    extended: tuple[tuple[tuple[str, str], ...], ...]
    text_body: bool

    def write(self, event: Event, mailbox: Mailbox, *, found: bool = False) -> Xml:
        """An item in this shape; a calendar is read far more often than changed."""
        key = event.id, self, found
        if key not in mailbox.written:
            if len(mailbox.written) >= _KEPT:
                mailbox.written.clear()
            mailbox.written[key] = self._write(event, mailbox, found=found)
        return mailbox.written[key]

    def _write(self, event: Event, mailbox: Mailbox, *, found: bool) -> Xml:
        shown = Shown(event=event, mailbox=mailbox, found=found, text_body=self.text_body)
        names = self.names - NOT_FOUND if found else self.names
        told = (_extended(path, shown) for path in self.extended)
        return item(shown, names, tuple(one for one in told if one))


def shape(call: Call, path: str = "m:ItemShape") -> Shape:
    """The shape that a request asks for."""
    base = call.text(f"{path}/t:BaseShape", "IdOnly")
    names: set[str] = {"ItemId"}
    if base == "Default":
        names |= _DEFAULT
    elif base == "AllProperties":
        names |= PROPERTIES.keys() - _ASKED_FOR
    if call.text(f"{path}/t:IncludeMimeContent").strip() in {"true", "1"}:
        names.add("MimeContent")
    more = call.body.find(f"{path}/t:AdditionalProperties", SPACES)
    fields = [] if more is None else list(more)
    names |= {field(one) for one in fields if one.get("FieldURI")}
    return Shape(
        names=frozenset(names),
        extended=tuple(path_of(one) for one in fields if "ExtendedFieldURI" in str(one.tag)),
        text_body=call.text(f"{path}/t:BodyType") == "Text",
    )


def field(element: etree._Element) -> str:
    """The element that a field is written as: `calendar:Start` is `Start`."""
    return element.get("FieldURI", "").partition(":")[2]


def property_key(element: etree._Element) -> str:
    """The name under which an extended property is kept."""
    return "|".join(f"{name}={value}" for name, value in path_of(element))


def path_of(element: etree._Element) -> tuple[tuple[str, str], ...]:
    """What names an extended property, in an order of its own."""
    return tuple(sorted((str(name), str(value)) for name, value in element.attrib.items()))


def _extended(path: tuple[tuple[str, str], ...], shown: Shown) -> Xml:
    """An extended property, if the item has it."""
    value = extended_value(path, shown)
    if value is None:
        return Xml("")
    uri = tag("t:ExtendedFieldURI", **dict(path))
    return tag("t:ExtendedProperty", uri, tag("t:Value", value))


def extended_value(path: tuple[tuple[str, str], ...], shown: Shown) -> str | None:
    """The value of an extended property: one that a client wrote, or an id of the meeting."""
    given = dict(path)
    wanted_id = given.get("PropertyId", "") in _GLOBAL_OBJECT_IDS
    if given.get("DistinguishedPropertySetId") == _MEETING and wanted_id:
        return _object_id(shown)
    key = "|".join(f"{name}={value}" for name, value in path)
    return shown.mailbox.kept(shown.series_item, key)


def _object_id(shown: Shown) -> str | None:
    try:
        return b64encode(bytes.fromhex(shown.uid)).decode()
    except ValueError:
        return None
