"""What is proposed of the rooms that services list: each with an id that stays. Pure."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from bridge.discovered import SHARE, Difference, plain, value_of
from bridge.health import Trouble
from bridge.proposal import Entry, Proposal
from bridge.settings.model import Inventory
from bridge.views.discovery_shapes import ProgressShape
from connector.discovery import FoundRoom
from rooms.room import Room
from rooms.zones import from_windows


class Told(NamedTuple):
    """What is known of one source at one instant."""

    name: str
    as_of: datetime | None
    believed: Sequence[FoundRoom] | None
    found: Sequence[tuple[Difference, bool]]
    health: tuple[Trouble, ...]
    vanished: Collection[str] = frozenset()
    """Addresses that went with a list that shrank."""
    shrunk: bool = False
    """Whether the last list is doubted for that, and has yet to be repeated."""
    progress: ProgressShape | None = None


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """A difference, and what would be done about it."""

    id: str
    """The same as long as the service says the same in this matter, also after a restart."""
    source: str
    difference: Difference
    confirmed: bool
    said: str
    """What the service says in this matter."""
    doubted: bool = False
    """Whether a mailbox is gone with so many others that it takes somebody who sees to services."""
    shrunk: bool = False
    """Whether the source's last list has yet to be repeated."""
    entry: Entry | None = None
    """Of a new room."""
    patch: Mapping[str, Any] | None = None
    """Settings of the room; None takes it out."""
    lists: frozenset[str] = frozenset()
    """The room lists that a new room goes into."""


def identity(source: str, difference: Difference, said: str) -> str:
    """The id of a proposal; what stands here is no part of it, nor the ids of entries."""
    parts = (source, difference.what, difference.mailbox, difference.field, said)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def by_mailbox(rooms: Sequence[FoundRoom] | None) -> dict[str, FoundRoom]:
    """The first room of each address."""
    found: dict[str, FoundRoom] = {}
    for room in rooms or ():
        found.setdefault(room.mailbox.strip().lower(), room)
    return found


def said_of(difference: Difference, rooms: Mapping[str, FoundRoom]) -> str:
    """What the service says in a matter."""
    if difference.what != "new":
        return difference.there
    room = rooms[difference.mailbox]
    fields = ("name", "capacity", "building", "floor", "time_zone", "lists")
    return "\0".join(value_of(room, field) for field in fields)


def proposed(told: Told, inventory: Inventory, proposal: Proposal) -> Iterator[Proposed]:
    """Everything that one source's list proposes."""
    rooms, here = by_mailbox(told.believed), {room.id: room for room in inventory.rooms}
    doubted = _doubted(told, inventory)
    names = {one.id: one.name or one.id for one in inventory.lists}
    theirs = {plain(name) for room in told.believed or () for name in room.lists}
    site_only = {id_ for id_, name in names.items() if plain(name) not in theirs}
    for one, confirmed in told.found:
        said = said_of(one, rooms)
        entry = proposal.entry(rooms[one.mailbox], told.name) if one.what == "new" else None
        patch: Mapping[str, Any] | None = None
        if entry is not None:
            patch = settings(entry)
        elif one.what == "differs":
            kept = [name for name in _lists_of(here.get(one.room)) if name in site_only]
            patch = _patch(one, rooms[one.mailbox], kept, proposal)
        yield Proposed(
            id=identity(told.name, one, said),
            source=told.name,
            difference=one,
            confirmed=confirmed,
            said=said,
            doubted=one.mailbox in doubted,
            shrunk=told.shrunk,
            entry=entry,
            patch=patch,
            lists=frozenset(entry.lists if entry else ()),
        )


def settings(entry: Entry) -> dict[str, Any]:
    """An entry's settings as text, without its id; what nobody knows is left out."""
    told = {key: value for key, value in msgspec.structs.asdict(entry).items() if value}
    del told["id"]
    if "capacity" in told:
        told["capacity"] = str(told["capacity"])
    if "lists" in told:
        told["lists"] = list(told["lists"])
    return told


def _doubted(told: Told, inventory: Inventory) -> set[str]:
    """Addresses that are gone together with too many others to believe a list alone."""
    gone = {one.mailbox for one, _ in told.found if one.what == "gone"}
    counted = Counter(room.source for room in inventory.rooms)
    if len(gone) > SHARE * counted[told.name]:
        return gone
    return gone & set(told.vanished)


def _lists_of(room: Room | None) -> Sequence[str]:
    return () if room is None else room.lists


def _patch(
    one: Difference, found: FoundRoom, kept: Sequence[str], proposal: Proposal
) -> dict[str, Any]:
    if one.field == "lists":
        return {"lists": list(dict.fromkeys([*kept, *proposal.listed(found)]))}
    if one.field == "time_zone":
        return {"time_zone": from_windows(one.there) or one.there.strip()}
    return {one.field: one.there.strip()}
