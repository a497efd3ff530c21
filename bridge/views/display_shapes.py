"""What a display is told of its looks and offers, of faults and of other rooms, as types."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bridge.views.booking_shapes import Minutes, Order
from bridge.views.shapes import Shape
from rooms.display import Clock, Language, Offer, Reach, Theme

FaultCode = Literal["display", "video", "audio", "furniture", "climate", "cleaning", "other"]
"""What can be wrong in a room."""
LONGEST_NOTE = 200
"""Characters of what somebody wrote beside a fault."""


class ShownRoomShape(Shape, frozen=True, kw_only=True):
    """The room that a display hangs at."""

    id: str
    name: str
    building: str
    floor: str
    capacity: Annotated[int, Meta(description="0 where nobody knows.")]
    features: tuple[str, ...]
    time_zone: str


class ColoursShape(Shape, frozen=True, kw_only=True):
    """The site's colours, `#rrggbb`; empty for the page's own."""

    free: str
    busy: str
    soon: str
    check_in: str


class DimShape(Shape, frozen=True, kw_only=True):
    """When a display is dark: `HH:MM` in the room's time zone."""

    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")


class LookShape(Shape, frozen=True, kw_only=True):
    """How a display looks."""

    language: Annotated[Language, Meta(description="`auto`: as the browser wants it.")]
    clock: Annotated[Clock, Meta(description="`auto`: as the language has it.")]
    theme: Annotated[Theme, Meta(description="`auto`: as the device wants it.")]
    colours: ColoursShape
    logo: Annotated[str, Meta(description="Where the logo is; null for none.")] | None
    dim: DimShape | None


class OffersShape(Shape, frozen=True, kw_only=True):
    """What can be done at a display: what policy, `writes`, source and room systems allow."""

    book: Annotated[tuple[int, ...], Meta(description="Minutes; empty where it cannot be booked.")]
    until_next: Annotated[bool, Meta(description="Whether also until the next meeting.")]
    longest: Annotated[int, Meta(description="Minutes that this may be at most.")]
    extend: bool
    end: bool
    check_in: bool
    release: bool
    join: bool
    report: bool
    find: Annotated[Reach, Meta(description="Where a free room is looked for.")]


class DisplayShape(Shape, frozen=True, kw_only=True):
    """What a room's display needs to know beside the agenda."""

    room: ShownRoomShape
    look: LookShape
    offers: OffersShape
    pin: Annotated[tuple[Offer, ...], Meta(description="What the PIN is asked for.")]
    version: Annotated[str, Meta(description="The same as `display` of `status` events.")]


class FaultOrder(Order, frozen=True, kw_only=True):
    """Something that is wrong in a room."""

    code: FaultCode
    note: Annotated[
        str, Meta(max_length=LONGEST_NOTE, description="For who mends it; no display shows it.")
    ] = ""


class FaultShape(Shape, frozen=True, kw_only=True):
    """A fault that somebody reported."""

    room: str
    code: FaultCode
    since: datetime
    note: Annotated[str, Meta(description="Empty for displays.")]


class FaultsShape(Shape, frozen=True, kw_only=True):
    """Faults that nobody has cleared yet."""

    faults: tuple[FaultShape, ...]


class ReportedShape(Shape, frozen=True, kw_only=True):
    """A report, taken."""

    done: Annotated[
        Literal["reported", "already"], Meta(description="`already`: it was reported before.")
    ]
    fault: FaultShape


class AlternativeShape(Shape, frozen=True, kw_only=True):
    """A room that is free instead, and what a door may tell of it."""

    id: str
    name: str
    building: str
    floor: str
    capacity: int
    features: tuple[str, ...]
    until: (
        Annotated[datetime, Meta(description="When it is taken; null if not within the window.")]
        | None
    )


class AlternativesShape(Shape, frozen=True, kw_only=True):
    """Rooms that are free instead, the best first."""

    rooms: tuple[AlternativeShape, ...]


class ElsewhereOrder(Order, frozen=True, kw_only=True):
    """Another room, from now on."""

    room: str
    minutes: Minutes
    title: Annotated[str, Meta(min_length=1, max_length=200)]
