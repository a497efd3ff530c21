"""Entries for rooms that the inventory does not have yet, ready to be pasted. Pure."""

from collections import Counter

import msgspec

from bridge.discovered import plain
from bridge.settings.model import Inventory, RoomList
from connector.discovery import FoundRoom
from rooms.inventory.ids import slug, unused
from rooms.zones import from_windows, zone


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A room as it would stand in rooms.yaml; empty where nobody knows."""

    id: str
    name: str
    mailbox: str
    source: str
    time_zone: str
    building: str = ""
    floor: str = ""
    capacity: int = 0
    lists: tuple[str, ...] = ()


class Proposal:
    """Makes entries whose ids nobody has yet."""

    def __init__(self, inventory: Inventory) -> None:
        self._rooms = {room.id for room in inventory.rooms}
        self._lists = {one.id for one in inventory.lists}
        self._by_name = {plain(one.name or one.id): one.id for one in inventory.lists}
        self._zones: dict[str, Counter[str]] = {}
        for room in inventory.rooms:
            self._zones.setdefault(plain(room.building), Counter())[room.time_zone] += 1
        self.lists: list[RoomList] = []
        """Room lists that the entries need and the inventory does not have."""

    def entry(self, found: FoundRoom, source: str) -> Entry:
        """One room."""
        mailbox = found.mailbox.strip()
        local = mailbox.partition("@")[0]
        return Entry(
            id=unused(slug(found.name, local, "room"), self._rooms),
            name=found.name.strip() or local,
            mailbox=mailbox,
            source=source,
            time_zone=self._time_zone(found),
            building=found.building.strip(),
            floor=found.floor.strip(),
            capacity=max(found.capacity, 0),
            lists=self.listed(found),
        )

    def listed(self, found: FoundRoom) -> tuple[str, ...]:
        """Ids of the room lists that a room is in at the service."""
        return tuple(dict.fromkeys(self._list(name) for name in found.lists))

    def _time_zone(self, found: FoundRoom) -> str:
        """What the service says, else what every other room of the building has."""
        if found.time_zone:
            name = from_windows(found.time_zone) or found.time_zone.strip()
            try:
                zone(name)
            except KeyError:
                return ""
            return name
        near = self._zones.get(plain(found.building), Counter()) if found.building else Counter()
        return next(iter(near)) if len(near) == 1 else ""

    def _list(self, name: str) -> str:
        known = self._by_name.get(plain(name))
        if known is None:
            known = unused(slug(name, "list"), self._lists)
            self._by_name[plain(name)] = known
            self.lists.append(RoomList(id=known, name=name.strip()))
        return known
