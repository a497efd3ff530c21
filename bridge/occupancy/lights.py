"""The lights of room systems: a colour for how the room stands, never instead of words."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence

from bridge.calling.units import Units
from bridge.logs import fault
from bridge.occupancy.faces import Face
from bridge.pace import doubling, spread
from bridge.settings.model import EndpointSettings
from bridge.turns import Turns
from connector.endpoint import Glow, Glows, Lit, PhoneCall
from connector.errors import ConnectorError
from rooms.clock import Clock

log = logging.getLogger(__name__)

COLOURS: Mapping[str, Glow] = {
    "free": "green",
    "soon": "yellow",
    "check_in": "yellow",
    "busy": "red",
    "unknown": "off",
}
"""By state; an agenda that is old shows no colour at all, as it may be wrong."""
AGAIN = 600.0
"""Seconds after which a colour is set again: a unit that started anew has forgotten it."""
FIRST_RETRY, LONGEST_RETRY = 10.0, 1800.0
AT_A_TIME = 8


class Lights:
    """Sets each light to the colour of its room."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock
        self._wanted: dict[str, Glow] = {}
        self._by_room: dict[str, list[str]] = {}
        self._failures: dict[str, int] = {}
        self._heard: set[str] = set()
        self._turns: Turns[str] = Turns(clock)
        self._places = asyncio.Semaphore(AT_A_TIME)

    def adopt(self, endpoints: Iterable[EndpointSettings]) -> set[str]:
        """Look after the lights of these; the rooms that have one."""
        self._by_room = {}
        for one in endpoints:
            if isinstance(one.options, Lit) and one.options.led:
                self._by_room.setdefault(one.room, []).append(one.id)
        kept = {name for names in self._by_room.values() for name in names}
        for name in self._wanted.keys() - kept:
            del self._wanted[name]
            self._turns.drop(name)
        return set(self._by_room)

    def told(self, room: str, face: Face) -> None:
        """A room stands differently."""
        colour: Glow = "off" if face.stale else COLOURS[face.state]
        for name in self._by_room.get(room, ()):
            if self._wanted.get(name) != colour:
                self._wanted[name] = colour
                self._turns.at(name, self._clock.monotonic())

    def called(self, name: str, calls: Sequence[PhoneCall] | None) -> None:
        """A unit is heard: where it was not before, it may have started anew."""
        if calls is None:
            self._heard.discard(name)
        elif name not in self._heard:
            self._heard.add(name)
            if name in self._wanted:
                self._turns.sooner(name, self._clock.monotonic())

    async def run(self) -> None:
        """Set what is to be set; until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                name = await self._turns.next()
                await self._places.acquire()
                group.create_task(self._turn(name))

    async def _turn(self, name: str) -> None:
        try:
            wait = await self._set(name)
        except Exception as error:  # noqa: BLE001 - one light must not darken the others
            log.error("endpoint %s: %s", name, fault(error))
            wait = LONGEST_RETRY
        finally:
            self._places.release()
        if name in self._wanted:
            self._turns.sooner(name, self._clock.monotonic() + wait)

    async def _set(self, name: str) -> float:
        """Set one; seconds after which to do so again."""
        colour = self._wanted.get(name)
        try:
            endpoint = self._units.endpoint(name)
        except KeyError:
            return LONGEST_RETRY
        if colour is None or not isinstance(endpoint, Glows):
            return LONGEST_RETRY
        try:
            await self._units.act(name, lambda unit: unit.glow(colour))
        except ConnectorError as error:
            failures = self._failures[name] = self._failures.get(name, 0) + 1
            if failures == 1:
                log.warning("endpoint %s: its light was not set: %s", name, error.reason)
            return spread(doubling(FIRST_RETRY, failures - 1, LONGEST_RETRY))
        if self._failures.pop(name, 0):
            log.info("endpoint %s: its light is set again", name)
        return spread(AGAIN)
