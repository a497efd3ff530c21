"""Which names of the vault a configuration mentions, however much of the rest is wrong."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from bridge.settings import files
from bridge.settings.problem import Problem
from bridge.settings.secrets import VAULT


def mentions(file: Path) -> dict[str, list[str]] | None:
    """The places (`file:line`) of each name; None where a file cannot be read."""
    problems: list[Problem] = []
    found: dict[str, list[str]] = {}
    node = files.document(file, problems)
    if node is not None:
        for rooms in files.room_files(_rooms(file, node)):
            if rooms.exists():
                _note(rooms, files.document(rooms, problems), found)
    _note(file, node, found)
    return None if problems else found


def _rooms(file: Path, node: yaml.Node) -> Path:
    """The room list that a `bridge.yaml` names."""
    if isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            if key.value == "rooms" and isinstance(child, yaml.ScalarNode) and child.value:
                return file.parent / Path(child.value).expanduser()
    return file.parent / "rooms.yaml"


def _note(file: Path, node: yaml.Node | None, found: dict[str, list[str]]) -> None:
    for one in _scalars(node):
        if one.value.startswith(VAULT):
            place = f"{file}:{one.start_mark.line + 1}"
            found.setdefault(one.value.removeprefix(VAULT), []).append(place)


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """Every single value below a node; YAML's own references may lead to one twice."""
    waiting, seen = [node], set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, yaml.ScalarNode):
            yield one
        elif isinstance(one, yaml.MappingNode):
            waiting += [child for _, child in one.value]
        elif isinstance(one, yaml.SequenceNode):
            waiting += one.value
