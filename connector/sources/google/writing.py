"""Changing calendars of Google Workspace; not even imported while `writes` is `none`.

The account needs the scope `calendar.events`, and each calendar must be shared with it (or with the
subject) so that it may "Make changes to events". Every change is made to the version that was
looked at just before, or not at all
(https://developers.google.com/workspace/calendar/api/guides/version-resources).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from yarl import URL

from connector.errors import ConnectorError, Malformed, NotFound, Unavailable
from connector.http import Answer
from connector.outside import Outside
from connector.sources.google import WRITE, Options, signed_in, wire
from connector.sources.google import meaning as items
from connector.sources.google.calls import Calls, error_reason, meaning
from connector.sources.google.channels import events_of
from connector.writing import Draft, Writer
from rooms.identity import clean_uid
from rooms.model import Event, Window
from rooms.room import Room

_TOLD = {"sendUpdates": "all"}
"""Whoever organised a meeting, or was invited to it, gets to know."""
_SILENT = {"sendUpdates": "none"}
_GONE = {404, 410}


class _Found(wire.Item):
    """An event as it is before it is changed, or after it was made."""

    etag: str = ""
    created: datetime | None = None


_LOOK = {
    "fields": "id,etag,status,created,iCalUID,recurringEventId,originalStartTime,start,end,"
    "organizer(email,self)"
}


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
        answer = await self._calls.plain("POST", self._url(room, "", _SILENT), "write", body)
        # It was made by an earlier try whose answer was lost.
        if answer.status == 409 and error_reason(answer.body) == "duplicate":
            return _uid(await self._look(room, made_id))
        if answer.status != 200:
            raise meaning(answer, self._outside)
        return _uid(_decoded(answer.body))

    async def created(self, room: Room, event: Event) -> datetime | None:
        """When an event was made."""
        when = (await self._look(room, event.id)).created
        return when.astimezone(UTC) if when and when.tzinfo else None

    async def end(self, room: Room, event: Event, at: datetime) -> None:
        """Let a meeting end at another time; one that has not begun is called off."""
        found = await self._own(room, event)
        if isinstance(event.when, Window) and at <= event.when.start:
            await self._done("DELETE", room, found.id, match=found.etag)
            return
        # Google keeps whole seconds, and takes no meeting without length.
        until = at.astimezone(UTC).replace(microsecond=0)
        if isinstance(event.when, Window):
            until = max(until, event.when.start + timedelta(seconds=1))
        body = {"end": {"dateTime": f"{until:%Y-%m-%dT%H:%M:%SZ}"}}
        await self._done("PATCH", room, found.id, body, match=found.etag)

    async def decline(self, room: Room, event: Event, *, series: bool, text: str = "") -> None:
        """Give the room back: its own answer changes, and nothing else."""
        found = await self._unchanged(room, event)
        me: dict[str, Any] = {"email": room.mailbox, "resource": True, "responseStatus": "declined"}
        if text:
            me["comment"] = text
        body = {"attendeesOmitted": True, "attendees": [me]}
        name, version = _meant(found, series=series)
        await self._done("PATCH", room, name, body, match=version)

    async def cancel(
        self,
        room: Room,
        event: Event,
        *,
        series: bool,
        text: str = "",  # noqa: ARG002 - nothing here carries it
    ) -> None:
        """Call a meeting off: whoever was invited is told, in the words of Google alone."""
        name, version = _meant(await self._own(room, event), series=series)
        await self._done("DELETE", room, name, match=version)

    async def _own(self, room: Room, event: Event) -> _Found:
        """An event that is as it was read, and that the room organised.

        Google would let a guest take the meeting out of the own calendar, which is no cancelling.
        """
        found = await self._unchanged(room, event)
        if not items.event(found, room.mailbox).own:
            raise _not_organizer()
        return found

    async def _unchanged(self, room: Room, event: Event) -> _Found:
        """An event as it is now, if that is as it was read."""
        found = await self._look(room, event.id)
        if items.event(found, room.mailbox).when != event.when:
            raise _changed()
        return found

    async def _look(self, room: Room, event: str) -> _Found:
        answer = await self._calls.plain("GET", self._url(room, event, _LOOK), "write")
        if answer.status != 200:
            raise await self._refusal(room, answer)
        found = _decoded(answer.body)
        # Google goes on telling of what was deleted, for a while.
        if found.status == "cancelled":
            raise _gone()
        return found

    async def _done(
        self, method: str, room: Room, event: str, body: object = None, *, match: str
    ) -> None:
        """Change something, if it is still the version that was looked at."""
        url = self._url(room, event, _TOLD)
        answer = await self._calls.plain(method, url, "write", body, match=match)
        if not 200 <= answer.status < 300:
            raise await self._refusal(room, answer)
        if answer.is_html:
            raise Malformed("a web page came instead of JSON", reason="not_json")

    async def _refusal(self, room: Room, answer: Answer) -> ConnectorError:
        """What it means that nothing was changed."""
        if answer.status == 412:
            return _changed()
        if answer.status in _GONE and await self._is_there(room):
            return _gone()
        if answer.status == 403 and error_reason(answer.body) == "forbiddenForNonOrganizer":
            return _not_organizer()
        return meaning(answer, self._outside)

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


def _meant(found: _Found, *, series: bool) -> tuple[str, str]:
    """The id of the occurrence and its version, or the id of its series, whatever version."""
    if series and found.recurring_event_id:
        return found.recurring_event_id, ""
    return found.id, found.etag


def _instant(when: datetime, zone: str) -> dict[str, str]:
    """An instant, with the zone in which a series keeps its time of day."""
    return {"dateTime": f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "timeZone": zone}


def _uid(found: _Found) -> str:
    return clean_uid(found.i_cal_uid or "")


def _decoded(body: bytes) -> _Found:
    try:
        return msgspec.json.decode(body, type=_Found)
    except (ValueError, RecursionError) as error:
        raise Malformed("the answer is no event", reason="wrong_shape") from error


def _gone() -> NotFound:
    return NotFound("the meeting is gone by now", reason="event_gone")


def _changed() -> Unavailable:
    return Unavailable("the meeting was changed in between", reason="changed_meanwhile")


def _not_organizer() -> Malformed:
    return Malformed("the room did not organise this meeting", reason="not_organizer")
