"""Rooms that are free instead of this one, found and booked from its door."""

import asyncio
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from aiohttp import web

from bridge.callers import Caller
from bridge.views import bounds
from bridge.views.booking_shapes import ActedShape, CreateOrder
from bridge.views.bookings import Actions, Asked
from bridge.views.display import Doors
from bridge.views.display_shapes import AlternativeShape, AlternativesShape, ElsewhereOrder
from bridge.views.house import JSON, House
from bridge.views.orders import KEY, key_of, must_be_ours
from bridge.views.rooms import SLICE, seen_room
from bridge.views.web import Problem, Route, answer, body_of
from rooms.display import Reach
from rooms.model import Agenda, Window
from rooms.room import Room

MOST = 20
"""Rooms that are told: the first ones fit best."""
LONGEST = 24 * 60
USUAL = 30
"""Minutes, where nothing is said and nothing is offered."""
MINUTE = timedelta(minutes=1)
LOOKS = 25
"""Agendas that are looked into before other callers get their turn."""
_TAKEN = frozenset({"in_use", "in_call"})


class Wish(NamedTuple):
    """What somebody looks for."""

    minutes: int
    capacity: int
    """People that must fit; 0 for any."""
    features: frozenset[str]
    floor: str | None
    building: str | None


ANY = Wish(0, 0, frozenset(), None, None)
"""All that is within reach."""


