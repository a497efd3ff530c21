"""A board of all rooms of a list: which are free, and until when. It tells of no meeting."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from bridge.callers import Caller
from bridge.views import cookies
from bridge.views.files import page
from bridge.views.house import COMMON, JSON, House, encode
from bridge.views.pages import shown, spoken
from bridge.views.render import Standing
from bridge.views.rooms import SLICE, matches
from bridge.views.shapes import Shape
from bridge.views.web import ANYBODY, Problem, Route, refused
from rooms.display import Clock, Language, Theme
from rooms.room import Room


class BoardRoomShape(Shape, frozen=True, kw_only=True):
    """How a room stands, as everybody may know who walks past."""

    id: str
    name: str
    building: str
    floor: str
    time_zone: str
    state: Annotated[
        Literal["free", "busy", "unknown"],
        Meta(description="`unknown`: its calendar was never read."),
    ]
    until: Annotated[datetime, Meta(description="When the state ends.")] | None
    as_of: (
        Annotated[datetime, Meta(description="How old that is, where it is not up to date.")] | None
    )


class BoardListShape(Shape, frozen=True, kw_only=True):
    """A list of rooms."""

    id: str
    name: str


class BoardLookShape(Shape, frozen=True, kw_only=True):
    """How a board looks: as the displays of its rooms."""

    language: Language
    clock: Clock
    theme: Theme


class BoardShape(Shape, frozen=True, kw_only=True):
    """All rooms of a list, by building, floor and name."""

    list: BoardListShape
    look: BoardLookShape
    rooms: tuple[BoardRoomShape, ...]


class _Rooms(NamedTuple):
    """The rooms of a list as they stood, good for a second."""

    second: int
    shown: bytes
    """An array of JSON."""


@dataclass(kw_only=True)
class Boards:
    """Boards of lists."""

    names: Mapping[str, str] = field(default_factory=dict)
    """What people call each list; the composition root replaces it on reload."""
    _making: dict[str, asyncio.Task[_Rooms]] = field(default_factory=dict)
    """The rooms of each list, made for all who ask in the same second."""

    async def page(self, house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        """The page; whoever may not see it learns how to sign in."""
        name = request.match_info["list"]
        if not self._shows(house, caller, name):
            if "read" in caller.scopes and not self._known(house, name):
                raise Problem(404, "unknown_list")
            return shown(page("signin.html", lang=spoken(request)), request, status=401)
        return shown(page("board/board.html", lang=spoken(request), list=name), request)

    async def sign_in(
        self, house: House, caller: Caller, request: web.Request
    ) -> web.StreamResponse:
        """Turn a token into a cookie; one that may more than look would be too much in a hall."""
        token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")[2].strip()
        if not token or not self._shows(house, caller, request.match_info["list"]):
            raise refused(caller if token else ANYBODY)
        if caller.room is None and caller.scopes != frozenset(["read"]):
            raise Problem(
                403, "forbidden", "a board needs a token that may `read` and nothing else"
            )
        response = web.Response(status=204, headers=COMMON)
        cookies.sign_in(response, house, request, token)
        return response

    async def serve(self, house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        """How the rooms of a list stand, or that nothing of it has changed."""
        name = request.match_info["list"]
        if not self._known(house, name):
            raise Problem(404, "unknown_list")
        if not self._shows(house, caller, name):
            raise Problem(403, "forbidden")
        now = house.clock.now()
        body = await self._board(house, caller, name, now)
        etag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        headers = JSON | {"ETag": etag, "Bridge-Time": f"{now:%Y-%m-%dT%H:%M:%S.%fZ}"}
        asked = request.headers.get(hdrs.IF_NONE_MATCH)
        if asked is not None and matches(asked, etag):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)

    def _known(self, house: House, name: str) -> bool:
        return name in self.names or any(name in room.lists for room in house.rooms.values())

    def _shows(self, house: House, caller: Caller, name: str) -> bool:
        """A display sees the boards that its own room is on."""
        if "read" not in caller.scopes or not self._known(house, name):
            return False
        if caller.lists is not None and name not in caller.lists:
            return False
        own = house.rooms.get(caller.room) if caller.room is not None else None
        return caller.room is None or (own is not None and name in own.lists)

    async def _board(self, house: House, caller: Caller, name: str, now: datetime) -> bytes:
        rooms = await self._rooms(house, name, now)
        own = house.rooms.get(caller.room) if caller.room is not None else None
        first = own or min(_of(house, name), key=_place, default=None)
        parts = {
            "list": BoardListShape(id=name, name=self.names.get(name) or name),
            "look": _look(first),
            "rooms": msgspec.Raw(rooms.shown),
        }
        return encode(parts)

    async def _rooms(self, house: House, name: str, now: datetime) -> _Rooms:
        """All boards in a hall ask at once, and a list may hold all rooms of a company."""
        making, second = self._making.get(name), int(now.timestamp())
        if making is not None and (not making.done() or _good(making, second)):
            return await asyncio.shield(making)
        self._making = {
            key: one for key, one in self._making.items() if not one.done() or _good(one, second)
        }
        making = self._making[name] = asyncio.create_task(_made(house, name, now, second))
        return await asyncio.shield(making)


def _good(making: asyncio.Task[_Rooms], second: int) -> bool:
    failed = making.cancelled() or making.exception() is not None
    return not failed and making.result().second == second


async def _made(house: House, name: str, now: datetime, second: int) -> _Rooms:
    shown = []
    for number, room in enumerate(sorted(_of(house, name), key=_place)):
        if number % SLICE == SLICE - 1:
            await asyncio.sleep(0)
        shown.append(encode(_room(house, room, now)))
    return _Rooms(second=second, shown=b"[" + b",".join(shown) + b"]")


def _of(house: House, name: str) -> list[Room]:
    return [room for room in house.rooms.values() if name in room.lists]


def _place(room: Room) -> tuple[str, bool, int, str, str]:
    """Floors by their number, those with names after them."""
    try:
        return room.building, False, int(room.floor), "", room.name
    except ValueError:
        return room.building, True, 0, room.floor, room.name


def _look(room: Room | None) -> BoardLookShape:
    if room is None:
        return BoardLookShape(language="auto", clock="auto", theme="auto")
    policy = room.policy.display
    return BoardLookShape(language=policy.language, clock=policy.clock, theme=policy.theme)


def _room(house: House, room: Room, now: datetime) -> BoardRoomShape:
    kept = house.store.kept(room.id)
    agenda = house.store.agenda(room.id)
    standing = Standing(agenda, now)
    state: Literal["free", "busy", "unknown"] = "busy" if standing.busy else "free"
    return BoardRoomShape(
        id=room.id,
        name=room.name,
        building=room.building,
        floor=room.floor,
        time_zone=room.time_zone,
        state=state if agenda else "unknown",
        until=standing.until,
        as_of=kept.as_of if kept and house.stale(kept, now) else None,
    )


def routes(boards: Boards) -> tuple[Route, ...]:
    """The board's page and what it shows."""
    return (
        Route(
            method="GET",
            path="/board/{list}",
            serve=boards.page,
            scope=None,
            summary="The board of a list of rooms",
            answer="text/html",
            also={401: "A page that tells how to sign in"},
            problems=("unknown_list",),
        ),
        Route(
            method="POST",
            path="/board/{list}/sign-in",
            serve=boards.sign_in,
            scope="read",
            cookie=False,
            summary="Sign a board in: its bearer token becomes a cookie",
            answer="",
            status=204,
            problems=("unknown_list",),
        ),
        Route(
            method="GET",
            path="/api/v1/lists/{list}/board",
            serve=boards.serve,
            scope="read",
            summary="All rooms of a list and until when they are free; no meetings",
            answer=BoardShape,
            also={304: "The board that If-None-Match names has not changed"},
            problems=("unknown_list",),
        ),
    )
