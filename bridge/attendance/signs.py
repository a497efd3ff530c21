"""Signs that somebody is there: touches, calls and people that room systems see. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from bridge.attendance import state
from bridge.attendance.state import Entry, How, Record
from bridge.views.house import Presence
from rooms.room import Policy

BRIDGE = "bridge"


class Came(NamedTuple):
    """Somebody came, or was seen."""

    how: How
    at: datetime
    booking: str = ""
    """Which booking they came for; empty where nobody told."""
    actor: str = BRIDGE
    """For the audit log."""


def counts(how: How, policy: Policy) -> bool:
    """Whether a sign counts as checking in.

    A room that dials by itself is in each of its calls, whether anybody is there or not.
    """
    if how == "call":
        return policy.check_in.by_call and policy.auto_join.before is None
    return how != "presence" or policy.check_in.by_call


def meant(record: Record, came: Came, policy: Policy) -> Iterator[Entry]:
    """The bookings that somebody came for.

    People that are only seen before a meeting begins may have come for another one.
    """
    if came.booking:
        told = record.entry(came.booking)
        if told is None:
            return
        # Whoever joins has begun it, however early the room's buffers let them.
        begun = came.how == "joined" and told.released is None and came.at < told.end
        if begun or state.is_open(told, came.at, policy.check_in):
            yield told
        return
    for entry in state.at_hand(record.entries, came.at, policy.check_in):
        if came.how != "presence" or entry.start <= came.at:
            yield entry


def people(
    entry: Entry, presence: Presence, policy: Policy, now: datetime, last: datetime
) -> How | None:
    """How somebody is there for a booking that began, by what the room itself tells.

    Whoever is there since before one could check in may be of the meeting before: they count only
    once the room would be given back.
    """
    if now < entry.start or presence.state not in {"in_call", "in_use"}:
        return None
    how: How = "call" if presence.state == "in_call" else "presence"
    opens = state.opens(entry, policy.check_in)
    lingers = presence.since is None or presence.since < opens
    return how if counts(how, policy) and not (lingers and now < last) else None
