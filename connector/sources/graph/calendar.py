"""Reading `calendarView`, and learning of changes."""

from collections.abc import Sequence
from datetime import timedelta

from yarl import URL

from connector.checkup import Remark, Wanted
from connector.errors import Malformed
from connector.source import Credential
from connector.sources.graph import wire
from connector.sources.graph.checkup import examination
from connector.sources.graph.service import PAGE, Service, utc
from rooms.model import Event, Window
from rooms.room import Room

PAGES = 200
"""Pages after which a calendar is held to be endless."""


class GraphCalendar:
    """The calendars that one identity may read."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        """Every event of a room's calendar that overlaps the window."""
        url = self._view(room.mailbox, window)
        events: list[Event] = []
        seen = {url}
        for _ in range(PAGES):
            page = wire.page(await self._service.read(url))
            events += wire.events(page)
            if page.next_link is None:
                return [event for event in events if _inside(event, room, window)]
            url = self._service.follow(page.next_link)
            if url in seen:
                break
            seen.add(url)
        raise Malformed("the calendar's pages never end", reason="endless_pages")

    async def examine(self, wanted: Wanted) -> Sequence[Remark]:
        """What is wrong with identity and rights."""
        return await examination(self._service.identity.token, self._look, wanted)

    async def _look(self, mailbox: str) -> None:
        """Ask for an hour of a mailbox; whether it may be read shows in nothing less."""
        now = self._service.outside.clock.now()
        await self._service.read(
            self._view(mailbox, Window(start=now, end=now + timedelta(hours=1)))
        )

    def credentials(self) -> Sequence[Credential]:
        """What the identity proves itself with."""
        return self._service.identity.credentials()

    async def prove(self) -> None:
        """Sign in now.

        Raises:
            Unavailable, Denied, Malformed: it did not go well.
        """
        await self._service.identity.token()

    def _view(self, mailbox: str, window: Window) -> URL:
        return self._service.of(
            mailbox,
            f"calendarView?startDateTime={utc(window.start)}&endDateTime={utc(window.end)}"
            f"&$select={wire.SELECT}&$orderby=start/dateTime&$top={PAGE}",
        )


def _inside(event: Event, room: Room, window: Window) -> bool:
    return event.when is None or window.overlaps(event.when.window(room.zone))
