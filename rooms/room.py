"""Rooms, and how they treat what their calendars hold."""

from datetime import timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from rooms.display import CheckIn, DisplayPolicy
from rooms.join import Dialing
from rooms.model import Buffers, Value
from rooms.zones import zone

Writes = Literal["none", "release", "adhoc", "full"]
"""What may be changed in a calendar, each with all before it.

`release`: give the room back; `adhoc`: book single meetings too, and extend what the room
organised; `full`: series too.
"""


class Privacy(Value, frozen=True, kw_only=True):
    """What a private meeting shows."""

    private_title: str = "Private meeting"
    show_organizer: bool = False
    private_join: bool = True


class AutoJoin(Value, frozen=True, kw_only=True):
    """When a room dials and hangs up by itself; None for never."""

    before: timedelta | None = None
    """How long before the start of a meeting it is dialled."""
    leave: timedelta | None = None
    """How long after the end of a meeting its call is ended."""


class Policy(Value, frozen=True, kw_only=True, cache_hash=True):
    """How a room treats what its calendar holds."""

    privacy: Privacy = Privacy()
    all_day: Literal["show", "hide"] = "show"
    tentative: Literal["show", "join", "hide"] = "show"
    buffers: Buffers = Buffers()
    dialing: Dialing = Dialing()
    writes: Writes = "none"
    auto_join: AutoJoin = AutoJoin()
    display: DisplayPolicy = DisplayPolicy()
    check_in: CheckIn = CheckIn()

    def allows(self, needed: Writes) -> bool:
        """Whether what needs this much may be done."""
        levels = get_args(Writes)
        return bool(levels.index(self.writes) >= levels.index(needed))


class Room(Value, frozen=True, kw_only=True, cache_hash=True):
    """A meeting room and its mailbox."""

    id: str
    name: str
    mailbox: str
    source: str
    time_zone: str
    building: str = ""
    floor: str = ""
    capacity: int = 0
    features: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    policy: Policy = Policy()

    @property
    def zone(self) -> ZoneInfo:
        """Its time zone."""
        return zone(self.time_zone)
