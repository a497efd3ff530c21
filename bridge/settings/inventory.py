"""Read the whole inventory: rooms, their lists, their endpoints, and what they may not share."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from bridge.settings import files
from bridge.settings.claims import Claim
from bridge.settings.entries import EntryReader, ReadEndpoint, ReadList, ReadRoom
from bridge.settings.model import EndpointSettings, Inventory, Site, SourceSettings
from bridge.settings.problem import Place, Problem
from bridge.settings.secrets import Named, Secrets
from bridge.settings.typed import Reader
from connector import load
from rooms.room import Room

Entry = ReadRoom | ReadList | ReadEndpoint
Seen = defaultdict[str, dict[str, Entry]]
"""Who claimed what first: what kind of thing, and which."""


class InventoryReader:
    """Reads the room list of one configuration from its files."""

    def __init__(
        self,
        bridge_file: Path,
        site: Site,
        sources: Mapping[str, SourceSettings | None],
        problems: list[Problem],
        read: set[Path],
        *,
        vault: Named,
    ) -> None:
        self._read = read
        self._vault = vault
        self._site = site
        self._problems = problems
        self._folder = site.endpoint_secrets_dir or bridge_file.parent
        self._entries = EntryReader(site, sources)
        self._rooms: list[ReadRoom] = []
        self._lists: list[ReadList] = []

    def read(self, file: Path) -> Inventory:
        """The inventory of a file or a folder of files; problems were added to the list."""
        self._read.add(file)
        for path in files.room_files(file):
            self._read.add(path)
            node = files.document(path, self._problems)
            if node is not None:
                self._file(path, node)
        inventory = together(self._rooms, self._lists)
        remind(inventory, self._site, Place(self._problems, file))
        return inventory

    def _file(self, path: Path, node: yaml.Node) -> None:
        place = Place(self._problems, path)
        reader = Reader(path.parent, Secrets(self._read, self._folder, self._vault))
        for key, child in (reader.keys(node, place) or {}).items():
            here = place.at(key, child.start_mark.line + 1)
            if key == "rooms":
                for item in reader.items(child, here):
                    self._rooms.append(self._entries.room(reader, *item))
            elif key == "room_lists":
                for item in reader.items(child, here):
                    entry = self._entries.list(reader, *item)
                    self._lists += [entry] if entry is not None else []
            else:
                here.error("no such setting", "known here: room_lists, rooms")


def together(rooms: Iterable[ReadRoom], lists: Sequence[ReadList]) -> Inventory:
    """Entries as one inventory, without those that claim what others have; that is reported."""
    seen: Seen = defaultdict(dict)
    listed = tuple(one.entry for one in lists if _alone(seen, one))
    kept: list[Room] = []
    endpoints: list[EndpointSettings] = []
    known = {entry.id for entry in listed}
    strays: list[tuple[str, Place]] = []
    for room in rooms:
        if room.endpoints:
            endpoints += [unit.endpoint for unit in room.endpoints if _alone(seen, unit)]
        if not known.issuperset(room.lists):
            strays += [(name, room.place) for name in room.lists if name not in known]
        if _alone(seen, room) and room.room is not None:
            kept.append(room.room)
    for name, place in strays:
        place.at("lists").error(f"there is no room list {name}", "add it under room_lists")
    _check_parents(lists, known)
    return Inventory(rooms=tuple(kept), lists=listed, endpoints=tuple(endpoints))


def _check_parents(lists: Sequence[ReadList], known: set[str]) -> None:
    """Room lists are a tree: what stands above another is there, and never below it."""
    above = {one.entry.id: one.entry.parent for one in lists}
    for one in lists:
        place, seen = one.place.at("parent"), {one.entry.id}
        parent = one.entry.parent
        if parent and parent not in known:
            place.error(f"there is no room list {parent}")
        while parent and parent not in seen:
            seen.add(parent)
            parent = above.get(parent, "")
        if parent == one.entry.id:
            place.error("must not be below itself")


def _alone(seen: Seen, entry: Entry) -> bool:
    """Whether nobody before has what only one may have."""
    alone = True
    for claim in entry.claims:
        first = seen[claim.what].setdefault(claim.name, entry)
        if first is entry:
            continue
        place, there = entry.place.at(claim.key), first.place.at(_key(first, claim))
        if claim.warns:
            place.warn(claim.words.format(claim, there.path))
        else:
            place.error(claim.words.format(claim, there.spot))
            alone = False
    return alone


def _key(first: Entry, claim: Claim) -> str:
    """The setting by which an entry claims the same as another."""
    wanted = claim.what, claim.name
    return next(one.key for one in first.claims if (one.what, one.name) == wanted)


def remind(inventory: Inventory, site: Site, place: Place) -> None:
    """Repeat the notice of every kind in use until it is acknowledged."""
    for kind in sorted({endpoint.kind for endpoint in inventory.endpoints}):
        driver = load.endpoint(kind)
        if driver.acknowledge and driver.acknowledge not in site.acknowledge:
            place.warn(
                driver.notice, f"acknowledge: [{driver.acknowledge}] in bridge.yaml ends this"
            )
