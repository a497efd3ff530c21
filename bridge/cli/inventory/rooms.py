"""`roombridge rooms`: rooms as they stand, and as they are to be."""

import sys
from argparse import Namespace
from typing import Any

from bridge.cli.control import ask
from bridge.cli.inventory.plans import SECONDS, asking, change, entry
from bridge.cli.tables import moment, pretty, table
from bridge.quoting import plain
from rooms.inventory import Document
from rooms.inventory.plan import text

Json = dict[str, Any]
_HEADINGS = ("ID", "NAME", "BUILDING", "FLOOR", "SEATS", "LISTS", "STATE")


@asking
def every(given: Namespace) -> int:
    """List rooms; 1 where one of them is not well."""
    found = [one for one in ask(given, "GET", "/rooms")["rooms"] if _wanted(given, one)]
    if given.list:
        below = _below(given)
        found = [one for one in found if below & set(one["lists"])]
    if given.json:
        print(pretty({"rooms": found}))
    elif found:
        print(table(_HEADINGS, map(_row, found)))
    else:
        print("there is no such room", file=sys.stderr)
    return int(any(_state(one) != "fresh" for one in found))


def _below(given: Namespace) -> frozenset[str]:
    """The ids of a list and of all that are parts of it."""
    entry(given, "lists", given.list)
    kept = ask(given, "GET", "/inventory", seconds=SECONDS)["room_lists"]
    return Document(lists={one["id"]: one["entry"] for one in kept}).below(given.list)


def _wanted(given: Namespace, one: Json) -> bool:
    """Whether a room is one of those that were asked for."""
    if given.building and one["building"].casefold() != given.building.casefold():
        return False
    if given.state and given.state not in {one["state"], _state(one)}:
        return False
    words = " ".join(
        [one["id"], one["name"], one["mailbox"], one["building"], one["floor"], *one["features"]]
    ).casefold()
    return all(word.casefold() in words for word in given.words)


def _state(one: Json) -> str:
    """How well its calendar is known."""
    if one["health"]:
        return "failing"
    if one["as_of"] is None:
        return "unread"
    return "stale" if one["stale"] else "fresh"


def _row(one: Json) -> tuple[str, ...]:
    told = (one["id"], one["name"], one["building"], one["floor"], str(one["capacity"] or ""))
    state = _state(one)
    now = one["state"] if state == "fresh" else state.upper()
    return *(plain(cell) or "-" for cell in (*told, " ".join(one["lists"]))), now


@asking
def show(given: Namespace) -> int:
    """Show a room: its settings, its room systems, how it is; 1 where it is not well."""
    kept = entry(given, "rooms", given.room)
    stands = ask(given, "GET", f"/rooms/{kept['id']}")
    units = ask(given, "GET", "/endpoints", query={"room": kept["id"]})["endpoints"]
    if given.json:
        print(pretty({"id": kept["id"], "entry": kept["entry"], "now": stands, "endpoints": units}))
    else:
        _print_room(kept, stands, units)
    return int(_state(stands) != "fresh")


def _print_room(kept: Json, stands: Json, units: list[Json]) -> None:
    settings = {key: text(one) for key, one in kept["entry"].items() if key != "endpoints"}
    lines = {"id": kept["id"], **settings, "calendar": f"read {moment(stands['as_of'])}"}
    lines["now"] = stands["state"] if stands["as_of"] else "not known"
    wide = max(map(len, lines)) + 1
    for name, words in lines.items():
        print(f"{name + ':':<{wide}} {plain(words)}")
    if units:
        print()
        rows = [
            (one["id"], one["kind"], plain(one["address"] or "-"), one["state"]) for one in units
        ]
        print(table(("ENDPOINT", "KIND", "ADDRESS", "STATE"), rows))
    for trouble in stands["health"]:
        print(f"\n{trouble['code']}: {trouble['words']}")
        if trouble.get("fix"):
            print(f"  to mend it: {trouble['fix']}")


@asking
def add(given: Namespace) -> int:
    """Add a room."""
    return change(given, known=False, rooms={given.id: given.settings}, why=given.why)


@asking
def set_(given: Namespace) -> int:
    """Change settings of a room."""
    return change(given, known=True, rooms={given.room: given.settings}, why=given.why)


@asking
def retire(given: Namespace) -> int:
    """Take a room out of the inventory."""
    return change(given, rooms={given.room: None}, why=given.why)


@asking
def rename(given: Namespace) -> int:
    """Give a room another id."""
    return change(given, renamed={given.room: given.new}, why=given.why)
