"""Reading the calendars of rooms: a view for the ids, then the items in small batches."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connector.checkup import Remark, Wanted
from connector.discovery import FoundRoom, Tell, silent
from connector.errors import ConnectorError, Malformed, Unavailable
from connector.source import Credential
from connector.sources.ews import discovery, meaning, operations, wire
from connector.sources.ews.checkup import examination
from connector.sources.ews.line import Line
from connector.sources.ews.soap import Fault, Message
from rooms.model import Event, Window
from rooms.room import Room

VIEW_LIMIT = timedelta(days=700)
"""How much of a calendar is asked for at a time: Exchange refuses views of more than two years."""
SHORTEST = timedelta(minutes=1)
"""A view that is too full for Exchange is halved down to this."""
ROUNDS = 3
"""How often a calendar that changes while it is read is read again."""

_TOO_FULL = {"ErrorExceededFindCountLimit"}
_TOO_LONG = {"ErrorCalendarViewRangeTooBig"}


class EwsCalendar:
    """The calendars that one account may read."""

    def __init__(self, line: Line) -> None:
        self.line = line

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        """Every event of a room's calendar that overlaps the window."""
        try:
            events = await self._read(room, window)
        except Fault as fault:
            raise await self._meaning(fault, room.mailbox) from fault
        return [one for one in events if _inside(one, room, window)]

    async def _read(self, room: Room, window: Window) -> list[Event]:
        for _ in range(ROUNDS):
            ids = await self._ids(room.mailbox, window.start, window.end)
            try:
                return await self._items(room, ids)
            except wire.Vanished:
                continue
        raise Unavailable("the calendar changes while it is read", reason="calendar_unsettled")

    async def _ids(self, mailbox: str, start: datetime, end: datetime) -> list[str]:
        """The ids of all that overlaps a span, each once.

        A view cannot be paged: where Exchange tells a part only, its halves are asked for.
        """
        if end - start <= VIEW_LIMIT:
            try:
                found = await self.line.ask(
                    operations.find_items(mailbox, start, end), wire.found, mailbox=mailbox
                )
                if found.whole:
                    return list(dict.fromkeys(found.ids))
            except Fault as fault:
                if fault.code not in _TOO_FULL | _TOO_LONG:
                    raise
        if end - start < 2 * SHORTEST:
            raise Malformed("Exchange never tells all of a calendar", reason="endless_pages")
        middle = start + (end - start) // 2
        first = await self._ids(mailbox, start, middle)
        return list(dict.fromkeys(first + await self._ids(mailbox, middle, end)))

    async def _items(self, room: Room, ids: Sequence[str]) -> list[Event]:
        events: list[Event] = []
        for at in range(0, len(ids), operations.BATCH):
            events += await self._batch(room, list(ids[at : at + operations.BATCH]))
        return events

    async def _batch(self, room: Room, ids: list[str]) -> list[Event]:
        """Some items; where their texts are too large together, each by itself."""
        try:
            return await self._some(room, ids)
        except Malformed as error:
            if error.reason != "too_large":
                raise
        if len(ids) == 1:
            return await self._some(room, ids, body=False)
        return [event for one in ids for event in await self._batch(room, [one])]

    async def _some(self, room: Room, ids: list[str], *, body: bool = True) -> list[Event]:
        where: ZoneInfo = room.zone

        def read(answer: list[Message]) -> list[Event]:
            return wire.events(answer, ids, where)

        return await self.line.ask(operations.get_items(ids, body=body), read, mailbox=room.mailbox)

    async def _meaning(self, fault: Fault, mailbox: str) -> ConnectorError:
        """What a refusal means; where there is no such mailbox, whether it is in the cloud."""
        error = meaning.of(fault)
        if error.reason == "not_found" and await discovery.moved_away(self.line, mailbox):
            return meaning.elsewhere(fault.code)
        return error

    async def discover(self, tell: Tell = silent, /) -> Sequence[FoundRoom]:
        """The rooms in the room lists of the organization."""
        return await discovery.rooms(self.line, tell)

    async def examine(self, wanted: Wanted) -> Sequence[Remark]:
        """What is wrong with account and rights."""
        return await examination(self.prove, self._look, wanted)

    async def _look(self, mailbox: str) -> None:
        """Ask for an hour of a mailbox; whether it may be read shows in nothing less."""
        now = self.line.outside.clock.now()
        await self.line.told(
            operations.find_items(mailbox, now, now + timedelta(hours=1)),
            wire.found,
            mailbox=mailbox,
        )

    def credentials(self) -> Sequence[Credential]:
        """What the account proves itself with, where it is more than a password."""
        return self.line.credentials()

    async def prove(self) -> None:
        """Sign in now.

        Raises:
            Unavailable, Denied, Malformed: it did not go well.
        """
        await self.line.told(operations.sign_of_life(), len, purpose="sign_in")


def _inside(event: Event, room: Room, window: Window) -> bool:
    return event.when is None or window.overlaps(event.when.window(room.zone))
