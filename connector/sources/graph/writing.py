"""Changing the calendars of rooms in Microsoft 365.

The identity needs `Calendars.ReadWrite`, narrowed to the room mailboxes by RBAC for Applications.
A booking is made in the room's own calendar, so that the room organises it; such an event passes
no booking attendant, and whether the room is free is the bridge's to look at. Others' meetings are
answered, never edited: the organizer's next update would undo it.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
from yarl import URL

from connector.checkup import Remark, Wanted
from connector.errors import ConnectorError, Malformed, NotFound, Unavailable
from connector.http import Answer
from connector.identity import Identity
from connector.outside import Outside
from connector.sources.graph import Options, way, wire
from connector.sources.graph.checkup import writers_examination
from connector.sources.graph.patterns import patterned
from connector.sources.graph.service import Method, Service, utc
from connector.sources.graph.wire import Moment, Wire
from connector.writing import Draft, Writer
from rooms.identity import clean_uid
from rooms.model import Days, Event, Window
from rooms.room import Room

T = TypeVar("T")

_FOR_WRITING = (
    "grant Calendars.ReadWrite for this mailbox in Exchange (`roombridge guide entra`); a new grant"
    " takes up to two hours"
)
_GONE = "ErrorItemNotFound"


class Written(Wire):
    """What is looked at in an event before it is changed, and after it was made."""

    id: str
    etag: str = msgspec.field(default="", name="@odata.etag")
    i_cal_u_id: str = msgspec.field(default="", name="iCalUId")
    series_master_id: str | None = None
    start: Moment | None = None
    end: Moment | None = None
    is_all_day: bool | None = None
    is_cancelled: bool | None = None
    is_organizer: bool | None = None
    attendees: tuple[msgspec.Raw, ...] = ()
    created_date_time: str | None = None
    transaction_id: str | None = None


class _Listed(Wire):
    value: list[Written]


_BEFORE = "id,seriesMasterId,start,end,isAllDay,isCancelled,isOrganizer,attendees"


def problems(options: Options) -> Iterator[tuple[str, str]]:
    """What stands in the way of writing: a service account's sign-in is for reading only."""
    if options.delegate.account and options.writer is None:
        yield "writer", "a service account only reads: name an application that may write"


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[Writer]:
    """Hold the identity that writes, and its token."""
    writing = options.writing
    async with Identity(outside, way(writing, outside)) as identity:
        yield GraphWriter(Service(outside, identity, writing.graph))


