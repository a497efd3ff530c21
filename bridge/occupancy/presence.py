"""Whether anybody uses a room: its systems' calls, people that they see, and who checked in.

What is told outweighs what is not: a call, then people or a check-in, then a system that sees
nobody. A room that nothing tells of is unknown, never free: an idle system is no empty room.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bridge.logs import fault
from bridge.settings.model import EndpointSettings
from bridge.turns import Turns
from bridge.views.house import House, Presence
from connector.endpoint import PhoneCall
from rooms.changeover import Changeover
from rooms.clock import Clock

log = logging.getLogger(__name__)

AGAIN = 60.0
"""Seconds after which it is looked again where that was not possible."""

State = Literal["unknown", "free", "in_use", "in_call"]
OnPresence = Callable[[str, State, datetime], None]

SILENT = 120.0
"""Seconds that the last word of a system counts after it fell silent: a connection that is made
anew must not have the room flicker."""
_IN_CALL = {"connected", "held", "unknown"}
"""States of calls in which somebody talks; one that only rings may ring in an empty room."""
UNKNOWN = Presence()


@dataclass(slots=True)
class _Unit:
    """What one room system told last."""

    room: str
    in_call: bool = False
    people: bool | None = None
    silent: bool = False


class Occupancy:
    """The presence of every room, from what is told of it."""

    def __init__(self, house: House, clock: Clock, told: Callable[[str], None]) -> None:
        self._house = house
        self._clock = clock
        self._told = told
        self._units: dict[str, _Unit] = {}
        self._by_room: dict[str, list[_Unit]] = {}
        self._sensed: dict[str, State] = {}
        self._known: dict[str, Presence] = {}
        self._turns: Turns[tuple[Literal["unit", "room"], str]] = Turns(clock)
        self.on_presence: list[OnPresence] = []
        """Who wants to know what room systems see: a room, what they see now, since when. Who
        checked in does not count here: those that hear of it decide about check-ins."""

    def adopt(self, endpoints: Iterable[EndpointSettings]) -> None:
        """Listen to these; what is known of those that stay is kept."""
        before, self._units, self._by_room = self._units, {}, {}
        for one in endpoints:
            unit = before.get(one.id)
            if unit is None or unit.room != one.room:
                unit = _Unit(one.room)
            self._units[one.id] = unit
            self._by_room.setdefault(one.room, []).append(unit)
        for name in before.keys() - self._units.keys():
            self._turns.drop(("unit", name))
        for room in self._known.keys() - self._house.rooms.keys():
            del self._known[room]
            self._sensed.pop(room, None)
        for room in [*self._known]:
            self._sense(room)

    def follow(self, change: Changeover) -> None:
        """Rooms have other ids: what their systems told of them holds."""
        for unit in self._units.values():
            unit.room = change.renamed.get(unit.room, unit.room)
        self._by_room = change.of(self._by_room)
        self._sensed, self._known = change.of(self._sensed), change.of(self._known)

    def presence(self, room: str) -> Presence:
        """Whether anybody uses a room, and since when; the same object while that stays so."""
        return self._known.get(room, UNKNOWN)

    def called(self, name: str, calls: Sequence[PhoneCall] | None) -> None:
        """A room system told of its calls; None where nothing is heard from it any more."""
        unit = self._units.get(name)
        if unit is None:
            return
        if calls is None:
            self._silent(name, unit)
            return
        self._turns.drop(("unit", name))
        unit.silent = False
        unit.in_call = any(call.state in _IN_CALL for call in calls)
        self._sense(unit.room)

    def saw(self, name: str, people: bool | None) -> None:
        """A room system told whether it sees people; None where it does not tell."""
        unit = self._units.get(name)
        if unit is None or (people is None and unit.silent):
            return  # what it said before counts for a while
        unit.people = people
        self._sense(unit.room)

    def look(self, room: str) -> None:
        """Judge a room anew."""
        if room not in self._house.rooms:
            return
        now = self._clock.now()
        state = self._sensed.get(room, "unknown")
        if state != "in_call" and self._came(room, now):
            state = "in_use"
        if state != self.presence(room).state:
            self._known[room] = Presence(state, now)
            self._told(room)

    async def run(self) -> None:
        """Notice systems that stay silent, and the ends of meetings; until cancelled."""
        while True:
            kind, name = await self._turns.next()
            try:
                self._due(kind, name)
            except Exception as error:  # noqa: BLE001 - one room's fault must not end the others
                log.error("presence by %s %s: %s", kind, name, fault(error))
                self._turns.sooner((kind, name), self._clock.monotonic() + AGAIN)

    def _due(self, kind: str, name: str) -> None:
        unit = self._units.get(name) if kind == "unit" else None
        if unit is not None:
            unit.in_call, unit.people = False, None
            self._sense(unit.room)
        elif kind == "room":
            self.look(name)

    def _silent(self, name: str, unit: _Unit) -> None:
        if not unit.silent:
            unit.silent = True
            self._turns.at(("unit", name), self._clock.monotonic() + SILENT)

    def _sense(self, room: str) -> None:
        state = _judged(self._by_room.get(room, ()))
        if state != self._sensed.get(room, "unknown"):
            self._sensed[room] = state
            now = self._clock.now()
            for heard in self.on_presence:
                heard(room, state, now)
        self.look(room)

    def _came(self, room: str, now: datetime) -> bool:
        """Whether somebody checked in to what takes place now."""
        came = self._house.attendance(room).checked_in
        agenda = self._house.store.agenda(room) if came else None
        ends = [
            one.end
            for one in (agenda.bookings if agenda else ())
            if one.id in came and one.start <= now < one.end
        ]
        if ends:
            wait = (max(ends) - now).total_seconds()
            self._turns.at(("room", room), self._clock.monotonic() + wait)
        return bool(ends)


def _judged(units: Sequence[_Unit]) -> State:
    """What the systems of a room tell together."""
    if any(unit.in_call for unit in units):
        return "in_call"
    if any(unit.people for unit in units):
        return "in_use"
    # Where one of them is silent, the others' nobody may be its somebody.
    if any(unit.people is False for unit in units) and not any(unit.silent for unit in units):
        return "free"
    return "unknown"
