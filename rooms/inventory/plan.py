"""What one inventory has that another has not, in words of its entries. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from rooms.inventory.document import Document, Fields, endpoints
from rooms.model import Value

What = Literal["added", "changed", "removed", "renamed", "moved"]
Kind = Literal["room", "list", "endpoint"]
_LISTS = (list, tuple)
_APART = frozenset(["id", "endpoints"])


class Change(Value, frozen=True, kw_only=True):
    """One entry that is, or will be, another than before."""

    what: What
    """`renamed`: it has another id; `moved`: an endpoint is in another room."""
    kind: Kind
    id: str
    """The id after the change; of a removed one that before."""
    former: str = ""
    """The former id of a renamed one; the former room of an endpoint that moved."""
    room: str = ""
    """Of an endpoint, the room that it is in."""
    before: Mapping[str, str] = {}
    """The settings that differ, as text; one that was not there is not here."""
    after: Mapping[str, str] = {}
    """The same afterwards."""


def changes(
    before: Document,
    after: Document,
    renamed: Mapping[str, str] | None = None,
    renamed_lists: Mapping[str, str] | None = None,
) -> tuple[Change, ...]:
    """Everything in which two inventories differ.

    `renamed` has new ids of rooms by old ones, `renamed_lists` those of room lists.
    """
    return (
        *_entries("list", before.lists, after.lists, renamed_lists or {}),
        *_entries("room", before.rooms, after.rooms, renamed or {}),
        *_units(before, after),
    )


def new_ids(kind: Kind, changes: Iterable[Change]) -> dict[str, str]:
    """New ids of those of a kind that are renamed, by former ones."""
    return {one.former: one.id for one in changes if one.what == "renamed" and one.kind == kind}


def _entries(
    kind: Kind,
    before: Mapping[str, Fields],
    after: Mapping[str, Fields],
    renamed: Mapping[str, str],
) -> Iterator[Change]:
    came = {new: old for old, new in renamed.items() if old in before and new in after}
    gone = set(came.values())
    for name, fields in before.items():
        if name not in after and name not in gone:
            yield Change(what="removed", kind=kind, id=name, before=_texts(fields))
    for name, fields in after.items():
        former = came.get(name, name)
        had = before.get(former)
        if had is None:
            yield Change(what="added", kind=kind, id=name, after=_texts(fields))
        elif had is not fields or former != name:
            old, new = _differing(had, fields)
            if former != name:
                yield Change(
                    what="renamed", kind=kind, id=name, former=former, before=old, after=new
                )
            elif old or new:
                yield Change(what="changed", kind=kind, id=name, before=old, after=new)


def _units(before: Document, after: Document) -> Iterator[Change]:
    """Endpoints, wherever they are: one that is in another room now has moved."""
    if all(one is before.rooms.get(name) for name, one in after.rooms.items()) and len(
        before.rooms
    ) == len(after.rooms):
        return
    had, has = _every(before), _every(after)
    for name, (room, fields) in had.items():
        if name not in has:
            yield Change(what="removed", kind="endpoint", id=name, room=room, before=_texts(fields))
    for name, (room, fields) in has.items():
        if name not in had:
            yield Change(what="added", kind="endpoint", id=name, room=room, after=_texts(fields))
            continue
        former, old_fields = had[name]
        old, new = _differing(old_fields, fields)
        if former != room:
            yield Change(
                what="moved",
                kind="endpoint",
                id=name,
                former=former,
                room=room,
                before=old,
                after=new,
            )
        elif old or new:
            yield Change(what="changed", kind="endpoint", id=name, room=room, before=old, after=new)


def _every(document: Document) -> dict[str, tuple[str, Fields]]:
    return {
        name: (room, fields)
        for room, entry in document.rooms.items()
        if "endpoints" in entry
        for name, fields in endpoints(entry).items()
    }


def _differing(before: Fields, after: Fields) -> tuple[dict[str, str], dict[str, str]]:
    if before == after:
        return {}, {}
    old, new = _texts(before), _texts(after)
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return (
        {key: old[key] for key in keys if key in old},
        {key: new[key] for key in keys if key in new},
    )


def _texts(fields: Fields) -> dict[str, str]:
    """Settings as text for people; endpoints are told as entries of their own."""
    told = dict(fields)
    for key, value in fields.items():
        if value.__class__ is not str:
            told[key] = text(value)
    for key in _APART:
        told.pop(key, None)
    return told


def text(value: Any) -> str:
    """A setting's value as one line."""
    if isinstance(value, str):
        return value
    if isinstance(value, _LISTS):
        try:
            return ", ".join(value)
        except TypeError:  # something in it is no text
            pass
    return msgspec.json.encode(value).decode()
