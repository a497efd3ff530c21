"""What of a plan's problems somebody is told who looks after some rooms only. Pure.

An inventory is read as a whole, so that what is wrong with it may be in anybody's rooms, and words
about a room of one's own may name the room of another.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import msgspec

from bridge.callers import Caller
from bridge.settings.problem import Problem
from rooms.inventory import Change

_SPOT = re.compile(r"\b(?:rooms|room_lists)\.[a-z0-9-]+(?:\.[\w.\[\]]*[\w\]])?")
"""A setting of an entry, as problems name it."""
_ELSE_BAD = Problem(
    file="",
    words="something elsewhere in the inventory is wrong, and until that is mended nothing can be"
    " changed",
    hint="an engineer sees what it is",
)


def concerning(
    problems: Sequence[Problem], changes: Iterable[Change], caller: Caller
) -> Iterator[Problem]:
    """All errors, and warnings that name what is changed, as this caller is told them."""
    if not problems:  # mostly; and the changes may be many
        return iter(())
    touched = {
        f"room_lists.{one.id}" if one.kind == "list" else f"rooms.{one.room or one.id}"
        for one in changes
    }

    def names(one: Problem) -> bool:
        return any(_of(spot) in touched for spot in (one.path, *_spots(one.words)))

    found = (one for one in problems if one.severity == "error" or names(one))
    return told_to(caller, found, touched)


def told_to(
    caller: Caller, problems: Iterable[Problem], touched: Collection[str]
) -> Iterator[Problem]:
    """Problems as a caller is told them; `touched` are the entries that they themselves change.

    Of two entries that have the same, the second is told of in the order of the inventory; it is
    turned round where the other is the one that matters here. Of what is others' an error is told
    as one, without its place; a warning is not.
    """
    everywhere = caller.lists is None and caller.rooms is None

    def near(spot: str) -> bool:
        return _of(spot) in touched or (not everywhere and _keeps(caller, spot))

    elsewhere = False
    for problem in problems:
        one = _turned(problem, near)
        if everywhere:
            yield one
        elif near(one.path):
            words, hint = (_without(text, near) for text in (one.words, one.hint))
            yield msgspec.structs.replace(one, words=words, hint=hint)
        else:
            elsewhere = elsewhere or one.severity == "error"
    if elsewhere:
        yield _ELSE_BAD


def _spots(words: str) -> Iterator[str]:
    """The settings of entries that words name."""
    return (found[0] for found in _SPOT.finditer(words))


def _turned(one: Problem, near: Callable[[str], bool]) -> Problem:
    other = next(filter(near, _spots(one.words)), None)
    if other is None or near(one.path):
        return one
    words = one.words.replace(other, one.path)
    return msgspec.structs.replace(one, path=other, words=words)


def _of(spot: str) -> str:
    """The entry of a setting."""
    return ".".join(spot.split(".")[:2])


def _keeps(caller: Caller, spot: str) -> bool:
    kind, _, name = _of(spot).partition(".")
    if kind == "rooms":
        return caller.keeps(name)
    return kind == "room_lists" and (caller.lists is None or name in caller.lists)


def _without(text: str, near: Callable[[str], bool]) -> str:
    """A text without the places that are others'."""

    def told(found: re.Match[str]) -> str:
        if near(found[0]):
            return found[0]
        return "another room" if found[0].startswith("rooms") else "another room list"

    return _SPOT.sub(told, text)
