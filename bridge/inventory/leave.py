"""Who may change what of an inventory. Pure."""

from collections.abc import Iterable, Mapping

from bridge.callers import Caller
from rooms.inventory import Change, Document, Edit, Fields
from rooms.inventory.document import endpoints

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
            _check_unit(caller.lists, change, (after.rooms, before.rooms))


def check_named(caller: Caller, edit: Edit, before: Document) -> None:
    """Let pass an edit that speaks of nothing of others.

    What it says of theirs may be so already: that it changes nothing must not tell them.

    Raises:
        NotYours: it does.
    """
    if caller.lists is None:
        return
    for name in {*edit.rooms, *edit.renamed} & before.rooms.keys():
        if not _lists(before.rooms[name]) & caller.lists:
            raise NotYours(_no_room(name))
    for name in ({*edit.lists, *edit.renamed_lists} & before.lists.keys()) - caller.lists:
        raise NotYours(_no_list(name))
    if edit.endpoints:
        others = (one for one in before.rooms.values() if not _lists(one) & caller.lists)
        for name in {name for one in others for name in endpoints(one)} & edit.endpoints.keys():
            raise NotYours(_no_unit(name))


def _check_list(lists: frozenset[str], change: Change) -> None:
    if (known := change.former or change.id) not in lists:
        raise NotYours(_no_list(known))
    if change.what != "changed" or not {*change.before, *change.after} <= {"name", "parent"}:
        words = "of a room list you may change the name and place; engineers do the rest"
        raise NotYours(words)
    # Parts of a list give no access, so that nobody may more or less by a move.
    places = {change.before.get("parent", ""), change.after.get("parent", "")}
    if others := places - lists - {""}:
        raise NotYours(_no_list(min(others)))


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
        raise NotYours(_no_room(change.id))
    others = (had ^ has) - lists
    if others and change.what == "removed":
        raise NotYours(f"the room {change.id} is also in a room list that is not given to you")
    if others:
        raise NotYours(_no_list(min(others)))
    if change.what != "removed" and not has & lists:
        raise NotYours("a room must stay in one of your room lists")


def _check_unit(
    lists: frozenset[str], change: Change, inventories: Iterable[Mapping[str, Fields]]
) -> None:
    def near(room: str) -> bool:
        known = next((rooms[room] for rooms in inventories if room in rooms), None)
        return bool(_lists(known) & lists)

    if change.what != "added" and not near(change.former or change.room):
        raise NotYours(_no_unit(change.id))  # in which room it is they need not hear
    if not near(change.room):
        raise NotYours(_no_room(change.room))


def _no_room(room: str) -> str:
    return f"the room {room} is in none of your room lists"


def _no_list(room_list: str) -> str:
    return f"the room list {room_list} is not given to you"


def _no_unit(endpoint: str) -> str:
    return f"the endpoint {endpoint} is in none of your rooms"


def _lists(fields: Fields | None) -> frozenset[str]:
    listed = (fields or {}).get("lists", ())
    if isinstance(listed, str):
        return frozenset([listed])
    return frozenset(map(str, listed)) if isinstance(listed, list | tuple) else frozenset()
