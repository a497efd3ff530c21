"""What is told to whoever looks after the appliance; a door shows none of it."""

from bridge.attendance.doubts import DOUBTS
from bridge.attendance.release import GONE, NOT_ALLOWED, PASSING
from bridge.attendance.state import Record
from bridge.health import Health, Subject
from rooms.room import Room

OFF = "release_off"
"""Nobody came, and the policy only wants that told."""
_QUIET = NOT_ALLOWED | GONE | PASSING | DOUBTS | {"", OFF}
_NOT_ALLOWED = {
    "writes_not_allowed": "the policy of the room does not allow to give it back",
    "source_cannot_write": "calendars of its kind can only be read",
}


def subject(room: str) -> Subject:
    """Under which it is told."""
    return Subject("attendance", room)


def forbidden(health: Health, room: str, code: str) -> None:
    """A room may not be given back."""
    health.bad(subject(room), "release_not_allowed", _NOT_ALLOWED[code])


def judge(health: Health, room: Room, record: Record) -> None:
    """Tell what does not work in a room, and which series would be given up."""
    codes = [one.why for one in record.entries if one.missed and one.waits]
    failing = [code for code in codes if code not in _QUIET]
    if failing:
        words = f"a booking that nobody came to could not be released: {failing[0]}"
        health.bad(subject(room.id), "release_failed", words)
    else:
        health.good(subject(room.id), "release_failed")
    policy = room.policy.check_in
    empty = sum(one.count >= policy.strikes for one in record.strikes) if policy.strikes else 0
    if empty and policy.strikes_dry_run:
        words = f"series that nobody came to {policy.strikes} times in a row or more: {empty}"
        health.bad(subject(room.id), "series_would_be_given_up", words)
    else:
        health.good(subject(room.id), "series_would_be_given_up")
