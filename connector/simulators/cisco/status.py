"""What a unit says of itself."""

from typing import TYPE_CHECKING

from connector.simulators.cisco import calls
from connector.simulators.cisco.bookings import stamp
from connector.simulators.cisco.markup import Items, Tree

if TYPE_CHECKING:  # a unit asks for its status itself
    from connector.simulators.cisco.codec import Codec

COUNT = "RoomAnalytics/PeopleCountOutOfCall"
DETECTOR = "RoomAnalytics/PeoplePresenceDetector"
CONTROLS = "".join(map(chr, range(1, 6)))
"""What monitors have been seen to put into their names."""


def attributes(codec: "Codec") -> dict[str, str]:
    """What stands in the root of its documents."""
    return {
        "@product": "Cisco Codec",
        "@version": codec.switches.version_text or codec.version.reported,
        "@apiVersion": "1" if codec.version.line == "TC" else "4",
    }


def status(codec: "Codec") -> Tree:
    """The whole status document."""
    now = codec.now()
    webex = "Registered" if codec.switches.webex_registered else "Disabled"
    later: Tree = {"Webex": {"Status": webex}} if codec.version.at_least(9, 13) else {}
    light: Tree = {"UserInterface": {"LedControl": {"Color": codec.light}}}
    return {
        "Audio": {"Volume": "50"},
        "Bookings": _bookings(codec),
        "Call": Items({call.id: calls.status(call, now) for call in codec.calls.all()}),
        "HttpFeedback": codec.slots.status(),
        "RoomAnalytics": _analytics(codec),
        "Standby": {"State": "Off"},
        "SystemUnit": _system_unit(codec),
        "Time": {"SystemTime": f"{now:%Y-%m-%dT%H:%M:%S%z}"},
        "Video": {"Output": {"Connector": Items({1: _monitor(codec)})}},
        **later,
        **(light if codec.version.at_least(10) else {}),
    }


def _bookings(codec: "Codec") -> Tree:
    """Which meeting is on, and until when the room is free or taken."""
    current = codec.current()
    found: Tree = {"Current": {"Id": current.id if current else ""}}
    if not codec.version.at_least(10, 19):
        return found
    coming = [booking.start for booking in codec.bookings if booking.start > codec.now()]
    if current:
        word, until = "BookedUntil", stamp(current.end)
    elif coming:
        word, until = "FreeUntil", stamp(min(coming))
    else:
        word, until = "Free", ""
    return {"Availability": {"Status": word, "TimeStamp": until}, **found}


def _analytics(codec: "Codec") -> Tree:
    """Who is there: outside calls people are counted only if a setting says so."""
    counts = bool(codec.calls.all()) or codec.turned(COUNT)
    presence = ("Yes" if codec.people else "No") if codec.turned(DETECTOR) else "Unknown"
    return {
        "PeopleCount": {"Current": str(codec.people if counts else -1)},
        "PeoplePresence": presence,
    }


def _system_unit(codec: "Codec") -> Tree:
    version = codec.switches.version_text or codec.version.reported
    return {
        "Hardware": {"Module": {"SerialNumber": codec.serial}},
        "ProductId": "Cisco Codec",
        "ProductPlatform": "Codec",
        "ProductType": "Cisco Codec",
        "Software": {
            "DisplayName": codec.switches.version_text or codec.version.text,
            "Name": "s53200",
            "ReleaseDate": "2026-03-01",
            "Version": version,
        },
        "State": {"NumberOfActiveCalls": str(len(codec.calls.all()))},
        "Uptime": str(max(0, int((codec.now() - codec.booted).total_seconds()))),
    }


def _monitor(codec: "Codec") -> Tree:
    noise = CONTROLS if codec.switches.control_characters else ""
    return {"ConnectedDevice": {"Name": f"Monitor{noise}"}}
