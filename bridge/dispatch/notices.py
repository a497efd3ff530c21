"""What devices tell by themselves: hints that something is worth doing, and wishes of people."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Protocol

from bridge.dispatch.ledger import Ledger
from bridge.dispatch.outbox import Outbox
from bridge.dispatch.serving import DEBOUNCE, FACTS_SOON, UNCHANGED
from bridge.dispatch.status import Outcome
from bridge.dispatch.wishes import MOST, TOO_MANY, Wish, Wishes, nobody, passes, what
from bridge.logs import fault
from bridge.pace import spread
from bridge.turns import FIRST, TOLD, USUAL
from connector.endpoint import (
    BookingWanted,
    CallsChanged,
    CheckedIn,
    Connected,
    ExtensionWanted,
    Lost,
    Notice,
    PeopleChanged,
    PhoneCall,
    ReleaseWanted,
)
from rooms.clock import Clock

log = logging.getLogger(__name__)

CALM = 900.0
"""Seconds without a wish too many until health says nothing more of it."""
HeardCalls = Callable[[str, tuple[PhoneCall, ...] | None], None]
HeardPeople = Callable[[str, bool | None], None]


class Soon(Protocol):
    """Who has an endpoint's turn come."""

    def __call__(self, box: Outbox, wait: float, rank: int = USUAL) -> None:
        """Its turn is in so many seconds at the latest."""


class Notices:
    """Takes what endpoints tell, at once."""

    def __init__(self, ledger: Ledger, clock: Clock, *, soon: Soon) -> None:
        self._ledger = ledger
        self._clock = clock
        self._soon = soon
        self._tasks: set[asyncio.Task[None]] = set()
        self._insistent: dict[Outbox, asyncio.TimerHandle] = {}
        """Devices that wanted too much of late, and when they are looked at."""
        self.wishes: Wishes = nobody
        self.on_calls: list[HeardCalls] = []
        self.on_people: list[HeardPeople] = []

    async def stop(self) -> None:
        """Wait for no wish any more."""
        for timer in self._insistent.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def told(self, box: Outbox, notice: Notice) -> None:
        """Something happened at a device."""
        box.reachable = box.reachable if notice == Connected(up=False) else True
        match notice:
            case Lost():
                self._lost(box, notice)
            case CallsChanged():
                self._called(box, notice.calls)
            case PeopleChanged():
                self._seen(box, notice.seen)
            case Connected():
                self._connected(box, up=notice.up)
            case CheckedIn():
                box.checked_in = notice.booking
            case BookingWanted() | ExtensionWanted() | ReleaseWanted():
                self._wished(box, notice)

    def _lost(self, box: Outbox, notice: Lost) -> None:
        """It may have lost its list: shown again, or asked where it can tell, soon (EP-20)."""
        if box.shown is None:  # it is to be shown one anyway
            return
        now = self._clock.monotonic()
        box.lost = True
        if notice.why in {"boot", "sync_required"}:
            self._ledger.turn(box, "unknown")
        if notice.why == "connected" and box.tells is not False:
            box.check_at = now + DEBOUNCE
            self._soon(box, DEBOUNCE)
            return
        due = max(now + DEBOUNCE, box.shown_at + UNCHANGED)
        box.repair_at = due if box.repair_at is None else min(due, box.repair_at)
        self._soon(box, box.repair_at - now, TOLD)

    def deaf(self, box: Outbox) -> None:
        """Nothing is heard from it any more."""
        if box.connected:
            box.connected = False
        self._called(box, None)
        self._seen(box, None)

    def _seen(self, box: Outbox, people: bool | None) -> None:
        if box.people is people:
            return
        box.people = people
        for heard in self.on_people:
            heard(box.settings.id, people)

    def _called(self, box: Outbox, calls: tuple[PhoneCall, ...] | None) -> None:
        if calls is None and box.calls is None:
            return
        box.calls = calls
        for heard in self.on_calls:
            heard(box.settings.id, calls)

    def _connected(self, box: Outbox, *, up: bool) -> None:
        if not up:
            box.connected = False
            self._called(box, None)
            self._seen(box, None)
            return
        box.connected = True
        self._ledger.over(box, "endpoint_unattended")
        wait = spread(FACTS_SOON, 0.9)
        box.facts_at = min(box.facts_at, self._clock.monotonic() + wait)
        self._soon(box, DEBOUNCE if box.failures else wait)

    def _wished(self, box: Outbox, wish: Wish) -> None:
        if box.wishing >= MOST:
            self._done(box, wish, TOO_MANY)
            return
        if box.wished is None:
            box.wished = deque()
        if not passes(box.wished, self._clock.monotonic()):
            self._done(box, wish, TOO_MANY)
            self._insists(box)
            return
        box.wishing += 1
        task = asyncio.get_running_loop().create_task(self._grant(box, wish))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _insists(self, box: Outbox) -> None:
        """It wants more than people do: said until it is calm."""
        box.insisted_at = self._clock.monotonic()
        if box not in self._insistent:
            self._ledger.say(box, "endpoint_insistent")
            self._calm(box)

    def _calm(self, box: Outbox) -> None:
        rest = box.insisted_at + CALM - self._clock.monotonic()
        if rest > 0:
            loop = asyncio.get_running_loop()
            self._insistent[box] = loop.call_later(rest, self._calm, box)
        else:
            del self._insistent[box]
            self._ledger.over(box, "endpoint_insistent")

    async def _grant(self, box: Outbox, wish: Wish) -> None:
        """Do it, and show the list at once: the device waits for that (EP-11)."""
        began = self._clock.monotonic()
        try:
            code = await self.wishes(box.settings.id, box.settings.room, wish)
        except Exception as error:  # noqa: BLE001 - one wish's fault must not end the others
            log.error("%s: %s", box.subject, fault(error))
            code = "unexpected"
        finally:
            box.wishing -= 1
        self._done(box, wish, code)
        if not code and box.shown_at < began:
            box.repair_at = self._clock.monotonic()
            self._soon(box, 0.0, FIRST)

    def _done(self, box: Outbox, wish: Wish, code: str) -> None:
        name, before = what(wish), box.last_wish.refused if box.last_wish else 0
        refused = before + 1 if code else 0
        box.last_wish = Outcome(what=name, code=code, at=self._clock.now(), refused=refused)
        self._ledger.counts.wishes[box.settings.kind, name, code or "ok"] += 1
        if refused <= 1:  # a device could have us say it without end
            log.info("%s: wanted there: %s: %s", box.subject, name, code or "done")
