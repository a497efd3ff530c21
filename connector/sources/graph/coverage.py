"""Which rooms Microsoft 365 tells of by itself: subscriptions made, renewed, and found missing.

A notification is only ever a hint. It counts where it knows the secret of a subscription that is
held (`clientState`); everything else is counted and dropped.
"""

import asyncio
import contextlib
import hmac
import logging
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from connector.errors import ConnectorError, NotFound, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from connector.sources.graph.notifications import Notification
from connector.sources.graph.rota import Rota
from connector.sources.graph.sensing import Sensing
from connector.sources.graph.subscriptions import Desk, Subscription
from connector.watching import Watch
from rooms.room import Room

log = logging.getLogger(__name__)

KEPT_AS = "notification_key"
"""The key from which each subscription's secret is made."""
IN_FLIGHT = 4
"""Requests at a time."""
PACE = 0.1
"""Seconds after each: Graph allows 1,000 in 20 s for each application and tenant."""
SOONEST, LATEST = 0.70, 0.85
"""The share of its life after which a subscription is renewed."""
LOOK = 4 * 3600.0
"""Seconds between looks at whether Graph still has them all."""
EXPIRE = 60.0
"""Seconds between looks at which of them have ended."""
AGAIN = 30.0
"""Seconds before a failed one is tried again; each failure doubles them."""
SLOWEST = 3600.0
"""Seconds between tries at most: a grant may take two hours."""
HELD = 60.0
"""Seconds without any try after a failure that concerns all rooms."""
FAILURES = 5
"""Outages of one room in a row after which it is said."""
RENEWED = 60.0
"""Seconds in which another call for renewal is passed over."""


@dataclass(kw_only=True, eq=False)
class Seat:
    """One room."""

    room: Room
    held: str = ""
    """The id of its subscription."""
    expires: datetime | None = None
    since: float = 0.0
    """When it was made or renewed."""
    failures: int = 0
    said: bool = False
    """Whether it was said that the service does not tell of this room."""


class Key(NamedTuple):
    """What each subscription's secret is made from."""

    text: str
    known: bool
    """Whether subscriptions of an earlier run have theirs from it."""


async def key_of(outside: Outside) -> Key:
    """The key, kept where there is a vault.

    Without one, or where it cannot be written, subscriptions do not outlive a restart: they are
    ended and made again.
    """
    if outside.keep is not None and (kept := outside.keep.get(KEPT_AS)):
        return Key(kept.reveal(), known=True)
    key = secrets.token_hex(32)
    if outside.keep is not None:
        try:
            await outside.keep.put(KEPT_AS, Secret(key))
        except OSError as error:
            log.warning("the key of notifications could not be kept: %s", type(error).__name__)
    return Key(key, known=False)


