"""The list of bookings as the private API takes it: XML, the whole list at once."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypeVar, get_args

from lxml import etree

from connector.simulators.cisco.bookings import (
    Booking,
    ConnectMode,
    Organizer,
    Privacy,
    Target,
    Webex,
)
from connector.simulators.cisco.markup import BadMarkup, children, find, name, parse, text
from connector.simulators.cisco.spaces import Whole

ID_LIMIT = 128
WHOLE_LIMIT = 1_000_000
"""Of seconds and minutes, so that no time of a booking lies outside the calendar."""
PRIVACIES: tuple[Privacy, ...] = get_args(Privacy)
CONNECT_MODES: tuple[ConnectMode, ...] = get_args(ConnectMode)
_INSTANT = re.compile(r"([12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z", re.ASCII)
_Word = TypeVar("_Word", bound=str)


def read(body: bytes) -> tuple[Booking, ...]:
    """All bookings of a document; none where it says to clear the list.

    Raises:
        BadMarkup: it is no such document.
    """
    root = parse(body)
    if name(root) != "Bookings":
        raise BadMarkup("the root must be Bookings")
    if find(root, "Clear") is not None:
        return ()
    return tuple(_booking(element) for element in children(root, "Booking"))


def instant(value: str) -> datetime:
    """The UTC instant of a text like `2026-02-06T10:00:00Z`; fractions are dropped.

    Raises:
        ValueError: this is none.
    """
    found = _INSTANT.fullmatch(value)
    if not found:
        raise ValueError("a time must look like 2026-02-06T10:00:00Z")
    return datetime.fromisoformat(found[1]).replace(tzinfo=UTC)


def _booking(element: etree._Element) -> Booking:
    """One booking; what the document does not say stays as it usually is."""
    identity = text(element, "Id")
    if not 0 < len(identity) <= ID_LIMIT:
        raise BadMarkup(f"Id must have 1 to {ID_LIMIT} characters")
    start, end = _time(element, "Time/StartTime"), _time(element, "Time/EndTime")
    if end < start:
        raise BadMarkup("EndTime is before StartTime")
    return Booking(
        id=identity,
        start=start,
        end=end,
        meeting_id=text(element, "MeetingId"),
        title=text(element, "Title"),
        agenda=text(element, "Agenda"),
        privacy=_word(element, "Privacy", PRIVACIES, "Public"),
        organizer=_organizer(element),
        start_buffer=_whole(element, "Time/StartTimeBuffer"),
        end_buffer=_whole(element, "Time/EndTimeBuffer"),
        extension=_whole(element, "MaximumMeetingExtension"),
        status=text(element, "BookingStatus", "OK"),
        status_message=text(element, "BookingStatusMessage"),
        webex=_webex(element),
        encryption=text(element, "Encryption", "BestEffort"),
        role=text(element, "Role", "Master"),
        recording=text(element, "Recording", "Disabled"),
        targets=tuple(_targets(element)),
        connect_mode=_word(element, "DialInfo/ConnectMode", CONNECT_MODES, "OBTP"),
        meeting_type=text(element, "Spark/MeetingType"),
    )


def _organizer(booking: etree._Element) -> Organizer:
    return Organizer(
        first_name=text(booking, "Organizer/FirstName"),
        last_name=text(booking, "Organizer/LastName"),
        email=text(booking, "Organizer/Email"),
        id=text(booking, "Organizer/Id"),
    )


def _webex(booking: etree._Element) -> Webex:
    return Webex(
        enabled=text(booking, "Webex/Enabled", "False"),
        url=text(booking, "Webex/Url"),
        meeting_number=text(booking, "Webex/MeetingNumber"),
        password=text(booking, "Webex/Password"),
        host_key=text(booking, "Webex/HostKey"),
    )


def _targets(booking: etree._Element) -> Iterator[Target]:
    calls = find(booking, "DialInfo/Calls")
    for call in () if calls is None else children(calls, "Call"):
        yield Target(
            number=text(call, "Number"),
            protocol=text(call, "Protocol"),
            call_rate=text(call, "CallRate"),
            call_type=text(call, "CallType"),
        )


def _time(booking: etree._Element, path: str) -> datetime:
    try:
        return instant(text(booking, path))
    except ValueError as error:
        raise BadMarkup(f"{path}: {error}") from error


def _whole(booking: etree._Element, path: str) -> int:
    value = text(booking, path) or "0"
    if not Whole(0, WHOLE_LIMIT).accepts(value):
        raise BadMarkup(f"{path} must be a whole number up to {WHOLE_LIMIT}")
    return int(value)


def _word(booking: etree._Element, path: str, words: tuple[_Word, ...], default: _Word) -> _Word:
    """A word from the few that a field takes."""
    value = text(booking, path) or default
    for word in words:
        if word == value:
            return word
    raise BadMarkup(f"{path} must be one of {', '.join(words)}")
