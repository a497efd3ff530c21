"""Every action that the code writes into the audit log stands in `docs/audit.md`, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

from bridge.vault.document import Change
from bridge.writing.model import Action
from tests.test_docs import ROOT, rows

ACTION = re.compile(r"[a-z]+(\.[a-z_]+)+")
NOTING = {"Entry", "_entry", "note", "_note", "_noted", "_record"}
"""What entries are made by, or go through."""
FAMILIES = {
    "bookings.": get_args(Action),
    "secrets.": get_args(get_type_hints(Change)["what"]),
    "inventory.": (
        *(f"room_{what}" for what in ("added", "changed", "removed", "renamed")),
        *(f"list_{what}" for what in ("added", "changed", "removed", "renamed")),
        *(f"endpoint_{what}" for what in ("added", "changed", "removed", "moved")),
    ),
    "displays.": ("pair", "move", "renew", "revoke", "end"),
}
"""Actions whose last word is known only when they are written."""


def calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted([*ROOT.glob("bridge/**/*.py"), *ROOT.glob("rooms/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
                if (name.id if isinstance(name, ast.Name) else name) in NOTING:
                    yield path, node


def written() -> set[str]:
    """What may stand in an entry."""
    found = set()
    for _, call in calls():
        for value in [*call.args, *(keyword.value for keyword in call.keywords)]:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found |= {value.value} if ACTION.fullmatch(value.value) else set()
            if isinstance(value, ast.JoinedStr) and isinstance(value.values[0], ast.Constant):
                family = str(value.values[0].value)
                found |= {family + word for word in FAMILIES.get(family, ())}
    return found


def test_every_action_is_described_and_no_other() -> None:
    described = {name for name in rows("docs/audit.md") if ACTION.fullmatch(name)}
    assert written() == described


def test_an_action_whose_name_is_made_when_it_is_written_is_of_a_family_that_is_known() -> None:
    """Who adds another teaches this file its words."""
    for path, call in calls():
        for keyword in call.keywords:
            if keyword.arg == "action" and isinstance(keyword.value, ast.JoinedStr):
                first = keyword.value.values[0]
                assert isinstance(first, ast.Constant), path
                assert first.value in FAMILIES, path


def test_displays_are_noted_with_these_words_only() -> None:
    text = (ROOT / "bridge/paired.py").read_text(encoding="utf-8")
    direct = set(re.findall(r'_entry\("(\w+)"', text))
    given = set(re.findall(r'action: str = "(\w+)"', text))
    for path in ROOT.glob("bridge/**/*.py"):
        given |= set(re.findall(r'\.remove\([^)]*action="(\w+)"', path.read_text(encoding="utf-8")))
    assert direct | given == set(FAMILIES["displays."])
