"""The inventory as it stands in files, in the words of who wrote it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.settings import files
from bridge.settings.model import Configuration
from bridge.settings.problem import Problem
from bridge.settings.typed import bare
from rooms.inventory import Document, Fields


def written(configuration: Configuration) -> Document:
    """What the files of a configuration say; it was found good, so nothing is checked again."""
    return written_in(configuration.site.rooms or configuration.file.parent / "rooms.yaml", [])


def written_in(where: Path, problems: list[Problem]) -> Document:
    """What a file, or the files of a folder, say; what keeps one from being read is added."""
    rooms: dict[str, Fields] = {}
    lists: dict[str, Fields] = {}
    for file in files.room_files(where):
        node = files.document(file, problems)
        content = bare(node) if node is not None else {}
        if isinstance(content, dict):
            rooms |= _by_id(content.get("rooms"))
            lists |= _by_id(content.get("room_lists"))
    return Document(rooms=rooms, lists=lists)


def _by_id(entries: Any) -> Mapping[str, Fields]:
    if not isinstance(entries, list):
        return {}
    return {
        one["id"]: {key: value for key, value in one.items() if key != "id" and value != ""}
        for one in entries
        if isinstance(one, dict) and isinstance(one.get("id"), str)
    }
