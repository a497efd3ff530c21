"""Rooms and agendas as JSON."""

import asyncio
from datetime import UTC, datetime

from aiohttp import hdrs, web

from bridge.callers import Caller
from bridge.views import render
from bridge.views.further import NotReadable
from bridge.views.house import House
from bridge.views.rendered import Rendered
from bridge.views.shapes import (
    AgendaShape,
    OtherRoomShape,
    RoomShape,
    RoomsShape,
)
from bridge.views.web import Problem, Route, answer, too_many
from rooms.model import Window
from rooms.room import Room

EVER = Window(start=datetime(1, 1, 1, tzinfo=UTC), end=datetime(9999, 12, 31, tzinfo=UTC))

SLICE = 250
"""Rooms rendered before other callers get their turn."""
LISTS = 10
"""How often a display may ask for all rooms within ten seconds: of ten thousand each takes long."""


async def every_room(house: House, caller: Caller, _request: web.Request) -> web.StreamResponse:
    """All rooms that a caller knows; a display sees little of those that are not its own."""
    if caller.room is not None and (wait := house.limits.count(f"{caller.token} rooms", LISTS)):
        raise too_many(wait)
    now = house.clock.now()
    shapes: list[RoomShape | OtherRoomShape] = []
    for number, room in enumerate(house.rooms.values()):
        if number % SLICE == SLICE - 1:
            await asyncio.sleep(0)
        if caller.knows(room.id):
            shapes.append(_room(house, room, caller, now))
    return answer(RoomsShape(rooms=tuple(shapes)))


async def one_room(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """One room."""
    room = house.rooms.get(request.match_info["room"])
    if room is None:
        raise Problem(404, "unknown_room")
    return answer(_room(house, room, caller, house.clock.now()))


def _room(house: House, room: Room, caller: Caller, now: datetime) -> RoomShape | OtherRoomShape:
    held = house.store.agenda(room.id)
    if not caller.sees(room.id):
        return render.other_room(room, held, now)
    stale = house.stale(house.store.kept(room.id), now)
    presence = render.presence(*house.presence(room.id))
    found = house.health_of(room, now)
    return render.room(room, held, found, now, sight=caller.sight, stale=stale, presence=presence)


def seen_room(house: House, caller: Caller, request: web.Request) -> Room:
    """The room that a request is about, if this caller sees it whole."""
    room = house.rooms.get(request.match_info["room"])
    if room is None:
        raise Problem(404, "unknown_room")
    if not caller.sees(room.id):
        raise Problem(403, "forbidden")
    return room


async def agenda(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """A room's agenda, or that it has not changed."""
    room = seen_room(house, caller, request)
    now = house.clock.now()
    rendered = house.agenda(room, caller, now)
    if "?" in request.raw_path:
        rendered = await _part(house, caller, rendered, _asked(request), now)
    assert rendered.headers is not None  # noqa: S101 - every one that is asked for has them
    headers = rendered.headers.copy()
    asked = request.headers.get(hdrs.IF_NONE_MATCH)
    headers["Bridge-Time"] = f"{now.isoformat(timespec='milliseconds')[:23]}Z"
    if asked is not None and matches(asked, rendered.etag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=rendered.body(now), headers=headers)


async def _part(
    house: House, caller: Caller, whole: Rendered, asked: Window, now: datetime
) -> Rendered:
    """What was asked for of an agenda: of what is kept, or read where that does not reach."""
    if house.beyond is None or whole.kept is None:
        return house.part(whole, caller, asked)
    known, reach = whole.kept.window, house.beyond.span(now)
    # An open side is open as far as is kept, unless the other lies beyond that.
    start = asked.start if asked.start != EVER.start else min(known.start, asked.end)
    end = asked.end if asked.end != EVER.end else max(known.end, asked.start)
    if known.start <= start and end <= known.end:
        return house.part(whole, caller, asked)
    if start == asked.end:
        start = reach.start
    if end == asked.start:
        end = reach.end
    start, end = max(start, reach.start), min(end, reach.end)
    if start >= end:
        raise Problem(400, "bad_time", "that lies beyond what calendars are read for (`changes`)")
    try:
        agenda = await house.beyond.agenda(whole.room, Window(start=start, end=end))
    except NotReadable as error:
        wait = str(error.wait)
        if error.code == "too_many_requests":
            raise Problem(429, error.code, Retry_After=wait) from error
        raise Problem(503, "not_readable_now", error.code, Retry_After=wait) from error
    return house.beyond_window(whole.room, caller, agenda)


def _asked(request: web.Request) -> Window:
    """The span that `from` and `to` ask for; without one of them it is open on that side."""
    start = instant(request, "from") or EVER.start
    end = instant(request, "to") or EVER.end
    if start >= end:
        raise Problem(400, "bad_time", "`from` must be before `to`")
    return Window(start=start, end=end)


def instant(request: web.Request, key: str) -> datetime | None:
    """The instant that a parameter of the query names; None where it is not there.

    Raises:
        Problem: `bad_time`.
    """
    text = request.query.get(key)
    if text is None:
        return None
    try:
        # A plus sign that was not percent-encoded arrives as a space.
        time = datetime.fromisoformat(text.replace(" ", "+"))
        found = time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Problem(400, "bad_time", f"`{key}` is not RFC 3339") from error
    if time.tzinfo is None:
        raise Problem(400, "bad_time", f"`{key}` needs an offset from UTC")
    return found


def matches(asked: str, etag: str) -> bool:
    """Whether If-None-Match names this entity tag; weak comparison (RFC 9110 §13.1.2)."""
    if asked in (etag, "*"):
        return True
    bare = etag.removeprefix("W/")
    return any(one.strip().removeprefix("W/") == bare for one in asked.split(","))


ROUTES = (
    # First, because the router tries them in order and displays ask for nothing else.
    Route(
        method="GET",
        path="/api/v1/rooms/{room}/agenda",
        serve=agenda,
        scope="read",
        summary="A room's agenda",
        answer=AgendaShape,
        also={304: "The agenda that If-None-Match names has not changed"},
        query={"from": "Only bookings that end after this instant", "to": "…and start before this"},
        problems=("unknown_room", "bad_time", "not_readable_now"),
    ),
    Route(
        method="GET",
        path="/api/v1/rooms",
        serve=every_room,
        scope="read",
        summary="All rooms and how they stand",
        answer=RoomsShape,
    ),
    Route(
        method="GET",
        path="/api/v1/rooms/{room}",
        serve=one_room,
        scope="read",
        summary="One room and how it stands",
        answer=RoomShape,
        instead=(OtherRoomShape,),
        problems=("unknown_room",),
    ),
)
