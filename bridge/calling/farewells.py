"""Room systems that leave the inventory with their room: their list is emptied, once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial

from bridge.calling.notes import Notes
from bridge.dispatch import Dispatch
from bridge.dispatch.dispatch import AT_A_TIME
from bridge.logs import fault
from bridge.pace import doubling
from bridge.places import Places
from bridge.settings.addresses import loopback
from bridge.settings.model import Configuration, EndpointSettings
from connector import load
from connector.endpoint import Shows
from connector.errors import ConnectorError, Denied
from connector.outside import Outside
from connector.unit_address import unit_host, unit_url
from rooms.clock import Clock
from rooms.endpoint_agenda import AHEAD, PAST
from rooms.model import Agenda, Window

log = logging.getLogger(__name__)

TRIED_FOR = 600.0
"""Seconds for which it is tried: who is away that long is switched off, or gone."""
FIRST_RETRY, LONGEST_RETRY = 5.0, 120.0
LIMIT = 30.0
"""Seconds for one try."""
ACTOR = "bridge"


class Farewells:
    """Tells systems of retired rooms that there is nothing booked any more."""

    def __init__(self, outside: Outside, dispatch: Dispatch, notes: Notes, clock: Clock) -> None:
        self._outside = outside
        self._dispatch = dispatch
        self._notes = notes
        self._clock = clock
        self._places = Places(AT_A_TIME)
        self._tasks: dict[str, tuple[EndpointSettings, asyncio.Task[None]]] = {}
        self._group: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell them until the end; what is not done by then is left."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                yield
            finally:
                self._group = None
                for _, task in self._tasks.values():
                    task.cancel()

    def leaving(self, configuration: Configuration) -> list[EndpointSettings]:
        """The systems that this configuration has no more, nor their rooms.

        One whose address another has from now on is that other's.
        """
        inventory = configuration.inventory
        stay = {one.id for one in inventory.endpoints}
        rooms = {room.id for room in inventory.rooms}
        places = {_place(one) for one in inventory.endpoints}
        known = (self._dispatch.settings(name) for name in self._dispatch.names())
        return [
            one
            for one in known
            if one.id not in stay
            and one.room not in rooms
            and _place(one) not in places
            and self._dispatch.status(one.id).state != "denied"
            and isinstance(self._dispatch.endpoint(one.id), Shows)
        ]

    async def recall(self, endpoints: Iterable[EndpointSettings]) -> None:
        """Tell nothing to what is in the inventory again, by its id or by its address."""
        wanted = list(endpoints)
        ids, places = {one.id for one in wanted}, {_place(one) for one in wanted}
        ended = []
        for name, (settings, task) in self._tasks.items():
            if name in ids or _place(settings) in places:
                task.cancel()
                ended.append(task)
        if ended:
            await asyncio.wait(ended)

    def bid(self, leaving: Iterable[EndpointSettings]) -> None:
        """Empty the lists of these."""
        for settings in leaving:
            if self._group is not None:
                task = self._group.create_task(self._bid(settings))
                self._tasks[settings.id] = settings, task
                task.add_done_callback(partial(self._over, settings.id))

    def _over(self, name: str, done: "asyncio.Task[None]") -> None:
        known = self._tasks.get(name)
        if known is not None and known[1] is done:
            del self._tasks[name]

    async def _bid(self, settings: EndpointSettings) -> None:
        began, failures = self._clock.monotonic(), 0
        while True:
            await self._places.acquire()
            trying = asyncio.create_task(self._tried(settings))
            self._places.hold(trying)
            why = await trying
            if not why:
                await self._noted("endpoints.emptied", settings)
                return
            wait = doubling(FIRST_RETRY, failures, LONGEST_RETRY)
            late = self._clock.monotonic() + wait - began > TRIED_FOR
            if late or why == "denied":
                await self._noted("endpoints.not_emptied", settings, why=why)
                return
            failures += 1
            await asyncio.sleep(wait)

    async def _tried(self, settings: EndpointSettings) -> str:
        """Why its list could not be emptied; empty where it was."""
        now = self._clock.now()
        nothing = Agenda(room=settings.room, as_of=now, window=Window.around(now, PAST, AHEAD))
        try:
            async with asyncio.timeout(LIMIT):
                driver = load.endpoint(settings.kind)
                async with driver.connect(settings.options, self._outside) as endpoint:
                    if isinstance(endpoint, Shows):
                        await endpoint.show(nothing)
        except Denied:
            return "denied"
        except ConnectorError as error:
            return error.reason
        except TimeoutError:
            return "timeout"
        except Exception as error:  # noqa: BLE001 - one endpoint's fault must not end the others
            log.error("emptying the list of %s: %s", settings.id, fault(error))
            return "unexpected"
        return ""

    async def _noted(self, action: str, settings: EndpointSettings, **detail: str) -> None:
        await self._notes.note(ACTOR, action, settings.id, room=settings.room, **detail)


def _place(settings: EndpointSettings) -> object:
    """Where a system is reached: the same for two entries that may be one device."""
    address = getattr(settings.options, "address", "")
    host = unit_host(address).rstrip(".")
    if not host:
        return settings.kind, address or settings.id
    # Ports tell devices apart only where all of them are simulated.
    return (host, unit_url(address, "any").port) if loopback(host) else host
