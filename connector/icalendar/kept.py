"""How much of a calendar is kept between two reads: a span around what is asked for.

What is kept are events, expanded once; while the service says that nothing changed they answer
every read within the span. The window moves on with time; before it leaves the span the calendar
is read anew.
"""

from dataclasses import dataclass
from datetime import timedelta

from rooms.model import Window
from rooms.room import Room

BEFORE = timedelta(days=1)
AFTER = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Key:
    """What kept events depend on beside the calendar's text."""

    url: str
    mailbox: str
    time_zone: str

    @classmethod
    def of(cls, room: Room, url: str) -> "Key":
        """The key of a room whose calendar is there."""
        return cls(url, room.mailbox, room.time_zone)


def around(window: Window) -> Window:
    """The span to keep for a window that moves on."""
    return Window(start=window.start - BEFORE, end=window.end + AFTER)


def covers(span: Window, window: Window) -> bool:
    """Whether a window lies within a span."""
    return span.start <= window.start and window.end <= span.end


def moves_on(span: Window, window: Window) -> bool:
    """Whether a window is the usual one, later; another one is not worth keeping."""
    return span.start <= window.start and window.end - window.start <= span.end - span.start
