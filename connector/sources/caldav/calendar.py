"""Calendars of rooms on a CalDAV server: read once, then what changed.

The first read asks for the objects that touch a span around the window. Later ones ask what changed
since (RFC 6578), or where the server cannot tell, for the versions of all objects in the span.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec.structs import replace as altered
from yarl import URL

from connector.errors import ConnectorError, Denied, Malformed, NotFound
from connector.icalendar import Reading
from connector.icalendar.kept import Key, around, covers, moves_on
from connector.outside import Outside
from connector.source import Credential
from connector.sources.caldav import dav
from connector.sources.caldav.dav import C, D, Resource
from connector.sources.caldav.places import Places, is_calendar
from connector.sources.caldav.wire import Server, follow
from rooms.model import Event, Window
from rooms.room import Room

ROUNDS = 100
"""Answers about changes after which they are held to be endless."""


@dataclass(frozen=True, slots=True)
class _Object:
    """A calendar object: its version, and its events within the span."""

    etag: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A calendar as it was read last."""

    key: Key
    span: Window
    token: str
    """From where changes are asked; empty where the server cannot tell them."""
    objects: Mapping[str, _Object]


class _TokenLost(Exception):
    """The server does not know the token any more, or tells no changes: all is read again."""


class CalDavCalendar:
    """The calendars of one server; what was read is kept in memory only."""

    def __init__(self, outside: Outside, server: Server, places: Places) -> None:
        self._outside = outside
        self._server = server
        self._places = places
        self._reading = Reading()
        self._kept: dict[str, _Kept] = {}

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        """Every event of a room's calendar that overlaps the window."""
        try:
            url = await self._places.of(room.mailbox)
            return await self._fetch(url, room, window)
        except NotFound:
            self._kept.pop(room.id, None)
            self._places.forget()
            raise

    async def _fetch(self, url: URL, room: Room, window: Window) -> Sequence[Event]:
        key = Key.of(room, str(url))
        kept = self._kept.get(room.id)
        if kept is not None and kept.key == key:
            if covers(kept.span, window):
                self._kept[room.id] = kept = await self._renewed(url, room, kept)
                return _within(kept.objects, window, room)
            if not moves_on(kept.span, window):
                return _within(await self._queried(url, room, window), window, room)
        self._kept[room.id] = kept = await self._whole(url, room, around(window), key)
        return _within(kept.objects, window, room)

    async def _whole(self, url: URL, room: Room, span: Window, key: Key) -> _Kept:
        """Read everything that touches a span.

        The token is asked for first: what changes meanwhile is told once more, not lost.
        """
        names = ("D:resourcetype", "D:sync-token")
        told = (await self._server.properties(url, *names)).resources
        if not told or not is_calendar(told[0]):
            raise NotFound("there is no calendar at the room's address", reason="not_found")
        objects = await self._queried(url, room, span)
        return _Kept(key, span, told[0].text(f"{D}sync-token"), objects)

    async def _queried(self, url: URL, room: Room, span: Window) -> dict[str, _Object]:
        found = (await self._server.report(url, dav.query(span, data=True))).resources
        return await self._read(url, room, span, found)

    async def _renewed(self, url: URL, room: Room, kept: _Kept) -> _Kept:
        """What is kept, with what changed since."""
        if not kept.token:
            return await self._compared(url, room, kept)
        try:
            changed, gone, token = await self._changes(url, kept.token)
        except _TokenLost:
            return await self._whole(url, room, kept.span, kept.key)
        if not changed and not gone:
            return replace(kept, token=token)
        loaded = await self._loaded(url, room, kept.span, changed)
        objects = {path: one for path, one in kept.objects.items() if path not in gone}
        for path in changed:
            objects.pop(path, None)
        return replace(kept, token=token, objects={**objects, **loaded})

    async def _changes(self, url: URL, token: str) -> tuple[dict[str, str], set[str], str]:
        """Names of what changed, by path, the paths of what is gone, and the next token."""
        changed: dict[str, str] = {}
        gone: set[str] = set()
        seen = {token}
        for _ in range(ROUNDS):
            answer = await self._sync(url, token)
            more = False
            for resource in answer.resources:
                path = follow(url, resource.href).path
                if path.rstrip("/") == url.path.rstrip("/"):
                    more = more or resource.status == 507  # the answer is only a part
                elif resource.status in {404, 410}:
                    changed.pop(path, None)
                    gone.add(path)
                elif resource.status == 200:
                    changed[path] = resource.href
                    gone.discard(path)
                else:
                    raise _incomplete()
            if not answer.token:
                raise _TokenLost
            token = answer.token
            if not more:
                return changed, gone, token
            if token in seen:
                break
            seen.add(token)
        raise Malformed("the calendar's changes never end", reason="endless_pages")

    async def _sync(self, url: URL, token: str) -> dav.Multistatus:
        """One answer about changes.

        Raises:
            _TokenLost: the token is not known (RFC 6578 §3.2), or changes are not told here.
        """
        try:
            return await self._server.report(url, dav.changes(token), depth="0")
        except (Denied, Malformed) as error:
            if error.reason in {"access_denied", "request_refused"}:
                raise _TokenLost from error
            raise

    async def _compared(self, url: URL, room: Room, kept: _Kept) -> _Kept:
        """What is kept, with the objects whose versions are others now."""
        found = (await self._server.report(url, dav.query(kept.span, data=False))).resources
        objects: dict[str, _Object] = {}
        changed: dict[str, str] = {}
        for resource in found:
            path, etag = follow(url, resource.href).path, resource.text(f"{D}getetag")
            if resource.status in {404, 410}:
                continue
            if resource.status != 200:
                raise _incomplete()
            known = kept.objects.get(path)
            if known is not None and etag and known.etag == etag:
                objects[path] = known
            else:
                changed[path] = resource.href
        loaded = await self._loaded(url, room, kept.span, changed)
        return replace(kept, objects={**objects, **loaded})

    async def _loaded(
        self, url: URL, room: Room, span: Window, changed: Mapping[str, str]
    ) -> dict[str, _Object]:
        """Objects by name; one that is gone by now is left out, one that is not told of is not."""
        if not changed:
            return {}
        found = await self._server.objects(url, changed.values())
        if changed.keys() - {follow(url, resource.href).path for resource in found}:
            raise _incomplete()
        return await self._read(url, room, span, found)

    async def _read(
        self, url: URL, room: Room, span: Window, found: Iterable[Resource]
    ) -> dict[str, _Object]:
        """The objects that an answer holds."""
        texts: dict[str, bytes] = {}
        etags: dict[str, str] = {}
        for resource in found:
            path = follow(url, resource.href).path
            if resource.status in {404, 410}:
                continue
            if resource.status != 200 or f"{C}calendar-data" not in resource.properties:
                raise _incomplete()
            texts[path] = resource.text(f"{C}calendar-data").encode()
            etags[path] = resource.text(f"{D}getetag")
        read = await self._reading.objects(texts, room, span)
        return {
            path: _Object(etags[path], tuple(_placed(event, path) for event in events))
            for path, events in read.items()
        }

    def credentials(self) -> Sequence[Credential]:
        """Nothing that ends by itself."""
        return ()

    async def prove(self) -> None:
        """Sign in now.

        Raises:
            Unavailable, Denied, NotFound, Malformed: it did not go well.
        """
        await self._places.prove()


def _placed(event: Event, path: str) -> Event:
    """An event under the name of the object that it stands in."""
    return altered(event, id=f"{path}#{event.occurrence}" if event.occurrence else path)


def _within(objects: Mapping[str, _Object], window: Window, room: Room) -> list[Event]:
    return [
        event
        for one in objects.values()
        for event in one.events
        if event.when is None or window.overlaps(event.when.window(room.zone))
    ]


def _incomplete() -> ConnectorError:
    return Malformed("the server leaves out a part of the calendar", reason="incomplete")
