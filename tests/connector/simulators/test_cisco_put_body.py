"""The JSON of `Bookings Put`, held against what each version documents."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.simulators.cisco.bookings_json import BadBody, read
from connector.simulators.cisco.versions import Version

from .cisco_room import NOON, body, booking

LATEST = Version.parse("RoomOS 26.4.1")


def changed(path: str, value: Any) -> str:
    """A good entry with one field changed, or taken away by `...`."""
    entry = booking()
    *above, last = path.split(".")
    place = entry
    for step in above:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return body(entry)


def test_duration_is_in_minutes_and_buffers_are_in_seconds() -> None:
    (found,) = read(body(booking(minutes=90)), LATEST)
    assert (found.start, found.end) == (NOON, NOON + timedelta(minutes=90))
    assert (found.start_buffer, found.end_buffer) == (300, 0)


def test_fractions_of_a_second_are_taken() -> None:
    (found,) = read(changed("Time.StartTime", "2026-02-06T12:00:42.300000000Z"), LATEST)
    assert found.start == datetime(2026, 2, 6, 12, 0, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    "field",
    [
        "Id",
        "Title",
        "Number",
        "Protocol",
        "Organizer",
        "Organizer.Name",
        "Time",
        "Time.StartTime",
        "Time.Duration",
    ],
)
def test_what_is_required_must_be_there(field: str) -> None:
    with pytest.raises(BadBody):
        read(changed(field, ...), LATEST)


@pytest.mark.parametrize("field", ["Time.StartTimeBuffer", "Time.EndTimeBuffer"])
def test_buffers_may_be_left_out(field: str) -> None:
    assert read(changed(field, ...), LATEST)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Id", ""),
        ("Id", "x" * 129),
        ("Id", 1),
        ("Title", None),
        ("Number", 123),
        ("Protocol", "Sip"),
        ("Protocol", "H320"),
        ("Privacy", "Normal"),
        ("CallType", "Auto"),
        ("Encryption", "BestEffort"),
        ("MeetingPlatform", "Skype"),
        ("MeetingPlatform", None),
        ("Organizer", "Ann"),
        ("Time.Duration", 0),
        ("Time.Duration", "60"),
        ("Time.Duration", 60.5),
        ("Time.StartTimeBuffer", -1),
        ("Time.StartTime", "2026-02-06T12:00:00+01:00"),
        ("Time.StartTime", "2026-02-06 12:00"),
        ("Time.StartTime", "2026-13-06T12:00:00Z"),
        ("Time.EndTime", "2026-02-06T13:00:00Z"),
        ("DialInfo", {}),
    ],
)
def test_types_and_value_spaces_are_kept(field: str, value: Any) -> None:
    with pytest.raises(BadBody):
        read(changed(field, value), LATEST)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Bookings": {}}', '{"Bookings": []', "null"])
def test_a_body_without_a_list_is_refused(text: str) -> None:
    with pytest.raises(BadBody):
        read(text, LATEST)


def test_a_list_may_be_empty() -> None:
    assert read('{"Bookings": []}', LATEST) == ()


@pytest.mark.parametrize(
    ("version", "protocol", "platform", "taken"),
    [
        ("ce9.15.17.4", "SIP", ..., True),
        ("ce9.15.17.4", "SIP", "Zoom", False),
        ("ce9.15.17.4", "WebRTC", ..., False),
        ("RoomOS 10.19.4.2", "SIP", "Zoom", True),
        ("RoomOS 10.19.4.2", "WebRTC", "MicrosoftTeams", True),
        ("RoomOS 10.19.4.2", "WebRTC", "Zoom", False),
        ("RoomOS 10.19.4.2", "None", ..., False),
        ("RoomOS 10.19.4.2", "SIP", "None", False),
        ("RoomOS 11.27.2.0", "None", "None", True),
        ("RoomOS 26.4.1", "WebRTC", "GoogleMeet", True),
        ("RoomOS 26.4.1", "None", ..., True),
    ],
)
def test_protocols_and_platforms_came_with_their_versions(
    version: str, protocol: str, platform: Any, taken: bool
) -> None:
    entry = booking(Protocol=protocol)
    if platform is not ...:
        entry["MeetingPlatform"] = platform
    try:
        found = read(json.dumps({"Bookings": [entry]}), Version.parse(version))
    except BadBody:
        assert not taken
    else:
        assert taken
        assert len(found) == 1


def test_nothing_to_dial_means_no_join() -> None:
    for entry in (booking(number=""), booking(Protocol="None")):
        (found,) = read(body(entry), LATEST)
        assert found.target is None
