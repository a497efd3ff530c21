"""What people want at a device: passed on to whoever changes calendars."""

from collections import deque
from typing import Literal, Protocol

from connector.endpoint import BookingWanted, ExtensionWanted, ReleaseWanted

Wish = BookingWanted | ExtensionWanted | ReleaseWanted
MOST = 4
"""Wishes of one device in flight: nobody presses faster."""
A_MINUTE, AN_HOUR = 10, 60
"""Wishes of one device that are passed on within a minute and an hour: people book more rarely,
and whoever has a device in his hands fills no calendar."""
TOO_MANY = "too_many_requests"


class Wishes(Protocol):
    """Who changes calendars."""

    async def __call__(self, endpoint: str, room: str, wish: Wish, /) -> str:
        """Do it by the room's policy, once for each wish; why not, empty where it was done."""


async def nobody(_endpoint: str, _room: str, _wish: Wish, /) -> str:
    """No calendar is changed here."""
    return "writes_not_allowed"


def passes(passed: deque[float], now: float) -> bool:
    """Whether one more may pass after those that passed then; it is counted if so."""
    while passed and passed[0] <= now - 3600:
        passed.popleft()
    if len(passed) >= AN_HOUR or (len(passed) >= A_MINUTE and passed[-A_MINUTE] > now - 60):
        return False
    passed.append(now)
    return True


def what(wish: Wish) -> Literal["book", "extend", "release"]:
    """What a wish is called."""
    match wish:
        case BookingWanted():
            return "book"
        case ExtensionWanted():
            return "extend"
        case ReleaseWanted():
            return "release"
