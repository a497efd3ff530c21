"""What the API says of room systems, and what may be asked of them."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from bridge.views.booking_shapes import Order
from bridge.views.shapes import Shape, TroubleShape


class PhoneCallShape(Shape, frozen=True, kw_only=True):
    """A call that a room system is in."""

    state: Literal["dialling", "ringing", "connected", "held", "ending", "unknown"]
    direction: Literal["out", "in", ""]
    booking: Annotated[str, Meta(description="The booking it is for; empty where nobody knows.")]


class FactsShape(Shape, frozen=True, kw_only=True):
    """What a room system says of itself; empty where it does not."""

    product: str
    software: str
    serial: str
    way: Annotated[str, Meta(description="How it is talked to.")]
    calendar: Annotated[str, Meta(description="How it finds its calendar, in its own word.")]
    clock_off_s: Annotated[float, Meta(description="How far its clock is ahead.")] | None


class FailureShape(Shape, frozen=True, kw_only=True):
    """What a room system failed with last, though it may be over."""

    code: str
    words: str
    fix: str
    at: datetime


class WishShape(Shape, frozen=True, kw_only=True):
    """What came of something that somebody wanted at the device."""

    what: Literal["book", "extend", "release"]
    code: Annotated[str, Meta(description="Why it was refused; empty where it was done.")]
    at: datetime
    refused: Annotated[int, Meta(description="How many were refused in a row, this one included.")]


class VisitsShape(Shape, frozen=True, kw_only=True):
    """How a unit comes for its calendar by itself, since the appliance started."""

    last: Annotated[datetime, Meta(description="Null where it never came.")] | None
    software: Annotated[str, Meta(description="What it called itself.")]
    bookings: Annotated[int, Meta(description="How many it was told last.")] | None
    refused: Annotated[str, Meta(description="Why it was refused last; empty for never.")]
    refused_at: datetime | None


class NoticeShape(Shape, frozen=True, kw_only=True):
    """A condition of the vendor that this site has not acknowledged."""

    acknowledge: Annotated[str, Meta(description="What to write under `acknowledge`.")]
    words: str


Ability = Literal["shows", "lists", "dials", "tones", "describes", "attends", "provisions"]


class EndpointShape(Shape, frozen=True, kw_only=True):
    """A room system, and how it stands. No title, person or dialled address is in it."""

    id: str
    kind: str
    room: str
    address: Annotated[str, Meta(description="Where it is; empty where it is only read by.")]
    can: Annotated[tuple[Ability, ...], Meta(description="What its kind can do at all.")]
    protocols: Annotated[tuple[str, ...], Meta(description="What it dials, best first.")]
    state: Annotated[str, Meta(description="`unknown`, `shown`, `confirmed`, `unreachable`, …")]
    since: datetime
    reachable: Annotated[bool, Meta(description="Null before it was asked.")] | None
    provisioned: (
        Annotated[
            bool,
            Meta(description="Whether a unit that reads the façade does; null for all others."),
        ]
        | None
    )
    shown_at: Annotated[datetime, Meta(description="When it took a list last.")] | None
    confirmed_at: (
        Annotated[datetime, Meta(description="When it was asked last and had the list.")] | None
    )
    connected: Annotated[bool, Meta(description="Null without a long connection.")] | None
    calls: (
        Annotated[tuple[PhoneCallShape, ...], Meta(description="Null where it does not tell.")]
        | None
    )
    facts: FactsShape | None
    last_error: FailureShape | None
    last_wish: WishShape | None
    visits: Annotated[VisitsShape, Meta(description="Null where it reads no façade.")] | None
    failures: Annotated[int, Meta(description="In a row.")]
    drift: Annotated[int, Meta(description="How often it had lost the list that it took.")]
    notice: NoticeShape | None
    health: tuple[TroubleShape, ...]


class EndpointsShape(Shape, frozen=True, kw_only=True):
    """All room systems."""

    endpoints: tuple[EndpointShape, ...]


class PresentedShape(Shape, frozen=True, kw_only=True):
    """What a unit proves itself with, looked at and not trusted: for a person to compare."""

    endpoint: str
    certificate: Annotated[str, Meta(description="`sha256:…`")] | None
    ends: datetime | None
    names: tuple[str, ...]
    weakness: Annotated[str, Meta(description="What makes it weak; empty where nothing does.")]
    host_key: Annotated[str, Meta(description="`SHA256:…` of its SSH key.")] | None
    pinned: Annotated[str, Meta(description="The configured fingerprint; empty for none.")]
    host_key_pinned: Annotated[str, Meta(description="The same of the SSH key.")]
    matches: (
        Annotated[
            bool, Meta(description="Whether all that is pinned fits; null for nothing to compare.")
        ]
        | None
    )


class DialOrder(Order, frozen=True, kw_only=True):
    """A call: to a booking's meeting, or to an address."""

    booking: Annotated[str, Meta(max_length=64)] = ""
    address: Annotated[
        str, Meta(max_length=255, description="Instead of `booking`; needs the command line.")
    ] = ""
    protocol: Literal["sip", "h323"] | None = None


class TonesOrder(Order, frozen=True, kw_only=True):
    """Tones for the call that goes on."""

    digits: Annotated[str, Meta(pattern=r"^[0-9*#]{1,64}(?!\n)$")]


class NothingOrder(Order, frozen=True, kw_only=True):
    """Nothing needs to be said."""


class ToldShape(Shape, frozen=True, kw_only=True):
    """What a room system was told, and took."""

    endpoint: str
    done: Literal[
        "shown", "dialled", "already", "hung_up", "tones_sent", "provisioned", "signed_in"
    ]
    settings: Annotated[
        tuple[str, ...], Meta(description="Names of the settings that were made on it.")
    ] = ()


class JoinedShape(Shape, frozen=True, kw_only=True):
    """A room that joined a meeting, or left it."""

    done: Annotated[
        Literal["joined", "already", "left"],
        Meta(description="`already`: it was in the meeting, or was told so a moment ago."),
    ]
    booking: str
    endpoint: Annotated[str, Meta(description="The room system; empty where none had to act.")]


class RoomCallShape(Shape, frozen=True, kw_only=True):
    """The call of a room."""

    dials: Annotated[bool, Meta(description="Whether the room has a system that dials.")]
    may_join: Annotated[bool, Meta(description="Whether this caller may have it join.")]
    state: Literal["idle", "dialling", "in_call", "unknown"]
    booking: Annotated[str, Meta(description="The booking it is for, where known.")] | None
    opens_s: Annotated[int, Meta(description="Seconds before its start that a booking opens.")]
    closes_s: Annotated[int, Meta(description="Seconds after its end that it can be joined.")]
    joins_itself_s: (
        Annotated[int, Meta(description="Seconds before its start; null where people join.")] | None
    )
