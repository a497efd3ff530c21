"""What becomes of each row of a table. Pure."""

from collections.abc import Collection
from typing import Literal

from bridge.inventory.plans import Plan
from rooms.inventory.table import Table
from rooms.model import Value

Fate = Literal["wrong", "added", "changed", "unchanged"]


class Outcome(Value, frozen=True, kw_only=True):
    """What becomes of a row."""

    number: int
    """As a spreadsheet counts."""
    room: str
    """The room that it speaks of; empty where it does not say."""
    name: str
    """What people call the room."""
    fate: Fate


def outcomes(table: Table, plan: Plan, bad: Collection[int]) -> tuple[Outcome, ...]:
    """Every row in order; a room with several rows changes in all of them."""
    changed = {one.room or one.id for one in plan.changes if one.kind != "list"}
    changed |= {one.former for one in plan.changes if one.what == "moved"}
    added = {one.id for one in plan.changes if (one.kind, one.what) == ("room", "added")}

    def fate(number: int, room: str) -> Fate:
        if number in bad:
            return "wrong"
        if room in added:
            return "added"
        return "changed" if room in changed else "unchanged"

    found = {
        row.number: Outcome(
            number=row.number,
            room=row.room,
            name=str(
                plan.document.rooms.get(row.room, {}).get("name")
                or row.fields.get("name")
                or row.room
            ),
            fate=fate(row.number, row.room),
        )
        for row in table.rows
    }
    for number in bad:
        if number not in found:
            found[number] = Outcome(number=number, room="", name="", fate="wrong")
    return tuple(found[number] for number in sorted(found))
