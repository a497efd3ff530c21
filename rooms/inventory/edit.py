"""What somebody wants changed, and the inventory that results. Pure."""

from collections.abc import Mapping
from typing import Any

from rooms.inventory.document import Document, Fields, endpoints, units
from rooms.model import Value

_WHOLE = frozenset([str, list])
"""What is put in the place of whatever was there."""


class Edit(Value, frozen=True, kw_only=True):
    """Changes to an inventory: of what it does not name nothing changes."""

    rooms: Mapping[str, Fields | None] = {}
    """Settings by room, merged into what is there (RFC 7396): None removes a setting, or the room.
    A room that is not there is added."""
    lists: Mapping[str, Fields | None] = {}
    """The same of room lists."""
    endpoints: Mapping[str, Fields | None] = {}
    """The same of endpoints; `room` says where one is to be."""
    renamed: Mapping[str, str] = {}
    """New ids of rooms by their present ones; other parts of the edit use the new ones."""
    renamed_lists: Mapping[str, str] = {}
    """New ids of room lists by their present ones; their rooms and parts follow, and other parts of
    the edit use the new ones."""
    whole: Document | None = None
    """In place of everything else: the inventory as it is to be."""


class Misfit(ValueError):
    """An edit that fits no inventory; the words say why."""

    def __init__(self, entry: str, words: str) -> None:
        super().__init__(words)
        self.entry = entry
        """Which entry of it, as `room kestrel`."""


def edited(document: Document, edit: Edit) -> Document:
    """The inventory after an edit.

    Raises:
        Misfit: it renames or removes what is not there, or puts an endpoint into no room.
    """
    if edit.whole is not None:
        return edit.whole
    for kind, entries in (
        ("room", edit.rooms),
        ("list", edit.lists),
        ("endpoint", edit.endpoints),
    ):
        for name, fields in entries.items():
            if fields is not None and fields.get("id", name) != name:
                raise Misfit(f"{kind} {name}", "an id is no setting that could be changed")
    document = with_list_ids(document, edit.renamed_lists)
    rooms = _renamed("room", document.rooms, edit.renamed)
    rooms = _merged("room", rooms, edit.rooms)
    if edit.endpoints:
        _place_all(rooms, edit.endpoints)
    lists = _merged("list", document.lists, edit.lists)
    return Document(rooms=rooms, lists=lists)


def with_list_ids(document: Document, renamed: Mapping[str, str]) -> Document:
    """The inventory with other ids of room lists, wherever these are named.

    Raises:
        Misfit: a list is not there, or its new id is another one's.
    """
    if not renamed:
        return document
    lists = _renamed("list", document.lists, renamed)
    parts = {
        name: {**one, "parent": renamed[above]}
        for name, one in lists.items()
        if isinstance(above := one.get("parent"), str) and above in renamed
    }
    rooms = {name: _listed_anew(one, renamed) for name, one in document.rooms.items()}
    return Document(rooms=rooms, lists={**lists, **parts})


def merged(fields: Fields, patch: Fields) -> dict[str, Any]:
    """Settings with others merged into them (RFC 7396)."""
    made = {**fields, **patch}
    for key, value in patch.items():
        if value.__class__ in _WHOLE:  # nearly all are, and the next questions take longer
            continue
        if value is None:
            made.pop(key, None)
        elif isinstance(value, Mapping):
            had = fields.get(key)
            made[key] = merged(had if isinstance(had, Mapping) else {}, value)
    return made


def patches(
    before: Mapping[str, Fields], after: Mapping[str, Fields]
) -> dict[str, dict[str, Any] | None]:
    """What has to be merged into each entry (RFC 7396) so that the first become the second."""
    made: dict[str, dict[str, Any] | None] = {name: None for name in before if name not in after}
    for name, fields in after.items():
        had = before.get(name)
        if had is None:
            made[name] = dict(fields)
        elif had != fields:
            made[name] = patch(had, fields)
    return made


def patch(before: Fields, after: Fields) -> dict[str, Any]:
    """What has to be merged into settings (RFC 7396) so that they become others."""
    made: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        had = before.get(key)
        if isinstance(value, Mapping) and isinstance(had, Mapping):
            if value != had:
                made[key] = patch(had, value)
        elif had != value or key not in before:
            made[key] = value
    return made


def _merged(
    kind: str, entries: Mapping[str, Fields], patches: Mapping[str, Fields | None]
) -> dict[str, Fields]:
    made = dict(entries)
    for name, patch in patches.items():
        if patch is not None:
            entry = merged(made.get(name, {}), patch)
            entry.pop("id", None)
            made[name] = entry
        elif made.pop(name, None) is None:
            raise Misfit(f"{kind} {name}", f"there is no {kind} {name}")
    return made


def _renamed(
    kind: str, entries: Mapping[str, Fields], renamed: Mapping[str, str]
) -> Mapping[str, Fields]:
    """Entries by their new ids, in the places of the old ones."""
    for old, new in renamed.items():
        if old not in entries:
            raise Misfit(f"{kind} {old}", f"there is no {kind} {old}")
        if new in entries and new not in renamed:
            raise Misfit(f"{kind} {old}", f"there is a {kind} {new} already")
    if len(set(renamed.values())) != len(renamed):
        raise Misfit(f"{kind}s", f"two {kind}s cannot have one id")
    return {renamed.get(name, name): fields for name, fields in entries.items()}


def _listed_anew(room: Fields, renamed: Mapping[str, str]) -> Fields:
    """A room that names its lists by their new ids; the same one where none of them has one."""
    named = room.get("lists")
    if not isinstance(named, list | tuple) or not any(one in renamed for one in named):
        return room
    return {**room, "lists": [renamed.get(one, one) for one in named]}


def _place_all(rooms: dict[str, Fields], patches: Mapping[str, Fields | None]) -> None:
    """Put endpoints where they are to be, or take them out."""
    at: dict[str, str] = {}
    for room, fields in rooms.items():
        for name in endpoints(fields):
            at.setdefault(name, room)
    for name, patch in patches.items():
        here = at.get(name)
        if patch is not None:
            _place(rooms, name, here, patch)
        elif here is not None:
            rooms[here] = _without(rooms[here], name)
        else:
            raise Misfit(f"endpoint {name}", f"there is no endpoint {name}")


def _place(rooms: dict[str, Fields], name: str, here: str | None, patch: Fields) -> None:
    """Put an endpoint that is `here` now, or nowhere, where it is to be."""
    wanted = patch.get("room", here)
    if not isinstance(wanted, str) or wanted not in rooms:
        what = f"there is no room {wanted}" if wanted else "a new endpoint needs a room"
        raise Misfit(f"endpoint {name}", what)
    had = endpoints(rooms[here])[name] if here is not None else {"id": name}
    made = merged(had, {key: value for key, value in patch.items() if key != "room"})
    if here is not None and here != wanted:
        rooms[here] = _without(rooms[here], name)
    entry = rooms[wanted]
    listed = units(entry)
    known = [one.get("id") for one in listed]
    if name in known:
        listed[known.index(name)] = made
    else:
        listed.append(made)
    rooms[wanted] = {**entry, "endpoints": listed}


def _without(entry: Fields, name: str) -> Fields:
    left = [one for one in units(entry) if one.get("id") != name]
    made = {key: value for key, value in entry.items() if key != "endpoints"}
    return {**made, "endpoints": left} if left else made
