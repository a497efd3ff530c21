"""Calendars that a service publishes as files (RFC 5545), one feed a room.

A feed is read whole each time, unless the service says that it is the same as before (RFC 9110
§13). It tells no deletion: what is not in it is gone, so that only a feed that is whole counts.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import msgspec
from yarl import URL

from connector.errors import Malformed, NotFound
from connector.http import Answer, ask, failure
from connector.icalendar import Reading
from connector.icalendar.addresses import LOCAL, MAILBOX, fault, filled, login
from connector.icalendar.kept import Key, around, covers, moves_on
from connector.outside import Outside
from connector.secret import Secret
from connector.source import CalendarSource
from rooms.model import Event, Window
from rooms.room import Room

FEED_LIMIT = 32 << 20
"""Bytes of one feed."""
READ_LIMIT = 60.0
"""Seconds for one feed."""
AT_ONCE = 256 << 10
"""Bytes whose digest is made on the loop."""


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """The feed of one room."""

    mailbox: str
    """The room's, as in rooms.yaml."""
    url: Secret
    """Where its calendar is; a secret, as many services put a key into it."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings under `sources.<name>` when `kind: ics`."""

    url: Secret | None = None
    """Where the calendars of all rooms are: `{mailbox}` stands for a room's address, `{local}` for
    what is before its `@`."""
    feeds: tuple[Feed, ...] = ()
    """Rooms whose calendars are elsewhere; they come first."""
    username: str = ""
    """Where the service asks for a login (Basic)."""
    password: Secret | None = None
    """Its password."""

    @property
    def services(self) -> Sequence[URL]:
        """Addresses that answer without credentials: hosts only, as a feed's own may be secret."""
        templates = (self.url, *(feed.url for feed in self.feeds))
        origins = (_filled(one, "room@example.com").origin() for one in templates if one)
        return tuple(dict.fromkeys(origins))

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if self.url is None and not self.feeds:
            yield "url", "give url, feeds or both"
        if self.url:
            text = self.url.reveal()
            if found := fault(text):
                yield "url", found
            elif MAILBOX not in text and LOCAL not in text:
                yield "url", f"must hold {MAILBOX} or {LOCAL}; a room's own feed stands in feeds"
        seen: set[str] = set()
        for number, feed in enumerate(self.feeds):
            if feed.url and (found := fault(feed.url.reveal())):
                yield f"feeds[{number}].url", found
            if feed.mailbox.lower() in seen:
                yield f"feeds[{number}].mailbox", "has a feed already"
            seen.add(feed.mailbox.lower())
        if bool(self.username) != (self.password is not None):
            yield "password_file", "username and password go together"


def _filled(template: Secret, mailbox: str) -> URL:
    """The address of a room's feed.

    Raises:
        NotFound: the mailbox makes no address.
    """
    try:
        return filled(template.reveal(), mailbox)
    except ValueError:
        raise NotFound(
            "the room's mailbox makes no address of a feed", reason="not_found"
        ) from None


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[CalendarSource]:
    """There is nothing to open."""
    yield Feeds(options, outside)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A feed as it was read last."""

    key: Key
    span: Window
    events: tuple[Event, ...]
    digest: bytes
    validators: dict[str, str]


class Feeds:
    """The feeds of all rooms of one source; what was read is kept in memory only."""

    def __init__(self, options: Options, outside: Outside) -> None:
        self._outside = outside
        self._template = options.url
        self._feeds = {feed.mailbox.lower(): feed.url for feed in options.feeds}
        self._headers = {"Accept": "text/calendar", **login(options.username, options.password)}
        self._reading = Reading()
        self._kept: dict[str, _Kept] = {}

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        """Every event of a room's feed that overlaps the window."""
        url = self._url(room.mailbox)
        key = Key.of(room, str(url))
        kept = self._kept.get(room.id)
        if kept is not None and kept.key != key:
            del self._kept[room.id]
            kept = None
        known = kept if kept is not None and covers(kept.span, window) else None
        answer = await self._ask(url, known.validators if known else {})
        if answer.status == 304 and known is not None:
            return _within(known.events, window, room)
        body = self._calendar(answer)
        digest = await _digest(body)
        if known is not None and known.digest == digest:
            self._kept[room.id] = replace(known, validators=_validators(answer))
            return _within(known.events, window, room)
        if kept is not None and known is None and not moves_on(kept.span, window):
            return await self._reading.events(body, room, window)
        span = around(window)
        events = tuple(await self._reading.events(body, room, span))
        self._kept[room.id] = _Kept(key, span, events, digest, _validators(answer))
        return _within(events, window, room)

    def _url(self, mailbox: str) -> URL:
        template = self._feeds.get(mailbox.lower(), self._template)
        if template is None:
            raise NotFound(
                "the source has no feed for this mailbox",
                reason="not_found",
                fix="add the mailbox to the source's `feeds`, or give it a `url` for all rooms",
            )
        return _filled(template, mailbox)

    async def _ask(self, url: URL, validators: dict[str, str]) -> Answer:
        self._outside.meter.count("read")
        return await ask(
            self._outside.http,
            "GET",
            url,
            seconds=READ_LIMIT,
            limit=FEED_LIMIT,
            tls=self._outside.tls if url.scheme == "https" else True,
            headers={**self._headers, **validators},
            **self._outside.route(url),
        )

    def _calendar(self, answer: Answer) -> bytes:
        """The text of a feed.

        Raises:
            Unavailable, Denied, NotFound, Malformed: something else came.
        """
        if answer.status == 304:
            raise Malformed(
                "the service says that nothing changed, though it was not asked",
                reason="wrong_shape",
            )
        if answer.status != 200:
            raise failure(answer, self._outside.clock.now())
        if answer.is_html:
            raise Malformed("a web page came instead of a calendar", reason="not_calendar")
        return answer.body


def _validators(answer: Answer) -> dict[str, str]:
    """What the next request asks with, so that an unchanged feed need not come again."""
    pairs = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
    return {ask: answer.headers[told] for told, ask in pairs if told in answer.headers}


def _within(events: Sequence[Event], window: Window, room: Room) -> list[Event]:
    return [
        event
        for event in events
        if event.when is None or window.overlaps(event.when.window(room.zone))
    ]


async def _digest(body: bytes) -> bytes:
    """Tells whether a feed without validators is the same as before."""
    if len(body) <= AT_ONCE:
        return hashlib.sha256(body).digest()
    return await asyncio.to_thread(lambda: hashlib.sha256(body).digest())
