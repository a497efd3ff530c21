"""Every room system of the site, looked after: one outbox an endpoint, retry lives here only."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar, cast

import msgspec

from bridge.dispatch.attending import Attending
from bridge.dispatch.hooks import Hooks
from bridge.dispatch.ledger import FIRST_RETRY, LONGEST_RETRY, Counts, Ledger, refusal
from bridge.dispatch.notices import HeardCalls, HeardPeople, Notices
from bridge.dispatch.outbox import Outbox, does
from bridge.dispatch.serving import DEBOUNCE, FACTS_SOON, Serving, settle
from bridge.dispatch.status import EndpointStatus
from bridge.dispatch.wishes import Wishes
from bridge.health import Health
from bridge.logs import fault
from bridge.pace import spread
from bridge.places import Places
from bridge.settings.model import EndpointSettings
from bridge.turns import FIRST, TOLD, USUAL, Turns
from connector import load
from connector.checkup import Tried
from connector.endpoint import Endpoint, Hears
from connector.errors import ConnectorError, Malformed, Unavailable
from connector.outside import Outside
from connector.watching import Call, Reply
from rooms.changeover import Changeover
from rooms.clock import Clock
from rooms.store import Store

log = logging.getLogger(__name__)

AT_A_TIME = 64
"""Turns in flight, beside those that take long."""
FAILING_AT_A_TIME = 64
"""And of endpoints that failed last: however many are off, they hold up nobody else."""
ACTION_LIMIT = 30.0
"""Seconds for one action."""
LETTING_GO = 10.0
"""Seconds that an endpoint has to end what it holds."""

T = TypeVar("T")


class Dispatch:
    """Tells each endpoint its room's list when that changes, and sees to it that it has it."""

    def __init__(self, outside: Outside, *, store: Store, health: Health, clock: Clock) -> None:
        self._outside = outside
        self._clock = clock
        self._ledger = Ledger(health, clock, self._silenced)
        self._serving = Serving(store, clock, self._ledger)
        self._hooks = Hooks()
        self._public_url = ""
        self._turns: Turns[str] = Turns(clock)
        self._boxes: dict[str, Outbox] = {}
        self._changing = asyncio.Lock()
        """Held by whoever opens endpoints and lets go of them."""
        self._by_room: dict[str, list[Outbox]] = {}
        self._places = Places(AT_A_TIME)
        self._failing = 0
        """Turns in flight of endpoints that failed last."""
        self._queue: dict[str, None] = {}
        """Endpoints that failed last, and wait for a place; in order."""
        self._notices = Notices(self._ledger, clock, soon=self._soon)
        self._attending = Attending(
            self._ledger,
            clock,
            find=self._boxes.get,
            told=self._notices.told,
            deaf=self._notices.deaf,
            away=self._look,
        )
        self.on_calls: list[HeardCalls] = self._notices.on_calls
        """Who wants to know of calls: an endpoint's id, and the calls that it is in now, or None
        where nobody knows any more."""
        self.on_people: list[HeardPeople] = self._notices.on_people
        """The same of whether it sees people."""

    @property
    def counts(self) -> Counts:
        """What was done."""
        return self._ledger.counts

    def grant_by(self, wishes: Wishes) -> None:
        """Let these change calendars for people at a device."""
        self._notices.wishes = wishes

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after all until the end, then let go of every endpoint."""
        async with asyncio.TaskGroup() as group, self._attending.running():
            working = group.create_task(self._run())
            try:
                yield
            finally:
                working.cancel()
                await self._notices.stop()
                async with self._changing:
                    await self._close(list(self._boxes))

    async def adopt(self, endpoints: Iterable[EndpointSettings], *, public_url: str = "") -> None:
        """Look after exactly these endpoints; what stays the same is not disturbed."""
        wanted = {endpoint.id: endpoint for endpoint in endpoints}
        async with self._changing:
            same = public_url == self._public_url
            self._public_url = public_url
            boxes = self._boxes.items()
            await self._close(
                [name for name, box in boxes if not same or wanted.get(name) != box.settings]
            )
            self._hooks.forget(wanted.keys())
            for name, settings in wanted.items():
                if name not in self._boxes:
                    await self._begin(settings)

    def follow(self, change: Changeover) -> None:
        """Rooms have other ids: their endpoints go on as they are."""
        self._by_room = {}
        for box in self._boxes.values():
            room = change.renamed.get(box.settings.room)
            if room is not None:
                box.settings = msgspec.structs.replace(box.settings, room=room)
            self._by_room.setdefault(box.settings.room, []).append(box)

    def changed(self, room: str) -> None:
        """A room's agenda shows something different."""
        boxes = self.of(room)
        # Who booked at a device waits for it to be confirmed there.
        urgent = any(box.wishing for box in boxes)
        for box in boxes:
            if box.does.show and box.state != "denied":
                self._soon(box, *((0.0, FIRST) if urgent else (DEBOUNCE, TOLD)))

    def of(self, room: str) -> Sequence[Outbox]:
        """The endpoints of a room."""
        return self._by_room.get(room, ())

    def names(self) -> Iterable[str]:
        """The ids of all endpoints."""
        return self._boxes.keys()

    def endpoint(self, name: str) -> Endpoint:
        """What a driver made of one, to see which protocols it keeps; `act` has it do something.

        Raises:
            KeyError: there is none of that id.
        """
        return self._boxes[name].endpoint

    def settings(self, name: str) -> EndpointSettings:
        """What the configuration says of one.

        Raises:
            KeyError: there is none of that id.
        """
        return self._boxes[name].settings

    def status(self, name: str) -> EndpointStatus:
        """How one stands.

        Raises:
            KeyError: there is none of that id.
        """
        return self._boxes[name].status()

    def states(self) -> dict[tuple[str, ...], float]:
        """How many endpoints of each kind are in each state."""
        return dict(Counter((box.settings.kind, box.state) for box in self._boxes.values()))

    def in_calls(self) -> dict[tuple[str, ...], float]:
        """How many endpoints of each kind said that they are in a call."""
        return dict(Counter((box.settings.kind,) for box in self._boxes.values() if box.calls))

    async def push(self, name: str) -> None:
        """Show an endpoint its room's list now, changed or not, and wait for the outcome.

        One that refused the login is opened afresh for it and tried once more: a person wants
        that, who has mended it there. Where it is shown nothing it is signed in to, once.

        Raises:
            KeyError: there is none of that id.
            ConnectorError: it did not take it; `unsupported` where it is shown nothing.
        """
        box = self._boxes[name]
        if box.state == "denied":
            box = await self._afresh(box)
            if box.state == "denied":  # somebody else wanted the same, and was refused
                raise refusal(box)
            if not box.does.show:
                await self.act(name, _sign_in)
                return
        if not box.does.show:
            raise Malformed("it is not told any list", reason="unsupported")
        outcome = asyncio.get_running_loop().create_future()
        box.waiting = [*(box.waiting or ()), outcome]
        self._soon(box, 0.0, FIRST)
        await outcome

    async def act(
        self, name: str, what: Callable[[Endpoint], Awaitable[T]], *, seconds: float = ACTION_LIMIT
    ) -> T:
        """Have an endpoint do something, one thing after another, in bounded time.

        Raises:
            KeyError: there is none of that id.
            ConnectorError: what it failed with. After `Denied` nothing is tried any more before
                its settings change or a person has it pushed; until then that is raised again.
        """
        box = self._boxes[name]
        if box.acting is None:
            box.acting = asyncio.Lock()
        outcomes, kind = self._ledger.counts.actions, box.settings.kind
        async with box.acting:
            if self._boxes.get(name) is not box:
                raise _gone()
            if box.state == "denied":
                raise refusal(box)
            try:
                answer = await self._ledger.tried(box, what(box.endpoint), seconds)
            except ConnectorError as error:
                outcomes[kind, error.reason] += 1
                if isinstance(error, Unavailable):
                    self._look(box)
                raise
            outcomes[kind, "ok"] += 1
            if box.failures:
                self._soon(box, DEBOUNCE)
            return answer

    def heard(self, kind: str, secret: str, call: Call) -> Reply | None:
        """Hand what was posted to the device that knows this secret; None where none does."""
        box = self._boxes.get(self._hooks.owner(kind, secret) or "")
        return cast("Hears", box.endpoint).hear(call) if box and box.does.hear else None

    async def _begin(self, settings: EndpointSettings) -> Outbox:
        """Look after one more."""
        box = self._boxes[settings.id] = await self._opened(settings)
        self._by_room.setdefault(settings.room, []).append(box)
        if box.does.asked:
            self._soon(box, DEBOUNCE if box.does.show else spread(FACTS_SOON, 0.9))
        self._attending.adopt(box)
        return box

    async def _afresh(self, refused: Outbox) -> Outbox:
        """Forget that an endpoint refused the login: its driver remembers that too."""
        async with self._changing:
            box = self._boxes[refused.settings.id]
            if box is refused:  # else it was opened anew a moment ago
                try:
                    await self._close([box.settings.id])
                finally:
                    box = await self._begin(box.settings)
            return box

    async def _opened(self, settings: EndpointSettings) -> Outbox:
        hook = self._hooks.path(settings, self._public_url)
        outside = replace(self._outside, hook=hook) if hook else self._outside
        held = load.endpoint(settings.kind).connect(settings.options, outside)
        endpoint = await held.__aenter__()
        box = Outbox(
            settings=settings,
            endpoint=endpoint,
            held=held,
            since=self._clock.now(),
            does=does(type(endpoint)),
        )
        if not box.does.hear:
            self._hooks.drop(settings)
        box.state = box.at_rest
        box.tells = None if box.does.list else False
        if box.does.show:
            box.facts_at = float("inf")  # once it was shown something
        return box

    async def _close(self, names: Sequence[str]) -> None:
        await asyncio.gather(*(self._let_go(name) for name in names))

    async def _let_go(self, name: str) -> None:
        """Know nothing of an endpoint any more; what it holds has bounded time to end."""
        box = self._boxes.pop(name)
        self._by_room[box.settings.room].remove(box)
        self._turns.drop(name)
        self._queue.pop(name, None)
        self._hooks.drop(box.settings)
        settle(_gone(), box.waiting or ())
        self._ledger.over(box)
        try:
            async with asyncio.timeout(LETTING_GO):
                await _end(box.turn)
                await self._attending.drop(box)
                await box.held.__aexit__(None, None, None)
        except Exception as error:  # noqa: BLE001 - one endpoint's fault must not hold up the others
            log.error("letting go of %s: %s", box.subject, fault(error))

    def _soon(self, box: Outbox, wait: float, rank: int = USUAL) -> None:
        """Its turn is in so many seconds at the latest."""
        if self._boxes.get(box.settings.id, box) is not box or box.state == "denied":
            return
        if box.busy:
            box.again = wait if box.again is None else min(wait, box.again)
        else:
            self._turns.sooner(box.settings.id, self._clock.monotonic() + wait, rank)

    def _look(self, box: Outbox) -> None:
        """It may be away: see soon."""
        now = self._clock.monotonic()
        box.check_at = min(box.check_at, now)
        if not box.does.show:
            box.facts_at = now
        if box.does.asked:
            self._soon(box, FIRST_RETRY)

    def _silenced(self, box: Outbox) -> None:
        """It refused the login: ask nothing more of it."""
        self._turns.drop(box.settings.id)
        self._queue.pop(box.settings.id, None)
        self._attending.silence(box)
        waiting, box.waiting = box.waiting or (), None
        settle(refusal(box), waiting)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await self._places.acquire()
                name = await self._turns.next()
                box = self._boxes.get(name)
                # Somebody waits for it: not behind all that are off.
                preferred = box is not None and (not box.failures or bool(box.waiting))
                if box is not None and preferred and not box.busy:
                    self._queue.pop(name, None)
                    box.busy = True
                    box.turn = group.create_task(self._turn(box))
                    self._places.hold(box.turn)
                    continue
                self._places.release()
                if box is not None and box.busy:  # it waited in the queue when this was said
                    box.again = 0.0
                elif box is not None:
                    self._queue[name] = None
                    self._next(group)

    def _next(self, group: asyncio.TaskGroup) -> None:
        """Begin with those that failed last, as far as there are places for them."""
        while self._queue and self._failing < FAILING_AT_A_TIME:
            name = next(iter(self._queue))
            del self._queue[name]
            box = self._boxes.get(name)
            if box is not None and not box.busy:
                self._failing += 1
                box.busy = True
                box.turn = group.create_task(self._mended(box, group))

    async def _mended(self, box: Outbox, group: asyncio.TaskGroup) -> None:
        try:
            await self._turn(box)
        finally:
            self._failing -= 1
        self._next(group)

    async def _turn(self, box: Outbox) -> None:
        """One endpoint's turn, whatever comes of it."""
        try:
            wait = await self._serving.serve(box)
        except Exception as error:  # noqa: BLE001 - one endpoint's turn must not end the others
            log.error("%s: %s", box.subject, fault(error))
            wait = LONGEST_RETRY
        finally:
            box.busy, box.turn = False, None
        again, box.again = box.again, None
        if self._boxes.get(box.settings.id) is not box or box.state == "denied":
            return
        rank = FIRST if box.waiting else USUAL if again is None else TOLD
        due = [one for one in (wait, again) if one is not None]
        if due:
            self._turns.at(box.settings.id, self._clock.monotonic() + min(due), rank)


async def _end(turn: asyncio.Task[None] | None) -> None:
    """End a turn: a list that is still on its way must not come behind a newer one."""
    if turn is not None and turn is not asyncio.current_task():
        turn.cancel()
        await asyncio.wait([turn])


async def _sign_in(endpoint: Endpoint) -> None:
    """Try the login, where nothing else is to be done."""
    if isinstance(endpoint, Tried):
        await endpoint.attempt()


def _gone() -> Unavailable:
    return Unavailable("its settings changed meanwhile", reason="broken_off")
