"""Changing calendars of Google Workspace; not even imported while `writes` is `none`.

The account needs the scope `calendar.events`, and each calendar must be shared with it (or with the
subject) so that it may "Make changes to events".
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from yarl import URL

from connector.errors import Malformed
from connector.outside import Outside
from connector.sources.google import WRITE, Options, signed_in
from connector.sources.google.calls import Calls, error_reason, meaning
from connector.sources.google.channels import events_of
from connector.writing import Draft, Writer
from rooms.model import Event, Window
from rooms.room import Room

_OCCURRENCE = re.compile(r"(.+)_\d{8}(?:T\d{6}Z)?")
_TOLD = {"sendUpdates": "all"}
"""Whoever organised a meeting, or was invited to it, gets to know."""
_SILENT = {"sendUpdates": "none"}
_GONE = {404, 410}


class _Made(msgspec.Struct):
    id: str
    created: datetime | None = None


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[Writer]:
    """Hold a token that may write for as long as the writer lives."""
    async with signed_in(options, outside, WRITE) as calls:
        yield GoogleWriter(outside, calls, options.calendar)


class GoogleWriter:
    """Changes the calendars of one source."""

    def __init__(self, outside: Outside, calls: Calls, calendar: URL) -> None:
        self._outside = outside
        self._calls = calls
        self._calendar = calendar

    async def create(self, room: Room, draft: Draft) -> str:
        """Book the room, under an id that follows from the draft's key: Google makes it once."""
        made_id = event_id(room, draft.key)
        body: dict[str, Any] = {
            "id": made_id,
            "summary": draft.subject,
            "start": _instant(draft.when.start, draft.time_zone),
            "end": _instant(draft.when.end, draft.time_zone),
        }
        if draft.text:
            body["description"] = draft.text
        if draft.recurrence:
            body["recurrence"] = [f"RRULE:{draft.recurrence}"]
        url = self._url(room, "", _SILENT)
        answer = await self._calls.plain("POST", url, "write", body)
        # It was made by an earlier try whose answer was lost.
        if answer.status == 409 and error_reason(answer.body) == "duplicate":
            return made_id
        if answer.status != 200:
            raise meaning(answer, self._outside)
        return _made(answer.body).id

    async def created(self, room: Room, event: Event) -> datetime | None:
        """When an event was made."""
        url = self._url(room, event.id, {"fields": "id,created"})
        answer = await self._calls("GET", url, "write")
        when = _made(answer.body).created
        return when.astimezone(UTC) if when and when.tzinfo else None

    async def end(self, room: Room, event: Event, at: datetime) -> None:
        """Let a meeting end at another time; one that has not begun is called off."""
        if isinstance(event.when, Window) and at <= event.when.start:
            await self.cancel(room, event, series=False)
            return
        # Google keeps whole seconds, and takes no meeting without length.
        until = at.astimezone(UTC).replace(microsecond=0)
        if isinstance(event.when, Window):
            until = max(until, event.when.start + timedelta(seconds=1))
        body = {"end": {"dateTime": f"{until:%Y-%m-%dT%H:%M:%SZ}"}}
        await self._calls("PATCH", self._url(room, event.id, _TOLD), "write", body)

    async def decline(self, room: Room, event: Event, *, series: bool) -> None:
        """Give the room back: its own answer changes, and nothing else."""
        me = {"email": room.mailbox, "resource": True, "responseStatus": "declined"}
        body = {"attendeesOmitted": True, "attendees": [me]}
        await self._calls("PATCH", self._url(room, _named(event, series), _TOLD), "write", body)

    async def cancel(self, room: Room, event: Event, *, series: bool) -> None:
        """Call a meeting off; one that is gone already is called off."""
        url = self._url(room, _named(event, series), _TOLD)
        answer = await self._calls.plain("DELETE", url, "write")
        if answer.status in _GONE and await self._is_there(room):
            return
        if not 200 <= answer.status < 300:
            raise meaning(answer, self._outside)

    async def _is_there(self, room: Room) -> bool:
        """Whether the calendar itself can be reached: only then is an event really gone."""
        url = self._url(room, "", {"maxResults": "1", "fields": "kind"})
        answer = await self._calls.plain("GET", url, "write")
        return answer.status == 200

    def _url(self, room: Room, event: str, query: dict[str, str]) -> URL:
        base = events_of(self._calendar, room.mailbox)
        path = f"/{quote(event, safe='')}" if event else ""
        return URL(f"{base}{path}?{urlencode(query)}", encoded=True)


def event_id(room: Room, key: str) -> str:
    """An id of base32hex, as Google asks for, the same for every try of the same booking."""
    return sha256(f"{room.mailbox.lower()}\n{key}".encode()).hexdigest()


def _named(event: Event, series: bool) -> str:
    """The id of an event, or of its series: that of an occurrence begins with it."""
    found = _OCCURRENCE.fullmatch(event.id) if series and event.occurrence else None
    return found[1] if found else event.id


def _instant(when: datetime, zone: str) -> dict[str, str]:
    """An instant, with the zone in which a series keeps its time of day."""
    return {"dateTime": f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "timeZone": zone}


def _made(body: bytes) -> _Made:
    try:
        return msgspec.json.decode(body, type=_Made)
    except (ValueError, RecursionError) as error:
        raise Malformed("the answer is no event", reason="wrong_shape") from error
