"""How every room stands, told as it changes: one heap of instants, no look at all rooms."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from bridge.logs import fault
from bridge.occupancy.standing import changes, stand
from bridge.turns import Turns
from bridge.views.house import House, Presence
from rooms.clock import Clock
from rooms.room import Room

log = logging.getLogger(__name__)

AGAIN = 60.0
"""Seconds after which a room is judged again that could not be."""

State = Literal["unknown", "free", "busy", "soon", "check_in"]


class Face(NamedTuple):
    """What may be told of a room anywhere: no title, no person."""

    state: State = "unknown"
    """`unknown` where its calendar was never read."""
    until: datetime | None = None
    next_start: datetime | None = None
    presence: Presence = Presence()
    stale: bool = True


Told = Callable[[str, Face], None]


class Faces:
    """Keeps the face of every room that somebody wants to know of."""

    def __init__(self, house: House, clock: Clock) -> None:
        self._house = house
        self._clock = clock
        self._faces: dict[str, Face] = {}
        self._turns: Turns[str] = Turns(clock)
        self._wanted: set[str] = set()
        self.on_change: list[Told] = []

    def adopt(self, rooms: Iterable[Room]) -> None:
        """Watch these rooms and no others; each is told of, as those told may be others too."""
        self._wanted = {room.id for room in rooms}
        for gone in self._faces.keys() - self._wanted:
            self._turns.drop(gone)
        self._faces.clear()
        for room in self._wanted:
            self.look(room)

    def heard(self, room: str) -> None:
        """A room was read well: only where its agenda was old does that say something new."""
        face = self._faces.get(room)
        if face is not None and face.stale:
            self.look(room)

    def look(self, room: str) -> None:
        """Something about a room is different, or may be."""
        if room not in self._wanted:
            return
        face = self._judged(room)
        if face != self._faces.get(room):
            for told in self.on_change:
                told(room, face)
            self._faces[room] = face

    async def run(self) -> None:
        """Look at rooms when their meetings begin and end; until cancelled."""
        while True:
            name = await self._turns.next()
            try:
                self.look(name)
            except Exception as error:  # noqa: BLE001 - one room's fault must not end the others
                log.error("face of room %s: %s", name, fault(error))
                self._turns.sooner(name, self._clock.monotonic() + AGAIN)

    def _judged(self, room: str) -> Face:
        house, now = self._house, self._clock.now()
        presence = house.presence(room)
        agenda, kept = house.store.agenda(room), house.store.kept(room)
        if agenda is None or kept is None:
            return Face(presence=presence)
        attendance, stale = house.attendance(room), house.stale(kept, now)
        at = changes(agenda, attendance, now)
        if not stale:
            old = kept.as_of + house.stale_after
            at = min(at, old) if at is not None else old
        if at is not None:
            # A moment later: what holds up to an instant does not hold at it.
            wait = max(0.0, (at - now).total_seconds()) + 0.001
            self._turns.at(room, self._clock.monotonic() + wait)
        standing = stand(agenda, attendance, now)
        return Face(*standing, presence=presence, stale=stale)
