"""Finding the rooms that a service knows."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import msgspec

Tell = Callable[[int, int], object]
"""Called with the rooms that were found so far, and the pages that were read of their list."""


def silent(_rooms: int, _pages: int, /) -> None:
    """Tell nobody."""


class FoundRoom(msgspec.Struct, frozen=True, kw_only=True):
    """A room as a service's directory has it; empty where it does not say."""

    mailbox: str
    name: str = ""
    time_zone: str = ""
    building: str = ""
    floor: str = ""
    capacity: int = 0
    features: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    """Names of the room lists that it is in."""


@runtime_checkable
class Discovers(Protocol):
    """A source that can tell which rooms there are. Drivers need not be one."""

    async def discover(self, tell: Tell = silent, /) -> Sequence[FoundRoom]:
        """All of them, or an error: never a part.

        `tell` hears how far it is, as often as another page has come.

        Raises:
            Unavailable, Denied, Malformed: named after who must act.
        """
