"""What the API says of rooms that services list."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from bridge.views.shapes import Shape, TroubleShape


class EntryShape(Shape, frozen=True, kw_only=True):
    """A room as it would stand in rooms.yaml."""

    id: Annotated[str, Meta(description="One that no room has yet.")]
    name: str
    mailbox: str
    source: str
    time_zone: Annotated[str, Meta(description="Empty where nobody knows: it must be filled in.")]
    building: str = ""
    floor: str = ""
    capacity: int = 0
    lists: Annotated[tuple[str, ...], Meta(description="Ids of room lists.")] = ()


class ListShape(Shape, frozen=True, kw_only=True):
    """A room list that entries name and the inventory does not have."""

    id: str
    name: str


class DifferenceShape(Shape, frozen=True, kw_only=True):
    """One thing in which the service's list and the inventory do not agree."""

    what: Annotated[
        Literal["new", "gone", "twice", "differs"],
        Meta(
            description="`new`: no entry has this mailbox; `gone`: an entry's mailbox is not in"
            " the list; `twice`: several rooms have one address; `differs`: a field says otherwise."
        ),
    ]
    confirmed: Annotated[bool, Meta(description="Whether two runs in a row said so.")]
    mailbox: str
    room: Annotated[str, Meta(description="The id of the entry; empty for `new`.")]
    field: Annotated[
        Literal["", "name", "capacity", "building", "floor", "time_zone", "lists"],
        Meta(description="Which one differs."),
    ]
    here: Annotated[str, Meta(description="What the inventory says.")]
    there: Annotated[str, Meta(description="What the service says.")]
    entry: Annotated[EntryShape, Meta(description="What to add for a `new` one.")] | None = None
    id: Annotated[
        str, Meta(description="Of the proposal: the same as long as the service says the same.")
    ] = ""
    doubted: Annotated[
        bool,
        Meta(description="`gone` with so many others that only `control` may approve it."),
    ] = False


class ProgressShape(Shape, frozen=True, kw_only=True):
    """How far the reading of a list is."""

    asking: Annotated[bool, Meta(description="False while it waits for its turn.")]
    since: datetime
    rooms: Annotated[int, Meta(description="Found so far.")]
    pages: Annotated[int, Meta(description="Read so far.")]
    about: Annotated[int, Meta(description="How many rooms are expected.")] | None


class RejectionShape(Shape, frozen=True, kw_only=True):
    """A proposal that somebody rejected."""

    id: str
    source: str
    what: Literal["new", "gone", "twice", "differs"]
    mailbox: str
    room: str
    field: Literal["", "name", "capacity", "building", "floor", "time_zone", "lists"]
    by: str
    at: datetime


class DiscoveredShape(Shape, frozen=True, kw_only=True):
    """What one source says of rooms."""

    source: str
    as_of: Annotated[datetime, Meta(description="When it answered last; null if never.")] | None
    rooms: Annotated[int, Meta(description="Of the last list that is believed.")] | None
    findings: tuple[DifferenceShape, ...]
    health: tuple[TroubleShape, ...]
    progress: Annotated[ProgressShape, Meta(description="While it is asked.")] | None = None


class DiscoveryShape(Shape, frozen=True, kw_only=True):
    """What all sources say of rooms."""

    sources: Annotated[tuple[DiscoveredShape, ...], Meta(description="Those that can list rooms.")]
    room_lists: Annotated[tuple[ListShape, ...], Meta(description="What the entries need besides.")]
    rejected: Annotated[
        tuple[RejectionShape, ...],
        Meta(description="What comes no more, until the service says something else."),
    ] = ()
