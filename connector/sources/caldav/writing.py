"""Changing rooms' calendars on a CalDAV server (RFC 4791 §5.3.2).

Every change is made to the version that was read, or not at all. Whether anybody is told is the
server's part (RFC 6638): one that schedules sends the room's answer on.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from yarl import URL

from connector.errors import Malformed, NotFound, Unavailable
from connector.http import Answer
from connector.icalendar import Reading
from connector.icalendar.addresses import login
from connector.icalendar.editing import Object, made
from connector.outside import Outside
from connector.sources.caldav import Options
from connector.sources.caldav.places import Places
from connector.sources.caldav.wire import Server, follow
from connector.writing import Draft, Writer
from rooms.model import Event, Window
from rooms.room import Room

AROUND = timedelta(days=366)
"""How far from its former time an occurrence is looked for."""

_ABSENT = {404, 410}
_FOR_WRITING = "give the login the right to write to the room's calendar, not only to read it"
_TYPE = {"Content-Type": "text/calendar; charset=utf-8"}


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[Writer]:
    """There is nothing to open: each request signs itself in."""
    server = Server(outside, login(options.username, options.password))
    yield CalDavWriter(outside, server, Places(server, options.url))


@dataclass(frozen=True, slots=True)
class _Version:
    """An object as it was read just now."""

    url: URL
    etag: str
    text: bytes
    object: Object


class CalDavWriter:
    """Changes the calendars of one server."""

    def __init__(self, outside: Outside, server: Server, places: Places) -> None:
        self._outside = outside
        self._server = server
        self._places = places
        self._reading = Reading()

    async def create(self, room: Room, draft: Draft) -> str:
        """Book the room; the UID of the meeting. Its object is named after the draft's key."""
        name = hashlib.sha256(f"{room.id}\0{draft.key}".encode()).hexdigest()[:32]
        uid = f"{name}@roombridge"
        text = await asyncio.to_thread(
            made,
            uid,
            draft.subject,
            draft.when,
            time_zone=draft.time_zone,
            text=draft.text,
            rule=draft.recurrence,
            now=self._outside.clock.now(),
        )
        calendar = await self._places.of(room.mailbox)
        url = _within(calendar, f"{name}.ics")
        answer = await self._send("PUT", url, text, {**_TYPE, "If-None-Match": "*"})
        if answer.status == 409:  # there may be no collection to put it into (RFC 4918 §9.7.1)
            await self._check_place(calendar)
        if answer.status != 412:  # it was made by an earlier try
            self._check(answer)
        return uid

    async def created(self, room: Room, event: Event) -> datetime | None:
        """When an event was made, where its writer told."""
        return (await self._read(room, event)).object.created

    async def end(self, room: Room, event: Event, at: datetime) -> None:
        """Let a meeting, or one occurrence of a series, end then."""
        version = await self._own(room, event)
        version.object.end(event.occurrence, at)
        await self._put(version)

    async def decline(self, room: Room, event: Event, *, series: bool, text: str = "") -> None:
        """Let the room's answer be no."""
        version, _ = await self._unchanged(room, event)
        whole = series or not event.occurrence
        version.object.answer(room.mailbox, "DECLINED", None if whole else event.occurrence, text)
        await self._put(version)

    async def cancel(
        self,
        room: Room,
        event: Event,
        *,
        series: bool,
        text: str = "",  # noqa: ARG002 - nothing here carries it
    ) -> None:
        """Take a meeting away, or one occurrence out of its series: no words stay with it."""
        version = await self._own(room, event)
        if not series and event.occurrence:
            version.object.leave_out(event.occurrence)
            if not version.object.empty:
                await self._put(version)
                return
        answer = await self._send("DELETE", version.url, None, {"If-Match": version.etag})
        self._check(answer)

    async def _own(self, room: Room, event: Event) -> _Version:
        """The object of an event that is as it was read, and that the room organised."""
        version, found = await self._unchanged(room, event)
        if not found.own:
            raise Malformed("the room did not organise this meeting", reason="not_organizer")
        return version

    async def _unchanged(self, room: Room, event: Event) -> tuple[_Version, Event]:
        """The object that an event stands in, and the event, if that is as it was read.

        Raises:
            NotFound: it is gone by now.
            Unavailable: somebody changed it in between.
        """
        version = await self._read(room, event)
        if event.when is None:
            return version, event
        when = event.when.window(room.zone)
        span = Window(start=when.start - AROUND, end=when.end + AROUND)
        for found in await self._reading.events(version.text, room, span):
            if found.occurrence == event.occurrence:
                if found.cancelled:
                    raise _gone()
                if found.when != event.when:
                    raise _changed()
                return version, found
        # An occurrence was left out; what is no series was moved far away, or became one.
        raise _gone() if event.occurrence else _changed()

    async def _read(self, room: Room, event: Event) -> _Version:
        """The object that an event stands in."""
        calendar = await self._places.of(room.mailbox)
        path = event.id.removesuffix(f"#{event.occurrence}")
        url = follow(calendar, URL.build(path=path).raw_path)
        if not url.path.startswith(calendar.path.rstrip("/") + "/"):
            raise NotFound("the event is not in the room's calendar", reason="not_found")
        answer = await self._send("GET", url)
        if answer.status in _ABSENT:
            await self._check_place(calendar)
            raise _gone()
        if answer.status != 200:
            raise self._server.meaning(answer)
        if answer.is_html:
            raise Malformed("a web page came instead of a calendar", reason="not_calendar")
        etag = answer.headers.get("ETag", "")
        if not etag:  # RFC 4791 §5.3.4 asks for one; without it somebody's change would be undone
            raise Malformed("the server tells no version of the event", reason="not_dav")
        now = self._outside.clock.now()
        taken = await asyncio.to_thread(Object, answer.body, room.zone, now)
        return _Version(url, etag, answer.body, taken)

    async def _check_place(self, calendar: URL) -> None:
        """Raises NotFound where it is the calendar itself that is not there."""
        await self._server.properties(calendar, "D:resourcetype")

    async def _put(self, version: _Version) -> None:
        headers = {**_TYPE, "If-Match": version.etag}
        self._check(await self._send("PUT", version.url, version.object.text, headers))

    def _check(self, answer: Answer) -> None:
        """Whether a change was made.

        Raises:
            Unavailable, Denied, NotFound, Malformed: it was not.
        """
        if answer.status == 412:
            raise _changed()
        if answer.status not in {200, 201, 204}:
            error = self._server.meaning(answer)
            if answer.status == 403:
                error.fix = _FOR_WRITING
            raise error
        # A portal on the way says 200 to anything; servers may answer with XML of their own.
        if "html" in answer.headers.get("Content-Type", "").lower():
            raise Malformed("a web page came instead of an answer", reason="not_http")

    async def _send(
        self,
        method: str,
        url: URL,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        return await self._server.send(method, url, body, headers, "write")


def _within(calendar: URL, name: str) -> URL:
    """An object of a calendar."""
    return URL(f"{str(calendar.with_query(None)).rstrip('/')}/{name}", encoded=True)


def _gone() -> NotFound:
    return NotFound("the meeting is gone by now", reason="event_gone")


def _changed() -> Unavailable:
    return Unavailable("somebody changed the meeting meanwhile", reason="changed_meanwhile")
