"""What the API says of the inventory."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from bridge.views.booking_shapes import Order
from bridge.views.shapes import ProblemShape, Shape

Fields = Annotated[
    Mapping[str, Any],
    Meta(description="Settings as in rooms.yaml, without the id; every single value is text."),
]
Patch = Annotated[
    Mapping[str, Any],
    Meta(description="Settings to be merged (RFC 7396): null removes one."),
]


class RoomEntryShape(Shape, frozen=True, kw_only=True):
    """A room of the inventory."""

    id: str
    entry: Fields


class ListEntryShape(Shape, frozen=True, kw_only=True):
    """A room list of the inventory."""

    id: str
    entry: Fields


class EndpointEntryShape(Shape, frozen=True, kw_only=True):
    """An endpoint of the inventory."""

    id: str
    room: Annotated[str, Meta(description="The room that it is in.")]
    entry: Fields


class InventoryShape(Shape, frozen=True, kw_only=True):
    """Rooms and room lists, as far as the caller looks after them."""

    kept_in: Annotated[
        Literal["files", "store"],
        Meta(description="`files`: rooms.yaml decides, and nothing can be changed here."),
    ]
    version: Annotated[str, Meta(description="The same as the ETag, without its quotes.")]
    rooms: tuple[RoomEntryShape, ...]
    room_lists: tuple[ListEntryShape, ...]


class ChangeShape(Shape, frozen=True, kw_only=True):
    """One entry that is, or will be, another than before."""

    what: Literal["added", "changed", "removed", "renamed", "moved"]
    kind: Literal["room", "list", "endpoint"]
    id: str
    former: Annotated[str, Meta(description="Former id, or former room of an endpoint.")]
    room: Annotated[str, Meta(description="Of an endpoint, the room that it is in.")]
    before: Annotated[Mapping[str, str], Meta(description="Settings that differ, as text.")]
    after: Annotated[Mapping[str, str], Meta(description="The same afterwards.")]


class RemarkShape(Shape, frozen=True, kw_only=True):
    """Something wrong with a plan, or to be known of it."""

    entry: Annotated[str, Meta(description="As `rooms.kestrel`; empty for the whole.")]
    setting: Annotated[str, Meta(description="Which of its settings, as `endpoints[0].address`.")]
    severity: Literal["error", "warning"]
    words: str
    hint: str = ""


class PlanShape(Shape, frozen=True, kw_only=True):
    """What would change; nothing has yet."""

    id: Annotated[str, Meta(description="Apply it by this, within a while.")]
    base: Annotated[str, Meta(description="The version that it changes.")]
    fits: Annotated[bool, Meta(description="Whether it can be applied.")]
    why: str
    undoes: Annotated[int, Meta(description="The change that it takes back.")] | None
    changes: tuple[ChangeShape, ...]
    findings: tuple[RemarkShape, ...]


class AppliedShape(Shape, frozen=True, kw_only=True):
    """A change that was made."""

    change: Annotated[int, Meta(description="Its number: undo it by this. 0: it was so already.")]
    version: Annotated[str, Meta(description="Of the inventory after it.")]
    at: datetime
    by: str
    why: str
    undoes: int | None
    changes: tuple[ChangeShape, ...]


class HistoryShape(Shape, frozen=True, kw_only=True):
    """Changes, the newest first."""

    changes: tuple[AppliedShape, ...]


class UnfitShape(ProblemShape, frozen=True, kw_only=True):
    """Problem details with all that keeps a change from being made."""

    problems: tuple[RemarkShape, ...]


class PlanOrder(Order, frozen=True, kw_only=True):
    """What is to change; of what it does not name nothing changes."""

    rooms: Annotated[Mapping[str, Patch | None], Meta(description="By id; null removes one.")] = {}
    room_lists: Annotated[Mapping[str, Patch | None], Meta(description="The same.")] = {}
    endpoints: Annotated[
        Mapping[str, Patch | None],
        Meta(description="The same; `room` says which room one is to be in."),
    ] = {}
    renamed: Annotated[
        Mapping[str, str],
        Meta(description="New ids of rooms by their present ones; the rest uses the new ones."),
    ] = {}
    renamed_lists: Annotated[
        Mapping[str, str],
        Meta(
            description="New ids of room lists by their present ones: rooms, parts, accounts and"
            " tokens follow. The rest uses the new ones."
        ),
    ] = {}
    secrets: Annotated[
        Mapping[str, Mapping[str, str]],
        Meta(
            description="New secrets of endpoints, by id and setting (`password`): they go to"
            " the vault and never come out."
        ),
    ] = {}
    why: Annotated[str, Meta(max_length=500, description="For the history.")] = ""


class EntryOrder(Order, frozen=True, kw_only=True):
    """An entry as it is to be."""

    entry: Patch
    secrets: Annotated[
        Mapping[str, str],
        Meta(description="New secrets of an endpoint by setting; they go to the vault."),
    ] = {}
    why: Annotated[str, Meta(max_length=500, description="For the history.")] = ""
