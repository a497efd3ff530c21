"""Changing rooms' calendars on a CalDAV server (RFC 4791 §5.3.2).

Every change is made to the version that was read, or not at all. Whether anybody is told is the
server's part (RFC 6638): one that schedules sends the room's answer on.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from yarl import URL

from connector.errors import Malformed, NotFound, Unavailable
from connector.http import Answer
from connector.icalendar.addresses import login
from connector.icalendar.editing import Object, made
from connector.outside import Outside
from connector.sources.caldav import Options
from connector.sources.caldav.places import Places
from connector.sources.caldav.wire import Server, follow
from connector.writing import Draft, Writer
from rooms.model import Event
from rooms.room import Room

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
    object: Object


class CalDavWriter:
    """Changes the calendars of one server."""

    def __init__(self, outside: Outside, server: Server, places: Places) -> None:
        self._outside = outside
        self._server = server
        self._places = places

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
        url = _within(await self._places.of(room.mailbox), f"{name}.ics")
        answer = await self._send("PUT", url, text, {**_TYPE, "If-None-Match": "*"})
        if answer.status != 412:  # it was made by an earlier try
            self._check(answer)
        return uid

    async def created(self, room: Room, event: Event) -> datetime | None:
        """When an event was made, where its writer told."""
        return (await self._read(room, event)).object.created

    async def end(self, room: Room, event: Event, at: datetime) -> None:
        """Let a meeting, or one occurrence of a series, end then."""
        version = await self._read(room, event)
        version.object.end(event.occurrence, at)
        await self._put(version)

    async def decline(self, room: Room, event: Event, *, series: bool) -> None:
        """Let the room's answer be no."""
        version = await self._read(room, event)
        whole = series or not event.occurrence
        version.object.answer(room.mailbox, "DECLINED", None if whole else event.occurrence)
        await self._put(version)

    async def cancel(self, room: Room, event: Event, *, series: bool) -> None:
        """Take a meeting away, or one occurrence out of its series."""
        version = await self._read(room, event)
        if not series and event.occurrence:
            version.object.leave_out(event.occurrence)
            if not version.object.empty:
                await self._put(version)
                return
        answer = await self._send("DELETE", version.url, None, {"If-Match": version.etag})
        self._check(answer)

    async def _read(self, room: Room, event: Event) -> _Version:
        """The object that an event stands in."""
        calendar = await self._places.of(room.mailbox)
        path = event.id.removesuffix(f"#{event.occurrence}")
        url = follow(calendar, URL.build(path=path).raw_path)
        if not url.path.startswith(calendar.path.rstrip("/") + "/"):
            raise NotFound("the event is not in the room's calendar", reason="not_found")
        answer = await self._send("GET", url)
        if answer.status != 200:
            raise self._server.meaning(answer)
        if answer.is_html:
            raise Malformed("a web page came instead of a calendar", reason="not_calendar")
        now = self._outside.clock.now()
        taken = await asyncio.to_thread(Object, answer.body, room.zone, now)
        return _Version(url, answer.headers.get("ETag", "*"), taken)

    async def _put(self, version: _Version) -> None:
        headers = {**_TYPE, "If-Match": version.etag}
        self._check(await self._send("PUT", version.url, version.object.text, headers))

    def _check(self, answer: Answer) -> None:
        """Whether a change was made.

        Raises:
            Unavailable, Denied, NotFound, Malformed: it was not.
        """
        if answer.status == 412:
            raise Unavailable("somebody else changed it meanwhile", reason="changed_meanwhile")
        if answer.status not in {200, 201, 204}:
            raise self._server.meaning(answer)

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
