"""The newest agenda to each room system: one outbox an endpoint, retry lives here only."""

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from bridge.health import Health, Subject
from bridge.logs import fault
from bridge.pace import doubling, spread
from bridge.settings.model import EndpointSettings
from bridge.turns import Turns
from bridge.words import ADVICE
from connector import load
from connector.endpoint import Endpoint, Shows
from connector.errors import ConnectorError, Denied, Unavailable
from connector.outside import Outside
from rooms.clock import Clock
from rooms.endpoint_agenda import until_change, within_reach
from rooms.model import Agenda
from rooms.store import Store

log = logging.getLogger(__name__)

DEBOUNCE = 1.5
"""Seconds that a changed list waits for more changes."""
REPAIR = 900.0
"""Seconds after which an unchanged list is shown again: a system may have lost it."""
PUSH_LIMIT = 90.0
"""Seconds for one push."""
FIRST_RETRY = 5.0
LONGEST_RETRY = 300.0
AT_A_TIME = 64
"""Pushes in flight."""

State = Literal["unknown", "shown", "unreachable", "denied", "unsupported"]


@dataclass(kw_only=True)
class Outbox:
    """What one endpoint was told, and how that went. Newest wins: there is no queue."""

    settings: EndpointSettings
    endpoint: Endpoint
    stack: AsyncExitStack
    state: State = "unknown"
    shown: bytes | None = None
    """Digest of the list it was told last."""
    shown_at: float = float("-inf")
    failures: int = 0
    pushing: bool = False
    again: bool = False

    @property
    def subject(self) -> Subject:
        """As which it fails."""
        return Subject("endpoint", self.settings.id)


