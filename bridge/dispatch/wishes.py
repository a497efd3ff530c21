"""What people want at a device: passed on to whoever changes calendars."""

from typing import Literal, Protocol

from connector.endpoint import BookingWanted, ExtensionWanted, ReleaseWanted

Wish = BookingWanted | ExtensionWanted | ReleaseWanted
MOST = 4
"""Wishes of one device in flight: nobody presses faster."""
TOO_MANY = "too_many_requests"


class Wishes(Protocol):
    """Who changes calendars."""

    async def __call__(self, endpoint: str, room: str, wish: Wish, /) -> str:
        """Do it by the room's policy, once for each wish; why not, empty where it was done."""


async def nobody(_endpoint: str, _room: str, _wish: Wish, /) -> str:
    """No calendar is changed here."""
    return "writes_not_allowed"


def what(wish: Wish) -> Literal["book", "extend", "release"]:
    """What a wish is called."""
    match wish:
        case BookingWanted():
            return "book"
        case ExtensionWanted():
            return "extend"
        case ReleaseWanted():
            return "release"
