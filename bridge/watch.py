"""What a source that learns of changes is offered, and how its watching is kept going."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from yarl import URL

from bridge.health import Health, Subject
from bridge.lane import Lane
from bridge.logs import fault
from bridge.pace import doubling, spread
from bridge.settings.model import Site
from connector.errors import ConnectorError, Unavailable
from connector.watching import Watching
from rooms.clock import Clock
from rooms.room import Room
from rooms.store import Mark, Store

log = logging.getLogger(__name__)

DEBOUNCE = 3.0
"""Seconds from the first hint of a room to its read: what comes meanwhile is read with it, and the
service has settled (CS-51: 2 to 5)."""
AGAIN_AFTER, AGAIN_AT_MOST = 5.0, 300.0
"""Seconds before a watch that ended is begun again; they double each time."""
HELD = 600.0
"""Seconds that a watch must have lasted for its next end to count as the first."""


class SourceWatch:
    """The bridge's side of one source's watching (`connector.watching.Watch`)."""

    def __init__(
        self,
        lane: Lane,
        *,
        store: Store,
        health: Health,
        hook: URL | None,
        beyond: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._lane = lane
        self._store = store
        self._health = health
        self._beyond = beyond
        self._news = asyncio.Event()
        self._said: object = None
        self._silent: set[str] = set()
        """Rooms whose own watch fails."""
        self.rooms: Mapping[str, Room] = {}
        self.past = self.ahead = self.every = timedelta()
        self.served_past = self.served_ahead = timedelta()
        self.hook = hook

    def adopt(self, site: Site) -> None:
        """Watch the lane's rooms as far as this site wants to know of changes."""
        window, changes = site.window, site.changes
        self.rooms = {name: seat.room for name, seat in self._lane.seats.items()}
        self.served_past, self.served_ahead = window.past, window.ahead
        self.past = max(window.past, changes.past)
        self.ahead = max(window.ahead, changes.ahead)
        self.every = site.poll.safety
        say = (self.rooms, self.past, self.ahead, window, self.every)
        if say != self._said:
            self._said = say
            self._news.set()

    async def rearranged(self) -> None:
        """Wait until rooms or spans are different from the last time."""
        await self._news.wait()
        self._news.clear()

    def hint(self, room: str, mark: bytes | None = None) -> None:
        """A room changed within what is served."""
        self._beyond(room)
        self._lane.hint(room, DEBOUNCE, mark)

    def beyond(self, room: str) -> None:
        """A room changed outside of what is served."""
        self._beyond(room)

    def covered(self, room: str, *, by: bool) -> None:
        """Whether the service tells of this room's changes by itself."""
        self._lane.cover(room, by=by)

    def mark(self, room: str) -> bytes | None:
        """Where the watch of a room stood at the last commit."""
        return self._store.mark(self._lane.name, room)

    async def keep(self, room: str, mark: bytes | None) -> None:
        """Commit a mark by itself, unless a change that was told before is still to be read.

        Then the mark goes with that read: it must not be known to be past what nobody has seen.
        """
        seat = self._lane.seats.get(room)
        if seat is None:
            return
        if seat.owed and mark is not None:
            seat.mark = mark
            return
        if mark is None:
            seat.mark = None
        await self._store.keep_mark(room, Mark(self._lane.name, mark) if mark is not None else None)

    def failing(self, error: ConnectorError, *, room: str | None = None) -> None:
        """Watching fails: rooms are polled, and somebody should know why."""
        words = f"the service does not tell of changes: {error} ({error.reason})"
        if room is not None:
            self._silent.add(room)
        self._health.only(self._subject(room), "notifications_failing", words, error.fix)

    def well(self, *, room: str | None = None) -> None:
        """Watching works, or works again in that room."""
        if room is not None:
            self._silent.discard(room)
        self._health.good(self._subject(room))

    def end(self) -> None:
        """Nothing is watched any more: every room is polled, and nothing more is to be said."""
        self._lane.uncover()
        for room in list(self._silent):
            self.well(room=room)

    def _subject(self, room: str | None) -> Subject:
        return Subject("watch", self._lane.name) if room is None else Subject("watched", room)

    async def keep_going(self, source: Watching, clock: Clock) -> None:
        """Let a source watch; where that ends with an error it begins again, for ever.

        While it does not watch every room is polled. A source that has nothing to watch, as it is
        configured, returns.
        """
        times = 0
        while True:
            self._news.clear()  # what is there now needs no telling
            began = clock.monotonic()
            try:
                await source.watch(self)
            except ConnectorError as error:
                ended = error
            except Exception as error:  # noqa: BLE001 - its fault must not end the reading
                log.error("watching %s: %s", self._lane.name, fault(error))
                ended = Unavailable("a fault of the bridge", reason="unexpected")
            else:
                self.well()
                return
            finally:
                self.end()
            self.failing(ended)
            times = 0 if clock.monotonic() - began >= HELD else times
            wait = spread(doubling(AGAIN_AFTER, times, AGAIN_AT_MOST))
            times += 1
            asked = ended.retry_after or timedelta()
            await asyncio.sleep(max(wait, asked.total_seconds()))
