"""The settings of one entry as a piece of YAML, and such a piece as settings."""

import textwrap
from collections.abc import Sequence

from msgspec.structs import replace

from bridge.inventory.texts import inventory_of, text_of
from rooms.inventory import Document, Fields
from rooms.inventory.sheet import Finding

_BEFORE = "rooms:\n- id: x\n"
"""What the piece stands below when it is read: the rules are those of a whole file."""


def entry_text(fields: Fields) -> str:
    """Settings as they would stand in rooms.yaml; empty for none."""
    if not fields:
        return ""
    written = text_of(Document(rooms={"x": fields}))
    return textwrap.dedent(written.removeprefix(_BEFORE))


def room_text(name: str, fields: Fields) -> str:
    """A room as it would stand in the list of rooms.yaml."""
    return text_of(Document(rooms={name: fields}))


def entry_of(text: str) -> tuple[Fields, Sequence[Finding]]:
    """What a piece of YAML says, and what keeps it from saying anything, by its lines."""
    below = textwrap.indent("\n".join(text.expandtabs(2).splitlines()), "  ")
    read = inventory_of(f"{_BEFORE}{below}\n".encode(errors="replace"))
    document, lines = read.document, _BEFORE.count("\n")
    found = [replace(one, row=max(1, one.row - lines)) for one in read.findings]
    if not found and (document.lists or document.rooms.keys() != {"x"}):
        found = [Finding(row=1, column="", words="only settings of this entry can stand here")]
    return ({} if found else document.rooms["x"]), found
