"""Agendas as Server-Sent Events: at once, at each change, and every quarter minute how old."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from aiohttp import web
from multidict import CIMultiDict

from bridge.callers import Caller
from bridge.views import render
from bridge.views.house import COMMON, House, encode
from bridge.views.rendered import Rendered
from bridge.views.rooms import seen_room
from bridge.views.shapes import StatusShape
from bridge.views.web import Route
from rooms.room import Room

STATUS_EVERY = 15.0
"""Seconds between two `status` events."""
BEHIND = 256 << 10
"""Bytes waiting for one listener after which it is let go; it comes back by itself."""
RECONNECT_MS = 3000

_HEADERS = CIMultiDict(
    COMMON
    | {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
    }
)


class Listener:
    """One open stream."""

    __slots__ = ("_chunked", "_transport", "caller", "etag", "gone")

    def __init__(
        self,
        caller: Caller,
        response: web.StreamResponse,
        transport: asyncio.WriteTransport,
    ) -> None:
        self.caller = caller
        self.etag = ""
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport = transport
        self._chunked = bool(response.chunked)

    def send(self, data: bytes) -> None:
        """Hand over an event without waiting: one slow listener must not hold up the others."""
        if self._transport.is_closing() or self._transport.get_write_buffer_size() > BEHIND:
            self.leave()
        else:
            self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def leave(self) -> None:
        """End the stream."""
        if not self.gone.done():
            self.gone.set_result(None)


class Beside(Protocol):
    """Streams of another form, for whom the same is news."""

    def changed(self, room: str, /) -> None:
        """A room's agenda shows something different."""

    def close(self) -> None:
        """End every stream."""


class Hub:
    """All open streams, by room."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._listeners: dict[str, tuple[Listener, ...]] = {}
        self.beside: Beside | None = None
        """Who has streams of another form."""
        self.on_news: list[Callable[[str], None]] = []
        """Who else wants to know that a room shows something different; called at once."""

    def __len__(self) -> int:
        return sum(map(len, self._listeners.values()))

    def tokens(self) -> frozenset[str]:
        """The ids of the tokens that opened what is open now."""
        listening = (one.caller.token for each in self._listeners.values() for one in each)
        return frozenset(token for token in listening if token)

    def changed(self, room: str) -> None:
        """A room's agenda shows something different: tell whoever listens."""
        self._tell(room, self._listeners.get(room, ()), status=False)
        if self.beside is not None:
            self.beside.changed(room)
        for heard in self.on_news:
            heard(room)

    def troubled(self, room: str) -> None:
        """Something around a room fails or works again: tell whoever listens."""
        self._tell(room, self._listeners.get(room, ()), status=True)
        for heard in self.on_news:
            heard(room)

    def expel(self, token: str) -> None:
        """End the streams of a token that was revoked."""
        for listeners in self._listeners.values():
            for listener in listeners:
                if listener.caller.token == token:
                    listener.leave()

    def expel_session(self, session: str) -> None:
        """End the streams of a session that has ended."""
        for listeners in self._listeners.values():
            for listener in listeners:
                if listener.caller.session == session:
                    listener.leave()

    def close(self) -> None:
        """End every stream."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.leave()
        if self.beside is not None:
            self.beside.close()

    async def run(self) -> None:
        """Send `status` every quarter minute, rooms spread over it."""
        while True:
            rooms = list(self._listeners)
            for room in rooms:
                self._tell(room, self._listeners.get(room, ()), status=True)
                await asyncio.sleep(STATUS_EVERY / len(rooms))
            if not rooms:
                await asyncio.sleep(STATUS_EVERY)

    def _tell(self, room_id: str, listeners: Iterable[Listener], *, status: bool) -> None:
        room = self._house.rooms.get(room_id)
        now = self._house.clock.now()
        events: dict[str, bytes] = {}
        state = b""
        for listener in listeners:
            if room is None or not self._house.holds(listener.caller, room_id):
                listener.leave()
                continue
            rendered = self._house.outline(room, listener.caller, now)
            if rendered.etag != listener.etag:
                listener.etag = rendered.etag
                if rendered.etag not in events:
                    events[rendered.etag] = self._agenda(room, listener.caller, rendered, now)
                listener.send(events[rendered.etag])
            if status:
                state = state or self.status(room, now)
                listener.send(state)

    def _agenda(self, room: Room, caller: Caller, found: Rendered, now: datetime) -> bytes:
        """The `agenda` event of a room; its bytes are not kept."""
        whole = self._house.whole(found, caller)
        self._house.let_go(room.id, caller)
        return _event("agenda", whole.body(now), whole.etag)

    def status(self, room: Room, now: datetime) -> bytes:
        """The `status` event of a room."""
        kept = self._house.store.kept(room.id)
        shape = StatusShape(
            as_of=kept.as_of if kept else None,
            age_s=render.age(kept.as_of, now) if kept else None,
            stale=self._house.stale(kept, now),
            health=render.troubles(self._house.health_of(room, now)),
            time=now,
            presence=render.presence(*self._house.presence(room.id)),
            display=self._house.display(room),
        )
        return _event("status", encode(shape))

    def _greeting(self, listener: Listener, room: Room, known: str | None) -> bytes:
        """What a stream begins with: the agenda unless that is known, and how old it is."""
        now = self._house.clock.now()
        rendered = self._house.outline(room, listener.caller, now)
        listener.etag = rendered.etag
        first = b"retry: %d\n\n" % RECONNECT_MS
        if known != rendered.etag:
            first += self._agenda(room, listener.caller, rendered, now)
        return first + self.status(room, now)

    async def serve(self, house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        """One stream, until somebody leaves."""
        room = seen_room(house, caller, request)
        response = web.StreamResponse(headers=_HEADERS)
        if request.version >= (1, 1):
            response.enable_chunked_encoding()
        await response.prepare(request)
        response.headers.clear()  # they are sent, and the answer lasts for days
        # Whoever takes no bytes waits here for as long as they like: their token may be gone.
        if request.transport is None or not house.holds(caller, room.id):
            return response
        listener = Listener(caller, response, request.transport)
        first = self._greeting(listener, room, request.headers.get("Last-Event-ID"))
        try:
            await response.write(first)
        except ConnectionError:  # gone already: a display that did not want to wait so long
            return response
        del first
        self._listeners[room.id] = (*self._listeners.get(room.id, ()), listener)
        self._tell(room.id, [listener], status=False)  # what changed during the first write
        try:
            await listener.gone
        finally:
            self._forget(room.id, listener)
        return response

    def _forget(self, room: str, gone: Listener) -> None:
        left = tuple(one for one in self._listeners[room] if one is not gone)
        if left:
            self._listeners[room] = left
        else:
            del self._listeners[room]


def route(hub: Hub) -> Route:
    """The stream's route."""
    return Route(
        method="GET",
        path="/api/v1/rooms/{room}/stream",
        serve=hub.serve,
        scope="read",
        summary="A room's agenda as it changes (Server-Sent Events `agenda` and `status`)",
        answer="text/event-stream",
        problems=("unknown_room",),
    )


def _event(name: str, data: bytes, id_: str = "") -> bytes:
    head = f"event: {name}\nid: {id_}\n" if id_ else f"event: {name}\n"
    return b"%bdata: %b\n\n" % (head.encode(), data)
