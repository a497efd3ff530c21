"""The commands of every version: their words, who may give them, and what they do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, TypeAlias

from connector.simulators.cisco import actions, feedback, panel, telephony
from connector.simulators.cisco.actions import Arguments, Result
from connector.simulators.cisco.bookings_json import platforms, protocols
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.spaces import OneOf, Space, Text, Whole
from connector.simulators.cisco.versions import Version

Path: TypeAlias = tuple[str, ...]
Role: TypeAlias = Literal["Admin", "Integrator", "User"]

ANYBODY: tuple[Role, ...] = ("Admin", "User")
CALLERS: tuple[Role, ...] = ("Admin", "Integrator", "User")
ID = Text(128, least=1)
CALL_TYPE = OneOf(("Auto", "Audio", "Video"))


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a command."""

    space: Space
    required: bool = False
    several: bool = False
    """Whether it may come more than once, numbered or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of one version."""

    run: Callable[[Codec, Arguments], Result]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    roles: tuple[Role, ...] = ANYBODY
    multiline: bool = False


CALL_ID = Parameter(Whole(0, 65534))
JOIN = {
    "WebRTC": {
        "Url": Parameter(Text(2048, least=1), required=True),
        **{name: Parameter(Text(255)) for name in ("BookingId", "Title", "TrackingData", "Type")},
    },
    "Webex": {
        "Number": Parameter(Text(255, least=1), required=True),
        **{name: Parameter(Text(255)) for name in ("BookingId", "DisplayName", "TrackingData")},
    },
    "Zoom": {
        "MeetingID": Parameter(Text(255, least=1), required=True),
        **{name: Parameter(Text(255)) for name in ("BookingID", "HostKey", "MeetingPasscode")},
        **{name: Parameter(Text(255)) for name in ("DisplayName", "TrackingData")},
    },
}
"""The words for joining meetings of a platform; the extracts of the schemas do not have them."""
RESPOND = {
    "Comment": Parameter(Text(2048, least=1)),
    "MeetingId": Parameter(ID, required=True),
    "Type": Parameter(OneOf(("Accept", "Decline")), required=True),
}

LIGHT = Command(
    run=actions.glow,
    parameters={"Color": Parameter(OneOf(("Green", "Yellow", "Red", "Off")), required=True)},
    roles=CALLERS,
)
"""Newer software has more colours; these all have."""


@cache
def known(version: Version) -> Mapping[Path, Command]:
    """All commands of a version."""
    table = _bookings(version) | _single(version) | _calls(version) | _feedback(version)
    if version.at_least(10):
        table["UserInterface", "LedControl", "Color", "Set"] = LIGHT
    return table


def _bookings(version: Version) -> dict[Path, Command]:
    """The commands about bookings; TC has no more than Clear and List."""
    commands: dict[Path, Command] = {
        ("Bookings", "Clear"): Command(run=actions.clear),
        ("Bookings", "List"): Command(run=actions.list_bookings, parameters=_list(version)),
    }
    if version.at_least(8):
        commands["Bookings", "Get"] = Command(run=actions.get, parameters=_get(version))
    if version.at_least(9, 13):
        commands["Bookings", "Put"] = Command(run=actions.put, roles=("Admin",), multiline=True)
    return commands


def _single(version: Version) -> dict[Path, Command]:
    """The commands about single bookings."""
    if not version.at_least(9):
        return {}
    one = {"Id": Parameter(ID), "MeetingId": Parameter(ID)} if version.at_least(11) else {}
    named = one or {"Id": Parameter(ID, required=True)}
    snoozed = one or {"Id": Parameter(Text(128))}
    seconds = Parameter(Whole(1, 3600))
    found = {
        "NotificationSnooze": Command(
            run=panel.snooze, parameters={**snoozed, "SecondsToSnooze": seconds}
        )
    }
    if version.at_least(9, 15):
        found["Book"] = Command(run=panel.book, parameters=_book(version))
        found["Delete"] = Command(run=panel.delete, parameters=named)
    if version.at_least(11):
        minutes = Parameter(Whole(1, 1440), required=True)
        words = _book(version).items()
        edited = {name: p for name, p in words if name != "BookingRequestUUID"}
        found["Extend"] = Command(run=panel.extend, parameters={**one, "Duration": minutes})
        found["Edit"] = Command(run=panel.edit, parameters={**one, **edited})
        found["Respond"] = Command(run=panel.respond, parameters=RESPOND)
    tracked = {**one, "TrackingData": Parameter(Text(128))}
    if version.at_least(11, 27):
        found["CheckOut"] = Command(run=panel.check_out, parameters=tracked)
    if version.at_least(26):
        found["CheckIn"] = Command(run=panel.check_in, parameters=tracked)
    return {("Bookings", word): command for word, command in found.items()}


