"""What callers decide about the rooms that services list, and what comes of it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta

from bridge.views.inventory_shapes import AppliedShape, Fields, Patch, PlanShape
from bridge.views.shapes import ProblemShape, Shape

Ids = Annotated[tuple[str, ...], Meta(max_length=100_000, description="Ids of proposals.")]


class DecisionOrder(Shape, frozen=True, kw_only=True):
    """What is to become of proposals."""

    approve: Ids = ()
    reject: Ids = ()
    take_back: Annotated[
        tuple[str, ...], Meta(max_length=100_000, description="Rejections that are over.")
    ] = ()
    fields: Annotated[
        Mapping[str, Patch],
        Meta(
            description="Settings of new rooms by the proposal's id, merged into what is"
            " proposed; `id` is the room's."
        ),
    ] = {}
    dry_run: Annotated[bool, Meta(description="Only plan it.")] = False
    why: Annotated[str, Meta(max_length=500, description="For the history.")] = ""


class EntriesShape(Shape, frozen=True, kw_only=True):
    """What rooms.yaml would have to hold."""

    rooms: Annotated[
        tuple[Mapping[str, Any], ...], Meta(description="Whole entries, new or changed.")
    ]
    room_lists: tuple[Fields, ...]
    removed: Annotated[tuple[str, ...], Meta(description="Ids of rooms that go.")]


class DecidedShape(Shape, frozen=True, kw_only=True):
    """What was decided, or would be."""

    kept_in: Literal["files", "store"]
    plan: Annotated[PlanShape, Meta(description="Of what is approved.")] | None
    entries: Annotated[EntriesShape, Meta(description="The same as entries.")] | None
    applied: Annotated[AppliedShape, Meta(description="Null where it was planned only.")] | None


class InFilesShape(ProblemShape, frozen=True, kw_only=True):
    """Problem details with what is to be written into the files."""

    plan: PlanShape
    entries: EntriesShape