class Elsewhere:
    """Finds other rooms, and has them booked."""

    def __init__(self, doors: Doors, actions: Actions) -> None:
        self._doors = doors
        self._actions = actions

    async def find(self, house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        """Rooms that are free for so long from now on."""
        here = seen_room(house, caller, request)
        wish = _wish(request, here)
        now = house.clock.now()
        near: list[Room] = []
        reach = _reach(caller, here)
        for number, room in enumerate(house.rooms.values()):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            if caller.knows(room.id) and _reaches(here, room, reach, wish):
                near.append(room)
        near.sort(key=lambda room: _rank(here, room, wish))
        found: list[AlternativeShape] = []
        for number, room in enumerate(near):  # agendas are costly: the nearest first, and no more
            if number % LOOKS == LOOKS - 1:
                await asyncio.sleep(0)
            if not self._offered(caller, here, room):
                continue
            held = house.store.agenda(room.id)
            until = bounds.first_start(held, now)
            fits = _fits(caller, room, wish.minutes, until, now)
            if fits and _free(house, room, held, wish.minutes, now):
                found.append(_shape(room, until))
                if len(found) == MOST:
                    break
        return answer(AlternativesShape(rooms=tuple(found)))

    async def book(self, house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        """Book one of them, if it may be booked from here."""
        here = seen_room(house, caller, request)
        if not caller.acts(here.id):
            raise Problem(403, "forbidden")
        must_be_ours(request)
        key = key_of(request)
        order = await body_of(request, ElsewhereOrder)
        room = house.rooms.get(order.room)
        if room is None or not caller.knows(room.id):
            raise Problem(404, "unknown_room")
        within = _reaches(here, room, _reach(caller, here), ANY)
        now = house.clock.now()
        until = bounds.first_start(house.store.agenda(room.id), now)
        fits = _fits(caller, room, order.minutes, until, now)
        if not (within and fits and self._offered(caller, here, room)):
            raise Problem(403, "not_offered", "that room cannot be booked for so long from here")
        asked = Asked(
            room=room,
            # The audit log says from which door another room was booked.
            caller=msgspec.structs.replace(caller, name=f"{caller.name} at {here.id}"),
            key=key,
            request=(request.path, await request.read()),
        )
        wanted = CreateOrder(minutes=order.minutes, title=order.title)
        status, body = await self._actions.create(asked, wanted)
        kind = {"Content-Type": "application/problem+json"} if status >= 400 else {}
        return web.Response(status=status, body=body, headers=JSON | kind)

    def _offered(self, caller: Caller, here: Room, room: Room) -> bool:
        """Whether a room may be booked from this door at all; that its own policy says."""
        offered = self._doors.of(room).offers
        if not offered.book and not offered.until_next:
            return False
        theirs, ours = room.policy.display, here.policy.display
        if caller.room is None or not theirs.pin or "book" not in theirs.pin_for:
            return True
        # Whoever may not book there without a PIN may not do so from another door.
        asked = {*ours.pin_for} & {"book", "find"}
        return bool(asked) and theirs.pin == ours.pin


def _fits(
    caller: Caller, room: Room, minutes: int, following: datetime | None, now: datetime
) -> bool:
    """Whether it may be booked for so long; services are not bound to what a door offers."""
    return caller.room is None or bounds.fits(room.policy.display, minutes, None, following, now)


def _reach(caller: Caller, here: Room) -> Reach:
    """Where rooms are looked for; services are not bound to what a door offers."""
    return "all" if caller.room is None else here.policy.display.find


def _reaches(here: Room, room: Room, reach: Reach, wish: Wish) -> bool:
    """Whether another room is within reach, and as it is wanted."""
    there = wish.floor in {None, room.floor} and wish.building in {None, room.building}
    fits = room.capacity >= wish.capacity and wish.features <= {*room.features}
    if room.id == here.id or not there or not fits:
        return False
    match reach:
        case "none":
            near = False
        case "floor":
            near = (room.building, room.floor) == (here.building, here.floor)
        case "building":
            near = room.building == here.building
        case "lists":
            near = not {*room.lists}.isdisjoint(here.lists)
        case "all":
            near = True
    return near


def _free(house: House, room: Room, held: Agenda | None, minutes: int, now: datetime) -> bool:
    """Whether a room is free for so long; what is not known is not free."""
    if held is None or house.stale(house.store.kept(room.id), now):
        return False
    wanted = Window(start=now, end=now + minutes * MINUTE)
    if any(one.takes_room and wanted.overlaps(one.window) for one in held.bookings):
        return False
    return house.presence(room.id).state not in _TAKEN


def _rank(here: Room, room: Room, wish: Wish) -> tuple[bool, bool, bool, int, str]:
    """The nearest first, then the one that is hardly too large; unknown sizes last."""
    building = room.building == here.building
    wanted = wish.capacity or here.capacity
    return (
        not (building and room.floor == here.floor),
        not building,
        not room.capacity,
        abs(room.capacity - wanted),
        room.name,
    )


def _shape(room: Room, until: datetime | None) -> AlternativeShape:
    return AlternativeShape(
        id=room.id,
        name=room.name,
        building=room.building,
        floor=room.floor,
        capacity=room.capacity,
        features=room.features,
        until=until.astimezone(room.zone) if until else None,
    )


def _wish(request: web.Request, here: Room) -> Wish:
    usual = min(here.policy.display.book, default=USUAL * MINUTE) // MINUTE
    features = request.query.get("features", "")
    return Wish(
        minutes=_number(request, "minutes", usual, 1, LONGEST),
        capacity=_number(request, "capacity", 0, 0, 100_000),
        features=frozenset(one.strip() for one in features.split(",") if one.strip()),
        floor=request.query.get("floor"),
        building=request.query.get("building"),
    )


def _number(request: web.Request, name: str, usual: int, least: int, most: int) -> int:
    text = request.query.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and least <= int(text) <= most):
        raise Problem(400, "bad_query", f"`{name}` is a number from {least} to {most}")
    return int(text)


def routes(elsewhere: Elsewhere) -> tuple[Route, ...]:
    """Where doors ask for other rooms."""
    path = "/api/v1/rooms/{room}/alternatives"
    return (
        Route(
            method="GET",
            path=path,
            serve=elsewhere.find,
            scope="read",
            offer="find",
            summary="Other rooms that are free now, the best first",
            answer=AlternativesShape,
            query={
                "minutes": "For how long; else the shortest that can be booked here",
                "capacity": "For so many people at least",
                "features": "With all of these, by commas",
                "floor": "On this floor only",
                "building": "In this building only",
            },
            problems=("unknown_room", "bad_query"),
        ),
        Route(
            method="POST",
            path=path,
            serve=elsewhere.book,
            scope="write",
            offer="find",
            asks=("book",),
            summary="Book another room from this one's door, from now on",
            answer=ActedShape,
            status=201,
            body=ElsewhereOrder,
            headers={KEY: "The same for every try: what was done is not done twice, for 24 hours."},
            problems=(
                "bad_body",
                "unknown_room",
                "writes_not_allowed",
                "source_cannot_write",
                "key_reused",
                "room_taken",
                "source_unavailable",
                "source_refused",
                "outcome_unknown",
                "disk_failing",
            ),
        ),
    )