@dataclass(kw_only=True)
class Pushes:
    """What was pushed, for `/metrics`."""

    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind and outcome: `ok`, or the reason of a failure."""


class Dispatch:
    """Tells each endpoint its room's list when that changes, and again from time to time."""

    def __init__(self, outside: Outside, *, store: Store, health: Health, clock: Clock) -> None:
        self._outside = outside
        self._store = store
        self._health = health
        self._clock = clock
        self._turns: Turns[str] = Turns(clock)
        self._boxes: dict[str, Outbox] = {}
        self._by_room: dict[str, list[Outbox]] = {}
        self._places = asyncio.Semaphore(AT_A_TIME)
        self.pushes = Pushes()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Push until the end, then let go of every endpoint."""
        async with asyncio.TaskGroup() as group:
            pushing = group.create_task(self._run())
            try:
                yield
            finally:
                pushing.cancel()
                for name in list(self._boxes):
                    await self._close(name)

    async def adopt(self, endpoints: Iterable[EndpointSettings]) -> None:
        """Look after exactly these endpoints; what stays the same is not disturbed."""
        wanted = {endpoint.id: endpoint for endpoint in endpoints}
        for name, box in list(self._boxes.items()):
            if wanted.get(name) != box.settings:
                await self._close(name)
        for name, settings in wanted.items():
            if name not in self._boxes:
                box = self._boxes[name] = await self._opened(settings)
                self._by_room.setdefault(settings.room, []).append(box)
                self._turns.at(name, self._clock.monotonic() + DEBOUNCE)

    def changed(self, room: str) -> None:
        """A room's agenda shows something different."""
        for box in self.of(room):
            if box.pushing:
                box.again = True
            else:
                self._turns.sooner(box.settings.id, self._clock.monotonic() + DEBOUNCE)

    def of(self, room: str) -> list[Outbox]:
        """The endpoints of a room."""
        return self._by_room.get(room, [])

    def states(self) -> dict[tuple[str, ...], float]:
        """How many endpoints of each kind are in each state."""
        return dict(Counter((box.settings.kind, box.state) for box in self._boxes.values()))

    async def _opened(self, settings: EndpointSettings) -> Outbox:
        stack = AsyncExitStack()
        driver = load.endpoint(settings.kind)
        endpoint = await stack.enter_async_context(driver.connect(settings.options, self._outside))
        return Outbox(settings=settings, endpoint=endpoint, stack=stack)

    async def _close(self, name: str) -> None:
        box = self._boxes.pop(name)
        self._by_room[box.settings.room].remove(box)
        self._turns.drop(name)
        self._health.good(box.subject)
        await box.stack.aclose()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await self._places.acquire()
                name = await self._turns.next()
                box = self._boxes.get(name)
                if box is None:
                    self._places.release()
                else:
                    box.pushing = True
                    group.create_task(self._turn(box))

    async def _turn(self, box: Outbox) -> None:
        """One endpoint's turn, whatever comes of it."""
        try:
            wait = await self._served(box)
        finally:
            box.pushing = False
            self._places.release()
        if self._boxes.get(box.settings.id) is not box:
            return
        if box.again:
            box.again = False
            wait = DEBOUNCE if wait is None else min(wait, DEBOUNCE)
        if wait is not None:
            self._turns.at(box.settings.id, self._clock.monotonic() + wait)

    async def _served(self, box: Outbox) -> float | None:
        """Show what there is to show; seconds until the next turn, None until the list changes."""
        agenda = self._store.agenda(box.settings.room)
        # Who was refused waits for other settings: one more try may lock the user out.
        if agenda is None or box.state == "denied":
            return None
        now = self._clock.now()
        change = until_change(agenda, now).total_seconds() + 1
        near = within_reach(agenda, now)
        digest = _digest(near)
        since = self._clock.monotonic() - box.shown_at
        if box.shown == digest and since < REPAIR:
            return min(REPAIR - since, change)
        error = await self._show(box, near)
        if error is not None:
            return self._failed(box, error)
        self._succeeded(box, digest)
        return min(REPAIR, change)

    async def _show(self, box: Outbox, near: Agenda) -> ConnectorError | None:
        """Show a list in bounded time; what went wrong, or None."""
        try:
            async with asyncio.timeout(PUSH_LIMIT):
                if isinstance(box.endpoint, Shows):
                    await box.endpoint.show(near)
        except TimeoutError:
            return Unavailable("no end in time", reason="timeout")
        except ConnectorError as error:
            return error
        except Exception as error:  # noqa: BLE001 - one endpoint's fault must not end the others
            log.error("%s: %s", box.subject, fault(error))
            return Unavailable("a fault of the bridge", reason="unexpected")
        return None

    def _succeeded(self, box: Outbox, digest: bytes) -> None:
        box.state = "shown"
        box.shown = digest
        box.shown_at = self._clock.monotonic()
        box.failures = 0
        self.pushes.done[box.settings.kind, "ok"] += 1
        self._health.good(box.subject)

    def _failed(self, box: Outbox, error: ConnectorError) -> float | None:
        """Say what failed; seconds until the next try, or None where a try could do harm."""
        self.pushes.done[box.settings.kind, error.reason] += 1
        box.state = _state(error)
        box.shown = None
        code = f"endpoint_{box.state}"
        fix = error.fix or ADVICE.get(error.reason, ADVICE[code]).fix
        self._health.only(box.subject, code, f"{ADVICE[code].words}: {error}", fix)
        if box.state == "denied":
            return None
        wait = doubling(FIRST_RETRY, box.failures, LONGEST_RETRY)
        box.failures += 1
        asked = error.retry_after.total_seconds() if error.retry_after else 0.0
        return max(spread(wait), asked)


def _state(error: ConnectorError) -> State:
    """How an endpoint stands after an error."""
    if isinstance(error, Denied):
        return "denied"
    return "unsupported" if error.reason == "unsupported" else "unreachable"


def _digest(agenda: Agenda) -> bytes:
    """What tells two lists apart, in few bytes: there may be ten thousand endpoints."""
    listed = msgspec.msgpack.encode((agenda.bookings, agenda.buffers))
    return hashlib.blake2b(listed, digest_size=16).digest()


def shows(box: Outbox, agenda: Agenda) -> bool:
    """Whether the endpoint was told exactly this list."""
    return box.shown == _digest(agenda)
