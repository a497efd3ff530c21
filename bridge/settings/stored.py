"""Read an inventory that is in no file, by the same rules as one that is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
import yaml

from bridge.settings.entries import EntryReader, ReadRoom
from bridge.settings.inventory import remind, together
from bridge.settings.model import Inventory, Site, SourceSettings
from bridge.settings.problem import Place, Problem
from bridge.settings.secrets import Named, Secrets
from bridge.settings.typed import Reader
from connector.secret import Secret
from rooms.inventory import Document, Fields
from rooms.model import Value

WHERE = Path("inventory")
"""What stands for a file in problems of entries that are in none."""
_NOWHERE = yaml.Mark("", 0, -1, 0, None, 0)  # so that no line is told


class Remembered(Value, frozen=True):
    """A plain room as it was read before."""

    fields: Fields
    read: ReadRoom


class Memory:
    """Plain rooms that were read before, by the same rules: they hold no secret."""

    def __init__(self) -> None:
        self.rules: object = None
        self.rooms: dict[str, Remembered] = {}

    def adopt(self, rules: object) -> None:
        """Forget everything that was read by other rules."""
        if rules != self.rules:
            self.rules = rules
            self.rooms = {}


class Stored(Protocol):
    """Where an inventory is that is in no file."""

    memory: Memory
    secrets: Mapping[str, Secret]
    """Secrets that the vault is about to get, by their names there."""

    decides: bool
    """Whether it is read even where the configuration says that files decide: to try it."""

    def document(self, site: Site, /) -> Document:
        """The inventory."""


class StoredReader:
    """Reads inventories of one site."""

    def __init__(
        self,
        bridge_file: Path,
        site: Site,
        sources: Mapping[str, SourceSettings | None],
        stored: Stored,
        *,
        vault: Named,
    ) -> None:
        self._site = site
        self._entries = EntryReader(site, sources)
        self.read: set[Path] = set()
        folder = site.endpoint_secrets_dir or bridge_file.parent
        secrets = Secrets(self.read, folder, _Overlay(stored.secrets, vault))
        self._reader = Reader(bridge_file.parent, secrets)
        self._memory = stored.memory
        self._memory.adopt((site, dict(sources)))

    def inventory(self, document: Document, problems: list[Problem]) -> Inventory:
        """Everything of it that is good; problems are added to the list."""
        rooms = [self._room(name, fields, problems) for name, fields in document.rooms.items()]
        lists = []
        for name, fields in document.lists.items():
            place = Place(problems, WHERE, f"room_lists.{name}")
            entry = self._entries.list(self._reader, _entry(name, fields), place)
            lists += [entry] if entry is not None else []
        inventory = together(rooms, lists)
        remind(inventory, self._site, Place(problems, WHERE))
        return inventory

    def _room(self, name: str, fields: Fields, problems: list[Problem]) -> ReadRoom:
        place = Place(problems, WHERE, f"rooms.{name}")
        known = self._memory.rooms.get(name)
        if known is not None and known.fields is fields:
            return msgspec.structs.replace(known.read, place=place)
        read = self._entries.plain({"id": name, **fields}, place)
        if read is None:
            return self._entries.room(self._reader, _entry(name, fields), place)
        self._memory.rooms[name] = Remembered(fields, read)
        return read


class _Overlay:
    """The vault, with what it is about to get."""

    def __init__(self, coming: Mapping[str, Secret], vault: Named) -> None:
        self._coming = coming
        self._vault = vault

    def secret(self, name: str, place: Place) -> Secret | None:
        if name in self._coming:
            return self._coming[name]
        return self._vault.secret(name, place)


def _entry(name: str, fields: Fields) -> yaml.Node:
    return _node({"id": name, **fields})


def _node(value: Any) -> yaml.Node:
    """A value as if it had stood in a file."""
    if isinstance(value, Mapping):
        pairs = [(_node(str(key)), _node(child)) for key, child in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, _NOWHERE, _NOWHERE)
    if isinstance(value, list | tuple):
        children = [_node(child) for child in value]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", children, _NOWHERE, _NOWHERE)
    return yaml.ScalarNode("tag:yaml.org,2002:str", _text(value), _NOWHERE, _NOWHERE)


def _text(value: Any) -> str:
    """A single value as it would stand in a file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
