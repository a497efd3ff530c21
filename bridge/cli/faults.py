"""`roombridge rooms faults`: what people reported of rooms, and that it is mended."""

import sys
from argparse import Namespace
from typing import Any
from urllib.parse import quote

from bridge.cli.control import ask, told
from bridge.cli.tables import moment, pretty, table
from bridge.quoting import plain


@told
def faults(given: Namespace) -> int:
    """Print the faults that nobody has cleared, or clear one; 1 where any is left."""
    room = quote(given.room, safe="") if given.room else ""
    if given.clear and not room:
        print("say in which ROOM it is mended", file=sys.stderr)
        return 2
    if given.clear:
        answer = ask(given, "DELETE", f"/rooms/{room}/faults/{quote(given.clear, safe='')}")
    else:
        answer = ask(given, "GET", f"/rooms/{room}/faults" if room else "/faults")
    found: list[dict[str, Any]] = answer["faults"]
    if given.json:
        print(pretty(answer))
    elif found:
        rows = [
            (one["room"], one["code"], moment(one["since"]), plain(one["note"]) or "-")
            for one in found
        ]
        print(table(("ROOM", "FAULT", "SINCE", "NOTE"), rows))
    else:
        print("no fault is open")
    return int(bool(found))
