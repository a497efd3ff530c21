"""`roombridge rooms history`, `undo` and `diff`: what was changed, and what would be."""

import sys
from argparse import Namespace
from collections import Counter
from typing import Any
from urllib.parse import quote

from bridge.cli.control import Refused, ask
from bridge.cli.inventory.plans import SECONDS, asking, carry_out, change
from bridge.cli.tables import moment, pretty, table
from bridge.inventory.written import written_in
from bridge.quoting import plain
from bridge.settings.problem import Problem
from rooms.inventory import Document
from rooms.inventory.edit import patches


@asking
def history(given: Namespace) -> int:
    """Print what was changed, the newest first."""
    query = {"limit": str(given.limit), "before": given.before}
    answer = ask(given, "GET", "/inventory/changes", query=query)
    if given.json:
        print(pretty(answer))
    elif answer["changes"]:
        headings = ("CHANGE", "WHEN", "BY", "WHAT", "WHY")
        print(table(headings, map(_row, answer["changes"])))
    else:
        print("nothing was changed here yet")
    return 0


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    why = f"undoes {one['undoes']}" if one["undoes"] is not None else plain(one["why"])
    when, by = moment(one["at"]), plain(one["by"])
    return str(one["change"]), when, by, _summary(one["changes"]), why or "-"


def _summary(changes: list[dict[str, Any]]) -> str:
    """One change in a few words: which entry, or how many of each kind."""
    if len(changes) == 1:
        (one,) = changes
        return f"{one['what']} {one['kind']} {plain(one['id'])}"
    counted = Counter((one["what"], one["kind"]) for one in changes)
    told = [f"{n} {kind}{'s' * (n != 1)} {what}" for (what, kind), n in counted.items()]
    return ", ".join(told) or "another order"


@asking
def undo(given: Namespace) -> int:
    """Take a change back, the last one where none is named."""
    number = given.change
    if number is None:
        last = ask(given, "GET", "/inventory/changes", query={"limit": "1"})["changes"]
        if not last:
            raise Refused("nothing was changed here yet")
        number = str(last[0]["change"])
    path = f"/inventory/changes/{quote(number, safe='')}/undo"
    plan = ask(given, "POST", path, query={"dry_run": "true"}, seconds=SECONDS)
    return carry_out(given, plan)


@asking
def diff(given: Namespace) -> int:
    """Print what a rooms.yaml would change; 1 where it would change anything, or cannot be."""
    problems: list[Problem] = []
    wanted = written_in(given.file, problems)
    if problems:
        for problem in problems:
            print(problem, file=sys.stderr)
        return 2
    stands = ask(given, "GET", "/inventory", seconds=SECONDS)
    now = Document(
        rooms={one["id"]: one["entry"] for one in stands["rooms"]},
        lists={one["id"]: one["entry"] for one in stands["room_lists"]},
    )
    order: dict[str, Any] = {
        "rooms": patches(now.rooms, wanted.rooms),
        "room_lists": patches(now.lists, wanted.lists),
    }
    given.dry_run = True
    found = change(given, **order)
    return found or int(any(order.values()))
