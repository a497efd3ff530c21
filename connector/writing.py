"""Changing calendars: only drivers that have a module `writing` can, and only where it is allowed.

A source's reading half cannot write. `connector.sources.<kind>.writing` is not even imported while
the policy is `writes: none`.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from connector.checkup import Remark, Wanted
from connector.outside import Outside
from rooms.model import Event, Value, Window
from rooms.room import Room


class Draft(Value, frozen=True, kw_only=True):
    """A booking to be made; the room itself organises it."""

    key: str
    """The same for every try of the same booking: the service makes it once."""
    subject: str
    when: Window
    time_zone: str
    """IANA name: where a series keeps its time of day."""
    text: str = ""
    recurrence: str = ""
    """The value of an RRULE (RFC 5545), empty for a single meeting.

    It was checked: `rooms.recurrence.parse` understands it, `when` is its first occurrence.
    """


class Writer(Protocol):
    """Changes the calendars of one source.

    Everything raises Unavailable, Denied, NotFound or Malformed, named after who must act. An event
    is one that `fetch` has just returned; with `series` its whole series is meant. Where the event
    is gone by now that is NotFound; where somebody changed it in between, Unavailable with the
    reason `changed_meanwhile`, and nothing was done.

    Each request that changes something is sent once: whether to try again is the bridge's to say.
    """

    async def create(self, room: Room, draft: Draft) -> str:
        """Book the room, once for each key; the `uid` that `fetch` tells of it.

        Of a series all occurrences have it. Whether the room is free is not asked.
        """

    async def created(self, room: Room, event: Event) -> datetime | None:
        """When an event was made, where the service tells: of two that collide the later loses."""

    async def end(self, room: Room, event: Event, at: datetime) -> None:
        """Let a meeting that the room organised end then: sooner or later than it would.

        Of a series this occurrence alone.
        """

    async def decline(self, room: Room, event: Event, *, series: bool, text: str = "") -> None:
        """Give the room back: somebody else organised the meeting and is told.

        `text` tells them why, where the service passes that on; it is plain text.
        """

    async def cancel(self, room: Room, event: Event, *, series: bool, text: str = "") -> None:
        """Call a meeting off that the room organised; whoever was invited is told.

        `text` is as for `decline`.
        """


class WritingDriver(Protocol):
    """A module `connector.sources.<kind>.writing`."""

    def connect(self, options: Any, outside: Outside, /) -> AbstractAsyncContextManager[Writer]:
        """Open the service for writing."""


@runtime_checkable
class Particular(Protocol):
    """A module `writing` that cannot write with every options of its kind. It need not be one."""

    def problems(self, options: Any, /) -> Iterator[tuple[str, str]]:
        """What stands in the way: the key and the words."""


@runtime_checkable
class ExaminedWriter(Protocol):
    """A writer that can look at its own rights, without changing anything. It need not be one."""

    async def examine(self, wanted: Wanted, /) -> Sequence[Remark]:
        """What is wrong with identity and rights. Failures are remarks too: nothing is raised."""
