"""Rooms whose mailbox is not where the configuration says, and who has it."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple

from bridge.health import Health, Subject
from bridge.logs import fault
from bridge.settings.model import SourceSettings
from connector.errors import ConnectorError
from rooms.room import Room

log = logging.getLogger(__name__)

Try = Callable[[str, Room], Awaitable[object]]
"""Reads a room from a source by its name, and keeps nothing of it."""


class _Guest(NamedTuple):
    room: Room
    source: str


class Moves:
    """Which source each room is read from: its own, or the one that has its mailbox now.

    It is one source at a time, so that a meeting that is in both during a migration is shown once.
    """

    def __init__(self, health: Health, attempt: Try) -> None:
        self._health = health
        self._attempt = attempt
        self._sources: Mapping[str, SourceSettings] = {}
        self._guests: dict[str, _Guest] = {}
        self._searching: set[str] = set()

    def adopt(self, sources: Mapping[str, SourceSettings], rooms: Iterable[Room]) -> None:
        """What is configured otherwise goes home; the rest stays where it was found."""
        before, self._sources = self._sources, sources
        same = {name for name, source in sources.items() if before.get(name) == source}
        known = {room.id: room for room in rooms}
        for room_id, guest in list(self._guests.items()):
            room = known.get(room_id)
            if room != guest.room or not {room.source, guest.source} <= same:
                self._home(room_id)

    def source_of(self, room: Room) -> str:
        """The name of the source that a room is read from."""
        guest = self._guests.get(room.id)
        return guest.source if guest else room.source

    async def lost(self, room: Room, source: str, reason: str) -> bool:
        """A source does not have a room's mailbox; whether another is to be asked from now on."""
        if source != self.source_of(room) or room.id in self._searching:
            return False
        if room.id in self._guests:  # it went on, or home again
            self._home(room.id)
            return True
        if reason != "mailbox_elsewhere":
            return False
        self._searching.add(room.id)
        try:
            return await self._found(room)
        finally:
            self._searching.discard(room.id)

    async def _found(self, room: Room) -> bool:
        for name in self._others(room):
            try:
                await self._attempt(name, room)
            except ConnectorError:
                continue
            except Exception as error:  # noqa: BLE001 - one source's fault must not end the search
                log.error("room %s in %s: %s", room.id, name, fault(error))
                continue
            self._guests[room.id] = _Guest(room, name)
            self._health.bad(
                Subject("mailbox", room.id),
                "mailbox_moved",
                f"the mailbox is not in {room.source} any more; the room is read from {name}",
                f"set source: {name} for this room",
            )
            return True
        return False

    def _others(self, room: Room) -> list[str]:
        """Sources of another kind that may read this mailbox."""
        own = self._sources.get(room.source)
        return [
            name
            for name, source in self._sources.items()
            if own and source.kind != own.kind and source.mailboxes.allows(room.mailbox)
        ]

    def _home(self, room: str) -> None:
        del self._guests[room]
        self._health.good(Subject("mailbox", room))