class GraphWriter:
    """The calendars that one identity may change."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def create(self, room: Room, draft: Draft) -> str:
        """Book the room, once for each key (`transactionId` of the event)."""
        url = self._service.of(room.mailbox, "events")
        answer = await self._service.answer("POST", url, "write", _event(draft))
        if answer.status == 409:
            return await self._made_before(room, draft)
        if answer.status not in {200, 201}:
            raise self._refusal(answer)
        return clean_uid(_decoded(answer.body, Written).i_cal_u_id)

    async def created(self, room: Room, event: Event) -> datetime | None:
        """When an event was made."""
        # Asked for whole: `$select` does not work with createdDateTime.
        found = await self._look(room, event.id, "")
        if not found.created_date_time:
            return None
        try:
            moment = datetime.fromisoformat(found.created_date_time)
        except ValueError:
            return None
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)

    async def end(self, room: Room, event: Event, at: datetime) -> None:
        """Let a meeting of the room's end then."""
        before = await self._own(room, event)
        until = {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
        url = self._at(room, before.id)
        await self._done("PATCH", url, {"end": until}, match=before.etag)

    async def decline(self, room: Room, event: Event, *, series: bool, text: str = "") -> None:
        """Answer that the room does not come: its organizer is told."""
        before = await self._unchanged(room, event)
        url = self._at(room, _meant(before, series=series), "/decline")
        words = {"comment": text} if text else {}
        await self._done("POST", url, {"sendResponse": True, **words})

    async def cancel(self, room: Room, event: Event, *, series: bool, text: str = "") -> None:
        """Call a meeting off: whoever was invited is told."""
        before = await self._own(room, event)
        meant = _meant(before, series=series)
        if before.attendees:
            words = {"comment": text} if text else {}
            await self._done("POST", self._at(room, meant, "/cancel"), words)
        else:  # an appointment: there is nobody to send a cancellation to
            await self._done("DELETE", self._at(room, meant))

    async def examine(self, wanted: Wanted) -> Sequence[Remark]:
        """What is wrong with the identity that writes."""
        return await writers_examination(self._service.identity.token, self._probe, wanted)

    async def _probe(self, mailbox: str) -> None:
        """Ask for an hour of a mailbox: who may not read there may not write either."""
        now = self._service.outside.clock.now()
        await self._view(mailbox, Window(start=now, end=now + timedelta(hours=1)), "id")

    def _at(self, room: Room, event: str, more: str = "") -> URL:
        return self._service.of(room.mailbox, f"events/{quote(event, safe='')}{more}")

    async def _done(
        self, method: Method, url: URL, body: object = None, *, match: str = ""
    ) -> None:
        """Change something."""
        answer = await self._service.answer(method, url, "write", body, match)
        if answer.status not in {200, 201, 202, 204}:
            raise self._refusal(answer)
        if answer.is_html:
            raise Malformed("a web page came instead of JSON", reason="not_json")

    def _refusal(self, answer: Answer) -> ConnectorError:
        """What it means that nothing was changed."""
        if answer.status in {409, 412}:
            return _changed()
        if answer.status == 404 and wire.error_code(answer.body) == _GONE:
            return _gone()
        error = self._service.meaning(answer)
        if answer.status == 403:
            error.fix = _FOR_WRITING
        return error

    async def _look(self, room: Room, event: str, select: str) -> Written:
        query = f"?$select={select}" if select else ""
        answer = await self._service.answer("GET", self._at(room, event, query), "write")
        if answer.status != 200:
            raise self._refusal(answer)
        return _decoded(answer.body, Written)

    async def _own(self, room: Room, event: Event) -> Written:
        """An event that is as it was read, and that the room organised."""
        found = await self._unchanged(room, event)
        if not found.is_organizer:
            raise Malformed("the room did not organise this meeting", reason="not_organizer")
        return found

    async def _unchanged(self, room: Room, event: Event) -> Written:
        """An event as it is now, if that is as it was read."""
        found = await self._look(room, event.id, _BEFORE)
        if found.is_cancelled:
            raise _gone()
        now = wire.event(wire.Item(id=found.id, start=found.start, end=found.end)).when
        if isinstance(event.when, Days) != bool(found.is_all_day):
            raise _changed()
        if not found.is_all_day and now != event.when:
            raise _changed()
        return found

    async def _made_before(self, room: Room, draft: Draft) -> str:
        """The UID of what an earlier try has made: Graph takes a transactionId once."""
        select = "id,iCalUId,transactionId,seriesMasterId"
        for found in await self._view(room.mailbox, draft.when, select):
            made = found
            if found.transaction_id != draft.key and found.series_master_id:
                made = await self._look(room, found.series_master_id, select)
            if made.transaction_id == draft.key:
                return clean_uid(made.i_cal_u_id)
        raise _changed()

    async def _view(self, mailbox: str, window: Window, select: str) -> Sequence[Written]:
        """What is in a short window of a calendar."""
        path = f"calendarView?startDateTime={utc(window.start)}&endDateTime={utc(window.end)}"
        url = self._service.of(mailbox, f"{path}&$select={select}&$top=100")
        return _decoded(await self._service.read(url, "write"), _Listed).value


def _meant(found: Written, *, series: bool) -> str:
    """The id of the occurrence, or of the series that it is part of."""
    return (found.series_master_id or found.id) if series else found.id


def _event(draft: Draft) -> dict[str, object]:
    """The event to be made (https://learn.microsoft.com/graph/api/user-post-events)."""
    event: dict[str, object] = {
        "transactionId": draft.key,
        "subject": draft.subject,
        "body": {"contentType": "text", "content": draft.text},
        "showAs": "busy",
        "isReminderOn": False,
        "start": _moment(draft.when.start, draft.time_zone),
        "end": _moment(draft.when.end, draft.time_zone),
    }
    if draft.recurrence:
        try:
            first = draft.when.start
            event["recurrence"] = patterned(draft.recurrence, first, draft.time_zone)
        except ValueError as error:
            raise Malformed("the recurrence is none", reason="request_refused") from error
    return event


def _moment(instant: datetime, time_zone: str) -> dict[str, str]:
    """A time of day where the room is: a series keeps it when clocks change."""
    local = instant.astimezone(ZoneInfo(time_zone))
    return {"dateTime": f"{local:%Y-%m-%dT%H:%M:%S}", "timeZone": time_zone}


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("the answer is not an event", reason="wrong_shape") from error


def _gone() -> NotFound:
    return NotFound("the meeting is gone by now", reason="event_gone")


def _changed() -> Unavailable:
    return Unavailable("the meeting was changed in between", reason="changed_meanwhile")
