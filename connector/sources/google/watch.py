"""Learning of changes: sync tokens always, channels where Google can reach the appliance.

A round finds out whether a calendar changed at all. Google does not tell when a meeting that was
moved or deleted had been, so every change is a hint: one read too many is cheaper than to keep a
list of everything that any calendar holds.
"""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta
from itertools import islice

import msgspec
from yarl import URL

from connector.errors import ConnectorError, Malformed, Unavailable
from connector.outside import Outside
from connector.sources.google import changes
from connector.sources.google.calls import Calls
from connector.sources.google.channels import Channels, events_of
from connector.watching import Call, Reply, Watch
from rooms.model import Window
from rooms.room import Room

AT_ONCE = 8
"""Rounds under way at a time."""
GAP = 5.0
"""Seconds between two rounds of one room, however often Google calls."""
SELDOM = 16
"""How much more seldom a room is looked at of which Google tells by itself."""
SPREAD = 5.0
"""Seconds over which first rounds, and rounds after a lost token, are spread at least."""
EACH = 0.5
"""Seconds for each room in that: a start must not take all of the 600 requests a minute."""
DEAF = 120.0
"""Seconds in which Google should have made the first call of a channel."""
SLOW = 60.0
"""Seconds to the next try after a failure; doubled each time, up to the usual interval."""
REREAD = (15.0, 30.0, 60.0, 120.0, 240.0)
"""Seconds after which a room is read again whose online meeting is still being made."""
PARTING = 2.0
"""Seconds for stopping channels at the end."""


