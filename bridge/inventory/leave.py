"""Who may change what of an inventory. Pure."""

from collections.abc import Iterable, Mapping

from bridge.callers import Caller
from rooms.inventory import Change, Document, Fields

FOR_ENGINEERS = frozenset(["writes", "privacy", "join", "auto_join"])
"""Settings of a room that say what the appliance may do to calendars and calls."""


class NotYours(Exception):
    """A change that its caller may not make; the words say why."""


def check_leave(
    caller: Caller, changes: Iterable[Change], before: Document, after: Document
) -> None:
    """Let pass what a caller may change.

    Raises:
        NotYours: something of it they may not.
    """
    engineer = "control" in caller.scopes
    if engineer and caller.lists is None:
        return
    for change in changes:
        if not engineer and (kept := {*change.before, *change.after} & FOR_ENGINEERS):
            raise NotYours(f"only engineers change {', '.join(sorted(kept))}")
        if caller.lists is None:
            continue
        if change.kind == "list":
            _check_list(caller.lists, change)
        elif change.kind == "room":
            _check_room(caller.lists, change, before.rooms, after.rooms)
        else:
            for room in {change.room, change.former} - {""}:
                _check_near(caller.lists, (after.rooms, before.rooms), room)


def _check_list(lists: frozenset[str], change: Change) -> None:
    if (known := change.former or change.id) not in lists:
        raise NotYours(f"the room list {known} is not given to you")
    if change.what != "changed" or not {*change.before, *change.after} <= {"name", "parent"}:
        words = "of a room list you may change the name and place; engineers do the rest"
        raise NotYours(words)
    # Parts of a list give no access, so that nobody may more or less by a move.
    places = {change.before.get("parent", ""), change.after.get("parent", "")}
    if others := places - lists - {""}:
        raise NotYours(f"the room list {min(others)} is not given to you")


def _check_room(
    lists: frozenset[str],
    change: Change,
    before: Mapping[str, Fields],
    after: Mapping[str, Fields],
) -> None:
    had = _lists(before.get(change.former or change.id))
    has = _lists(after.get(change.id))
    if change.what == "added":
        if not has:
            raise NotYours("a new room must be in one of your room lists")
    elif not had & lists:
        raise NotYours(f"the room {change.id} is in none of your room lists")
    if others := (had ^ has) - lists:
        raise NotYours(f"the room list {min(others)} is not given to you")
    if change.what != "removed" and not has & lists:
        raise NotYours("a room must stay in one of your room lists")


def _check_near(lists: frozenset[str], rooms: Iterable[Mapping[str, Fields]], room: str) -> None:
    known = next((one[room] for one in rooms if room in one), None)
    if not _lists(known) & lists:
        raise NotYours(f"the room {room} is in none of your room lists")


def _lists(fields: Fields | None) -> frozenset[str]:
    listed = (fields or {}).get("lists", ())
    if isinstance(listed, str):
        return frozenset([listed])
    return frozenset(map(str, listed)) if isinstance(listed, list | tuple) else frozenset()
