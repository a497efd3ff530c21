"""What every calendar source does, and what those do that have credentials of their own."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from connector.outside import Outside
from rooms.model import Event, Window
from rooms.room import Room


class CalendarSource(Protocol):
    """A calendar service, reached with one identity, that holds room mailboxes."""

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        """Every event that overlaps the window, recurrences expanded.

        All or nothing: a source that can read only part of the answer raises.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What an identity proves itself with: its name and its end, never what it is."""

    name: str
    """The setting that it comes from, or what the driver calls it."""
    kind: Literal[
        "client_secret", "certificate", "managed_identity", "refresh_token", "service_account_key"
    ]
    expires: datetime | None = None
    """None where nobody told."""
    state: Literal["untried", "works", "refused", "missing", "unsaved"] = "untried"
    """How it went the last time; `missing` is not there, `unsaved` works but was not kept."""


@runtime_checkable
class Identified(Protocol):
    """A source that has credentials."""

    def credentials(self) -> Sequence[Credential]:
        """All of them, those too that wait for their turn."""

    async def prove(self) -> None:
        """Sign in now.

        Raises:
            Unavailable, Denied, Malformed: it did not go well.
        """


class SignIn(Protocol):
    """A sign-in that waits for a person elsewhere."""

    where: str
    """The page to open, on any device."""
    code: str
    """What to enter there."""
    until: datetime

    async def finished(self) -> str:
        """The account that signed in; what it granted is in the keep then.

        Raises:
            Unavailable, Denied, Malformed: nobody did, or somebody who must not.
        """


@runtime_checkable
class SignsPeopleIn(Protocol):
    """A driver some of whose sources read for a person who signed in."""

    KEPT: Sequence[str]
    """What it keeps, by name."""

    async def sign_in(self, options: Any, outside: Outside, /) -> SignIn | None:
        """Begin a sign-in; None where these options need no person.

        Raises:
            Unavailable, Denied, Malformed: it cannot begin.
        """


class SourceDriver(Protocol):
    """A module `connector.sources.<kind>`."""

    Options: type[msgspec.Struct]
    """Settings under `sources.<name>` beside `kind`."""

    def connect(
        self,
        options: Any,
        outside: Outside,
        /,
    ) -> AbstractAsyncContextManager[CalendarSource]:
        """Open the service for as long as the source lives."""
