"""What was changed of a room in the inventory, as its page tells it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from bridge.admin.naming import Names
from bridge.admin.planned import Differing, settings
from bridge.admin.words import Words
from bridge.inventory.keeper import Keeper
from rooms.audit import Audit, Wanted
from rooms.chain import Row
from rooms.inventory import Change
from rooms.room import Room

LATEST = 20
"""Changes that a page tells."""
LOOKED_THROUGH = 50
"""Changes of the whole inventory in which those of a room's systems are looked for."""
_OF_ROOM = "inventory.room_"


class Changed(NamedTuple):
    """A change that somebody made."""

    at: datetime
    who: str
    what: str
    """In words, of the inventory: never a title or a secret."""


class RoomHistory:
    """Knows from the audit log what became of a room, and from the keeper of its systems.

    The keeper also knows changes of so many rooms at once that the log has only their number.
    """

    def __init__(self, audit: Audit, keeper: Keeper) -> None:
        self._audit = audit
        self._keeper = keeper

    async def of(self, room: Room, words: Words, names: Names) -> list[Changed]:
        """The latest changes first; each once, though both may know it."""
        page = await self._audit.page(Wanted(action="inventory", object=room.id), limit=LATEST)
        found = {one: None for row in page.rows for one in _of_row(row, room, words, names)}
        for applied in await self._keeper.history(limit=LOOKED_THROUGH):
            for change in applied.changes:
                if what := _what(change, room):
                    told = _told(change, words, names, what)
                    found[Changed(applied.at, applied.actor, told)] = None
        return sorted(found, key=lambda one: one.at, reverse=True)[:LATEST]


class Told(Differing, Protocol):
    """A change of one entry."""

    @property
    def kind(self) -> str:
        """Of what."""

    @property
    def what(self) -> str:
        """What became of it."""

    @property
    def id(self) -> str:
        """The entry."""


class _Logged(NamedTuple):
    """A change as the audit log has it."""

    kind: str
    what: str
    id: str
    before: Mapping[str, str]
    after: Mapping[str, str]


def told_change(change: Told, words: Words, names: Names) -> str:
    """A change with the name of what it is about, or its id."""
    kept = change.after.get("name") or change.before.get("name")
    name = kept or names.of(change.kind, change.id) or change.id
    return f"{name}: {_told(change, words, names)}"


def _of_row(row: Row, room: Room, words: Words, names: Names) -> Iterator[Changed]:
    # A list or an endpoint may have the id of a room, and be somebody else's.
    if row.object != room.id or not row.action.startswith(_OF_ROOM) or isinstance(row.detail, str):
        return
    detail = {key: str(value) for key, value in row.detail.items()}
    before, after = _part(detail, "before."), _part(detail, "after.")
    change = _Logged("room", row.action.removeprefix(_OF_ROOM), room.id, before, after)
    yield Changed(datetime.fromisoformat(row.at), row.actor, _told(change, words, names))


def _what(change: Change, room: Room) -> str:
    """What a change is for a room; empty for one of something else."""
    if change.kind == "endpoint" and change.former == room.id:
        return "left"
    about = change.id if change.kind == "room" else change.room
    return change.what if about == room.id else ""


def _part(detail: Mapping[str, str], prefix: str) -> Mapping[str, str]:
    return {
        key.removeprefix(prefix): value
        for key, value in sorted(detail.items())
        if key.startswith(prefix)
    }


def _told(change: Told, words: Words, names: Names, what: str = "") -> str:
    """A change in words: what became of it, and each setting as it was and is."""
    said = words(f"history.{change.kind}_{what or change.what}")
    if change.what in {"added", "removed"}:
        return said
    nothing = words("history.nothing")
    parts = [
        words(
            "history.setting",
            name=one.name,
            before=one.before or nothing,
            after=one.after or nothing,
        )
        for one in sorted(settings(change, words, names))  # the log has them in another order
    ]
    return f"{said}: {'; '.join(parts)}" if parts else said
