"""Who may do what at a door: what the room's policy offers, with its PIN, and not too often."""

import hmac
import math
import sqlite3
from contextlib import suppress

from bridge.callers import Caller
from bridge.displays.pins import Pins
from bridge.views.openapi import STATUSES
from bridge.views.touch import Touch
from bridge.views.web import PIN, Problem
from rooms.audit import Audit, Entry
from rooms.clock import Clock
from rooms.display import DisplayPolicy
from rooms.room import Room

MOST, SPAN = 20, 60.0
"""So many touches of one display in so many seconds, whatever came of them."""
MOST_LOOKS = 60
"""So often it may look in that time for what it would do: thousands of agendas are gone through."""


class Gate:
    """Lets displays do what the policies of their rooms offer."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._pins = Pins(clock)
        self._counts: dict[str, int] = {}
        self._ends = 0.0

    async def __call__(self, caller: Caller, room: Room, touch: Touch, /) -> None:
        """Let it pass.

        Raises:
            Problem: `not_offered`, `pin_required`, `pin_wrong`, `too_many_requests`.
        """
        policy = room.policy.display
        if touch.offer not in policy.offers or (touch.offer == "find" and policy.find == "none"):
            words = f"`{touch.offer}` is not in display.offers: rooms.yaml, room {room.id}, else"
            raise _problem("not_offered", f"{words} bridge.yaml")
        display = caller.token or caller.name
        if not touch.acts:
            if wait := self._count(f"{display} looks", MOST_LOOKS):
                raise _problem("too_many_requests", "too many searches in a minute", wait)
            return
        if wait := self._count(display, MOST):
            raise _problem("too_many_requests", "too many touches in a minute", wait)
        if policy.pin and {*touch.asks, touch.offer} & {*policy.pin_for}:
            await self._ask(caller, room, policy, touch)

    def _count(self, display: str, most: int) -> int:
        """Count a touch; the seconds to wait where it is one too many."""
        now = self._clock.monotonic()
        if now >= self._ends:
            self._ends = now + SPAN
            self._counts.clear()
        seen = self._counts.get(display, 0)
        if seen >= most:
            return max(1, math.ceil(self._ends - now))
        self._counts[display] = seen + 1
        return 0

    async def _ask(self, caller: Caller, room: Room, policy: DisplayPolicy, touch: Touch) -> None:
        # Guesses at a PIN that is gone count no more: to change it opens what somebody has closed.
        which = hash(policy.pin)
        keys = f"display {caller.token} {which}", f"room {room.id} {which}"
        if wait := self._pins.locked(*keys):
            raise _problem("too_many_requests", "too many wrong PINs", wait)
        if not touch.pin:
            raise _problem("pin_required", f"send it in the header {PIN}")
        given = touch.pin.encode(errors="surrogateescape")
        if hmac.compare_digest(given, policy.pin.encode()):
            return
        wait = self._pins.wrong(*keys)
        entry = Entry(
            at=self._clock.now(),
            actor=caller.name,
            action="displays.pin_wrong",
            object=room.id,
            detail={"offer": touch.offer, "locked_s": wait},
        )
        with suppress(sqlite3.Error):  # on a full disk it is wrong all the same
            await self._audit.record(entry)
        raise _problem("pin_wrong")


def _problem(code: str, words: str = "", wait: int = 0) -> Problem:
    headers = {"Retry_After": str(wait)} if wait else {}
    return Problem(STATUSES[code], code, words, **headers)
