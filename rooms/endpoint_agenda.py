"""What of an agenda goes to a room system. Pure."""

from datetime import datetime, timedelta

import msgspec

from rooms.model import Agenda, Window

PAST = timedelta(hours=1)
AHEAD = timedelta(days=3)
MOST = 50
"""Room systems document no limits; these are known to be borne (Cisco TMS pushes 72 hours)."""


def within_reach(agenda: Agenda, now: datetime) -> Agenda:
    """The bookings from an hour ago to three days ahead, fifty at most: what a system is told."""
    reach = Window.around(now, PAST, AHEAD)
    near = [booking for booking in agenda.bookings if reach.overlaps(booking.window)]
    return msgspec.structs.replace(agenda, window=reach, bookings=tuple(near[:MOST]))


def until_change(agenda: Agenda, now: datetime) -> timedelta:
    """How long what `within_reach` answers stays the same while the agenda does."""
    ahead, past = now + AHEAD, now - PAST
    edges = [booking.start - ahead for booking in agenda.bookings if booking.start > ahead]
    edges += [booking.end - past for booking in agenda.bookings if booking.end > past]
    return min(edges, default=AHEAD)
