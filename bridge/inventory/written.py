"""The inventory as it stands in files, in the words of who wrote it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.settings import files
from bridge.settings.model import Configuration
from bridge.settings.problem import Place, Problem
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
        if node is None:
            continue
        content, place = bare(node), Place(problems, file)
        if not isinstance(content, dict):
            place.error("must be a mapping with `rooms` and `room_lists`")
            continue
        rooms |= _by_id(content.get("rooms", []), rooms, place.at("rooms"))
        lists |= _by_id(content.get("room_lists", []), lists, place.at("room_lists"))
    return Document(rooms=rooms, lists=lists)


def _by_id(entries: Any, before: Mapping[str, Fields], place: Place) -> Mapping[str, Fields]:
    """Entries by their ids; what has none, or that of another one, is a problem."""
    if entries == "":
        return {}
    if not isinstance(entries, list):
        place.error("must be a list")
        return {}
    found: dict[str, Fields] = {}
    for number, one in enumerate(entries):
        id_ = one.get("id") if isinstance(one, dict) else None
        if not isinstance(id_, str) or not id_:
            place.at(f"[{number}]").error("needs an id")
        elif id_ in found or id_ in before:
            place.at(f"[{number}]").error(f"there are two {id_}")
        else:
            found[id_] = {key: value for key, value in one.items() if key != "id" and value != ""}
    return found
