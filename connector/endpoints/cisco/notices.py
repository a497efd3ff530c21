"""What a codec tells by itself, as notices: hints and wishes (endpoints.md 2.4, 2.6)."""

import logging
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from connector.endpoint import BookingWanted, CheckedIn, ExtensionWanted, Lost, Notice
from connector.endpoints.cisco.documents import Document, children, instant, text

log = logging.getLogger(__name__)

EXPRESSIONS: Final = (
    ("Event", "Bookings"),
    ("Event", "BootEvent"),
    ("Event", "Standby", "Reset"),
    ("Event", "CallSuccessful"),
    ("Event", "CallDisconnect"),
    ("Event", "OutgoingCallIndication"),
    ("Status", "Call", "Status"),
    ("Status", "RoomAnalytics", "PeoplePresence"),
    ("Status", "RoomAnalytics", "PeopleCount", "Current"),
)
"""What is listened to. Never the whole status (EP-18); of people only whether any are there."""

ID_LIMIT = 128
TITLE_LIMIT = 250
NUMBER_LIMIT = 9
"""Digits of a number."""
LONGEST = 24 * 60
"""Minutes of a booking that is made at a codec (`Bookings Book`)."""
NAME_LIMIT = 100
NAMES_KEPT = 200

_SILENT = {
    *("Start", "End", "StartTimeBuffer", "EndTimeBuffer", "TimeRemaining", "Updated"),
    *("BookingCreated", "BookingFailed", "BookingMoved", "EditRequested", "EditFailed"),
    *("ExtensionFailed", "NotificationSnoozed"),
}
"""Events of bookings that are known and need nothing."""
_ODD = re.compile(r"[^A-Za-z0-9 ./_-]")
_unknown: set[str] = set()


class CallsStirred(NamedTuple):
    """Something happened to a call: its state is worth reading."""


class PeopleStirred(NamedTuple):
    """People came or went: what the codec sees is worth reading."""


class Gone(NamedTuple):
    """The codec took a booking off its list."""

    booking: str
    why: str


Told = Notice | CallsStirred | PeopleStirred | Gone


def read(document: Document) -> Iterator[Told]:
    """What an `Event` or a `Status` means; what is not known is logged once, by its name."""
    for node in children(document):
        name = str(node.tag)
        if name == "Identification":
            continue
        if name == "Call":
            yield CallsStirred()
        elif name == "RoomAnalytics":
            yield PeopleStirred()
        elif document.tag == "Event":
            yield from _event(name, node)
        elif name not in {"Bookings", "Standby"}:
            unknown(f"{document.tag} {name}")


def _event(name: str, node: Document) -> Iterator[Told]:
    match name:
        case "BootEvent":
            yield Lost(why="boot")
        case "Standby":
            yield Lost(why="standby")
        case "CallDisconnect":
            yield Lost(why="call_ended")
            yield CallsStirred()
        case "CallSuccessful" | "OutgoingCallIndication":
            yield CallsStirred()
        case "Bookings":
            for event in children(node):
                yield from _booking_event(str(event.tag), event)
        case _:
            unknown(f"Event {name}")


def _booking_event(name: str, node: Document) -> Iterator[Told]:
    found: Told | None = None
    if name in _READ:
        found = _READ[name](node)
        if found is None:
            unknown(f"Event Bookings {name} without what it needs")
    elif name not in _SILENT:
        unknown(f"Event Bookings {name}")
    if found is not None:
        yield found


def _requested(node: Document) -> BookingWanted | None:
    request = text(node, "BookingRequestUUID")[:ID_LIMIT]
    start = instant(text(node, "StartTime"))
    minutes = text(node, "Duration")
    if not request or start is None or not (minutes.isascii() and minutes.isdigit()):
        return None
    if len(minutes) > NUMBER_LIMIT or not 0 < int(minutes) <= LONGEST:
        return None
    end = start + timedelta(minutes=int(minutes))
    return BookingWanted(
        request=request, start=start, end=end, title=text(node, "Title")[:TITLE_LIMIT]
    )


def _extension(node: Document) -> ExtensionWanted | None:
    booking = _booking(node)
    end = instant(text(node, "NewEndTime"))
    return ExtensionWanted(booking=booking, end=end) if booking and end is not None else None


def _gone(node: Document) -> Gone | None:
    booking = _booking(node)
    return Gone(booking, text(node, "Cause")[:ID_LIMIT]) if booking else None


def _checked_in(node: Document) -> CheckedIn | None:
    booking = _booking(node)
    return CheckedIn(booking=booking) if booking else None


def _sync(_node: Document) -> Lost:
    return Lost(why="sync_required")


def _booking(node: Document) -> str:
    """The id of the booking: the bridge's own, as it was pushed."""
    for name in ("Id", "OriginalMeetingId", "MeetingId"):
        if found := text(node, name):
            return found[:ID_LIMIT]
    return ""


_READ: dict[str, Callable[[Document], Told | None]] = {
    "BookingRequested": _requested,
    "CheckedIn": _checked_in,
    "Deleted": _gone,
    "ExtensionRequested": _extension,
    "SyncRequired": _sync,
}


def unknown(name: str) -> None:
    """Log something that nobody described, once; never with what stands in it."""
    name = _ODD.sub("?", name)[:NAME_LIMIT]
    if name not in _unknown and len(_unknown) < NAMES_KEPT:
        _unknown.add(name)
        log.info("a codec tells something unknown: %s", name)
