"""`roombridge displays`: room displays, and which room each belongs to."""

import sys
from argparse import Namespace
from typing import Any

from bridge.cli.control import ask, told
from bridge.cli.tables import moment, pretty, table

_HEADINGS = ("ID", "ROOM", "NAME", "BROWSER", "PAGE", "PAIRED", "SEEN")
_SHORT = 8
"""Characters of the page's version: enough to tell displays that run an older one."""


@told
def pair(given: Namespace) -> int:
    """Bind the display that shows a code to a room, or a paired one to another room."""
    if given.move:
        if given.code:
            print("give a code or --move, not both", file=sys.stderr)
            return 2
        answer = ask(given, "POST", f"/displays/{given.move}/move", body={"room": given.room})
    elif not given.code:
        print("give the code that the display shows", file=sys.stderr)
        return 2
    else:
        order = {"code": given.code, "room": given.room, "name": given.name}
        answer = ask(given, "POST", "/displays", body=order)
    if given.json:
        print(pretty(answer))
        return 0
    where = f" at {answer['address']}" if answer["address"] else ""
    print(f"{answer['room']}: display {answer['id']} ({answer['browser']}{where})")
    if not given.move:
        print(f"not the one before you? roombridge displays revoke {answer['id']}")
    return 0


@told
def every(given: Namespace) -> int:
    """List all paired displays; 1 where one of them is silent."""
    answer = ask(given, "GET", "/displays")
    if given.json:
        print(pretty(answer))
    else:
        print(table(_HEADINGS, map(_row, answer["displays"])))
    return int(any(one["silent"] for one in answer["displays"]))


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    page = one["page"][:_SHORT] or "-"
    told = (one["id"], one["room"], one["name"], one["browser"])
    return (*told, page, moment(one["paired"]), _seen(one))


def _seen(one: dict[str, Any]) -> str:
    if one["live"]:
        return "now"
    seen = moment(one["seen"]) if one["seen"] else "never"
    return f"SILENT: {seen}" if one["silent"] else seen


@told
def revoke(given: Namespace) -> int:
    """Sign a display out at once."""
    answer = ask(given, "DELETE", f"/displays/{given.id}")
    print(pretty(answer) if given.json else f"display {answer['id']} of {answer['room']} is out")
    return 0
