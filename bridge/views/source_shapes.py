"""What the API says of calendar sources and their credentials."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from bridge.views.shapes import Shape, TroubleShape


class CredentialShape(Shape, frozen=True, kw_only=True):
    """What a source proves itself with."""

    name: Annotated[str, Meta(description="The setting that it comes from, or what is kept.")]
    kind: Literal[
        "client_secret", "certificate", "managed_identity", "refresh_token", "service_account_key"
    ]
    expires: Annotated[datetime, Meta(description="Null where nobody told.")] | None
    state: Literal["untried", "works", "refused", "missing", "unsaved"]


class SourceShape(Shape, frozen=True, kw_only=True):
    """A calendar source, and how its identity stands."""

    name: str
    kind: str
    state: Literal["in_force", "revoked"]
    revoked: Annotated[datetime, Meta(description="When it was revoked.")] | None
    revoked_by: str | None
    rooms: int
    credentials: tuple[CredentialShape, ...]
    health: tuple[TroubleShape, ...]


class SourcesShape(Shape, frozen=True, kw_only=True):
    """All calendar sources."""

    sources: tuple[SourceShape, ...]


class AuthorizationShape(Shape, frozen=True, kw_only=True):
    """A sign-in for a source: waiting for a person, done, or failed."""

    source: str
    state: Literal["waiting", "done", "failed"]
    where: Annotated[str, Meta(description="The page to open.")] | None = None
    code: Annotated[str, Meta(description="What to enter there.")] | None = None
    until: datetime | None = None
    account: Annotated[str, Meta(description="Who signed in.")] | None = None
    problem: Annotated[str, Meta(description="Stable code of why it failed.")] | None = None
    words: str = ""
    fix: str = ""


class RevocationShape(Shape, frozen=True, kw_only=True):
    """A source that was revoked: what is gone, and what is left to be removed by hand."""

    source: str
    revoked: datetime
    complete: Annotated[bool, Meta(description="Whether the vault holds nothing of it any more.")]
    deleted: Annotated[tuple[str, ...], Meta(description="Names of secrets that are gone.")]
    files: Annotated[tuple[str, ...], Meta(description="Secret files that are still there.")]
    settings: Annotated[
        tuple[str, ...],
        Meta(description="Settings that hold a secret themselves, or one that others use too."),
    ]
