"""Finding the rooms that a service knows."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import msgspec


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

    async def discover(self) -> Sequence[FoundRoom]:
        """All of them, or an error: never a part.

        Raises:
            Unavailable, Denied, Malformed: named after who must act.
        """
