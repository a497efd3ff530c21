"""Changing the calendars of rooms on Exchange Server.

The account needs ApplicationImpersonation for the rooms, or the right of an Editor in their
calendars. A booking is made in the room's own calendar, so that the room organises it; such an item
passes no booking attendant, and whether the room is free is the bridge's to look at. Others'
meetings are answered, never edited: the organizer's next update would undo it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar
from weakref import WeakValueDictionary

from connector.errors import ConnectorError, Malformed, NotFound, Unavailable
from connector.outside import Outside
from connector.sources.ews import Options, changing, meaning, opened, wire
from connector.sources.ews.line import Line
from connector.sources.ews.operations import get_items, utc
from connector.sources.ews.soap import Element, Fault, M, Message, T, contents, only
from connector.writing import Draft, Writer
from rooms.identity import clean_uid
from rooms.model import Event
from rooms.room import Room

T_ = TypeVar("T_")

_GONE = {"ErrorItemNotFound", "ErrorCalendarOccurrenceIsDeletedFromRecurrence"}
_CHANGED = {"ErrorIrresolvableConflict", "ErrorStaleObject", "ErrorInvalidChangeKey"}
_FOR_WRITING = (
    "give the account the role ApplicationImpersonation for the room mailboxes, or the right of an"
    " Editor in their calendars: `roombridge guide exchange` has the cmdlets"
)


class Looked(NamedTuple):
    """An item as it is before it is changed."""

    id: str
    version: str
    event: Event | None
    created: str


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[Writer]:
    """Hold the connections of the account that writes."""
    async with opened(options, outside) as line:
        yield EwsWriter(line)


class EwsWriter:
    """The calendars that one account may change."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._keys: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def create(self, room: Room, draft: Draft) -> str:
        """Book the room, once for each key: a property of the item holds it.

        Exchange itself takes the same request twice, so what the key names is looked for first;
        tries at the same moment wait for one another.
        """
        lock = self._keys.setdefault(draft.key, asyncio.Lock())
        async with lock:
            found = await self._told(room, changing.find_key(room.mailbox, draft.key), _uids)
            if found:
                return found[0]
            try:
                order = changing.create(room.mailbox, draft)
            except (ValueError, KeyError) as error:
                raise Malformed(
                    f"Exchange cannot keep this booking: {error}", reason="request_refused"
                ) from error
            made = await self._told(room, order, _id)
            return await self._told(room, get_items([made], body=False), _uid)

    async def created(self, room: Room, event: Event) -> datetime | None:
        """When an event was made."""
        looked = await self._look(room, event)
        try:
            return datetime.fromisoformat(looked.created).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    async def end(self, room: Room, event: Event, at: datetime) -> None:
        """Let a meeting of the room's end then; of a series this occurrence alone."""
        before = await self._own(room, event)
        await self._told(room, changing.set_end(before.id, before.version, utc(at)), _done)

    async def decline(self, room: Room, event: Event, *, series: bool, text: str = "") -> None:
        """Answer that the room does not come: its organizer is told."""
        before = await self._unchanged(room, event)
        item, version = await self._meant(room, before, event, series=series)
        await self._told(room, changing.decline(item, version, text), _done)

    async def cancel(
        self,
        room: Room,
        event: Event,
        *,
        series: bool,
        text: str = "",  # noqa: ARG002 - nothing here carries it
    ) -> None:
        """Call a meeting off: whoever was invited is told.

        `DeleteItem` takes no words of the room's, and is what ends appointments too.
        """
        before = await self._own(room, event)
        item, version = await self._meant(room, before, event, series=series)
        await self._told(room, changing.delete(item, version), _done)

    async def _meant(
        self, room: Room, before: Looked, event: Event, *, series: bool
    ) -> tuple[str, str]:
        """The item that is meant: this one, or the series it is of."""
        if not series or not event.occurrence:
            return before.id, before.version
        return await self._told(room, changing.look_at_series(before.id), _reference)

    async def _own(self, room: Room, event: Event) -> Looked:
        """An item that is still as the bridge read it, and that the room organised."""
        looked = await self._unchanged(room, event)
        if looked.event is None or not looked.event.own:
            raise Malformed("the room did not organise this meeting", reason="not_organizer")
        return looked

    async def _unchanged(self, room: Room, event: Event) -> Looked:
        """An item that is still as the bridge read it.

        Raises:
            Unavailable: somebody changed it in between.
        """
        looked = await self._look(room, event)
        if looked.event is None or looked.event.when != event.when:
            raise _changed()
        return looked

    async def _look(self, room: Room, event: Event) -> Looked:
        def read(answer: list[Message]) -> Looked:
            content = only(answer)
            item = content.find(f"{M}Items/*")
            if item is None:
                raise Malformed("an item came without itself", reason="wrong_shape")
            name, version = _named(item)
            meant = wire.event(item, room.zone) if item.tag == f"{T}CalendarItem" else None
            return Looked(name, version, meant, item.findtext(f"{T}DateTimeCreated") or "")

        return await self._told(room, changing.look(event.id), read)

    async def _told(
        self, room: Room, operation: Element, read: Callable[[list[Message]], T_]
    ) -> T_:
        try:
            return await self._line.ask(operation, read, mailbox=room.mailbox, purpose="write")
        except Fault as fault:
            raise _meaning(fault) from fault


def _meaning(fault: Fault) -> ConnectorError:
    """What a refusal means to somebody who writes."""
    if fault.code in _GONE:
        return NotFound("the meeting is gone by now", reason="event_gone")
    if fault.code in _CHANGED:
        return _changed()
    error = meaning.of(fault)
    if error.reason == "access_denied":
        error.fix = _FOR_WRITING
    return error


def _changed() -> Unavailable:
    return Unavailable("somebody changed the meeting meanwhile", reason="changed_meanwhile")


def _named(item: Element) -> tuple[str, str]:
    """The id of an item, and its version."""
    found = item.find(f"{T}ItemId")
    if found is None or not found.get("Id"):
        raise Malformed("an item has no id", reason="wrong_shape")
    return found.get("Id", ""), found.get("ChangeKey", "")


def _reference(answer: list[Message]) -> tuple[str, str]:
    content = only(answer)
    item = content.find(f"{M}Items/*")
    if item is None:
        raise Malformed("an item came without itself", reason="wrong_shape")
    return _named(item)


def _id(answer: list[Message]) -> str:
    return _reference(answer)[0]


def _uids(answer: list[Message]) -> list[str]:
    content = only(answer)
    found = content.iterfind(f"{M}RootFolder/{T}Items/*/{T}UID")
    return [clean_uid(one.text) for one in found if one.text]


def _uid(answer: list[Message]) -> str:
    content = only(answer)
    return clean_uid(content.findtext(f"{M}Items/*/{T}UID") or "")


def _done(answer: list[Message]) -> None:
    """Raises the first refusal."""
    for _ in contents(answer):
        pass
