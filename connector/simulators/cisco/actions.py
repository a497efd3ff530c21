"""What commands do to a unit, and what it answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from connector.simulators.cisco.bookings import Booking, listing, stamp
from connector.simulators.cisco.bookings_json import BadBody, read
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.markup import Items, Tree


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a command; `Unknown` stands for a word that the unit has never heard."""

    status: Literal["OK", "Error", "ParameterError", "Unknown"]
    content: Tree = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arguments:
    """What came with a command, already held against its value spaces."""

    parameters: Mapping[str, str]
    body: str
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A parameter, or nothing."""
        return self.parameters.get(name, "")

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        return int(self.parameters.get(name, default))


def refused(reason: str) -> Result:
    """An answer that says no, and why."""
    return Result("Error", {"Reason": reason})


def put(codec: Codec, arguments: Arguments) -> Result:
    """Replace the list with what the body says."""
    switches = codec.switches
    if switches.put_needs_webex and not switches.webex_registered:
        return refused("The device is neither registered with Webex nor linked to Webex Edge")
    if switches.teams_mode and codec.version.at_least(26, 4):
        return refused("Not available while Microsoft Teams is installed")
    try:
        codec.replace(read(arguments.body, codec.version))
    except BadBody as error:
        return Result("ParameterError", {"Reason": str(error)})
    return Result("OK")


def clear(codec: Codec, _arguments: Arguments) -> Result:
    """Empty the list."""
    if codec.switches.teams_mode and codec.version.at_least(26, 4):
        return refused("Not available while Microsoft Teams is installed")
    codec.replace(())
    return Result("OK")


def list_bookings(codec: Codec, arguments: Arguments) -> Result:
    """Give the list back, or the part of it that was asked for."""
    found = list(_wanted(codec, arguments))
    first = arguments.number("Offset", 0)
    page = found[first : first + arguments.number("Limit", 65534)]
    numbered = {n: listing(booking, codec.version) for n, booking in enumerate(page, start=1)}
    return Result(
        "OK",
        {
            "ResultInfo": {"TotalRows": str(len(found))},
            "LastUpdated": stamp(codec.updated),
            **({"Booking": Items(numbered)} if numbered else {}),
        },
    )


def _wanted(codec: Codec, arguments: Arguments) -> Iterator[Booking]:
    """The bookings that `Days`, `DayOffset` and `ScheduleType` leave."""
    now = codec.now()
    start, end = _days(now, arguments)
    kind = arguments.text("ScheduleType")
    for booking in codec.bookings:
        if start is not None and booking.end <= start:
            continue
        if end is not None and booking.start >= end:
            continue
        if kind == "Current" and not booking.runs(now):
            continue
        if kind == "Upcoming" and booking.start <= now:
            continue
        yield booking


def _days(now: datetime, arguments: Arguments) -> tuple[datetime | None, datetime | None]:
    """The span of days asked for; a simulated unit stands in UTC."""
    if not arguments.parameters.keys() & {"Days", "DayOffset"}:
        return None, None
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + timedelta(days=arguments.number("DayOffset", 0))
    if "Days" not in arguments.parameters:
        return start, None
    return start, start + timedelta(days=arguments.number("Days", 1))


def get(codec: Codec, arguments: Arguments) -> Result:
    """Give one booking back."""
    identity, meeting = arguments.text("Id"), arguments.text("MeetingId")
    for booking in codec.bookings:
        if booking.id == identity or (meeting and booking.meeting_id == meeting):
            return Result("OK", {"Booking": listing(booking, codec.version)})
    return refused("No such booking")


def glow(codec: Codec, arguments: Arguments) -> Result:
    """Set the light; nothing comes of that while the unit keeps it to itself."""
    if codec.configuration["UserInterface/LedControl/Mode"] == "Manual":
        codec.light = arguments.text("Color")
        codec.news.changed()
    return Result("OK")


def unblock(codec: Codec, arguments: Arguments) -> Result:
    """Let a locked-out user in again."""
    if codec.users.unblock(arguments.text("Username")):
        return Result("OK")
    return refused("No such user")
