"""A booking as an item of Exchange's: its properties in the order of the schema.

What a room system dials stands in the body as the token of Polycom Conferencing for Outlook and as
a plain line, and in the location (EP-24): which of them a unit takes is not documented.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from bridge.reasons import NO_JOIN
from bridge.views.ews.markup import element, flag, message, tag, text, time
from rooms.join import DialString, dial_string
from rooms.model import Booking, NoJoinReason
from rooms.room import Room

_BEGIN = "--=BEGIN POLYCOM VMR ENCODED TOKEN=--"
_END = "--=END POLYCOM VMR ENCODED TOKEN=--"
SHAPES_KEPT = 6
"""Shapes of one item whose bytes are kept: a unit asks in two, again and again."""

_encode = msgspec.msgpack.Encoder().encode


class Shape(NamedTuple):
    """Which properties of an item are wanted, and how."""

    fields: tuple[str, ...]
    html: bool = False
    alone: bool = False
    """Whether each item is an answer by itself, as in GetItem."""


class Item:
    """One booking of one room, for units that dial by the same protocols."""

    __slots__ = ("_made", "booking", "change_key", "dial", "end", "folder", "id", "room", "start")

    def __init__(self, room: Room, booking: Booking, protocols: tuple[str, ...], folder: bytes):
        self.room = room
        self.booking = booking
        self.start = booking.start
        self.end = booking.end
        self.dial = (
            dial_string(booking.join, protocols) if booking.can_join and booking.join else None
        )
        self.id = item_id(room, booking)
        content = _encode((booking, self.dial, room.name, room.mailbox))
        self.change_key = b64encode(hashlib.blake2b(content, digest_size=15).digest()).decode()
        self.folder = folder
        self._made: dict[Shape, bytes] = {}

    @property
    def reference(self) -> bytes:
        """Its id as an element."""
        return b'<t:ItemId Id="%b" ChangeKey="%b"/>' % (self.id.encode(), self.change_key.encode())

    def as_element(self, shape: Shape) -> bytes:
        """Its properties in this shape."""
        made = self._made.get(shape)
        if made is None:
            if len(self._made) >= SHAPES_KEPT:
                self._made.clear()
            inside = (_WRITTEN[name](self, shape) for name in shape.fields)
            made = tag("t:CalendarItem", *inside)
            if shape.alone:
                made = message("GetItem", b"<m:Items>", made, b"</m:Items>")
            self._made[shape] = made
        return made


def item_id(room: Room, booking: Booking) -> str:
    """Stable while the meeting lives (EP-32); the same meeting in another room is another item."""
    name = f"{room.mailbox.lower()}\0{booking.id}".encode()
    return b64encode(hashlib.blake2b(name, digest_size=18).digest()).decode()


def location(item: Item) -> str:
    """What to dial, with its scheme; where there is nothing, the room."""
    return _uri(item.dial) if item.dial else item.room.name


def _uri(dial: DialString) -> str:
    return f"{dial.protocol}:{dial.address}"


def body(item: Item) -> tuple[str, ...]:
    """The lines of a body: how to join, or why not; of a private meeting no more than that."""
    booking, dial = item.booking, item.dial
    if dial is not None:
        return (_BEGIN, token(dial), _END, _uri(dial))
    why = booking.no_join_reason
    if why is None and booking.join is not None:
        why = NoJoinReason.NO_DIAL_ROUTE  # there is one, by another protocol than the unit's
    if why is None or (booking.private and why is not NoJoinReason.PRIVATE_HIDDEN):
        return ()
    said = NO_JOIN[why].words
    return (f"{said[:1].upper()}{said[1:]}.",)


def token(dial: DialString) -> str:
    """The token: lines of KEY=VALUE, every one ended by a newline, in Base64."""
    user, at, domain = dial.address.rpartition("@")
    lines = {
        "POLYCOM-VERSION": "1",
        "POLYCOM-DIALINPREFIX": "",
        "POLYCOM-VMRNUMBER": user if at else dial.address,
        "POLYCOM-SIGNALINGPREFIX": f"{dial.protocol}:",
        "POLYCOM-SIGNALINGPOSTFIX": domain if at else "",
        "POLYCOM-MEETINGPASSWORD": "",
        "POLYCOM-CHAIRPASSWORDREQUIRED": "false",
        "POLYCOM-RECORDMEETING": "false",
        "POLYCOM-STREAMMEETING": "false",
        "POLYCOM-INVITATIONLANGUAGE": "en_US",
    }
    return b64encode("".join(f"{key}={value}\n" for key, value in lines.items()).encode()).decode()


def free_busy(booking: Booking) -> str:
    """How the time is taken, in Exchange's word."""
    if not booking.blocks:
        return "Free"
    return "Tentative" if booking.state == "tentative" else "Busy"


def mailbox(name: str, address: str) -> bytes:
    """A person or room."""
    known = element("t:Name", name or address)
    if address:
        known += element("t:EmailAddress", address) + b"<t:RoutingType>SMTP</t:RoutingType>"
    return tag("t:Mailbox", known)


def _body(item: Item, shape: Shape) -> bytes:
    lines = body(item)
    if not shape.html:
        inside = text("".join(f"{line}\r\n" for line in lines))
        return b'<t:Body BodyType="Text">%b</t:Body>' % inside
    divs = "".join(f"<div>{text(line).decode()}</div>\r\n" for line in lines)
    page = f"<html><head></head><body>\r\n{divs}</body></html>"
    return b'<t:Body BodyType="HTML">%b</t:Body>' % text(page)


