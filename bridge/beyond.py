"""Calendars outside of the served window: read when somebody asks, kept for a minute in memory."""

import asyncio
import math
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple

from bridge.settings.model import Site
from bridge.sync import Sync
from bridge.views.further import NotReadable
from connector.errors import ConnectorError
from rooms.clock import Clock
from rooms.model import Agenda, Window
from rooms.room import Room

KEPT_FOR = 60.0
"""Seconds that an answer is good for, unless a change is told before."""
KEPT = 200
"""Answers that are kept; each takes some kibibytes for a week, some hundred for a year and more."""
READS, WITHIN = 6, 60.0
"""Reads of one room in so many seconds."""
AT_ONCE = 8
"""Reads at a time over all rooms: they pass by the turns of rooms, and must not crowd them out."""
PATIENCE = 30.0
"""Seconds that whoever asks waits: a budget that is spent must not hold them for hours."""
GRAIN = 300
"""Seconds to which what can be asked for is rounded, so that the same question is the same."""

_Key = tuple[str, Window]


class _Known(NamedTuple):
    agenda: Agenda
    until: float


class Beyond:
    """Reads what is asked for; the same question at the same time is read once."""

    def __init__(self, sync: Sync, *, clock: Clock) -> None:
        self._sync = sync
        self._clock = clock
        self._past = self._ahead = timedelta()
        self._known: OrderedDict[_Key, _Known] = OrderedDict()
        self._asking: dict[_Key, asyncio.Future[Agenda]] = {}
        self._reads: OrderedDict[str, list[float]] = OrderedDict()
        self._changed: set[_Key] = set()
        """Questions during whose reads a change was told."""
        self._places = asyncio.Semaphore(AT_ONCE)

    def adopt(self, site: Site) -> None:
        """Read as far as this site wants to know of changes."""
        self._past = max(site.changes.past, site.window.past)
        self._ahead = max(site.changes.ahead, site.window.ahead)
        self._known.clear()
        self._changed.update(self._asking)  # by another mailbox or policy, perhaps

    def span(self, now: datetime) -> Window:
        """As far as can be asked for."""
        grain = datetime.fromtimestamp(now.timestamp() // GRAIN * GRAIN, now.tzinfo)
        return Window.around(grain, self._past, self._ahead)

    def forget(self, room: str) -> None:
        """A room's calendar changed somewhere."""
        for key in [key for key in self._known if key[0] == room]:
            del self._known[key]
        self._changed.update(key for key in self._asking if key[0] == room)

    async def agenda(self, room: Room, span: Window) -> Agenda:
        """A room's agenda within a span.

        Raises:
            NotReadable: it failed, or it is asked for too often.
        """
        key = room.id, span
        known = self._known.get(key)
        if known is not None and self._clock.monotonic() < known.until:
            return known.agenda
        if (asking := self._asking.get(key)) is None:
            self._count(room.id)
            asking = self._asking[key] = asyncio.ensure_future(self._read(key, room))
            asking.add_done_callback(lambda done: self._asked(key, done))
        try:
            # Whoever leaves does not take the answer from the others.
            return await asyncio.shield(asking)
        except ConnectorError as error:
            wait = error.retry_after.total_seconds() if error.retry_after else WITHIN
            raise NotReadable(error.reason, math.ceil(wait)) from error
        except TimeoutError as error:
            raise NotReadable("timeout", math.ceil(WITHIN)) from error

    async def _read(self, key: _Key, room: Room) -> Agenda:
        async with asyncio.timeout(PATIENCE), self._places:
            agenda = await self._sync.look(self._sync.source_of(room), room, key[1])
        if key not in self._changed:  # else it may be older than what was told
            self._known[key] = _Known(agenda, self._clock.monotonic() + KEPT_FOR)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        return agenda

    def _asked(self, key: _Key, done: "asyncio.Future[Agenda]") -> None:
        self._asking.pop(key, None)
        self._changed.discard(key)
        if not done.cancelled():
            done.exception()  # everybody who asked may have left

    def _count(self, room: str) -> None:
        now = self._clock.monotonic()
        times = [at for at in self._reads.pop(room, []) if now - at < WITHIN]
        self._reads[room] = times
        if len(times) >= READS:
            raise NotReadable("too_many_requests", math.ceil(times[0] + WITHIN - now))
        times.append(now)
        if len(self._reads) > KEPT * READS:
            self._reads.popitem(last=False)
