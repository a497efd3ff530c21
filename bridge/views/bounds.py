"""For how long a room can be booked at a door: what its policy says, and nothing between. Pure."""

from datetime import datetime, timedelta

from bridge.views.booking_shapes import CreateOrder, EndOrder, ExtendOrder, ReleaseOrder
from bridge.views.web import Problem
from rooms.display import DisplayPolicy
from rooms.model import Agenda, Booking
from rooms.room import Room

SOON = timedelta(minutes=5)
"""How far from now a booking at a door may begin: displays' clocks and people are slow."""
NEAR = timedelta(hours=1)
"""A meeting that begins within it can be given back at a door: whoever stands there knows of it."""
MINUTE = timedelta(minutes=1)

Wanted = CreateOrder | ExtendOrder | EndOrder | ReleaseOrder


def check(room: Room, booking: str, order: Wanted, agenda: Agenda | None, now: datetime) -> None:
    """Let an order of a display pass if the room's policy offers that much.

    Raises:
        Problem: `not_offered`.
    """
    policy = room.policy.display
    if isinstance(order, CreateOrder):
        if order.recurrence:
            raise _not("a display books single meetings")
        if order.start is not None and abs(order.start - now) > SOON:
            raise _not("a display books from now on")
        if not fits(policy, order.minutes, order.end, first_start(agenda, now), now):
            raise _not(f"it can be booked for {lengths(policy)}")
        return
    # What is not shown any more was done by an earlier try, or is refused elsewhere.
    shown = next((one for one in agenda.bookings if one.id == booking), None) if agenda else None
    if shown is not None and shown.start - now > NEAR + SOON:
        raise _not("a display changes the meeting that runs, or begins within an hour")
    if isinstance(order, ExtendOrder):
        if not _extends(policy, shown, order, now):
            raise _not(f"a meeting is extended by {policy.longest // MINUTE} minutes at most")
    elif isinstance(order, ReleaseOrder) and order.scope != "this":
        raise _not("a display gives one meeting back, not a whole series")


def fits(
    policy: DisplayPolicy,
    minutes: int | None,
    end: datetime | None,
    following: datetime | None,
    now: datetime,
) -> bool:
    """Whether a booking from now on is as long as one that is offered.

    An end is what `until next` sends. It may be sooner than the next meeting by now is, but never
    later than the longest booking.
    """
    if minutes is not None:
        span = timedelta(minutes=minutes)
        if span in policy.book:
            return True
        left = policy.longest if following is None else min(policy.longest, following - now)
        # The same touch may come again a little later: by then less is left.
        near = left - MINUTE <= span <= min(left + SOON, policy.longest)
        return policy.until_next and near
    if end is None:  # an order that makes no sense is refused elsewhere
        return True
    span = end - now
    if any(abs(span - one) <= SOON for one in policy.book):
        return True
    return policy.until_next and span <= policy.longest + SOON


def lengths(policy: DisplayPolicy) -> str:
    """For how long a room can be booked, in words."""
    spans = ", ".join(str(span // MINUTE) for span in policy.book)
    words = [f"{spans} minutes"] if spans else []
    if policy.until_next:
        words.append(f"until the next meeting, {policy.longest // MINUTE} minutes at most")
    return ", or ".join(words) or "no time at all"


def first_start(agenda: Agenda | None, now: datetime) -> datetime | None:
    """When a room is taken next."""
    taken = (one.start for one in agenda.bookings if one.takes_room) if agenda else ()
    return min((start for start in taken if start > now), default=None)


def _extends(
    policy: DisplayPolicy, shown: Booking | None, order: ExtendOrder, now: datetime
) -> bool:
    """Whether a meeting is extended by no more than can be booked, and not for ever."""
    if order.minutes is not None and order.minutes * MINUTE > policy.longest:
        return False
    if shown is None:
        return True
    # An earlier try of the same touch may have extended it already.
    if shown.end - now > 2 * policy.longest + SOON:
        return False
    return order.end is None or order.end - shown.end <= policy.longest


def _not(words: str) -> Problem:
    return Problem(403, "not_offered", words)
