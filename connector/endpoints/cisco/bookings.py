"""A room's bookings in the two forms that Cisco systems take."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from xml.sax.saxutils import escape

import msgspec
from msgspec import UNSET, UnsetType

from rooms.join import DialString, dial_string
from rooms.model import Agenda, Booking, Buffers

_CONTROLS = re.compile("[\x00-\x1f\x7f\ufffe\uffff\ud800-\udfff]")

_MINUTE, _SECOND = timedelta(minutes=1), timedelta(seconds=1)

_PROTOCOLS = {"sip": "SIP", "h323": "H323"}
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


class _Time(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    start_time: datetime
    duration: int
    """Minutes."""
    start_time_buffer: int
    """Seconds, as the next."""
    end_time_buffer: int


class _Organizer(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    name: str
    """Required, and a private meeting has none to tell."""
    email: str


class _Entry(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """One booking as `xCommand Bookings Put` takes it."""

    id: str
    title: str
    agenda: str
    privacy: str
    protocol: str
    number: str
    time: _Time
    organizer: _Organizer
    call_type: str
    meeting_platform: str | UnsetType = UNSET


class _Entries(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    bookings: list[_Entry]


_encode = msgspec.json.Encoder().encode


def put_json(bookings: list[Shown], buffers: Buffers, version: Version) -> str:
    """The payload of `xCommand Bookings Put` for a software version."""
    early, late = buffers.start // _SECOND, buffers.end // _SECOND
    return _encode(_Entries([_entry(one, version, early, late) for one in bookings])).decode()


def _entry(one: Shown, version: Version, early: int, late: int) -> _Entry:
    booking, dial = one
    platform: str | UnsetType = UNSET
    if dial and booking.join and version >= KNOWS_PLATFORMS:
        platform = _PLATFORMS.get(booking.join.provider, "Other")
    return _Entry(
        booking.id,
        _clean(booking.title),
        "",
        "Private" if booking.private else "Public",
        _protocol(dial, version),
        dial.address if dial else "",
        _Time(
            _to_seconds(booking.start),
            max(1, -((booking.start - booking.end) // _MINUTE)),
            early,
            late,
        ),
        _Organizer(_clean(booking.organizer) or "-", _clean(booking.organizer_address)),
        "Video",
        platform,
    )


def _protocol(dial: DialString | None, version: Version) -> str:
    if dial is not None:
        return _PROTOCOLS[dial.protocol]
    return "None" if version >= KNOWS_NONE else "SIP"


def private_xml(bookings: list[Shown], buffers: Buffers, call_rate: int) -> bytes:
    """The body of `POST /bookingsputxml`: the whole list, or the explicit clearing of it."""
    root = '<Bookings><Clear command="True"/></Bookings>'
    if bookings:
        listed = _xml_list(bookings, buffers, call_rate)
        root = f'<Bookings item="1" status="OK">{listed}</Bookings>'
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{root}".encode()


def fetched_xml(bookings: list[Shown], buffers: Buffers, call_rate: int, namespace: str) -> str:
    """The list for a unit that fetches it: an element, empty where there is nothing."""
    opened = f'<Bookings xmlns="{namespace}" item="1"'
    listed = _xml_list(bookings, buffers, call_rate)
    return f"{opened}>{listed}</Bookings>" if listed else f"{opened}/>"


def _xml_list(bookings: list[Shown], buffers: Buffers, call_rate: int) -> str:
    """The bookings one after another; as text, which takes a tenth of building a tree."""
    return "".join(
        f'<Booking item="{number}">{_xml_booking(one, buffers, call_rate)}</Booking>'
        for number, one in enumerate(bookings, start=1)
    )


def _xml_booking(one: Shown, buffers: Buffers, call_rate: int) -> str:
    booking, dial = one
    first, _, last = _clean(booking.organizer).rpartition(" ")
    return (
        _element("Id", _text(booking.id))
        + _element("Title", _text(booking.title))
        + _element("Agenda", "")
        + _element("Privacy", "Private" if booking.private else "Public")
        + _element(
            "Organizer",
            _element("FirstName", _text(first or last))
            + _element("LastName", _text(last if first else ""))
            + _element("Email", _text(booking.organizer_address)),
        )
        + _element(
            "Time",
            _element("StartTime", _utc(booking.start))
            + _element("StartTimeBuffer", str(int(buffers.start.total_seconds())))
            + _element("EndTime", _utc(booking.end))
            + _element("EndTimeBuffer", str(int(buffers.end.total_seconds()))),
        )
        + _UNCHANGING
        + _element("DialInfo", _dial_info(dial, call_rate))
    )


def _dial_info(dial: DialString | None, call_rate: int) -> str:
    """What Join dials; without a call and with ConnectMode Manual there is no Join."""
    call = ""
    if dial is not None:
        call = _element(
            "Call",
            _element("Number", _text(dial.address))
            + _element("Protocol", _PROTOCOLS[dial.protocol])
            + _element("CallRate", str(call_rate))
            + _element("CallType", "Video"),
        )
    calls = _element("Calls", call) if call else '<Calls item="1"/>'
    return calls + _element("ConnectMode", "OBTP" if dial is not None else "Manual")


def _element(tag: str, content: str) -> str:
    return f'<{tag} item="1">{content}</{tag}>'


def _text(text: str) -> str:
    """Text as it may stand between two tags."""
    return escape(_clean(text))


_UNCHANGING = (
    _element("MaximumMeetingExtension", "5")
    + _element("BookingStatus", "OK")
    + _element("BookingStatusMessage", "")
    + _element(
        "Webex",
        _element("Enabled", "False") + _element("MeetingNumber", "") + _element("Password", ""),
    )
    + _element("Encryption", "BestEffort")
    + _element("Role", "Master")
    + _element("Recording", "Disabled")
)


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()[:19] + "Z"


def _to_seconds(instant: datetime) -> datetime:
    """The same in UTC without fractions, which most times are already."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return instant.replace(microsecond=0) if instant.microsecond else instant


def _clean(text: str) -> str:
    """Text that XML 1.0 can hold."""
    return text if text.isprintable() else _CONTROLS.sub("", text)
