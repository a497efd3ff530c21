"""What callers want done in rooms: by the room's policy, once for each key, answered as JSON."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

from bridge.views import render
from bridge.views.booking_shapes import (
    MOST_MINUTES,
    ActedShape,
    CreateOrder,
    EndOrder,
    ExtendOrder,
    ReleaseOrder,
)
from bridge.views.bookings import Asked
from bridge.views.house import encode
from bridge.views.openapi import STATUSES
from bridge.views.web import Problem
from bridge.writing.attempts import Attempt, Attempts, Reply, Reused, Unkept, claim
from bridge.writing.bookings import Bookings
from bridge.writing.model import Action, Bid, Deed, Done, Refused
from rooms import recurrence
from rooms.agenda import plain
from rooms.clock import Clock
from rooms.model import Booking, Window
from rooms.room import Room, Writes

LATE = timedelta(minutes=5)
"""How long ago a booking may have begun."""
FARTHEST = timedelta(days=550)
"""How far ahead one may begin."""

_WORDS: dict[Action, Literal["created", "extended", "ended", "released"]] = {
    "create": "created",
    "extend": "extended",
    "end": "ended",
    "release": "released",
}

Do = Callable[[Deed, Attempt], Awaitable[Done]]


class Actions:
    """Where callers come with what they want done."""

    def __init__(self, bookings: Bookings, attempts: Attempts, clock: Clock) -> None:
        self._bookings = bookings
        self._attempts = attempts
        self._clock = clock
        self.done: list[Callable[[Asked, Action, Booking], None]] = []
        """Told of each booking that was made or changed, and of who did so."""

    async def create(self, asked: Asked, order: CreateOrder) -> tuple[int, bytes]:
        """Book the room."""
        series = bool(order.recurrence)
        _allow(asked.room, "full" if series else "adhoc")
        title = _checked(order)

        async def do(deed: Deed, attempt: Attempt) -> Done:
            if attempt.aim:  # an earlier try meant another now
                start = datetime.fromisoformat(attempt.aim["start"])
                when = Window(start=start, end=_end(order, start))
            else:
                when = self._when(asked.room, order)
                await attempt.aims(start=when.start.isoformat())
            bid = Bid(
                title=title, when=when, text=plain(order.organizer), recurrence=order.recurrence
            )
            return await self._bookings.create(asked.room, bid, deed)

        return await self._once(asked, "create", do, series=series, status=201)

    def _when(self, room: Room, order: CreateOrder) -> Window:
        """When a booking shall be, if that makes sense now.

        Raises:
            Refused: it does not.
        """
        now = self._clock.now()
        start = order.start.astimezone(UTC) if order.start else now
        start = start.replace(second=0, microsecond=0)
        end = _end(order, start)
        if not timedelta() < end - start <= timedelta(minutes=MOST_MINUTES):
            raise Refused("bad_body", "a booking ends after its start, within a day")
        if not now - LATE <= start <= now + FARTHEST or end <= now:
            raise Refused("bad_body", "a booking begins now or later, within 550 days")
        try:
            if order.recurrence:
                recurrence.parse(order.recurrence).starts(start, room.zone)
        except ValueError as error:
            raise Refused("bad_body", f"`recurrence`: {error}") from error
        return Window(start=start, end=end)

    async def extend(self, asked: Asked, order: ExtendOrder) -> tuple[int, bytes]:
        """Let a booking end later."""
        _allow(asked.room, "adhoc")
        if (order.minutes is None) == (order.end is None):
            raise _bad("give `minutes` or `end`")

        def later(end: datetime) -> datetime:
            longest = timedelta(minutes=order.minutes or MOST_MINUTES)
            return min(end + longest, order.end.astimezone(UTC)) if order.end else end + longest

        async def do(deed: Deed, attempt: Attempt) -> Done:
            if "until" in attempt.aim:
                deed.until = datetime.fromisoformat(attempt.aim["until"])

            async def aim(end: datetime) -> None:
                await attempt.aims(until=end.isoformat())

            deed.aim = aim
            return await self._bookings.extend(asked.room, asked.booking, later, deed)

        return await self._once(asked, "extend", do)

    async def end(self, asked: Asked, _order: EndOrder) -> tuple[int, bytes]:
        """Let a booking end now."""
        _allow(asked.room, "release")

        async def do(deed: Deed, _attempt: Attempt) -> Done:
            return await self._bookings.end(asked.room, asked.booking, deed)

        return await self._once(asked, "end", do)

    async def release(self, asked: Asked, order: ReleaseOrder) -> tuple[int, bytes]:
        """Give the room back."""
        series = order.scope == "series"
        _allow(asked.room, "full" if series else "release")

        async def do(deed: Deed, _attempt: Attempt) -> Done:
            return await self._bookings.release(asked.room, asked.booking, deed)

        return await self._once(asked, "release", do, series=series)

    async def _once(
        self, asked: Asked, action: Action, do: Do, *, series: bool = False, status: int = 200
    ) -> tuple[int, bytes]:
        """Do it unless it was done, and answer."""

        async def tried(attempt: Attempt) -> Reply:
            deed = Deed(
                action=action,
                actor=asked.caller.name,
                key=attempt.key,
                booking=asked.booking,
                series=series,
                text=asked.text,
                when=asked.when,
                resumed=attempt.resumed,
            )
            try:
                done = await do(deed, attempt)
            except Refused as refused:
                if STATUSES[refused.code] >= 500:
                    raise _problem(refused) from refused
                return Reply(STATUSES[refused.code], encode(_problem(refused).shape()))
            if done.booking is not None:
                for tell in self.done:
                    tell(asked, action, done.booking)
            return Reply(status, encode(_shape(asked, action, done)))

        # Two displays of a room may choose the same key, and so may services of one name.
        who = asked.caller.token or asked.caller.name
        try:
            return await self._attempts.once(claim(who, asked.key, *asked.request), tried)
        except Reused as error:
            raise Problem(STATUSES["key_reused"], "key_reused") from error
        except Unkept as error:
            raise Problem(STATUSES["disk_failing"], "disk_failing") from error


def _checked(order: CreateOrder) -> str:
    """The title of an order that makes sense by itself.

    Raises:
        Problem: it makes none.
    """
    if (order.minutes is None) == (order.end is None):
        raise _bad("give `end` or `minutes`")
    title = plain(order.title)
    if not title:
        raise _bad("a booking has a title")
    return title


def _end(order: CreateOrder, start: datetime) -> datetime:
    if order.end is not None:
        return order.end.astimezone(UTC)
    return start + timedelta(minutes=order.minutes or 0)


def _allow(room: Room, needed: Writes) -> None:
    """Let pass what the room's policy allows.

    Raises:
        Problem: everything else.
    """
    if not room.policy.allows(needed):
        words = f"writes is {room.policy.writes}, and this needs {needed}: rooms.yaml, room"
        words += f" {room.id}, else bridge.yaml"
        raise Problem(STATUSES["writes_not_allowed"], "writes_not_allowed", words)


def _shape(asked: Asked, action: Action, done: Done) -> ActedShape:
    sight, booking = asked.caller.sight, done.booking
    shape = None
    if booking is not None:
        booking = render.seen(booking, asked.room, sight)
        joins = render.joins(booking, sight)
        shape = render.booking(booking, asked.room.zone, join=joins)
    return ActedShape(done=_WORDS[action], booking=shape, shown=done.shown, overlaps=done.overlaps)


def _problem(refused: Refused) -> Problem:
    wait = {"Retry_After": str(int(refused.wait.total_seconds()) + 1)} if refused.wait else {}
    return Problem(STATUSES[refused.code], refused.code, refused.words, **wait)


def _bad(words: str) -> Problem:
    return Problem(400, "bad_body", words)
