"""Distrust of sudden emptiness. Pure."""

from datetime import datetime

from rooms.model import Agenda


def doubtful(old: Agenda, new: Agenda, now: datetime) -> bool:
    """Whether a read drops at least half of the future bookings, even a single one.

    An outage upstream often looks like an empty calendar. What the old agenda had beyond the new
    window is not missed.
    """
    future = {
        booking.id
        for booking in old.bookings
        if booking.end > now and new.window.overlaps(booking.window)
    }
    dropped = future - {booking.id for booking in new.bookings}
    return bool(dropped) and 2 * len(dropped) >= len(future)