class Watcher:
    """Watches the rooms of one source."""

    def __init__(self, outside: Outside, calls: Calls, calendar: URL, *, webhook: bool) -> None:
        self._outside = outside
        self._calls = calls
        self._calendar = calendar
        self._webhook = webhook
        self._channels = Channels(outside, calls)
        self._due: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._unopened: dict[str, float] = {}
        """When to try again to open a channel."""
        self._reread: dict[str, tuple[float, int]] = {}
        """Rooms with an online meeting that is being made: when to read again, how often it was."""
        self._told: dict[str, bool] = {}
        self._deaf: dict[str, float] = {}
        """Since when rooms have a channel that was never heard."""
        self._paused = 0.0
        """Until when nothing is asked, as the whole service is concerned."""
        self._wake = asyncio.Event()

    async def run(self, watch: Watch) -> None:
        """Look for changes until cancelled."""
        self._due.clear()
        self._told.clear()
        self._deaf.clear()
        if self._webhook and watch.hook is None:
            watch.failing(_no_hook())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._rearranged(watch))
                tasks.create_task(self._rounds(watch))
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(PARTING):
                    await self._part()

    def notified(self, call: Call) -> Reply:
        """Take a message: it only lets a round come sooner. Google repeats what is not 2xx."""
        channel = self._channels.proven(call)
        if channel is not None:
            channel.heard = True
            if call.headers.get("x-goog-resource-state") != "sync" or self._channels.overlap(
                channel
            ):
                now = self._now()
                self._due[channel.room] = max(now, self._last.get(channel.room, -GAP) + GAP)
            self._wake.set()
        return Reply(status=204)

    def pending(self, room: str) -> None:
        """A room's online meeting is still being made: it is to be read again, a few times."""
        _, tries = self._reread.get(room, (0.0, 0))
        if tries < len(REREAD):
            self._reread[room] = (self._now() + REREAD[tries], tries + 1)
            self._wake.set()

    def settled(self, room: str) -> None:
        """All online meetings of a room are made."""
        self._reread.pop(room, None)

    def _now(self) -> float:
        return self._outside.clock.monotonic()

    async def _rearranged(self, watch: Watch) -> None:
        while True:
            await watch.rearranged()
            self._wake.set()

    async def _rounds(self, watch: Watch) -> None:
        """Whatever is due, a few at a time."""
        while True:
            self._wake.clear()
            self._arrange(watch)
            for one in self._channels.stray(watch.rooms):
                await self._channels.stop(one, self._calendar)
            self._hint_pending(watch)
            now = self._now()
            # Rooms may have left while channels were stopped.
            due = (key for key, at in self._due.items() if at <= now and key in watch.rooms)
            ready = [watch.rooms[key] for key in islice(due, AT_ONCE)]
            if ready and self._paused <= now:
                await asyncio.gather(*(self._visit(watch, room) for room in ready))
            else:
                await self._wait(watch)

    def _arrange(self, watch: Watch) -> None:
        """New rooms come in one after the other; those that left are forgotten."""
        for key in self._due.keys() - watch.rooms.keys():
            for known in (
                self._due,
                self._last,
                self._failures,
                self._unopened,
                self._told,
                self._deaf,
            ):
                known.pop(key, None)
        for key in watch.rooms.keys() - self._due.keys():
            self._due[key] = self._later(watch)
        for key, room in watch.rooms.items():
            self._tell(watch, key, covered=self._webhook and self._channels.covers(room))

    def _later(self, watch: Watch) -> float:
        """Some moment soon; the more rooms there are, the wider they are spread."""
        return self._now() + random.uniform(1, max(SPREAD, EACH * len(watch.rooms)))  # noqa: S311 - spreads load

    def _tell(self, watch: Watch, key: str, *, covered: bool) -> None:
        if covered:
            self._deaf.pop(key, None)
        if self._told.get(key) is not covered:
            self._told[key] = covered
            watch.covered(key, by=covered)

    def _hint_pending(self, watch: Watch) -> None:
        for key, (at, tries) in list(self._reread.items()):
            if at <= self._now():
                self._reread[key] = (float("inf"), tries)
                if key in watch.rooms:
                    watch.hint(key)

    async def _wait(self, watch: Watch) -> None:
        """Until something is due, or somebody tells."""
        due = (max(at, self._paused) for at in self._due.values())
        moments = [*due, *(at for at, _ in self._reread.values())]
        seconds = min([watch.every.total_seconds(), *(at - self._now() for at in moments)])
        if self._webhook:
            seconds = min(seconds, self._until_expiry())
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.01)):
                await self._wake.wait()

    def _until_expiry(self) -> float:
        """Seconds to the end of the next channel: from then on a room is not covered by it."""
        now = self._outside.clock.now()
        ends = (one.expires - now for one in self._channels.held.values())
        return min((end.total_seconds() for end in ends), default=float("inf"))

    async def _visit(self, watch: Watch, room: Room) -> None:
        """One round of a room, and its channel."""
        self._last[room.id] = self._now()
        self._due[room.id] = self._now() + self._interval(watch, room)
        if self._webhook and watch.hook is not None:
            await self._attend(watch, room, watch.hook)
        try:
            await self._round(watch, room)
        except changes.SyncLost:
            await watch.keep(room.id, None)
            self._due[room.id] = self._later(watch)
        except ConnectorError as error:
            failures = self._failures[room.id] = self._failures.get(room.id, 0) + 1
            slow = min(SLOW * 2 ** min(failures - 1, 10), self._interval(watch, room))
            asked = error.retry_after or timedelta()
            self._due[room.id] = self._now() + max(slow, asked.total_seconds())
            self._fails(watch, room, error)
            if self._told.get(room.id):
                watch.hint(room.id)  # Google told of something, perhaps: the read will see.
        else:
            if self._failures.pop(room.id, 0):
                watch.well(room=room.id)
            self._say_how_it_is(watch)

    def _fails(self, watch: Watch, room: Room, error: ConnectorError) -> None:
        """Say so; what concerns every room is not asked by every room."""
        if error.everywhere:
            self._paused = self._now() + SLOW
        watch.failing(error, room=None if error.everywhere else room.id)

    def _say_how_it_is(self, watch: Watch) -> None:
        """Watching works, unless Google was to call and does not."""
        if self._webhook and watch.hook is None:
            return
        if any(self._now() - since > DEAF for since in self._deaf.values()):
            watch.failing(_not_called())
        else:
            watch.well()

    def _interval(self, watch: Watch, room: Room) -> float:
        """Seconds to the next round; sooner where a channel needs care."""
        usual = watch.every.total_seconds()
        if not (self._webhook and self._channels.covers(room)):
            return usual
        now = self._outside.clock.now()
        renewals = (one.renew - now for one in self._channels.of(room))
        first = max((left.total_seconds() for left in renewals), default=usual)
        return max(min(usual * SELDOM, first), GAP)

    async def _round(self, watch: Watch, room: Room) -> None:
        kept = watch.mark(room.id)
        mark = changes.opened(kept, room.mailbox)
        now = self._outside.clock.now()
        told = await changes.read(
            self._calls,
            self._outside,
            events_of(self._calendar, room.mailbox),
            mark,
            mailbox=room.mailbox,
            since=now - watch.past,
        )
        new = msgspec.json.encode(told.mark)
        if mark is None or told.items:
            # What changed before the first mark is not told: that room is read once.
            watch.hint(room.id, new)
            served = Window.around(now, watch.served_past, watch.served_ahead)
            if mark is None or changes.beyond(told.items, served):
                watch.beyond(room.id)
        elif new != kept:
            await watch.keep(room.id, new)

    async def _attend(self, watch: Watch, room: Room, hook: URL) -> None:
        """Open a channel where one is needed; stop those that a younger one replaces."""
        if self._channels.due(room) and self._unopened.get(room.id, 0.0) <= self._now():
            try:
                events = events_of(self._calendar, room.mailbox)
                channel = await self._channels.open(room, events, hook)
            except ConnectorError as error:
                self._unopened[room.id] = self._now() + watch.every.total_seconds()
                self._fails(watch, room, error)
            else:
                if not self._channels.covers(room):
                    self._deaf.setdefault(room.id, self._now())
                if self._unopened.pop(room.id, None) is not None:
                    watch.well(room=room.id)
                left = (channel.renew - self._outside.clock.now()).total_seconds()
                self._due[room.id] = min(self._due[room.id], self._now() + max(left, GAP))
        for one in self._channels.older(room):
            await self._channels.stop(one, self._calendar)

    async def _part(self) -> None:
        """Stop every channel, as far as time allows: whoever starts next opens others."""
        held = list(self._channels.held.values())
        await asyncio.gather(*(self._channels.stop(one, self._calendar) for one in held))


def _no_hook() -> Malformed:
    return Malformed(
        "`notifications: webhook` needs a public_url that Google can reach", reason="hook_missing"
    )


def _not_called() -> Unavailable:
    return Unavailable(
        "Google opened a channel and has never called public_url",
        reason="hook_unreachable",
        fix="let Google reach public_url/hooks/ by https, with a certificate of a public authority;"
        " rooms are polled meanwhile",
    )