def _book(version: Version) -> dict[str, Parameter]:
    """The words of Book; whom to dial came with RoomOS 11."""
    words = {
        "BookingRequestUUID": Parameter(ID),
        "Duration": Parameter(Whole(1, 1440)),
        "StartTime": Parameter(Text(128)),
        "Title": Parameter(Text(128)),
    }
    if not version.at_least(11):
        return words
    texts = ("Number", "OrganizerEmail", "OrganizerId", "OrganizerName")
    return {
        **words,
        **{name: Parameter(Text(128)) for name in texts},
        "MeetingPlatform": Parameter(OneOf(platforms(version))),
        "Protocol": Parameter(OneOf(protocols(version))),
    }


def _feedback(version: Version) -> dict[Path, Command]:
    """The commands about HttpFeedback; TC knows no format."""
    slot = {"FeedbackSlot": Parameter(Whole(1, 4), required=True)}
    register = {
        **slot,
        "Expression": Parameter(Text(255, least=1), several=True),
        "ServerUrl": Parameter(Text(2048, least=1), required=True),
    }
    if version.line != "TC":
        register["Format"] = Parameter(OneOf(("XML", "JSON")))
    found = {
        "Register": Command(run=feedback.register, parameters=register, roles=("Admin",)),
        "Deregister": Command(run=feedback.deregister, parameters=slot, roles=("Admin",)),
        "Enable": Command(run=feedback.enable, parameters=slot, roles=("Admin",)),
    }
    return {("HttpFeedback", word): command for word, command in found.items()}


def _list(version: Version) -> dict[str, Parameter]:
    parameters = {
        "Days": Parameter(Whole(1, 365)),
        "DayOffset": Parameter(Whole(0, 365)),
        "Limit": Parameter(Whole(1, 65534)),
        "Offset": Parameter(Whole(0, 65534)),
    }
    if version.at_least(11, 23):
        accounts = OneOf(("Shared", "Personal", "SharedAndPersonal"))
        parameters["AccountType"] = Parameter(accounts)
        parameters["ScheduleType"] = Parameter(OneOf(("Current", "Upcoming")))
    return parameters


def _get(version: Version) -> dict[str, Parameter]:
    if version.at_least(11, 23):
        return {"Id": Parameter(ID), "MeetingId": Parameter(ID)}
    return {"Id": Parameter(ID, required=True)}


def _calls(version: Version) -> dict[Path, Command]:
    """The commands about calls, and the one that ends a lock-out."""
    one = {"CallId": CALL_ID}
    verbs = {
        "Disconnect": telephony.disconnect,
        "Accept": telephony.accept,
        "Reject": telephony.reject,
        "Hold": telephony.hold,
        "Resume": telephony.resume,
    }
    commands: dict[Path, Command] = {
        ("Dial",): Command(run=telephony.dial, parameters=_dial(version), roles=CALLERS),
        **{("Call", w): Command(run=v, parameters=one, roles=CALLERS) for w, v in verbs.items()},
    }
    for platform, parameters in JOIN.items() if version.at_least(10, 19) else ():
        join = Command(run=telephony.join, parameters=parameters, roles=CALLERS)
        commands[platform, "Join"] = join
    tones = Command(run=telephony.send_tones, parameters=_tones(version), roles=CALLERS)
    if version.line == "TC":
        commands["Call", "DisconnectAll"] = Command(run=telephony.disconnect_all, roles=CALLERS)
        commands["DTMFSend",] = tones
    else:
        commands["Call", "DTMFSend"] = tones
        commands["UserManagement", "User", "Unblock"] = Command(
            run=actions.unblock,
            parameters={
                "Username": Parameter(Text(127), required=True),
                "YourPassphrase": Parameter(Text(255)),
            },
            roles=("Admin",),
        )
    return commands


def _tones(version: Version) -> dict[str, Parameter]:
    """The words of DTMFSend; TC takes them one command beside the calls."""
    words = {"CallId": CALL_ID, "DTMFString": Parameter(Text(32), required=True)}
    if version.line == "TC":
        return words
    return words | {"Feedback": Parameter(OneOf(("Audible", "Silent")))}


def _dial(version: Version) -> dict[str, Parameter]:
    """The words of Dial; ISDN went with RoomOS 10, the slowest family of units with 26."""
    protocols = ("H323", "Sip", "Spark")
    return {
        "Appearance": Parameter(Whole(1, 999_999_999)),
        "BookingId": Parameter(Text(255)),
        "CallRate": Parameter(Whole(64, 20000 if version.at_least(26) else 6000)),
        "CallType": Parameter(CALL_TYPE),
        "DisplayName": Parameter(Text(255)),
        "Number": Parameter(Text(255), required=True),
        "Protocol": Parameter(
            OneOf(protocols if version.at_least(10) else ("H320", *protocols)),
        ),
        "TrackingData": Parameter(Text(255)),
    }
