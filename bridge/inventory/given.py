"""Room lists that people and tokens are for, where a change would have these see something else.

Who is let in for a list is let in by its id. One that goes must leave nobody behind who would be
let in again by the next list of that id, and nobody who was for one list only and is for none now.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

from bridge.settings.problem import Problem
from bridge.settings.stored import WHERE
from rooms.inventory import Change

Holders = Mapping[str, Callable[[str], int]]
"""How many of something are for a room list, by what one of them is called."""


def given(
    changes: Iterable[Change], holders: Holders, *, in_files: bool = False
) -> Iterator[Problem]:
    """What has to be settled before room lists go, or come by ids that somebody is let in by.

    In files they come and go without us: there it is to be known, and keeps nothing back.
    """
    lists = [one for one in changes if one.kind == "list"]
    left = {one.former for one in lists if one.what == "renamed"}
    severity: Literal["error", "warning"] = "warning" if in_files else "error"
    for one in lists:
        if one.what == "changed" or (one.what != "removed" and one.id in left):
            continue
        who = _told(holders, one.id)
        if not who:
            continue
        gone = one.what == "removed"
        yield Problem(
            file=str(WHERE),
            path=f"room_lists.{one.id}",
            severity=severity,
            words=f"it is given to {who}"
            if gone
            else f"{who} had a list of this id, and would see the rooms of this one",
            hint="take it from them first"
            + (
                ", or give the list another id, which they follow"
                if gone
                else ", or use another id"
            ),
        )


def _told(holders: Holders, room_list: str) -> str:
    """How many of each; names are for who looks after people."""
    counted = ((what, holding(room_list)) for what, holding in holders.items())
    return " and ".join(f"{n} {what}{'s' if n > 1 else ''}" for what, n in counted if n)
