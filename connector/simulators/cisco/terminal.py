"""How the terminal writes: lines that begin with a star, or JSON."""

import json
import re
from collections.abc import Iterator

import msgspec

from connector.simulators.cisco.markup import Items, Tree
from connector.simulators.cisco.queries import Node
from connector.simulators.cisco.values import wrapped

END = "** end"
WORDS = {
    *("Ambient", "AnswerState", "CallType", "Cause", "ConnectMode", "DeviceType", "Direction"),
    *("Enabled", "FailureCause", "Format", "HoldReason", "Mode", "PlacedOnHold", "Privacy"),
    *("Protocol", "Status", "Type", "ghost"),
}
"""Leaves that are one of a few words: these and whole numbers stand without quotes."""
_WHOLE = re.compile(r"-?\d+", re.ASCII)


def starred(letter: str, node: Node, *names: str) -> Iterator[str]:
    """A document as lines, each with the whole path: `*s Audio Volume: 50`."""
    head = " ".join((f"*{letter}", *names))
    if isinstance(node, str):
        yield f"{head}: {_value(names[-1] if names else '', node)}"
    elif isinstance(node, Items):
        for number, item in node.items():
            yield from starred(letter, item, *names, str(number))
    else:
        yield from _branch(letter, node, names)


def _branch(letter: str, node: Tree, names: tuple[str, ...]) -> Iterator[str]:
    """The line of a branch itself, if it has one, and those below it."""
    head = " ".join((f"*{letter}", *names))
    marks = ", ".join(f"{key[1:]}={mark}" for key, mark in node.items() if key.startswith("@"))
    if isinstance(text := node.get("#"), str):
        yield f"{head}{f' ({marks})' if marks else ''}: {_value('', text)}"
    elif marks:
        yield f"{head} ({marks}): "
    elif not node and names:
        yield head
    for name, child in node.items():
        if not name.startswith(("@", "#")):
            yield from starred(letter, child, *names, name)


def _value(name: str, text: str) -> str:
    return text if name in WORDS or _WHOLE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


LETTERS = {"Status": "s", "Configuration": "c", "Event": "e"}


def document(found: Tree) -> Iterator[str]:
    """The lines of a document with a root such as `Status`."""
    for root, inner in found.items():
        yield from starred(LETTERS[root], inner)


def as_json(found: Tree, result_id: str | None = None) -> str:
    """The same as JSON, on lines of its own."""
    said = wrapped(found)
    if result_id is not None:
        said["ResultId"] = result_id
    return msgspec.json.format(msgspec.json.encode(said)).decode()
