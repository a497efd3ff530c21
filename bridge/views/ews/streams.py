"""GetStreamingEvents: an answer that stays open and grows with each change, up to half an hour."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import cast

from aiohttp import hdrs, web

from bridge.readers import Readers
from bridge.views.ews.markup import (
    CONTENT_TYPE,
    Fault,
    Refused,
    element,
    message,
    messages,
    refusal,
    streamed,
    tag,
)
from bridge.views.ews.reading import M, children, number
from bridge.views.ews.shelf import Call
from bridge.views.ews.subscriptions import Subscription, Subscriptions, changes
from bridge.views.ews.syncing import snapshot
from bridge.views.house import COMMON

MINUTE = 60.0
HEARTBEAT = 45.0
"""Seconds between two signs of life."""
EACH = 3
"""Open answers of one unit; the oldest ends: whoever lost power never said so."""
WRITE_LIMIT = 20.0
"""Seconds for a unit to take what is written."""
_KIND = "GetStreamingEvents"


class _Listener:
    """One open answer."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.over = False

    def end(self) -> None:
        """Let it come to its end."""
        self.over = True
        self.news.set()


class Streams:
    """All answers that are open, by room and by unit."""

    def __init__(self, readers: Readers, known: Subscriptions) -> None:
        self._readers = readers
        self._known = known
        self._by_room: dict[str, set[_Listener]] = {}
        self._by_endpoint: dict[str, list[_Listener]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_room.values()))

    def changed(self, room: str) -> None:
        """A room's agenda shows something different."""
        for one in self._by_room.get(room, ()):
            one.news.set()

    def close(self) -> None:
        """End every answer."""
        for listeners in self._by_room.values():
            for one in listeners:
                one.end()

    async def serve(self, call: Call, request: web.Request) -> web.StreamResponse | bytes:
        """One answer, from its first part to its last; bytes where it never opens."""
        wanted = [(one.text or "").strip() for one in children(call.element, f"{M}SubscriptionIds")]
        minutes = number(call.element, f"{M}ConnectionTimeout", 30, 1, 30)
        found: list[Subscription] = []
        for id_ in wanted:
            try:
                found.append(self._subscription(call, id_))
            except Refused as refused:
                ids = tag("m:ErrorSubscriptionIds", element("t:SubscriptionId", id_))
                return messages(_KIND, refusal(_KIND, refused, ids))
        if not found:
            raise Fault("ErrorSchemaValidation", "The request failed schema validation.")
        response = web.StreamResponse(headers=COMMON | {hdrs.CONTENT_TYPE: CONTENT_TYPE})
        if request.version >= (1, 1):
            response.enable_chunked_encoding()
        await response.prepare(request)
        listener = self._open(call)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(minutes * MINUTE):
                    await self._told(call, listener, response, found)
            await _write(response, message(_KIND, element("m:ConnectionStatus", "Closed")))
        except ConnectionResetError:
            abandon(request)
            raise
        finally:
            self._shut(call, listener)
        return response

    def _subscription(self, call: Call, id_: str) -> Subscription:
        one = self._known.of(call, id_)
        if one.pulled:
            raise Refused("ErrorInvalidSubscription", "The subscription is not a streaming one.")
        return one

    def _open(self, call: Call) -> _Listener:
        listener = _Listener()
        own = self._by_endpoint.setdefault(call.reader.endpoint, [])
        while len(own) >= EACH:
            own.pop(0).end()
        own.append(listener)
        self._by_room.setdefault(call.room.id, set()).add(listener)
        return listener

    def _shut(self, call: Call, listener: _Listener) -> None:
        own = self._by_endpoint.get(call.reader.endpoint, [])
        if listener in own:
            own.remove(listener)
        if not own:
            self._by_endpoint.pop(call.reader.endpoint, None)
        self._by_room[call.room.id].discard(listener)
        if not self._by_room[call.room.id]:
            del self._by_room[call.room.id]

    async def _told(
        self,
        call: Call,
        listener: _Listener,
        response: web.StreamResponse,
        found: Iterable[Subscription],
    ) -> None:
        """Tell changes as they come, and from time to time that all is well."""
        await _write(response, _OPEN)
        while not listener.over and self._readers.current(call.reader):
            listener.news.clear()
            room = call.house.rooms.get(call.room.id)
            if room is None or call.house.store.kept(room.id) is None:
                return
            news = _news(call._replace(room=room, now=call.house.clock.now()), found)
            if news:
                await _write(response, message(_KIND, news))
            try:
                async with asyncio.timeout(HEARTBEAT):
                    await listener.news.wait()
            except TimeoutError:
                await _write(response, _OPEN)


_OPEN = message(_KIND, element("m:ConnectionStatus", "OK"))


def _news(call: Call, found: Iterable[Subscription]) -> bytes:
    """What is new for these subscriptions."""
    items, told = call.items, []
    for one in found:
        events = list(changes(one, items, call.now))
        one.seen, one.used = snapshot(items.by_id), call.now
        if events:
            told.append(tag("m:Notification", element("t:SubscriptionId", one.id), *events))
    return tag("m:Notifications", *told) if told else b""


def abandon(request: web.Request) -> None:
    """End a connection whose other end takes nothing: closing it would wait for that for ever."""
    # CPython 3.11's TLS transports raise this once they were closed twice.
    with suppress(AttributeError):
        if request.transport is not None:
            cast("asyncio.WriteTransport", request.transport).abort()


async def _write(response: web.StreamResponse, part: bytes) -> None:
    """Write one part.

    Raises:
        ConnectionResetError: nobody takes it.
    """
    try:
        async with asyncio.timeout(WRITE_LIMIT):
            await response.write(streamed(_KIND, part))
    except TimeoutError as error:
        raise ConnectionResetError from error
