"""A room as a picture for electronic ink, made when it is asked for and kept while it stays."""

import asyncio
import hashlib
import math
from collections import Counter, OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import get_args

import msgspec
from aiohttp import hdrs, web

from bridge.callers import Caller
from bridge.views.faces.content import Content, Scene, content, next_change, no_room
from bridge.views.faces.drawing import REVISION, Order, Turn, draw
from bridge.views.faces.fonts import unwritten
from bridge.views.faces.inks import VARIANTS, Variant
from bridge.views.faces.wording import Wording, prepare, spoken
from bridge.views.house import COMMON, House
from bridge.views.rooms import matches, retired, seen_room
from bridge.views.web import Problem, Route, too_many
from rooms.display import LANGUAGES, DisplayPolicy
from rooms.room import Room

SMALLEST, LARGEST = 100, 2000
"""Pixels of a side."""
SOONEST, LATEST = timedelta(seconds=60), timedelta(minutes=30)
"""When a screen wakes again: battery on one side, changes of the calendar on the other."""
KEPT_BYTES = 16 << 20
"""Bytes of all pictures that are kept."""
WAITING = 24
"""Pictures that may wait to be drawn; each takes some hundredths of a second."""
SHARE = 12
"""Pictures of one caller that may wait: others find room though one asks for all it may."""
DRAWN = 40
"""Pictures that one caller may have drawn within `limits.SPAN` seconds; kept ones do not count."""
_LATE = timedelta(seconds=2)
"""A screen whose clock is a little fast would otherwise fetch the old picture once more."""
_TURNS: dict[str, Turn] = {str(turn): turn for turn in get_args(Turn)}
_BUSY_S = 5

_encode = msgspec.json.Encoder().encode


@dataclass(kw_only=True)
class Panels:
    """Pictures of rooms."""

    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="panel")
    )
    _kept: "OrderedDict[str, bytes]" = field(default_factory=OrderedDict)
    _drawn: dict[str, asyncio.Future[bytes]] = field(default_factory=dict)
    _waiting: Counter[str] = field(default_factory=Counter)
    """How many pictures are to be drawn for whom."""
    _bytes: int = 0
    _unwritten: frozenset[str] | None = None
    _prepared: set[str] = field(default_factory=set)
    draw: Callable[[Order], bytes] = draw

    def close(self) -> None:
        """Draw nothing any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def serve(self, house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        """A room's picture, or that it has not changed."""
        now, name = house.clock.now(), request.match_info["room"]
        if retired(house, caller, name):  # electronic ink would show the last meeting for ever
            order = await self._order(DisplayPolicy(), lambda words: no_room(name, words), request)
            times = _seldom()
        else:
            scene = _scene(house, seen_room(house, caller, request), now)
            policy = scene.room.policy.display
            order = await self._order(policy, lambda words: content(scene, words), request)
            times = _times(house, scene)
        etag = f'"{hashlib.blake2b(_encode((REVISION, order)), digest_size=12).hexdigest()}"'
        headers = COMMON | {"Content-Type": "image/png", "ETag": etag} | times
        asked = request.headers.get(hdrs.IF_NONE_MATCH)
        if asked is not None and matches(asked, etag):
            return web.Response(status=304, headers=headers)
        if request.method == hdrs.METH_HEAD:
            return web.Response(headers=headers)
        body = self._kept.get(etag)
        if body is None:
            body = await self._picture(house, caller, request, etag, order)
        else:
            self._kept.move_to_end(etag)
        return web.Response(body=body, headers=headers)

    async def _order(
        self, policy: DisplayPolicy, said: Callable[[Wording], Content], request: web.Request
    ) -> Order:
        """What is asked for.

        Raises:
            Problem: it is not what can be drawn.
        """
        query = request.query
        language = spoken(query.get("lang", ""), policy.language)
        loop = asyncio.get_running_loop()
        if self._unwritten is None:
            self._unwritten = await loop.run_in_executor(self._pool, unwritten, LANGUAGES)
        if language in self._unwritten:
            language = "en"
        if language not in self._prepared:
            await loop.run_in_executor(self._pool, prepare, language)
            self._prepared.add(language)
        words = Wording(language, policy.clock)
        variant: Variant | None = next(
            (one for one in VARIANTS if one == query.get("variant", "mono")), None
        )
        if variant is None:
            raise Problem(400, "bad_query", f"`variant` is one of {', '.join(VARIANTS)}")
        turn = _TURNS.get(query.get("rotate", "0"))
        if turn is None:
            raise Problem(400, "bad_query", f"`rotate` is one of {', '.join(_TURNS)}")
        return Order(
            content=said(words),
            language=language,
            width=_side(request, "w", 800),
            height=_side(request, "h", 480),
            variant=variant,
            turn=turn,
        )

    async def _picture(
        self, house: House, caller: Caller, request: web.Request, etag: str, order: Order
    ) -> bytes:
        """Draw it, or wait for who asked for the same before."""
        drawing = self._drawn.get(etag)
        if drawing is None:
            who = caller.token or request.remote or caller.name
            if wait := house.limits.count(f"{who} panel", DRAWN):
                raise too_many(wait)
            if len(self._drawn) >= WAITING or self._waiting[who] >= SHARE:
                raise too_many(_BUSY_S)
            loop = asyncio.get_running_loop()
            drawing = asyncio.ensure_future(loop.run_in_executor(self._pool, self.draw, order))
            self._drawn[etag] = drawing
            self._waiting[who] += 1
            drawing.add_done_callback(lambda done: self._keep(etag, who, done))
        return await asyncio.shield(drawing)

    def _keep(self, etag: str, who: str, done: asyncio.Future[bytes]) -> None:
        self._drawn.pop(etag, None)
        self._waiting -= Counter([who])  # drops what is nought
        if done.cancelled() or done.exception() is not None:
            return
        self._kept[etag] = done.result()
        self._bytes += len(done.result())
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._kept.popitem(last=False)[1])


