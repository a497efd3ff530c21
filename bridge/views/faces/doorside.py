"""What a door tells of a booking. Pure."""

from bridge.callers import Caller
from rooms.model import Booking
from rooms.room import Room


def title(room: Room, booking: Booking, *, door: bool = True) -> str:
    """What a booking is about; empty where a door does not tell. Private ones have lost it."""
    told = booking.private or not door or room.policy.display.titles
    return booking.title if told else ""


def organizer(room: Room, booking: Booking, *, door: bool = True) -> str:
    """Whose it is; empty where a door does not tell."""
    return booking.organizer if not door or room.policy.display.organizers else ""


def at_the_door(caller: Caller) -> bool:
    """Whether what a caller gets is shown in a corridor."""
    return caller.room is not None
