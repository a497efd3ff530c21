"""`roombridge lists`: buildings, floors, any grouping of rooms."""

from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.cli.control import ask
from bridge.cli.inventory.plans import SECONDS, asking, change, entry
from bridge.cli.tables import pretty, table
from bridge.quoting import plain

Entries = Mapping[str, Mapping[str, Any]]


@asking
def every(given: Namespace) -> int:
    """List all room lists as the tree that they are."""
    rooms, lists = _kept(given)
    found = [
        {"id": name, **lists[name], "depth": depth, "rooms": len(_members(rooms, name))}
        for name, depth in _tree(lists)
    ]
    if given.json:
        print(pretty({"room_lists": found}))
        return 0
    rows = [
        ("  " * one["depth"] + one["id"], plain(one.get("name", "")) or "-", str(one["rooms"]))
        for one in found
    ]
    print(table(("ID", "NAME", "ROOMS"), rows))
    return 0


@asking
def show(given: Namespace) -> int:
    """Show a room list and its rooms."""
    known = entry(given, "lists", given.list)
    rooms, lists = _kept(given)
    members = _members(rooms, given.list)
    parts = [name for name, one in lists.items() if one.get("parent") == given.list]
    if given.json:
        print(pretty({**known, "parts": parts, "rooms": members}))
        return 0
    for name, words in {"id": known["id"], **known["entry"], "parts": " ".join(parts)}.items():
        print(f"{name + ':':<8} {plain(str(words)) or '-'}")
    if members:
        print()
        rows = [(name, plain(rooms[name].get("name", "")) or "-") for name in members]
        print(table(("ROOM", "NAME"), rows))
    return 0


@asking
def add(given: Namespace) -> int:
    """Add a room list."""
    return change(given, known=False, room_lists={given.id: given.settings}, why=given.why)


@asking
def set_(given: Namespace) -> int:
    """Change settings of a room list."""
    return change(given, known=True, room_lists={given.list: given.settings}, why=given.why)


@asking
def remove(given: Namespace) -> int:
    """Remove a room list; what is in it is taken out of it only where that is asked for."""
    order: dict[str, Any] = {"room_lists": {given.list: None}}
    if given.take_out:
        rooms, lists = _kept(given)
        order["rooms"] = {
            name: {"lists": [one for one in rooms[name]["lists"] if one != given.list]}
            for name in _members(rooms, given.list)
        }
        order["room_lists"] |= {
            name: {"parent": lists[given.list].get("parent")}
            for name, one in lists.items()
            if given.list in lists and one.get("parent") == given.list
        }
    return change(given, **order, why=given.why)


@asking
def rename(given: Namespace) -> int:
    """Give a room list another id; what is in it and who is for it follow."""
    return change(given, renamed_lists={given.list: given.new}, why=given.why)


def _kept(given: Namespace) -> tuple[Entries, Entries]:
    """Rooms and lists of the inventory by id."""
    kept = ask(given, "GET", "/inventory", seconds=SECONDS)
    rooms = {one["id"]: one["entry"] for one in kept["rooms"]}
    return rooms, {one["id"]: one["entry"] for one in kept["room_lists"]}


def _members(rooms: Entries, name: str) -> list[str]:
    return [room for room, one in rooms.items() if name in one.get("lists", ())]


def _tree(lists: Entries) -> Iterator[tuple[str, int]]:
    """Each list below the one that it is a part of, and how deep that is."""

    def below(name: str, depth: int) -> Iterator[tuple[str, int]]:
        yield name, depth
        for part, one in lists.items():
            if one.get("parent") == name:
                yield from below(part, depth + 1)

    for name, one in lists.items():
        if one.get("parent") not in lists:
            yield from below(name, 0)
