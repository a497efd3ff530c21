"""What an endpoint is told and asked when its turn comes: its list, what it lists, what it is."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from typing import cast

from bridge.dispatch.ledger import Ledger
from bridge.dispatch.outbox import Outbox, digest_of
from bridge.pace import doubling, spread
from connector.endpoint import Described, Lists, Shows
from connector.errors import ConnectorError, Malformed, NotFound, Unavailable
from rooms.clock import Clock
from rooms.endpoint_agenda import until_change, within_reach
from rooms.model import Agenda
from rooms.store import Store

DEBOUNCE = 1.5
"""Seconds that a changed list waits for more changes."""
UNCHANGED = 60.0
"""Seconds between two pushes of the same list, at least (EP-20)."""
REPAIR = 900.0
"""Seconds after which a unit is asked again what it lists; or, where it cannot tell, shown the
same list again: it may have lost it."""
CONFIRM = 5.0
"""Seconds after a push, more or less, until the unit is asked whether it has the list."""
PUSH_LIMIT = 90.0
"""Seconds for one push."""
ASK_LIMIT = 60.0
"""Seconds for one question."""
FACTS_SOON, FACTS_AGAIN, FACTS_EVERY = 60.0, 900.0, 6 * 3600.0
"""Seconds until a unit is asked what it is: once it is there, after a failure, and ever again."""
CLOCK = timedelta(seconds=60)
"""How wrong a unit's clock may be: Join comes as much too early or too late."""
DRIFTS, DRIFT_OVER = 3, 7200.0
"""So many lists lost, without so many seconds of peace between, are no accident."""


