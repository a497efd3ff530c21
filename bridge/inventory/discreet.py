"""What of a plan's problems somebody is told who looks after some rooms only. Pure.

An inventory is read as a whole, so that what is wrong with it may be in anybody's rooms, and words
about a room of one's own may name the room of another.
"""

import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from bridge.callers import Caller
from bridge.settings.problem import Problem

_SPOT = re.compile(r"\b(?:(rooms|room_lists)\.([a-z0-9-]+))[\w.\[\]]*")
"""A setting of an entry, as problems name it."""
ELSEWHERE = "elsewhere in the inventory"
_TAKEN = f"is taken already {ELSEWHERE}"
_ELSE_BAD = Problem(
    file="",
    words=f"something {ELSEWHERE} is wrong, and until that is mended nothing can be changed",
    hint="an engineer sees what it is",
)


def told_to(
    caller: Caller, problems: Iterable[Problem], touched: Collection[str]
) -> Iterator[Problem]:
    """Problems as a caller is told them; `touched` are the entries that they themselves change.

    Of what is others' an error is told as one, without its place; a warning is not.
    """
    if caller.lists is None and caller.rooms is None:
        yield from problems
        return
    elsewhere = False
    for one in problems:
        if _own(one.path, touched, caller):
            words, hint = (_without(text, touched, caller) for text in (one.words, one.hint))
            yield msgspec.structs.replace(one, words=words, hint=hint)
            continue
        mine = [spot for spot in spots(one.words) if _own(spot, touched, caller)]
        for spot in mine:  # the same clash, seen from here
            yield Problem(file="", path=spot, words=_TAKEN, severity=one.severity)
        elsewhere = elsewhere or (one.severity == "error" and not mine)
    if elsewhere:
        yield _ELSE_BAD


def _own(path: str, touched: Collection[str], caller: Caller) -> bool:
    found = _SPOT.match(path)
    if found is None:
        return False
    kind, name = found[1], found[2]
    if f"{kind}.{name}" in touched:
        return True
    if kind == "rooms":
        return caller.keeps(name)
    return caller.lists is None or name in caller.lists


def spots(words: str) -> Iterator[str]:
    """The settings of entries that words name."""
    return (found[0] for found in _SPOT.finditer(words))


def _without(text: str, touched: Collection[str], caller: Caller) -> str:
    """A text without the places that are others'."""
    return _SPOT.sub(lambda found: found[0] if _own(found[0], touched, caller) else ELSEWHERE, text)
