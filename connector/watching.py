"""Learning of changes: what a source tells the bridge beside what it is asked.

Whatever is learnt so is a hint that a room is worth reading again. Losing one costs an interval,
never correctness.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, runtime_checkable

from yarl import URL

from connector.errors import ConnectorError
from rooms.room import Room


class Watch(Protocol):
    """What the bridge offers to a source that watches."""

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The rooms to watch now, by id."""

    @property
    def past(self) -> timedelta:
        """How far back from now changes matter."""

    @property
    def ahead(self) -> timedelta:
        """How far ahead of now changes matter."""

    @property
    def served_past(self) -> timedelta:
        """How far back from now agendas are served: a change there is a hint."""

    @property
    def served_ahead(self) -> timedelta:
        """How far ahead of now agendas are served."""

    @property
    def every(self) -> timedelta:
        """How often to look for changes that nobody tells (`poll.safety`)."""

    @property
    def hook(self) -> URL | None:
        """Where the service can reach the appliance: `public_url/hooks/<kind>/<source>`."""

    async def rearranged(self) -> None:
        """Wait until `rooms` or one of the spans is different from the last time."""

    def hint(self, room: str, mark: bytes | None = None) -> None:
        """A room changed within what is served: read it again, after the debounce.

        `mark` is committed together with the agenda of that read, or not at all.
        """

    def beyond(self, room: str) -> None:
        """A room changed outside of what is served: what was read there on demand is old."""

    def covered(self, room: str, *, by: bool) -> None:
        """Whether the service tells of this room's changes by itself, as far as is known.

        A covered room is read every `poll.safety` and before each start; others are polled.
        """

    def mark(self, room: str) -> bytes | None:
        """Where the watch of a room stood at the last commit (a delta link, a sync state)."""

    async def keep(self, room: str, mark: bytes | None) -> None:
        """Commit a mark by itself: nothing within what is served changed. None forgets it."""

    def failing(self, error: ConnectorError, *, room: str | None = None) -> None:
        """Watching fails: said in health; the rooms are polled if they are not covered.

        Where a room is named only that one is concerned, and it is said of it alone.
        """

    def well(self, *, room: str | None = None) -> None:
        """Watching works, or works again in that room."""


@runtime_checkable
class Watching(Protocol):
    """A source that learns of changes. Drivers need not be one."""

    async def watch(self, watch: Watch, /) -> None:
        """Tell of changes until cancelled.

        What it raises ends the coverage of all rooms; it is called again after a while.
        """


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request to `/hooks/<kind>/<source>`, whoever made it."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a hook answers."""

    status: int
    text: str = ""
    """Sent as `text/plain`, whatever stands in it, unless `headers` have another Content-Type."""
    headers: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Notified(Protocol):
    """A source whose service calls the appliance."""

    def notified(self, call: Call, /) -> Reply:
        """Take a notification: at once, without waiting for anything."""
