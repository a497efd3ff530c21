"""An inventory as it stands in `rooms.yaml`: text, lists of it, and mappings."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from rooms.model import Value

Fields = Mapping[str, Any]
"""An entry's settings: text, lists and mappings of text; as in `rooms.yaml`, nothing is typed."""

_ordered = msgspec.json.Encoder(order="sorted").encode


class Document(Value, frozen=True, kw_only=True):
    """Rooms and room lists by their ids, in the order in which they were written down.

    Secrets are not in it, only where they are kept.
    """

    rooms: Mapping[str, Fields] = {}
    """Without their ids; a room's endpoints are a list of mappings below `endpoints`."""
    lists: Mapping[str, Fields] = {}
    """Without their ids."""

    def __bool__(self) -> bool:
        return bool(self.rooms or self.lists)

    def digest(self) -> str:
        """The same for the same entries, whatever their order and that of their settings."""
        return hashlib.sha256(_ordered((self.rooms, self.lists))).hexdigest()[:16]

    def below(self, top: str) -> frozenset[str]:
        """A room list and all that are parts of it, and of those."""
        found, left = {top}, [top]
        while left:
            above = left.pop()
            more = {name for name, one in self.lists.items() if one.get("parent") == above}
            left += more - found
            found |= more
        return frozenset(found)


def endpoints(room: Fields) -> Mapping[str, Fields]:
    """A room's endpoints by id; what is none, or has no id, is left out."""
    return {one["id"]: one for one in units(room) if isinstance(one.get("id"), str)}


def units(room: Fields) -> list[Fields]:
    """What stands in the list of a room's endpoints; whatever else is no endpoint."""
    listed = room.get("endpoints")
    if not isinstance(listed, list | tuple):
        return []
    return [one for one in listed if isinstance(one, Mapping)]
