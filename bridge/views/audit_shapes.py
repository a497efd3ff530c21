"""What the API tells of the audit log."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from bridge.views.shapes import Shape

Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class AuditEntryShape(Shape, frozen=True, kw_only=True):
    """One entry, as a line of the export has it too; `docs/audit.md` tells what its hash is."""

    seq: Annotated[int, Meta(ge=1, description="From 1, without a gap.")]
    at: Annotated[str, Meta(description="RFC 3339.")]
    actor: str
    action: str
    object: str
    origin: Annotated[str, Meta(description="From where: an address, or `control`.")]
    detail: Mapping[str, str | int] | str
    former: Annotated[str, Meta(description="The hash of the entry before this one.")]
    hash: str


class AuditShape(Shape, frozen=True, kw_only=True):
    """Some of the entries, the newest first."""

    entries: tuple[AuditEntryShape, ...]
    before: Annotated[int | None, Meta(description="Ask for more with it; null at the end.")]


class HeadShape(Shape, frozen=True, kw_only=True):
    """The last entry: its hash proves all before it."""

    seq: Annotated[int, Meta(description="0 where there are no entries.")]
    hash: Hash
    at: Annotated[str, Meta(description="RFC 3339; empty where there are no entries.")]


class BadEntryShape(Shape, frozen=True, kw_only=True):
    """The first entry that is not as it was written."""

    seq: int
    why: str


class VerificationShape(Shape, frozen=True, kw_only=True):
    """Whether the whole log is as it was written."""

    ok: bool
    head: Annotated[HeadShape, Meta(description="The last entry up to which it is.")]
    bad: BadEntryShape | None
