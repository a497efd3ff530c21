"""Changes of the inventory as the command line makes them: planned, shown, applied."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from bridge.cli.control import Refused, ask, told
from bridge.cli.tables import pretty
from bridge.quoting import plain

Json = dict[str, Any]
SECONDS = 300.0
"""How long a plan of ten thousand rooms may take on a small machine."""
_DOES = {
    "added": "add",
    "changed": "change",
    "removed": "remove",
    "renamed": "rename",
    "moved": "move",
}
_TITLES = {"room": "room", "list": "list", "endpoint": "endpoint"}


def asking(function: Callable[[Namespace], int]) -> Callable[[Namespace], int]:
    """A command about the inventory: a refusal is told with all that keeps a change from it."""

    @told
    def command(given: Namespace) -> int:
        try:
            return function(given)
        except Refused as error:
            for found in error.told.get("problems", ()):
                print(_finding(found), file=sys.stderr)
            if error.told.get("code") == "inventory_in_files":
                words = "`roombridge inventory adopt` has it changed here from then on"
                raise Refused(f"{error}; {words}", error.told) from error
            raise

    return command


def entry(given: Namespace, kind: str, id_: str) -> Json:
    """One entry of the inventory.

    Raises:
        Refused: there is none.
    """
    one = {"rooms": "room", "lists": "room list", "endpoints": "endpoint"}[kind]
    try:
        found: Json = ask(given, "GET", f"/inventory/{kind}/{quote(id_, safe='')}")
    except Refused as error:
        if error.told.get("code") == "unknown_entry":
            raise Refused(f"there is no {one} {id_}", error.told) from error
        raise
    return found


def change(given: Namespace, *, known: bool | None = None, **order: Any) -> int:
    """Plan something, show it and do it, unless only the plan is wanted; 1 where it cannot be.

    `known` says of the one entry that is named whether it is to be there already.

    Raises:
        Refused: it is there and should not be, or the other way round; or the appliance says so.
    """
    plan = ask(given, "POST", "/inventory/plans", body=order, seconds=SECONDS)
    if known is not None:
        _check_known(plan, order, known=known)
    return carry_out(given, plan)


def carry_out(given: Namespace, plan: Json) -> int:
    """Show a plan and apply it, unless only the plan is wanted; 1 where it cannot be."""
    if given.dry_run or not plan["fits"] or not plan["changes"]:
        print(pretty(plan)) if given.json else _print_plan(plan)
        return int(not plan["fits"])
    applied = ask(given, "POST", f"/inventory/plans/{plan['id']}/apply", seconds=SECONDS)
    if given.json:
        print(pretty(applied))
        return 0
    print_changes(plan["changes"])
    _print_findings(plan)
    number = applied["change"]
    print(f"applied as change {number}; `roombridge rooms undo {number}` takes it back")
    return 0


def _check_known(plan: Json, order: Mapping[str, Any], *, known: bool) -> None:
    """Let pass an edit of what is there, or of what is not, as it was meant."""
    for kind, key in (("room", "rooms"), ("list", "room_lists"), ("endpoint", "endpoints")):
        for name in order.get(key, ()):
            added = any(
                one["what"] == "added" and one["kind"] == kind and one["id"] == name
                for one in plan["changes"]
            )
            if added and known:
                raise Refused(f"there is no {kind} {name}")
            if not added and not known:
                raise Refused(f"there is a {kind} {name} already")


def _print_plan(plan: Json) -> None:
    print_changes(plan["changes"])
    _print_findings(plan)
    if not plan["fits"]:
        print("this cannot be: nothing was changed", file=sys.stderr)
    elif plan["changes"]:
        print("this is the plan: nothing was changed")
    else:
        print("there is nothing to change")


def _print_findings(plan: Json) -> None:
    for found in plan["findings"]:
        print(_finding(found), file=sys.stderr)


def print_changes(changes: list[Json]) -> None:
    """What is, or would be, another than before."""
    for one in changes:
        for line in described(one):
            print(line)


def described(one: Json) -> Iterator[str]:
    """A change in lines: what happens to which entry, then its settings."""
    name = f"{_TITLES[one['kind']]} {plain(one['id'])}"
    if one["what"] == "renamed":
        name = f"{_TITLES[one['kind']]} {plain(one['former'])} -> {plain(one['id'])}"
    elif one["what"] == "moved":
        name += f": room {plain(one['former'])} -> {plain(one['room'])}"
    elif one["room"]:
        name += f" in room {plain(one['room'])}"
    yield f"{_DOES[one['what']]:<7} {name}"
    if one["what"] == "removed":
        return
    before, after = one["before"], one["after"]
    for key in dict.fromkeys([*before, *after]):
        new = plain(after[key]) if key in after else "(removed)"
        was = f"{plain(before[key])} -> " if key in before else ""
        yield f"          {plain(key)}: {was}{new}"


def _finding(found: Json) -> str:
    place = ".".join(filter(None, [found["entry"], found["setting"]]))
    words = f"{place}: {found['words']}" if place else found["words"]
    hint = f" ({found['hint']})" if found.get("hint") else ""
    return plain(f"{found.get('severity', 'error')}: {words}{hint}")
