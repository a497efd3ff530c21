"""Telling a calendar service's people whether somebody uses a room: where it shows presence.

Nothing here is imported while no source has `presence: write`.
"""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Literal, Protocol, runtime_checkable

from connector.outside import Outside

Shown = Literal["available", "in_call"]
"""What services have words for. A room that is used without a call has none: nothing is said."""


class Presences(Protocol):
    """Sets the presence of rooms' accounts, for as long as that is renewed.

    Everything raises Unavailable, Denied, NotFound or Malformed, named after who must act.
    """

    def lasts(self, shown: Shown) -> timedelta:
        """After how long it must be said again, or the service shows something else."""

    async def set(self, mailbox: str, shown: Shown) -> None:
        """Show this from now on."""

    async def clear(self, mailbox: str) -> None:
        """Show nothing of ours any more; none is fine too."""


@runtime_checkable
class TellsPresence(Protocol):
    """Options of a source that may set presence."""

    @property
    def presence(self) -> Literal["none", "write"]:
        """Whether it does."""


class PresenceDriver(Protocol):
    """A module `connector.sources.<kind>.presence`."""

    def connect(self, options: Any, outside: Outside, /) -> AbstractAsyncContextManager[Presences]:
        """Open the service to set presence."""
