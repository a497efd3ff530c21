"""Names, rooms and zones: a unit finds its own room, and nobody else."""

from bridge.views.ews.folders import own
from bridge.views.ews.items import mailbox
from bridge.views.ews.markup import (
    Refused,
    element,
    envelope,
    message,
    messages,
    refusal,
    tag,
    text,
)
from bridge.views.ews.reading import M, T, children, name, words
from bridge.views.ews.shelf import Call

_SUCCESS = b' ResponseClass="Success"'
_GOOD = b"<m:ResponseCode>NoError</m:ResponseCode>"


def resolve_names(call: Call) -> bytes:
    """ResolveNames: by the beginning of the room's name, or by its address."""
    entry = words(call.element, f"{M}UnresolvedEntry").casefold()
    entry = entry.removeprefix("smtp:")
    room = call.room
    fits = entry and any(one.casefold().startswith(entry) for one in (room.name, room.mailbox))
    if not fits:
        none = Refused("ErrorNameResolutionNoResults", "No results were found.")
        return messages("ResolveNames", refusal("ResolveNames", none))
    inside = mailbox(room.name, room.mailbox).removesuffix(b"</t:Mailbox>")
    found = tag("t:Resolution", inside + b"<t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>")
    resolved = (
        b'<m:ResolutionSet TotalItemsInView="1" IncludesLastItemInRange="true">%b</m:ResolutionSet>'
    )
    return messages("ResolveNames", message("ResolveNames", resolved % found))


def room_lists(call: Call) -> bytes:
    """GetRoomLists: one list, with the caller's room in it."""
    lists = tag("m:RoomLists", _address("t:Address", "Rooms", _list(call)))
    return envelope("GetRoomLists", _GOOD, lists, result=_SUCCESS)


def rooms(call: Call) -> bytes:
    """GetRooms: the caller's room."""
    wanted = words(call.element, f"{M}RoomList/{T}EmailAddress").casefold()
    inside = tag("t:Room", _address("t:Id", call.room.name, call.room.mailbox))
    found = tag("m:Rooms", inside if wanted == _list(call).casefold() else b"")
    return envelope("GetRooms", _GOOD, found, result=_SUCCESS)


def _list(call: Call) -> str:
    """The address of the only list."""
    return f"rooms@{call.room.mailbox.rpartition('@')[2]}"


def _address(kind: str, shown: str, address: str) -> bytes:
    return tag(
        kind,
        element("t:Name", shown),
        element("t:EmailAddress", address),
        b"<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType>",
    )


_UTC = (
    b'<t:TimeZoneDefinition Id="UTC" Name="(UTC) Coordinated Universal Time"><t:Periods>'
    b'<t:Period Bias="PT0S" Name="Standard" Id="trule:Microsoft/Registry/UTC/1-Standard"/>'
    b"</t:Periods><t:TransitionsGroups>"
    b'<t:TransitionsGroup Id="0"><t:Transition>'
    b'<t:To Kind="Period">trule:Microsoft/Registry/UTC/1-Standard</t:To></t:Transition>'
    b"</t:TransitionsGroup></t:TransitionsGroups><t:Transitions><t:Transition>"
    b'<t:To Kind="Group">0</t:To></t:Transition></t:Transitions></t:TimeZoneDefinition>'
)


def time_zones(_call: Call) -> bytes:
    """GetServerTimeZones: UTC, as that is what all times here are in."""
    return messages(
        "GetServerTimeZones",
        message("GetServerTimeZones", tag("m:TimeZoneDefinitions", _UTC)),
    )


def convert_ids(call: Call) -> bytes:
    """ConvertId: ids stay what they are."""
    parts = []
    for one in children(call.element, f"{M}SourceIds"):
        id_, address = one.get("Id", ""), one.get("Mailbox", "")
        if name(one) != "AlternateId" or id_ not in call.items.by_id or not own(call, address):
            malformed = Refused("ErrorInvalidIdMalformed", "Id is malformed.")
            parts.append(refusal("ConvertId", malformed))
            continue
        converted = (
            b'<m:AlternateId xsi:type="t:AlternateIdType" Format="EwsId" Id="%b" Mailbox="%b"/>'
        )
        told = converted % (text(id_), text(call.room.mailbox))
        parts.append(message("ConvertId", told))
    return messages("ConvertId", *parts)


def create_item(call: Call) -> bytes:
    """CreateItem: an answer to an invitation is taken and changes nothing; the rest is refused."""
    parts = []
    for one in children(call.element, f"{M}Items"):
        if name(one) in {"AcceptItem", "TentativelyAcceptItem", "DeclineItem"}:
            parts.append(message("CreateItem", b"<m:Items/>"))
        else:
            parts.append(refusal("CreateItem", DENIED, b"<m:Items/>"))
    return messages("CreateItem", *parts)


DENIED = Refused("ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def _denied(operation: str, *after: bytes) -> bytes:
    return messages(operation, refusal(operation, DENIED, *after))


def update_item(_call: Call) -> bytes:
    """UpdateItem: nothing is changed from here."""
    return _denied("UpdateItem", b"<m:Items/>")


def delete_item(_call: Call) -> bytes:
    """DeleteItem: nothing is removed from here."""
    return _denied("DeleteItem")
