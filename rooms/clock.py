"""Time is an argument: whoever needs it is given a clock."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is; tests bring their own."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that only grow."""
