"""The list of bookings as `Bookings Put` takes it: JSON, the whole list at once."""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from connector.simulators.cisco.bookings import Booking, Organizer, Target
from connector.simulators.cisco.bookings_xml import ID_LIMIT, WHOLE_LIMIT, instant
from connector.simulators.cisco.versions import Version

Seconds = Annotated[int, Meta(ge=0, le=WHOLE_LIMIT)]
Minutes = Annotated[int, Meta(ge=1, le=WHOLE_LIMIT)]
Identity = Annotated[str, Meta(min_length=1, max_length=ID_LIMIT)]


class BadBody(ValueError):
    """The body is not what the documentation describes for this version."""


class _Time(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", forbid_unknown_fields=True):
    start_time: str
    duration: Minutes
    start_time_buffer: Seconds = 0
    end_time_buffer: Seconds = 0


class _Organizer(
    msgspec.Struct, frozen=True, kw_only=True, rename="pascal", forbid_unknown_fields=True
):
    name: str
    email: str = ""
    id: str = ""


class _Booking(
    msgspec.Struct, frozen=True, kw_only=True, rename="pascal", forbid_unknown_fields=True
):
    id: Identity
    title: str
    number: str
    protocol: str
    organizer: _Organizer
    time: _Time
    meeting_id: str = ""
    agenda: str = ""
    privacy: Literal["Public", "Private"] = "Public"
    meeting_platform: str | UnsetType = UNSET
    meta_info: str = ""
    call_type: Literal["Audio", "Video"] = "Video"
    encryption: Literal["On", "Off"] = "On"


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", forbid_unknown_fields=True):
    bookings: list[_Booking]


def protocols(version: Version) -> tuple[str, ...]:
    """What `Protocol` may say."""
    return (
        *("SIP", "H323", "ISDN", "IP", "Spark"),
        *(("WebRTC",) if version.at_least(10, 19) else ()),
        *(("None",) if version.at_least(11, 24) else ()),
    )


def platforms(version: Version) -> tuple[str, ...]:
    """What `MeetingPlatform` may say; nothing where there is no such field."""
    if not version.at_least(10, 19):
        return ()
    known = ("GoogleMeet", "MicrosoftTeams", "Zoom", "Webex", "Other")
    return (*known, "None") if version.at_least(11, 24) else known


def read(body: str, version: Version) -> tuple[Booking, ...]:
    """All bookings of a body.

    Raises:
        BadBody: the body is not what this version takes.
    """
    try:
        entries = msgspec.json.decode(body, type=_Body).bookings
        return tuple(_booking(entry, version) for entry in entries)
    except (msgspec.DecodeError, ValueError) as error:
        raise BadBody(str(error)) from error


def _booking(entry: _Booking, version: Version) -> Booking:
    """One booking, its times made absolute; a Put has one name for the organizer."""
    _check(entry, version)
    start = instant(entry.time.start_time)
    joinable = entry.protocol != "None" and bool(entry.number)
    target = Target(number=entry.number, protocol=entry.protocol, call_type=entry.call_type)
    return Booking(
        id=entry.id,
        start=start,
        end=start + timedelta(minutes=entry.time.duration),
        meeting_id=entry.meeting_id,
        title=entry.title,
        agenda=entry.agenda,
        privacy=entry.privacy,
        organizer=Organizer(
            first_name=entry.organizer.name, email=entry.organizer.email, id=entry.organizer.id
        ),
        start_buffer=entry.time.start_time_buffer,
        end_buffer=entry.time.end_time_buffer,
        encryption=entry.encryption,
        targets=(target,) if joinable else (),
        connect_mode="OBTP" if joinable else "Manual",
        platform="" if entry.meeting_platform is UNSET else entry.meeting_platform,
    )


def _check(entry: _Booking, version: Version) -> None:
    """Hold words against what this version documents."""
    if entry.protocol not in protocols(version):
        raise BadBody(f"Protocol must be one of {', '.join(protocols(version))}")
    if entry.meeting_platform is UNSET:
        return
    known = platforms(version)
    if entry.meeting_platform not in known:
        raise BadBody(f"MeetingPlatform must be one of {', '.join(known)}" if known else UNKNOWN)
    if entry.protocol == "WebRTC" and entry.meeting_platform not in {
        "MicrosoftTeams",
        "GoogleMeet",
    }:
        raise BadBody("WebRTC is for MicrosoftTeams and GoogleMeet only")


UNKNOWN = "Object contains unknown field `MeetingPlatform`"
