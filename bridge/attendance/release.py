"""Giving a room back that nobody came to: by the same way as everybody, and in plain words."""

from datetime import timedelta
from typing import NamedTuple

import msgspec

from bridge.attendance.state import Entry
from bridge.callers import Caller
from bridge.views.booking_shapes import ReleaseOrder
from bridge.views.bookings import Actions, Asked
from bridge.views.shapes import ProblemShape
from bridge.views.web import Problem
from rooms.model import Window
from rooms.room import Room

ACTOR = "auto-release"
"""In the audit log."""

NOT_ALLOWED = frozenset({"writes_not_allowed", "source_cannot_write"})
"""Refusals that stay until somebody changes the configuration."""
GONE = frozenset({"unknown_booking", "booking_over"})
"""Refusals after which there is nothing to release: the next read shows that."""
PASSING = frozenset({"booking_changed"})
"""Refusals that say nothing of how the appliance is."""

_CALLER = Caller(name=ACTOR, scopes=frozenset(["write"]))


class Answer(NamedTuple):
    """What came of a release."""

    code: str
    """Of why not; empty where it is done."""
    final: bool = False
    """Whether the same key would be answered the same again."""


class GivingBack:
    """Releases bookings, each once: under a key that follows from the booking and its time."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    async def __call__(self, room: Room, entry: Entry, *, count: int) -> Answer:
        """Release one booking, or with a count of occurrences its whole series."""
        order = ReleaseOrder(scope="series" if count else "this")
        what = f"{room.id} {entry.booking} {entry.start.isoformat()} {order.scope}"
        asked = Asked(
            room=room,
            caller=_CALLER,
            key=f"{what} {entry.tries}",
            request=(what, b""),
            booking=entry.booking,
            text=words(room, count=count),
            when=Window(start=entry.start, end=entry.end),
        )
        try:
            status, body = await self._actions.release(asked, order)
        except Problem as problem:
            return Answer(problem.code)
        if status < 400:
            return Answer("")
        return Answer(msgspec.json.decode(body, type=ProblemShape).code, final=True)


def words(room: Room, *, count: int = 0) -> str:
    """Why a room was given back, for whoever organised the meeting."""
    grace = minutes(room.policy.check_in.grace)
    why = f"Nobody checked in to {room.name} within {grace} of the start of this meeting"
    if count:
        return (
            f"{why}, and it is number {count} of this series in a row that nobody came to."
            " The room was given back for the whole series, so that others can use it."
            " If you still need a room for it, book one again."
        )
    return (
        f"{why}, so the room was given back, that others can use it."
        " If you still need a room, book one again."
    )


def minutes(span: timedelta) -> str:
    """A span in words."""
    whole = max(1, round(span.total_seconds() / 60))
    return "1 minute" if whole == 1 else f"{whole} minutes"