class Serving:
    """Does what is due for one endpoint at a time."""

    def __init__(self, store: Store, clock: Clock, ledger: Ledger) -> None:
        self._store = store
        self._clock = clock
        self._ledger = ledger

    async def serve(self, box: Outbox) -> float | None:
        """Do what is due; seconds until there is more, None until something happens."""
        # Who was refused waits for other settings: one more try may lock the user out.
        if box.state == "denied":
            return None
        rest = box.rest_until - self._clock.monotonic()
        if rest > 0 and not box.waiting:
            return rest
        agenda = self._store.agenda(box.settings.room) if box.does.show else None
        try:
            telling = self._telling(box, agenda)
            if telling is not None:
                await telling
            if box.does.describe and self._clock.monotonic() >= box.facts_at:
                await self._describe(box)
        except ConnectorError as error:
            return self._ledger.failed(box, error)
        return self._until(box, agenda)

    def _telling(self, box: Outbox, agenda: Agenda | None) -> Awaitable[None] | None:
        """What is due now: to show the list, to ask for it, or nothing."""
        if agenda is None:
            waiting, box.waiting = box.waiting or (), None
            settle(Unavailable("the calendar was not read yet", reason="never_read"), waiting)
            return None
        near = within_reach(agenda, self._clock.now())
        digest, now = digest_of(near), self._clock.monotonic()
        repair = box.repair_at is not None and now >= box.repair_at
        if box.shown != digest or repair or box.waiting:
            return self._push(box, near, digest)
        if box.tells is not False and now >= box.check_at:
            return self._check(box, near)
        return None

    async def _push(self, box: Outbox, near: Agenda, digest: bytes) -> None:
        waiting, box.waiting = box.waiting or (), None
        # Before, not after: what is lost meanwhile is to be shown once more.
        box.lost, box.repair_at = False, None
        endpoint = cast("Shows", box.endpoint)
        try:
            await self._ledger.tried(box, endpoint.show(near), PUSH_LIMIT)
        except ConnectorError as error:
            box.shown = None
            self._ledger.counts.pushes[box.settings.kind, error.reason] += 1
            settle(error, waiting)
            raise
        except asyncio.CancelledError:
            settle(Unavailable("its settings changed meanwhile", reason="broken_off"), waiting)
            raise
        settle(None, waiting)
        self._ledger.counts.pushes[box.settings.kind, "ok"] += 1
        self._recovered(box)
        self._ledger.well(box, "shown")
        box.shown, box.shown_time = digest, self._clock.now()
        box.shown_at = now = self._clock.monotonic()
        box.check_at = now + spread(CONFIRM, 0.5)
        if box.lost and box.repair_at is not None:  # it told so meanwhile
            box.repair_at = max(box.repair_at, now + UNCHANGED)
        elif box.tells is False and box.repair_at is None:
            box.repair_at = now + REPAIR

    async def _check(self, box: Outbox, near: Agenda) -> None:
        """Ask whether it lists exactly this (EP-12)."""
        outcomes, kind = self._ledger.counts.read_backs, box.settings.kind
        endpoint = cast("Lists", box.endpoint)
        found: bool | None = None
        lost, box.lost = box.lost, False
        try:
            found = await self._ledger.tried(box, endpoint.lists(near), ASK_LIMIT)
        except (Malformed, NotFound) as error:
            outcomes[kind, error.reason] += 1
        except ConnectorError as error:
            outcomes[kind, error.reason] += 1
            box.lost |= lost
            raise
        else:
            outcomes[kind, {True: "confirmed", False: "drift", None: "untold"}[found]] += 1
        self._recovered(box)
        now = self._clock.monotonic()
        if found:
            self._ledger.well(box, "confirmed")
            box.tells, box.confirmed_time = True, self._clock.now()
            box.check_at = now + spread(REPAIR)
            if box.drifting and now - box.drifted_at >= DRIFT_OVER:
                box.drifting = 0
                self._ledger.over(box, "endpoint_drift")
        elif found is None:
            self._ledger.well(box, "shown")
            # Who could tell before is asked again behind the next push.
            box.tells = None if box.confirmed_time else False
            box.lost |= lost
            box.check_at = now + REPAIR
            wait = UNCHANGED if box.lost else REPAIR
            box.repair_at = max(now, box.shown_at + wait)
        else:
            self._ledger.well(box, "shown")
            box.tells = box.lost = True
            if box.repair_at is None:
                self._drifted(box, now)
            box.check_at = box.repair_at or now  # the same loss is not found twice

    def _drifted(self, box: Outbox, now: float) -> None:
        """It lost what it took, or somebody else wrote its list: rarer each time, told once."""
        box.drift += 1
        box.drifting = 1 if now - box.drifted_at >= DRIFT_OVER else box.drifting + 1
        box.drifted_at = now
        wait = doubling(UNCHANGED, max(0, box.drifting - DRIFTS), REPAIR)
        box.repair_at = max(now, box.shown_at + wait)
        if box.drifting >= DRIFTS:
            self._ledger.say(box, "endpoint_drift")

    def _recovered(self, box: Outbox) -> None:
        """Where it was away, or is new, it may be another than before."""
        if box.failures or box.shown_time is None:
            box.tells = None if box.does.list else False
            box.facts_at = self._clock.monotonic() + spread(FACTS_SOON, 0.9)

    async def _describe(self, box: Outbox) -> None:
        """Ask what it is."""
        endpoint = cast("Described", box.endpoint)
        try:
            facts = await self._ledger.tried(box, endpoint.facts(), ASK_LIMIT)
        except ConnectorError:
            if not box.does.show:  # nothing else tells whether it is there
                raise
            box.facts_at = self._clock.monotonic() + spread(FACTS_AGAIN)
            return
        box.facts = facts
        box.facts_at = self._clock.monotonic() + spread(FACTS_EVERY)
        if not box.does.show:
            self._ledger.well(box, box.at_rest)
        off = facts.clock_off
        if off is not None and abs(off) > CLOCK:
            way = "ahead" if off > timedelta() else "behind"
            words = f"the clock of the room system is {abs(off).total_seconds():.0f} s {way}"
            self._ledger.say(box, "endpoint_clock", words)
        else:
            self._ledger.over(box, "endpoint_clock")

    def _until(self, box: Outbox, agenda: Agenda | None) -> float | None:
        """Seconds until something is due that nobody tells of."""
        if box.state == "denied":
            return None
        now = self._clock.monotonic()
        due = [box.facts_at] if box.does.describe else []
        if agenda is not None:
            change = until_change(agenda, self._clock.now()).total_seconds() + 1
            due.append(now + change)
            if box.repair_at is not None:
                due.append(box.repair_at)
            elif box.tells is not False:
                due.append(box.check_at)
        soonest = min(due, default=float("inf"))
        return None if soonest == float("inf") else max(0.0, soonest - now)


def settle(error: ConnectorError | None, waiting: Iterable[asyncio.Future[None]]) -> None:
    """Tell who waits for a push what came of it; whoever knows already hears nothing new."""
    for one in waiting:
        if one.done():
            continue
        if error is None:
            one.set_result(None)
        else:
            one.set_exception(error)