def _organizer(item: Item, _shape: Shape) -> bytes:
    booking = item.booking
    if not booking.organizer and not booking.organizer_address:
        return b""
    return tag("t:Organizer", mailbox(booking.organizer, booking.organizer_address))


def _length(item: Item, _shape: Shape) -> bytes:
    minutes = int((item.end - item.start).total_seconds()) // 60
    return element("t:Duration", f"PT{minutes}M")


def _said(name: str, words: Callable[[Item], str]) -> Callable[[Item, Shape], bytes]:
    return lambda item, _shape: element(name, words(item))


def _at(name: str, when: Callable[[Item], datetime]) -> Callable[[Item, Shape], bytes]:
    return lambda item, _shape: tag(name, time(when(item)))


def _always(name: str, value: str) -> Callable[[Item, Shape], bytes]:
    made = element(name, value)
    return lambda _item, _shape: made


_WRITTEN: Mapping[str, Callable[[Item, Shape], bytes]] = {
    "item:ItemId": lambda item, _shape: item.reference,
    "item:ParentFolderId": lambda item, _shape: b"<t:ParentFolderId %b/>" % item.folder,
    "item:ItemClass": _always("t:ItemClass", "IPM.Appointment"),
    "item:Subject": _said("t:Subject", lambda item: item.booking.title),
    "item:Sensitivity": _said(
        "t:Sensitivity", lambda item: "Private" if item.booking.private else "Normal"
    ),
    "item:Body": _body,
    "item:Importance": _always("t:Importance", "Normal"),
    "item:IsSubmitted": _always("t:IsSubmitted", "false"),
    "item:IsDraft": _always("t:IsDraft", "false"),
    "item:IsFromMe": _always("t:IsFromMe", "false"),
    "item:IsResend": _always("t:IsResend", "false"),
    "item:IsUnmodified": _always("t:IsUnmodified", "false"),
    "item:ReminderIsSet": _always("t:ReminderIsSet", "false"),
    "item:ReminderMinutesBeforeStart": _always("t:ReminderMinutesBeforeStart", "0"),
    "item:DisplayCc": _always("t:DisplayCc", ""),
    "item:DisplayTo": _said("t:DisplayTo", lambda item: item.room.name),
    "item:HasAttachments": _always("t:HasAttachments", "false"),
    "item:IsAssociated": _always("t:IsAssociated", "false"),
    "calendar:UID": _said("t:UID", lambda item: item.booking.id),
    "calendar:Start": _at("t:Start", lambda item: item.start),
    "calendar:End": _at("t:End", lambda item: item.end),
    "calendar:IsAllDayEvent": lambda item, _shape: tag(
        "t:IsAllDayEvent", flag(item.booking.all_day)
    ),
    "calendar:LegacyFreeBusyStatus": _said(
        "t:LegacyFreeBusyStatus", lambda item: free_busy(item.booking)
    ),
    "calendar:Location": _said("t:Location", location),
    "calendar:IsMeeting": _always("t:IsMeeting", "true"),
    "calendar:IsCancelled": _always("t:IsCancelled", "false"),
    "calendar:IsRecurring": _always("t:IsRecurring", "false"),
    "calendar:MeetingRequestWasSent": _always("t:MeetingRequestWasSent", "true"),
    "calendar:IsResponseRequested": _always("t:IsResponseRequested", "false"),
    "calendar:CalendarItemType": _always("t:CalendarItemType", "Single"),
    "calendar:MyResponseType": _always("t:MyResponseType", "Accept"),
    "calendar:Organizer": _organizer,
    "calendar:Duration": _length,
    "calendar:AppointmentSequenceNumber": _always("t:AppointmentSequenceNumber", "0"),
    "calendar:AppointmentState": _always("t:AppointmentState", "3"),
    "calendar:IsOnlineMeeting": _always("t:IsOnlineMeeting", "false"),
}
"""Properties that are served, in the order of the schema (ItemType, then CalendarItemType)."""

SERVED = frozenset(_WRITTEN)
"""Properties that a unit can ask for."""
_DEFAULT = frozenset(
    {
        "item:ItemClass",
        "item:Subject",
        "item:Sensitivity",
        "item:Body",
        "item:HasAttachments",
        "item:IsAssociated",
        "calendar:UID",
        "calendar:Start",
        "calendar:End",
        "calendar:IsAllDayEvent",
        "calendar:LegacyFreeBusyStatus",
        "calendar:Location",
        "calendar:IsMeeting",
        "calendar:IsCancelled",
        "calendar:IsRecurring",
        "calendar:CalendarItemType",
        "calendar:MyResponseType",
        "calendar:Organizer",
    }
)


@lru_cache(maxsize=256)
def shape_of(base: str, more: frozenset[str], *, html: bool = False, alone: bool = False) -> Shape:
    """The shape of a base and what is wanted beside it; in lists (not `alone`) no bodies stand."""
    wanted = {"item:ItemId"} | more
    if base == "AllProperties":
        wanted |= _WRITTEN.keys()
    elif base != "IdOnly":
        wanted |= _DEFAULT
    if not alone:
        wanted -= {"item:Body"}
    fields = tuple(name for name in _WRITTEN if name in wanted)
    return Shape(fields=fields, html=html, alone=alone)