class Coverage:
    """The subscriptions of all rooms of a source."""

    def __init__(
        self,
        desk: Desk,
        watch: Watch,
        outside: Outside,
        *,
        hook: str,
        key: Key,
        heard: bool = True,
    ) -> None:
        """Where notifications are fetched nothing is heard until `listening`."""
        self._desk = desk
        self._watch = watch
        self._clock = outside.clock
        self._meter = outside.meter
        self._hook = hook
        self._key = key
        self._seats: dict[str, Seat] = {}
        self._by_id: dict[str, Seat] = {}
        self._due = Rota(self._clock)
        self._unwanted: asyncio.Queue[str] = asyncio.Queue()
        self._failing = False
        self._hears = heard
        self._deaf: ConnectorError | None = None
        self.sensing: Sensing | None = None

    def covers(self, room: str) -> bool:
        """Whether a room has a subscription that lives, and what it tells is heard."""
        seat = self._seats.get(room)
        return bool(seat and seat.held and self._hears)

    def arrange(self) -> None:
        """Take up rooms that are new or have another mailbox, and let go of those that left."""
        rooms = self._watch.rooms
        for name, seat in list(self._seats.items()):
            room = rooms.get(name)
            if room is not None and room.mailbox == seat.room.mailbox:
                seat.room = room
                continue
            if seat.held:
                self._unwanted.put_nowait(seat.held)
                self._forget(seat, told=room is not None)
            del self._seats[name]
            self._due.drop(name)
        for name, room in rooms.items():
            if name not in self._seats:
                self._seats[name] = Seat(room=room)
                self._due.put(name, 0)

    async def run(self) -> None:
        """Keep rooms covered until cancelled; subscriptions are left for the next start then."""
        await self._begin()
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(self._work())
            group.create_task(self._tidy())
            group.create_task(self._look())
            group.create_task(self._expire())

    def take(self, values: Sequence[Notification]) -> None:
        """Act on notifications, wherever they came from: nothing but hints comes of them."""
        for value in values:
            seat = self._by_id.get(value.subscription_id)
            if seat is None:
                self._meter.heard("unknown")
                continue
            given = (value.client_state or "").encode("utf-8", "replace")
            if not hmac.compare_digest(given, self._secret(seat.room).encode()):
                self._meter.heard("forged")
                continue
            self._meter.heard("taken")
            self._heard(seat, value)

    def listening(self, *, afresh: bool) -> None:
        """What is told is heard from now on; where some may be lost, every room is read."""
        self._hears, self._deaf = True, None
        if not self._failing:
            self._watch.well()
        for seat in list(self._by_id.values()):
            self._watch.covered(seat.room.id, by=True)
            if afresh:
                self._missed(seat.room.id)

    def deaf(self, error: ConnectorError) -> None:
        """What is told is not heard."""
        heard, self._hears, self._deaf = self._hears, False, error
        self._watch.failing(error)
        if heard:
            for seat in list(self._by_id.values()):
                self._watch.covered(seat.room.id, by=False)

    async def _begin(self) -> None:
        """Take over or end what an earlier run left, before anything is made."""
        while True:
            if await self._looked(adopt=True):
                self.arrange()
                return
            await asyncio.sleep(HELD)

    def _heard(self, seat: Seat, value: Notification) -> None:
        room = seat.room.id
        match value.lifecycle_event:
            case None:
                if self.sensing and value.resource_data and value.resource_data.id:
                    self.sensing.noted(room, value.resource_data.id)
                self._watch.beyond(room)
                self._watch.hint(room)
            case "reauthorizationRequired":
                if self._clock.monotonic() - seat.since > RENEWED:
                    self._due.put(room, random.uniform(0, 5))  # noqa: S311 - spreads load
            case "subscriptionRemoved":
                self._forget(seat)
                self._due.put(room, 0)
                self._missed(room)
            case "missed":
                self._missed(room)
            case _:  # events that are not known yet ask for nothing
                pass

    def _missed(self, room: str) -> None:
        """Something changed, and nobody told what."""
        self._watch.beyond(room)
        self._watch.hint(room)
        if self.sensing:
            self.sensing.soon(room)

    async def _work(self) -> None:
        """Take one room after the other, whatever happens to it."""
        while True:
            seat = self._seats.get(await self._due.next())
            if seat is None:
                continue
            try:
                await self._tend(seat)
            except ConnectorError as error:
                if self._seated(seat):
                    self._failed(seat, error)
            await asyncio.sleep(PACE)

    async def _tend(self, seat: Seat) -> None:
        """Renew a subscription, or make one."""
        held = seat.held
        if held:
            try:
                one = await self._desk.renew(held)
            except NotFound:  # dropped without a word
                if seat.held == held:
                    self._forget(seat)
                held = ""
        if not held:
            secret = self._secret(seat.room)
            one = await self._desk.subscribe(seat.room.mailbox, self._hook, secret)
        if not self._seated(seat):
            self._unwanted.put_nowait(one.id)
            return
        if held and seat.held != held:  # it was removed meanwhile
            self._due.put(seat.room.id, 0)
            return
        self._hold(seat, one)
        if not held:  # what changed before it began was not told
            self._watch.hint(seat.room.id)
        self._due.release()
        if self._failing:
            self._failing = False
            if self._deaf is None:
                self._watch.well()
            else:
                self._watch.failing(self._deaf)

    def _hold(self, seat: Seat, one: Subscription) -> None:
        """A subscription that lives until then."""
        now = self._clock.now()
        self._by_id.pop(seat.held, None)
        seat.held = one.id
        seat.expires = one.expires(otherwise=self._desk.expected())
        seat.since = self._clock.monotonic()
        seat.failures = 0
        if seat.said:
            seat.said = False
            self._watch.well(room=seat.room.id)
        self._by_id[one.id] = seat
        life = max((seat.expires - now).total_seconds(), 0)
        self._due.put(seat.room.id, life * random.uniform(SOONEST, LATEST))  # noqa: S311
        self._watch.covered(seat.room.id, by=self._hears)

    def _forget(self, seat: Seat, *, told: bool = True) -> None:
        """A subscription that lives no more."""
        self._by_id.pop(seat.held, None)
        seat.held, seat.expires = "", None
        if told:
            self._watch.covered(seat.room.id, by=False)

    def _failed(self, seat: Seat, error: ConnectorError) -> None:
        """Try again later; a subscription lives until its end all the same."""
        seat.failures += 1
        wait = min(AGAIN * 2.0 ** min(seat.failures - 1, 16), SLOWEST)
        if error.retry_after:
            wait = max(wait, error.retry_after.total_seconds())
        if error.everywhere:
            self._due.hold(HELD)
            self._failing = True
            self._watch.failing(error)
        elif not seat.said and (seat.failures >= FAILURES or not isinstance(error, Unavailable)):
            seat.said = True
            self._watch.failing(error, room=seat.room.id)
        wait *= random.uniform(0.75, 1.25)  # noqa: S311 - spreads load
        if seat.expires:
            left = (seat.expires - self._clock.now()).total_seconds()
            wait = min(wait, max(left, 0))
        self._due.put(seat.room.id, wait)

    async def _expire(self) -> None:
        """Uncover rooms whose subscription ended before it could be renewed."""
        while True:
            await asyncio.sleep(EXPIRE)
            now = self._clock.now()
            for seat in list(self._by_id.values()):
                if seat.expires and seat.expires <= now:
                    self._forget(seat)
                    self._due.put(seat.room.id, 0)

    async def _look(self) -> None:
        """See now and then whether Graph still has them all."""
        while True:
            await asyncio.sleep(LOOK * random.uniform(0.75, 1.25))  # noqa: S311
            await self._looked(adopt=False)

    async def _looked(self, *, adopt: bool) -> bool:
        """Compare what Graph has with what is held; false where it could not be seen.

        At a start what an earlier run left is adopted where its secret is known, else ended.
        """
        began = self._clock.monotonic()
        try:
            listed = await self._desk.all()
        except Unavailable as error:
            if adopt:
                self._failing = True
                self._watch.failing(error)
            return False
        except ConnectorError:
            return True  # it may not be listed: then what was left ends by itself
        ours = [one for one in listed if one.notification_url == self._hook]
        if adopt:
            self._adopt(ours)
            return True
        there = {one.id for one in listed}
        for seat in list(self._by_id.values()):
            if seat.held not in there and seat.since < began:
                self._forget(seat)
                self._due.put(seat.room.id, 0)
        being_made = {seat.room.mailbox.lower() for seat in self._seats.values() if not seat.held}
        for one in ours:
            if one.id not in self._by_id and one.mailbox not in being_made:
                self._unwanted.put_nowait(one.id)
        return True

    def _adopt(self, left: Sequence[Subscription]) -> None:
        """Take over what an earlier run left: one a room, the longest first."""
        now = self._clock.now()
        rooms = {room.mailbox.lower(): room for room in self._watch.rooms.values()}
        good = sorted(left, key=lambda one: one.expires(otherwise=now), reverse=True)
        for one in good:
            life = (one.expires(otherwise=now) - now).total_seconds()
            room = rooms.get(one.mailbox) if self._key.known and life > 0 else None
            if room is None or self.covers(room.id):
                self._unwanted.put_nowait(one.id)
                continue
            seat = self._seats.setdefault(room.id, Seat(room=room))
            self._hold(seat, one)
            self._due.put(room.id, life * random.uniform(0.1, 0.7))  # noqa: S311 - as above

    async def _tidy(self) -> None:
        """End subscriptions that nobody wants; whatever cannot be ended ends by itself."""
        while True:
            one = await self._unwanted.get()
            with contextlib.suppress(ConnectorError):
                await self._desk.end(one)
            await asyncio.sleep(PACE)

    def _secret(self, room: Room) -> str:
        """What only Graph and the appliance know of a room's subscription."""
        about = f"{room.mailbox.lower()}\0{self._hook}"
        return hmac.new(self._key.text.encode(), about.encode(), sha256).hexdigest()

    def _seated(self, seat: Seat) -> bool:
        """Whether the room is still here, with this mailbox."""
        return self._seats.get(seat.room.id) is seat
