"""Reading `calendarView`, and learning of changes."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from yarl import URL

from connector.checkup import Remark, Wanted
from connector.discovery import FoundRoom, Tell, silent
from connector.errors import Malformed
from connector.source import Credential
from connector.sources.graph import wire
from connector.sources.graph.checkup import examination
from connector.sources.graph.coverage import Coverage, Key, key_of
from connector.sources.graph.eventhub import Receiver
from connector.sources.graph.notifications import Notification, answered
from connector.sources.graph.places import discovered
from connector.sources.graph.sensing import Sensing
from connector.sources.graph.service import PAGE, Service, utc
from connector.sources.graph.subscriptions import Desk
from connector.watching import Call, Reply, Watch
from rooms.model import Event, Window
from rooms.room import Room

PAGES = 200
"""Pages after which a calendar is held to be endless."""


class GraphCalendar:
    """The calendars that one identity may read."""

    def __init__(
        self,
        service: Service,
        *,
        subscription_minutes: int | None = None,
        receiver: Receiver | None = None,
    ) -> None:
        """With a life for subscriptions the service tells of changes by itself.

        It calls the hook, or its notifications are fetched where there is a receiver.
        """
        self._service = service
        self._receiver = receiver
        self._minutes = subscription_minutes
        self._key: Key | None = None
        self._coverage: Coverage | None = None

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

    async def watch(self, watch: Watch) -> None:
        """Tell of changes until cancelled: by rounds of delta, and by notifications if wanted."""
        self._coverage = coverage = await self._covering(watch)
        covers = coverage.covers if coverage else _nothing_covered
        sensing = Sensing(self._service, watch, covers)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(sensing.run())
                if coverage is not None:
                    coverage.sensing = sensing
                    group.create_task(coverage.run())
                    if self._receiver is not None:
                        group.create_task(self._receiver.run(coverage))
                while True:
                    await watch.rearranged()
                    sensing.arrange()
                    if coverage is not None:
                        coverage.arrange()
        finally:
            self._coverage = None

    async def _covering(self, watch: Watch) -> Coverage | None:
        """What keeps subscriptions, or None where there are to be none, or there cannot."""
        if self._minutes is None:
            return None
        hook = self._receiver.notification_url if self._receiver else watch.hook
        if hook is None:
            watch.failing(_no_hook())
            return None
        if self._key is None:
            self._key = await key_of(self._service.outside)
        desk = Desk(self._service, self._minutes)
        made = Coverage(
            desk,
            watch,
            self._service.outside,
            hook=str(hook),
            key=self._key,
            heard=self._receiver is None,
        )
        self._key = self._key._replace(known=True)  # for a watch that begins again
        return made

    def notified(self, call: Call) -> Reply:
        """Take what the service tells by itself: hints, nothing else."""
        if self._minutes is None or self._receiver is not None:
            return Reply(status=404)
        return answered(call, self.take, self._service.outside.meter)

    def take(self, values: Sequence[Notification]) -> None:
        """Act on notifications, whichever way they came."""
        if self._coverage is not None:
            self._coverage.take(values)

    async def discover(self, tell: Tell = silent, /) -> Sequence[FoundRoom]:
        """All rooms of the directory.

        Raises:
            Unavailable, Denied, Malformed: named after who must act.
        """
        return await discovered(self._service, tell)

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


def _nothing_covered(_room: str) -> bool:
    return False


def _no_hook() -> Malformed:
    return Malformed(
        "`notifications: webhook` needs a public_url that Microsoft can reach",
        reason="hook_missing",
        fix="set public_url to an https address that is reachable from the internet, or"
        " `notifications: poll`",
    )


def _inside(event: Event, room: Room, window: Window) -> bool:
    when = event.when
    if isinstance(when, Window) and when.start < window.end and when.end > window.start:
        return True
    return when is None or window.overlaps(when.window(room.zone))
