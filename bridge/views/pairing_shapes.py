"""What is told of paired displays, and of those that wait for it."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from bridge.views.shapes import Shape

Name = Annotated[str, Meta(max_length=100)]


class PairedShape(Shape, frozen=True, kw_only=True):
    """A paired display."""

    id: str
    name: str
    room: Annotated[str, Meta(description="The room that it belongs to.")]
    browser: Annotated[str, Meta(description="Its family of browsers, and on what.")]
    address: Annotated[str, Meta(description="Where it was when it was paired.")]
    paired_by: str
    paired: datetime
    seen: Annotated[datetime, Meta(description="When it last asked for anything.")] | None
    live: Annotated[bool, Meta(description="Whether it listens now.")]
    silent: Annotated[bool, Meta(description="Whether it was not seen for an hour.")]
    renewed: Annotated[datetime, Meta(description="When it got the token that it has.")]
    page: Annotated[str, Meta(description="The version of the page that it runs.")]


class DisplaysShape(Shape, frozen=True, kw_only=True):
    """All paired displays."""

    displays: tuple[PairedShape, ...]


class PairOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which display, and whose it is to be."""

    code: Annotated[str, Meta(max_length=64, description="As the display shows it.")]
    room: str
    name: Name = ""


class MoveOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The room that a display is to belong to."""

    room: str


class RenewOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a display says when it asks for a new token."""

    page: Annotated[str, Meta(max_length=40, description="The version of the page.")] = ""


class PictureShape(Shape, frozen=True, kw_only=True):
    """A QR code as a path in a square."""

    size: int
    path: str


class PairingShape(Shape, frozen=True, kw_only=True):
    """What an unpaired display shows, or the room that it belongs to by now."""

    room: Annotated[str, Meta(description="Go to its page; the cookie is set.")] | None = None
    name: Annotated[str, Meta(description="Of the room.")] = ""
    code: str = ""
    seconds: Annotated[int, Meta(description="For which the code is good.")] = 0
    link: str = ""
    picture: Annotated[PictureShape, Meta(description="The link as a QR code.")] | None = None
