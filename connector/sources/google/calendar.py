"""Reading `events.list` over a window: pages, limits, and what is said of a calendar that is gone.

https://developers.google.com/workspace/calendar/api/v3/reference/events/list
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from yarl import URL

from connector.checkup import Remark, Wanted
from connector.discovery import FoundRoom, Tell, silent
from connector.errors import NotFound
from connector.outside import Outside
from connector.source import Credential
from connector.sources.google import directory, meaning, wire
from connector.sources.google.calls import Calls
from connector.sources.google.channels import events_of
from connector.sources.google.checkup import examination
from connector.sources.google.pages import whole
from connector.sources.google.watch import Watcher
from connector.watching import Call, Reply, Watch
from rooms.model import Event, Window
from rooms.room import Room

PAGE = 500
"""Events asked for at a time; Google gives up to 2,500, and fewer whenever it likes."""
MARGIN = timedelta(days=1)
"""Google places whole days in the calendar's zone, which need not be the room's."""


class GoogleCalendar:
    """The calendars that one service account may read."""

    def __init__(
        self,
        outside: Outside,
        *,
        calls: Calls,
        lookup: Calls,
        calendar: URL,
        rooms: URL,
        webhook: bool,
    ) -> None:
        self._outside = outside
        self._calls = calls
        self._lookup = lookup
        self._calendar = calendar
        self._rooms = rooms
        self._seen: set[str] = set()
        """Calendars that were readable once."""
        self._watcher = Watcher(outside, calls, calendar, webhook=webhook)

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        """Every event of a room's calendar that overlaps the window."""
        try:
            items = await self._items(room.mailbox, window)
        except NotFound as error:
            if room.mailbox not in self._seen:
                raise
            raise NotFound(
                "the calendar is no longer shared with the bridge, or it was deleted",
                reason="unshared",
                fix=error.fix,
            ) from error
        self._seen.add(room.mailbox)
        if any(meaning.is_pending(item) for item in items):
            self._watcher.pending(room.id)
        else:
            self._watcher.settled(room.id)
        events = meaning.events(items, room.mailbox)
        return [event for event in events if _inside(event, room, window)]

    async def watch(self, watch: Watch) -> None:
        """Tell of changes until cancelled."""
        await self._watcher.run(watch)

    def notified(self, call: Call) -> Reply:
        """Take a message of a channel."""
        return self._watcher.notified(call)

    async def discover(self, tell: Tell = silent, /) -> Sequence[FoundRoom]:
        """The rooms of the directory."""
        return await directory.rooms(self._lookup, self._rooms, tell)

    async def examine(self, wanted: Wanted) -> Sequence[Remark]:
        """What is wrong with the account and its rights."""
        return await examination(self._calls.identity.token, self._look, wanted)

    def credentials(self) -> Sequence[Credential]:
        """What the account proves itself with."""
        return self._calls.identity.credentials()

    async def prove(self) -> None:
        """Sign in now.

        Raises:
            Unavailable, Denied, Malformed: it did not go well.
        """
        await self._calls.identity.token()

    async def _look(self, mailbox: str) -> str:
        """Ask for an hour of a calendar: how far it is shared."""
        now = self._outside.clock.now()
        url = events_of(self._calendar, mailbox).with_query(
            timeMin=_utc(now),
            timeMax=_utc(now + timedelta(hours=1)),
            maxResults="1",
            fields="kind,accessRole",
        )
        return wire.page((await self._calls("GET", url, "read")).body).access_role or ""

    async def _items(self, mailbox: str, window: Window) -> list[wire.Item]:
        asked = {
            "timeMin": _utc(window.start - MARGIN),
            "timeMax": _utc(window.end + MARGIN),
            "singleEvents": "true",
            "timeZone": "UTC",
            "maxResults": str(PAGE),
            "fields": wire.FIELDS,
        }
        return (await whole(self._page, events_of(self._calendar, mailbox), asked)).items

    async def _page(self, url: URL) -> wire.Page:
        return wire.page((await self._calls("GET", url, "read")).body)


def _inside(event: Event, room: Room, window: Window) -> bool:
    return event.when is None or window.overlaps(event.when.window(room.zone))


def _utc(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
