"""What is told of people who may sign in, and asked for on their behalf."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from bridge.callers import Role
from bridge.views.shapes import Shape

Name = Annotated[
    str,
    Meta(
        pattern=r"^\w[\w.@+-]{0,99}$",
        description="What they type to sign in; the case of letters does not count.",
    ),
]
Shown = Annotated[str, Meta(max_length=100, description="What others call them.")]
Email = Annotated[str, Meta(max_length=254)]
Lists = Annotated[
    tuple[str, ...],
    Meta(
        max_length=1000,
        description="The only room lists that they see: facilities staff always, and see nothing"
        " without one; viewers where there are any.",
    ),
]
Password = Annotated[str, Meta(max_length=1024)]


class PersonShape(Shape, frozen=True, kw_only=True):
    """Somebody who may sign in."""

    id: str
    name: Name
    shown: Shown
    email: Email
    role: Role
    lists: Lists
    has_password: bool
    single_sign_on: Annotated[bool, Meta(description="Whether their provider knows them.")]
    created: datetime
    disabled: Annotated[datetime, Meta(description="Since when they cannot sign in.")] | None
    seen: Annotated[datetime, Meta(description="When they were here last.")] | None
    invited_until: Annotated[datetime, Meta(description="When their code ends.")] | None
    etag: Annotated[str, Meta(description="The version, for `If-Match`.")]


class PeopleShape(Shape, frozen=True, kw_only=True):
    """All who may sign in."""

    people: tuple[PersonShape, ...]


class InvitedShape(Shape, frozen=True, kw_only=True):
    """Somebody who may set a password; `code` is told this once."""

    person: PersonShape
    code: str
    ends: datetime
    url: Annotated[str, Meta(description="Where the code is typed.")]


class InviteOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to be invited, and as what."""

    name: Name
    role: Role
    shown: Shown = ""
    email: Email = ""
    lists: Lists = ()


class PersonOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different of an account; the rest stays."""

    name: Name | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    shown: Shown | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    lists: Lists | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


class SignInOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who somebody says they are."""

    name: Annotated[str, Meta(max_length=400)]
    password: Password


class PasswordOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another password."""

    password: Annotated[str, Meta(max_length=1024, description="The one until now.")]
    new: Password


class WhoShape(Shape, frozen=True, kw_only=True):
    """Who calls, and what they may."""

    name: str
    role: Role | None
    scopes: tuple[str, ...]
    lists: Annotated[tuple[str, ...], Meta(description="Only these; null for all rooms.")] | None
    person: Annotated[str, Meta(description="The id of their account.")] | None
    session: str | None
    csrf: Annotated[str, Meta(description="To be sent as `X-CSRF-Token` with each change.")] | None
    ends: Annotated[datetime, Meta(description="When the session does, without requests.")] | None


class SessionShape(Shape, frozen=True, kw_only=True):
    """Somebody who is signed in somewhere."""

    id: str
    person: str
    name: str
    created: datetime
    seen: datetime
    ends: datetime
    address: Annotated[str, Meta(description="Empty for the appliance itself.")]
    browser: str
    here: Annotated[bool, Meta(description="Whether it is the session that asks.")]


class SessionsShape(Shape, frozen=True, kw_only=True):
    """Sessions in force: one's own, or all."""

    sessions: tuple[SessionShape, ...]
