"""Addresses of things in documents, with wildcards: what is asked for, and what has changed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from connector.simulators.cisco.markup import Items, Tree

Step: TypeAlias = str | int
Node: TypeAlias = str | Tree | Items

GHOST: Tree = {"@ghost": "True"}
"""What is told of a numbered branch that is gone."""

VOLATILE = {"Duration", "SystemTime", "Uptime"}
"""What changes all the time; no change of it is told."""

_STEP = re.compile(r"([^/\s\[\]]+)|\[(\d+|\*)\]")


def branch(node: Node | None) -> Tree | None:
    """A node, if it is a branch without numbers."""
    return node if isinstance(node, Mapping) and not isinstance(node, Items) else None


def steps(text: str) -> tuple[Step, ...]:
    """The steps of a text like `/Status/Call[2]/Status`."""
    return tuple(_step(found) for found in _STEP.finditer(text))


def _step(found: re.Match[str]) -> Step:
    index = found[2]
    if index:
        return int(index) if index.isdecimal() else index
    return int(found[1]) if found[1].isdecimal() else found[1]


def select(node: Node, wanted: Sequence[Step]) -> Node | None:
    """The part of a document that an address names, with all that stands above it.

    Names are compared without regard to case; `*` is any name or number, `**` any way down.
    """
    if not wanted:
        return node
    if isinstance(node, str):
        return None
    if isinstance(node, Items):
        return _numbered(node, wanted)
    if "@ghost" in node:
        return node
    first, rest = wanted[0], wanted[1:]
    found: dict[str, Node] = {}
    for name, child in node.items():
        if name.startswith(("@", "#")):
            continue
        part = _below(name, child, first, rest, wanted)
        if part is not None:
            found[name] = part
    return found or None


def _below(
    name: str, child: Node, first: Step, rest: Sequence[Step], wanted: Sequence[Step]
) -> Node | None:
    """What one branch has of what is wanted."""
    if first == "**":
        whole = select(child, rest[1:]) if rest and _is(name, rest[0]) else None
        return select(child, wanted) if whole is None else whole
    return select(child, rest) if _is(name, first) else None


def _is(name: str, step: Step) -> bool:
    return step == "*" or (isinstance(step, str) and step.lower() == name.lower())


def _numbered(items: Items, wanted: Sequence[Step]) -> Items | None:
    """The same of numbered branches; without a number in the address, of all."""
    first = wanted[0]
    rest = wanted[1:] if isinstance(first, int) or first == "*" else wanted
    found: dict[int, Tree] = {}
    for number, item in items.items():
        part = select(item, rest) if not isinstance(first, int) or first == number else None
        if part is not None and not isinstance(part, str | Items):
            found[number] = part
    return Items(found) if found else None


def dig(node: Node, path: Sequence[Step]) -> Node | None:
    """What stands at a path without wildcards, without what is above it."""
    found: Node | None = node
    for step in path:
        if isinstance(found, Items):
            found = found.get(step) if isinstance(step, int) else None
        else:
            names = {name.lower(): child for name, child in (branch(found) or {}).items()}
            found = names.get(str(step).lower())
    return found


def difference(before: Tree, after: Tree) -> Tree:
    """What a document says now that it did not say before; what is gone is a ghost."""
    found: dict[str, Node] = {}
    for name, now in after.items():
        then = before.get(name)
        if name in VOLATILE or then == now:
            continue
        if isinstance(now, Items):
            found[name] = Items(_items(then if isinstance(then, Items) else Items(), now))
        elif isinstance(now, str):
            found[name] = now
        else:
            found[name] = difference(branch(then) or {}, now)
    return {name: part for name, part in found.items() if part or isinstance(part, str)}


def _items(before: Items, after: Items) -> Iterator[tuple[int, Tree]]:
    for number, now in after.items():
        changed = difference(before[number], now) if number in before else now
        if changed:
            yield number, changed
    for number in before.keys() - after.keys():
        yield number, GHOST


def merge(one: Tree, other: Tree) -> Tree:
    """Two parts of a document as one."""
    found: dict[str, Node] = dict(one)
    for name, added in other.items():
        there = found.get(name)
        if isinstance(there, Items) and isinstance(added, Items):
            found[name] = Items(
                {n: merge(there.get(n, {}), added.get(n, {})) for n in there.keys() | added.keys()}
            )
        elif isinstance(added, str) or branch(there) is None:
            found[name] = added
        else:
            found[name] = merge(branch(there) or {}, branch(added) or {})
    return found
