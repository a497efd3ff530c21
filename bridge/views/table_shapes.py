"""What the API says of tables of rooms."""

from typing import Annotated, Literal

from msgspec import Meta

from bridge.views.inventory_shapes import AppliedShape, PlanShape, UnfitShape
from bridge.views.shapes import Shape

_ROWS = "What is wrong with rows, or to be known of them, in their order."
_COUNT = "Rows that were read; of a text, rooms and room lists."


class RowFindingShape(Shape, frozen=True, kw_only=True):
    """Something to be mended in a row, or to be known of it."""

    row: Annotated[
        int, Meta(description="As a spreadsheet counts, or the line of a text; 0 for the whole.")
    ]
    column: Annotated[str, Meta(description="Its heading, or its letter; empty for the whole row.")]
    severity: Literal["error", "warning"]
    words: str
    hint: str = ""


class TablePlanShape(PlanShape, frozen=True, kw_only=True):
    """What a table would change; nothing has changed."""

    rows: Annotated[tuple[RowFindingShape, ...], Meta(description=_ROWS)]
    count: Annotated[int, Meta(description=_COUNT)]
    bad: Annotated[int, Meta(description="Those that cannot be taken; none of them is.")]


class TableAppliedShape(AppliedShape, frozen=True, kw_only=True):
    """What a table has changed."""

    rows: Annotated[tuple[RowFindingShape, ...], Meta(description=_ROWS)]
    count: Annotated[int, Meta(description=_COUNT)]
    bad: Annotated[int, Meta(description="Those that were left out.")]


class TableUnfitShape(UnfitShape, frozen=True, kw_only=True):
    """Problem details with all that keeps a table from being taken."""

    rows: tuple[RowFindingShape, ...]
