"""How units come for their calendars by themselves, as far as others want to know."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol


class Visited(Protocol):
    """How a unit comes for its calendar."""

    @property
    def last(self) -> datetime | None:
        """When it came last; None for never."""

    @property
    def software(self) -> str:
        """What it calls itself."""

    @property
    def bookings(self) -> int | None:
        """How many it was told last."""

    @property
    def refused(self) -> str:
        """Why it was refused last."""

    @property
    def refused_at(self) -> datetime | None:
        """When that was."""

    @property
    def silent(self) -> bool:
        """Whether it does not come any more."""


Visits = Callable[[str], Visited | None]
"""Who knows how units come for their calendars, by the id of an endpoint."""


def no_visits(_name: str, /) -> Visited | None:
    """No unit reads a façade."""
    return None


def comes(visit: Visited | None) -> bool:
    """Whether a unit comes for its calendar."""
    return visit is not None and visit.last is not None and not visit.silent
