"""A room's bookings in the two forms that Cisco systems take."""

import re
from datetime import UTC, datetime
from math import ceil
from typing import NamedTuple

import msgspec
from lxml import etree

from rooms.join import DialString, dial_string
from rooms.model import Agenda, Booking, Buffers

_CONTROLS = re.compile("[\x00-\x1f\x7f\ufffe\uffff\ud800-\udfff]")

_PLATFORMS = {
    "zoom": "Zoom",
    "zoomgov": "Zoom",
    "teams": "MicrosoftTeams",
    "webex": "Webex",
    "meet": "GoogleMeet",
}


Version = tuple[int, ...]
KNOWS_PLATFORMS: Version = (10, 19)
"""From here on MeetingPlatform shows whose meeting it is."""
KNOWS_NONE: Version = (11, 24)
"""From here on the protocol None says that there is nothing to dial."""


class Shown(NamedTuple):
    """A booking and what the system is to dial for it; None leaves it without a button."""

    booking: Booking
    dial: DialString | None


def shown(agenda: Agenda, protocols: tuple[str, ...]) -> list[Shown]:
    """Each booking with the dial string for a system that speaks these protocols."""
    return [
        Shown(
            booking,
            dial_string(booking.join, protocols) if booking.can_join and booking.join else None,
        )
        for booking in agenda.bookings
    ]


def put_json(bookings: list[Shown], buffers: Buffers, version: Version) -> str:
    """The payload of `xCommand Bookings Put` for a software version."""
    return msgspec.json.encode(
        {"Bookings": [_put_entry(one, buffers, version) for one in bookings]}
    ).decode()


def _put_entry(one: Shown, buffers: Buffers, version: Version) -> dict[str, object]:
    booking, dial = one
    entry: dict[str, object] = {
        "Id": booking.id,
        "Title": _clean(booking.title),
        "Agenda": "",
        "Privacy": "Private" if booking.private else "Public",
        "Protocol": _protocol(dial, version),
        "Number": dial.address if dial else "",
        "Time": {
            "StartTime": _utc(booking.start),
            "Duration": max(1, ceil((booking.end - booking.start).total_seconds() / 60)),
            "StartTimeBuffer": int(buffers.start.total_seconds()),
            "EndTimeBuffer": int(buffers.end.total_seconds()),
        },
        "Organizer": {
            # Required, and a private meeting has none to tell.
            "Name": _clean(booking.organizer) or "-",
            "Email": _clean(booking.organizer_address),
        },
        "CallType": "Video",
    }
    if version >= KNOWS_PLATFORMS and dial and booking.join:
        entry["MeetingPlatform"] = _PLATFORMS.get(booking.join.provider, "Other")
    return entry


def _protocol(dial: DialString | None, version: Version) -> str:
    if dial is not None:
        return {"sip": "SIP", "h323": "H323"}[dial.protocol]
    return "None" if version >= KNOWS_NONE else "SIP"


def private_xml(bookings: list[Shown], buffers: Buffers, call_rate: int) -> bytes:
    """The body of `POST /bookingsputxml`: the whole list, or the explicit clearing of it."""
    if bookings:
        root = _xml_bookings(bookings, buffers, call_rate)
        root.set("status", "OK")
    else:
        root = etree.Element("Bookings")
        etree.SubElement(root, "Clear", command="True")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def fetched_xml(bookings: list[Shown], buffers: Buffers, call_rate: int, namespace: str) -> str:
    """The list for a unit that fetches it: an element, empty where there is nothing."""
    root = _xml_bookings(bookings, buffers, call_rate)
    text = etree.tostring(root, encoding="unicode")
    # All below is to lie in the namespace too, as it does without prefixes.
    return text.replace("<Bookings", f'<Bookings xmlns="{namespace}"', 1)


def _xml_bookings(bookings: list[Shown], buffers: Buffers, call_rate: int) -> etree._Element:
    root = etree.Element("Bookings", item="1")
    for number, one in enumerate(bookings, start=1):
        root.append(_xml_booking(number, one, buffers, call_rate))
    return root


def _xml_booking(number: int, one: Shown, buffers: Buffers, call_rate: int) -> etree._Element:
    booking, dial = one
    node = etree.Element("Booking", item=str(number))
    _fill(
        node,
        Id=booking.id,
        Title=_clean(booking.title),
        Agenda="",
        Privacy="Private" if booking.private else "Public",
    )
    first, _, last = _clean(booking.organizer).rpartition(" ")
    _fill(
        _child(node, "Organizer"),
        FirstName=first or last,
        LastName=last if first else "",
        Email=_clean(booking.organizer_address),
    )
    _fill(
        _child(node, "Time"),
        StartTime=_utc(booking.start),
        StartTimeBuffer=str(int(buffers.start.total_seconds())),
        EndTime=_utc(booking.end),
        EndTimeBuffer=str(int(buffers.end.total_seconds())),
    )
    _fill(node, MaximumMeetingExtension="5", BookingStatus="OK", BookingStatusMessage="")
    _fill(_child(node, "Webex"), Enabled="False", MeetingNumber="", Password="")
    _fill(node, Encryption="BestEffort", Role="Master", Recording="Disabled")
    _dial_info(_child(node, "DialInfo"), dial, call_rate)
    return node


def _dial_info(node: etree._Element, dial: DialString | None, call_rate: int) -> None:
    """What Join dials; without a call and with ConnectMode Manual there is no Join."""
    calls = _child(node, "Calls")
    if dial is not None:
        _fill(
            _child(calls, "Call"),
            Number=dial.address,
            Protocol={"sip": "SIP", "h323": "H323"}[dial.protocol],
            CallRate=str(call_rate),
            CallType="Video",
        )
    _fill(node, ConnectMode="OBTP" if dial is not None else "Manual")


def _child(parent: etree._Element, tag: str) -> etree._Element:
    return etree.SubElement(parent, tag, item="1")


def _fill(parent: etree._Element, **texts: str) -> None:
    for tag, text in texts.items():
        _child(parent, tag).text = text


def _utc(instant: datetime) -> str:
    # By far quicker than a format, and there are two in each booking.
    return instant.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def _clean(text: str) -> str:
    """Text that XML 1.0 can hold."""
    return _CONTROLS.sub("", text)
