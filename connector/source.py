"""What every calendar source does."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

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
