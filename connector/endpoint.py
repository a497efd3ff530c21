"""What room systems do for the bridge: each driver offers those of these protocols it can keep.

An endpoint is shown lists, or dials, or both; whoever only reads the façade does neither. Beside
what it is asked, a room system may tell things by itself: these are hints and wishes, never truth.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from connector.outside import Outside
from connector.secret import Secret
from connector.watching import Call as Post
from connector.watching import Reply
from rooms.join import DialString
from rooms.model import Agenda


class Endpoint(Protocol):
    """A room system that is looked after; the protocols below say what it can do."""


@runtime_checkable
class Shows(Protocol):
    """A room system that is told its agenda."""

    async def show(self, agenda: Agenda) -> None:
        """Make the device list exactly these bookings. Safe to repeat.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """


@runtime_checkable
class Lists(Protocol):
    """A room system that can be asked what it lists."""

    async def lists(self, agenda: Agenda) -> bool | None:
        """Whether it lists exactly this agenda now: ids, times and what is dialled (EP-12).

        None where this unit cannot tell.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A call that somebody wants."""

    dial: DialString
    booking: str = ""
    """The id of the booking it is for; empty for any other call."""
    title: str = ""
    """What the device may show: masked where the booking is."""


Progress = Literal["dialling", "ringing", "connected", "held", "ending", "unknown"]


class PhoneCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that a room system is in."""

    id: str
    """The device's own."""
    state: Progress
    direction: Literal["out", "in", ""] = ""
    booking: str = ""
    """The id of the booking it is for, where the device says so."""


@runtime_checkable
class Dials(Protocol):
    """A room system that can be told to call."""

    async def dial(self, order: Order) -> None:
        """Make it call. Returns when the device took the order, not when somebody answers.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """

    async def hang_up(self) -> None:
        """End all its calls; none is fine too.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """

    async def calls(self) -> Sequence[PhoneCall] | None:
        """The calls it is in; empty when it is idle, None where it cannot tell.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """


@runtime_checkable
class Tones(Protocol):
    """A room system that can send tones into its call."""

    async def tones(self, digits: str) -> None:
        """Send these tones: `0`-`9`, `*`, `#`.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """


Glow = Literal["green", "yellow", "red", "off"]
"""Colours that every unit with a light has."""


@runtime_checkable
class Glows(Protocol):
    """A room system with a light that can be seen from outside the room."""

    async def glow(self, colour: Glow) -> None:
        """Have its light show this colour. Safe to repeat.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act; `unsupported`
            where this unit has no light, or keeps it to itself.
        """


@runtime_checkable
class Lit(Protocol):
    """Options of a unit whose light may be used."""

    @property
    def led(self) -> bool:
        """Whether its light tells how the room stands."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a room system says of itself; empty where it does not."""

    product: str = ""
    software: str = ""
    serial: str = ""
    way: str = ""
    """How it is talked to: `put`, `private`, `websocket`, `ssh`, `pull`, `rest`, …"""
    calendar: str = ""
    """How it finds its calendar itself, in its own word: `established`, `unavailable`, `ONLINE`."""
    clock_off: timedelta | None = None
    """How far its clock is ahead; a wrong clock shows Join too early or too late."""


@runtime_checkable
class Described(Protocol):
    """A room system that says what it is."""

    async def facts(self) -> Facts:
        """What it is and how it stands.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """


class Facade(msgspec.Struct, frozen=True, kw_only=True):
    """With what a unit signs in to the Exchange façade: its own, never a mailbox's."""

    username: str
    """As typed into the unit; unlike any other unit's."""
    password: Secret
    """That unit's password for the façade."""


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """Where a unit finds its room's calendar: what `endpoints provision` sets on it."""

    url: str
    """`https://…/EWS/Exchange.asmx`."""
    mailbox: str
    """The room's SMTP address."""
    facade: Facade


@runtime_checkable
class Provisioned(Protocol):
    """A room system that can be pointed at its calendar over its own interface."""

    async def provision(self, calendar: Calendar) -> Sequence[str]:
        """Point it at the façade; the names of the settings that were made, without values.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act; `unsupported`
            where this unit has no such interface.
        """


class Lost(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The device may have lost its list: it is to be shown again (EP-20)."""

    why: Literal["boot", "sync_required", "standby", "call_ended", "connected"]


class CallsChanged(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The calls that it is in now."""

    calls: tuple[PhoneCall, ...]


class PeopleChanged(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Whether it sees people in the room; never who they are."""

    seen: bool | None
    """None where it cannot tell now."""


class BookingWanted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Somebody at the device booked the room; withdrawn there unless confirmed in 60 s (EP-11)."""

    request: str
    """The device's own id of the wish: what was done for it is not done twice."""
    start: datetime
    end: datetime
    title: str = ""


class ExtensionWanted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Somebody at the device wants a booking to end later."""

    booking: str
    end: datetime


class ReleaseWanted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The device gave the room back: a person pressed it, or nobody came."""

    booking: str
    why: str = ""
    """The device's own word."""


class CheckedIn(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Somebody confirmed at the device that the meeting takes place."""

    booking: str


class Connected(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Whether the device's long connection stands, where it has one."""

    up: bool


Notice = (
    Lost
    | CallsChanged
    | PeopleChanged
    | BookingWanted
    | ExtensionWanted
    | ReleaseWanted
    | CheckedIn
    | Connected
)
Told = Callable[[Notice], None]
"""Where an endpoint says what it heard: at once, without waiting for anything."""


@runtime_checkable
class Attended(Protocol):
    """A room system that tells things by itself."""

    async def attend(self, told: Told) -> None:
        """Listen until cancelled: hold the long connection, or keep the registration alive.

        It returns at once where this unit offers no such thing. What it raises is said in the
        endpoint's health, and it is called again after a while, never after `Denied`.
        """


@runtime_checkable
class Hears(Protocol):
    """A room system that posts to `outside.hook`."""

    def hear(self, post: Post) -> Reply:
        """Take what was posted, without waiting for anything; `attend` tells what it means."""


class EndpointOptions(Protocol):
    """Settings of an endpoint beside `id` and `kind`."""

    @property
    def host(self) -> str:
        """Where it is: an IP address or a name; empty for one that is never reached out to."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""


@runtime_checkable
class Reads(Protocol):
    """Options of a unit that reads the façade."""

    @property
    def facade(self) -> Facade | None:
        """With what it signs in there; None where it does not read it."""


@runtime_checkable
class Pulls(Protocol):
    """Options of a unit that posts to a hook whose secret stands in its own configuration."""

    @property
    def hook(self) -> Secret | None:
        """The last part of the hook's path; None where the bridge makes one up at each start."""


class EndpointDriver(Protocol):
    """A module `connector.endpoints.<kind>`."""

    Options: type[msgspec.Struct]
    """A struct that is an `EndpointOptions`; `protocols` in it: what such a system can dial, best
    first: `sip`, `h323`."""

    acknowledge: str
    """What the site has to acknowledge before it uses such systems; empty for nothing."""

    notice: str
    """What is to be acknowledged."""

    def connect(
        self,
        options: Any,
        outside: Outside,
        /,
    ) -> AbstractAsyncContextManager[Endpoint]:
        """Hold what the device needs for as long as it is looked after; nothing is sent yet."""
