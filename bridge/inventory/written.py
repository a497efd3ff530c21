"""The inventory as it stands in files, in the words of who wrote it."""

from collections.abc import Mapping
from typing import Any

from bridge.settings import files
from bridge.settings.model import Configuration
from bridge.settings.problem import Problem
from bridge.settings.typed import bare
from rooms.inventory import Document, Fields


def written(configuration: Configuration) -> Document:
    """What the files of a configuration say; it was found good, so nothing is checked again."""
    where = configuration.site.rooms or configuration.file.parent / "rooms.yaml"
    unsaid: list[Problem] = []
    rooms: dict[str, Fields] = {}
    lists: dict[str, Fields] = {}
    for file in files.room_files(where):
        node = files.document(file, unsaid)
        content = bare(node) if node is not None else {}
        rooms |= _by_id(content.get("rooms"))
        lists |= _by_id(content.get("room_lists"))
    return Document(rooms=rooms, lists=lists)


def _by_id(entries: Any) -> Mapping[str, Fields]:
    if not isinstance(entries, list):
        return {}
    return {
        one["id"]: {key: value for key, value in one.items() if key != "id" and value != ""}
        for one in entries
        if isinstance(one, dict) and "id" in one
    }
