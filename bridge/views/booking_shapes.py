"""What may be asked to be changed in a room's calendar, and what is answered."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bridge.views.shapes import BookingShape, Shape

MOST_MINUTES = 24 * 60
Minutes = Annotated[int, Meta(ge=1, le=MOST_MINUTES)]


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to be done in a room."""


class CreateOrder(Order, frozen=True, kw_only=True):
    """A booking that the room itself organises."""

    start: Annotated[datetime, Meta(tz=True, description="Now, where it is left out.")] | None = (
        None
    )
    end: Annotated[datetime, Meta(tz=True)] | None = None
    minutes: Annotated[Minutes, Meta(description="Instead of `end`.")] | None = None
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    organizer: Annotated[
        str, Meta(max_length=200, description="Who books, for the text of the booking.")
    ] = ""
    recurrence: Annotated[
        str, Meta(max_length=200, description="The value of an RRULE (RFC 5545) with an end.")
    ] = ""


class ExtendOrder(Order, frozen=True, kw_only=True):
    """A later end; where the room is taken before it, the end is when that begins."""

    minutes: Minutes | None = None
    end: Annotated[datetime, Meta(tz=True, description="Instead of `minutes`.")] | None = None


class EndOrder(Order, frozen=True, kw_only=True):
    """The end, now."""


class ReleaseOrder(Order, frozen=True, kw_only=True):
    """The room given back."""

    scope: Annotated[
        Literal["this", "series"], Meta(description="This booking, or its whole series.")
    ] = "this"


class ActedShape(Shape, frozen=True, kw_only=True):
    """What was done."""

    done: Literal["created", "extended", "ended", "released", "checked_in"]
    booking: (
        Annotated[BookingShape, Meta(description="As it is now; of a series its first occurrence.")]
        | None
    )
    shown: Annotated[bool, Meta(description="Whether the agenda was read again since.")]
    overlaps: Annotated[
        bool, Meta(description="Whether somebody else booked the same time a moment later.")
    ]
