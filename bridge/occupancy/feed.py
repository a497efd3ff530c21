"""The feed of states over MQTT: every room once, then what changes; all again after an outage."""

import asyncio
import importlib
import logging
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bridge.health import BRIDGE, Health
from bridge.logs import fault
from bridge.occupancy.faces import Face
from bridge.occupancy.retained import Retained
from bridge.pace import doubling, spread
from bridge.settings.model import Site
from bridge.views.house import House
from connector.errors import ConnectorError
from connector.feeds.broker import Broker
from rooms.clock import Clock
from rooms.room import Room

log = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = 1.0, 120.0
HELD = 60.0
"""Seconds that a connection must have stood for its end to count as the first."""
TOLD = 2
"""Failures in a row before somebody is told: a broker that starts anew is no trouble."""
CODE = "mqtt_failing"
FAULT = "a fault of the bridge itself: the log says where"


class Feed:
    """Tells one broker, as long as there is one in the configuration."""

    def __init__(self, house: House, health: Health, clock: Clock) -> None:
        self._house = house
        self._health = health
        self._clock = clock
        self._broker: Broker | None = None
        self._authorities: tuple[Path, ...] = ()
        self._retained = Retained()
        self._news = asyncio.Event()

    @property
    def wanted(self) -> bool:
        """Whether there is a broker."""
        return self._broker is not None

    def adopt(self, site: Site, rooms: Iterable[Room]) -> None:
        """Tell this broker of these rooms, and have it forget those that left."""
        there = {room.id for room in rooms}
        authorities = (site.ca_file,) if site.ca_file else ()
        if (site.mqtt, authorities) != (self._broker, self._authorities):
            self._broker, self._authorities = site.mqtt, authorities
            self._retained = Retained()
            if site.mqtt is not None:
                left = {*self._house.retired, *self._house.store.held} - there
                self._retained.leave(_topic(site.mqtt, room) for room in left)
        if site.mqtt is None:
            self._health.good(BRIDGE, CODE)
        else:
            self._retained.keep({_topic(site.mqtt, room) for room in there})
        self._news.set()

    def told(self, room: str, face: Face) -> None:
        """A room stands differently."""
        if self._broker is not None:
            kept = self._house.store.kept(room)
            self._retained.put(_topic(self._broker, room), face, kept.as_of if kept else None)
            self._news.set()

    async def run(self) -> None:
        """Tell what there is to tell; until cancelled."""
        failures = 0
        while True:
            broker, began = self._broker, self._clock.monotonic()
            self._news.clear()
            if broker is None:
                await self._news.wait()
                continue
            try:
                await self._tell(broker)
                failures = 0
            except ConnectorError as error:
                held = self._clock.monotonic() - began >= HELD
                failures = 1 if held else failures + 1
                if failures >= TOLD:
                    self._health.bad(BRIDGE, CODE, str(error), error.fix)
                await self._rest(broker, doubling(FIRST_RETRY, failures - 1, LONGEST_RETRY))
            except Exception as error:  # noqa: BLE001 - a fault of the feed must not end the rest
                log.error("mqtt: %s", fault(error))
                self._health.bad(BRIDGE, CODE, FAULT)
                await self._rest(broker, LONGEST_RETRY)

    async def _rest(self, broker: Broker, seconds: float) -> None:
        """Wait before the next try, unless the configuration names another broker."""
        with suppress(TimeoutError):
            async with asyncio.timeout(spread(seconds)):
                while self._broker is broker:
                    self._news.clear()
                    await self._news.wait()

    async def _tell(self, broker: Broker) -> None:
        """One connection, until it breaks or another broker is to be told.

        Raises:
            ConnectorError: it broke, or there was none.
        """
        mqtt: Any = await asyncio.to_thread(importlib.import_module, "connector.feeds.mqtt")
        async with mqtt.connected(broker, self._authorities) as session:
            retained = self._retained
            retained.forgotten()
            lost = asyncio.ensure_future(session.lost())
            try:
                while self._broker is broker:
                    self._news.clear()
                    await _send(session, retained)
                    self._health.good(BRIDGE, CODE)
                    await self._news_or(lost)
            finally:
                lost.cancel()
                await asyncio.wait([lost])

    async def _news_or(self, lost: "asyncio.Future[None]") -> None:
        """Wait for something to tell.

        Raises:
            ConnectorError: the connection broke meanwhile.
        """
        news = asyncio.ensure_future(self._news.wait())
        try:
            both: set[asyncio.Future[Any]] = {news, lost}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        if lost.done():
            lost.result()


async def _send(session: Any, retained: Retained) -> None:
    """Everything that the broker does not have, a few at once."""
    due = iter(retained.due())
    while some := list(islice(due, 20)):
        await asyncio.gather(*(_put(session, retained, *one) for one in some))


async def _put(session: Any, retained: Retained, topic: str, payload: bytes, mark: bytes) -> None:
    await session.put(topic, payload)
    retained.sent(topic, mark)


def _topic(broker: Broker, room: str) -> str:
    return broker.topic("rooms", quote(room, safe=""), "state")
