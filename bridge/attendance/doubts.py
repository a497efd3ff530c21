"""Why a room is kept though nobody checked in: the bridge could not tell whether anybody came."""

from datetime import datetime

from bridge.attendance import state
from bridge.attendance.state import Entry
from bridge.health import Subject
from bridge.views.house import House
from rooms.room import Room

DOUBTS = frozenset({"stale", "unread", "in_use", "endpoint_unreachable"})
"""Every reason that there is."""


def doubt(house: House, room: Room, entry: Entry, since: datetime, now: datetime) -> str:
    """A code of why nobody can be sure, or nothing; `since` is when the bridge began to watch."""
    policy, kept = room.policy.check_in, house.store.kept(room.id)
    if kept is None or house.stale(kept, now):
        return "stale"
    if kept.as_of < max(state.opens(entry, policy), since):
        return "unread"
    presence = house.presence(room.id)
    if presence.state in {"in_call", "in_use"}:
        return "in_use"
    if policy.by_call and presence.state == "unknown" and _unreachable(house, room):
        return "endpoint_unreachable"
    return ""


def _unreachable(house: House, room: Room) -> bool:
    """Whether a system of the room, that might tell of people, cannot be asked."""
    subjects = (Subject("endpoint", name) for name in house.room_endpoints(room.id))
    return any(trouble.code == "endpoint_unreachable" for trouble in house.health.of(*subjects))