def _scene(house: House, room: Room, now: datetime) -> Scene:
    kept = house.store.kept(room.id)
    return Scene(
        room=room,
        agenda=house.store.agenda(room.id),
        attendance=house.attendance(room.id),
        stale=house.stale(kept, now),
        has_systems=bool(house.room_endpoints(room.id)),
        now=now,
    )


def _times(house: House, scene: Scene) -> dict[str, str]:
    """When to come again, and how old the data is."""
    kept = house.store.kept(scene.room.id)
    stale_at = None
    if kept is not None and not scene.stale:
        stale_at = kept.as_of + house.stale_after
    left = next_change(scene, stale_at) - scene.now + _LATE
    seconds = math.ceil(min(max(left, SOONEST), LATEST).total_seconds())
    return {
        "Next-Wake": str(seconds),
        "Cache-Control": f"private, max-age={seconds}",
        "Agenda-As-Of": f"{kept.as_of:%Y-%m-%dT%H:%M:%SZ}" if kept else "never",
    }


def _seldom() -> dict[str, str]:
    """When to come again for a room that is no longer in use."""
    seconds = str(math.ceil(LATEST.total_seconds()))
    cache = {"Next-Wake": seconds, "Cache-Control": f"private, max-age={seconds}"}
    return cache | {"Agenda-As-Of": "never"}


def _side(request: web.Request, key: str, usual: int) -> int:
    text = request.query.get(key, str(usual))
    if text.isascii() and text.isdigit() and len(text) <= 4 and SMALLEST <= int(text) <= LARGEST:
        return int(text)
    raise Problem(400, "bad_query", f"`{key}` is from {SMALLEST} to {LARGEST}, in pixels")


def routes(panels: Panels) -> tuple[Route, ...]:
    """The picture's route."""
    return (
        Route(
            method="GET",
            path="/api/v1/rooms/{room}/panel.png",
            serve=panels.serve,
            scope="read",
            summary="A room as a picture for electronic ink",
            answer="image/png",
            also={304: "The picture that If-None-Match names has not changed"},
            query={
                "w": f"Width in pixels, {SMALLEST} to {LARGEST}; 800",
                "h": "Height, the same; 480",
                "variant": "`mono`, `grey4` or `colour7`; `mono`",
                "rotate": "Degrees clockwise after drawing: 0, 90, 180, 270",
                "lang": "Language, before the room's own",
            },
            problems=("unknown_room", "bad_query"),
        ),
    )
