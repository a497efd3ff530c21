"""Room lists that people and tokens are for, where a change would have these see something else.

Who is let in for a list is let in by its id. One that goes must leave nobody behind who would be
let in again by the next list of that id, and nobody who was for one list only and is for none now.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from bridge.settings.problem import Problem
from bridge.settings.stored import WHERE
from rooms.inventory import Change
from rooms.model import Value

Counting = Mapping[str, Callable[[str], int]]
"""How many of something name a room list, by what one of them is called."""


class Holders(Value, frozen=True, kw_only=True):
    """What names room lists by their ids."""

    following: Counting
    """What names a list by its new id, where it gets one."""
    fixed: Counting
    """What nobody changes here, as lines of bridge.yaml."""


def given(
    changes: Iterable[Change], holders: Holders, *, in_files: bool = False
) -> Iterator[Problem]:
    """What is to be settled before room lists go, or come by ids that somebody is let in by.

    In files they come and go without us: there it is to be known, and keeps nothing back.
    """
    lists = [one for one in changes if one.kind == "list"]
    left = {one.former for one in lists if one.what == "renamed"}
    for one in lists:
        if one.what == "removed":
            yield from _of_gone(one.id, holders, in_files=in_files)
        elif one.what in {"added", "renamed"} and one.id not in left:
            yield from _of_new(one.id, holders, in_files=in_files)
        if one.what == "renamed" and (who := _told(holders.fixed, one.former)):
            words = f"{who} still has it as {one.former}"
            yield _problem(one.id, words, "change it there as well", warns=True)


def _of_gone(name: str, holders: Holders, *, in_files: bool) -> Iterator[Problem]:
    if who := _told({**holders.following, **holders.fixed}, name):
        hint = "take it from them first, or give it another id, which they follow"
        yield _problem(name, f"it is given to {who}", hint, warns=in_files)


def _of_new(name: str, holders: Holders, *, in_files: bool) -> Iterator[Problem]:
    if who := _told(holders.following, name):
        words = f"{who} had a list of this id, and would see the rooms of this one"
        yield _problem(name, words, "take it from them first, or use another id", warns=in_files)
    if who := _told(holders.fixed, name):
        words = f"{who} names this id: it is given to whoever that is for"
        yield _problem(name, words, "use another id where that is not meant", warns=True)


def _problem(name: str, words: str, hint: str, *, warns: bool) -> Problem:
    return Problem(
        file=str(WHERE),
        path=f"room_lists.{name}",
        severity="warning" if warns else "error",
        words=words,
        hint=hint,
    )


def _told(holders: Counting, room_list: str) -> str:
    """How many of each; names are for who looks after people."""
    counted = ((what, holding(room_list)) for what, holding in holders.items())
    return " and ".join(f"{n} {what}{'s' if n > 1 else ''}" for what, n in counted if n)
