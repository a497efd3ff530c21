"""Rooms that are free instead of this one, found and booked from its door."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from aiohttp import web

from bridge.callers import Caller
from bridge.views import bounds
from bridge.views.booking_shapes import ActedShape, CreateOrder
from bridge.views.bookings import KEY, Actions, Asked, key_of
from bridge.views.display import Doors
from bridge.views.display_shapes import AlternativeShape, AlternativesShape, ElsewhereOrder
from bridge.views.house import JSON, House
from bridge.views.rooms import SLICE, seen_room
from bridge.views.web import Problem, Route, answer, body_of
from rooms.display import Reach
from rooms.model import Window
from rooms.room import Room

MOST = 20
"""Rooms that are told: the first ones fit best."""
LONGEST = 24 * 60
USUAL = 30
"""Minutes, where nothing is said and nothing is offered."""
MINUTE = timedelta(minutes=1)
_TAKEN = frozenset({"in_use", "in_call"})


class Wish(NamedTuple):
    """What somebody looks for."""

    minutes: int
    capacity: int
    """People that must fit; 0 for any."""
    features: frozenset[str]
    floor: str | None
    building: str | None


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
        found: list[tuple[Room, datetime | None]] = []
        for number, room in enumerate(_reached(house, here, _reach(caller, here), wish)):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            if self._bookable(house, caller, here, room, minutes=wish.minutes):
                free, until = _free(house, room, wish.minutes, now)
                if free:
                    found.append((room, until))
        found.sort(key=lambda pair: _rank(here, pair[0], wish))
        return answer(AlternativesShape(rooms=tuple(_shape(*pair) for pair in found[:MOST])))

    async def book(self, house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        """Book one of them, if it may be booked from here."""
        here = seen_room(house, caller, request)
        if not caller.acts(here.id):
            raise Problem(403, "forbidden")
        key = key_of(request)
        order = await body_of(request, ElsewhereOrder)
        room = house.rooms.get(order.room)
        if room is None:
            raise Problem(404, "unknown_room")
        wish = Wish(order.minutes, 0, frozenset(), None, None)
        within = any(one is room for one in _reached(house, here, _reach(caller, here), wish))
        if not within or not self._bookable(house, caller, here, room, minutes=order.minutes):
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

    def _bookable(
        self, house: House, caller: Caller, here: Room, room: Room, *, minutes: int
    ) -> bool:
        """Whether a room may be booked for so long from this door; that its own policy says."""
        offered = self._doors.of(room).offers
        if not offered.book and not offered.until_next:
            return False
        if caller.room is None:
            return True
        theirs, ours = room.policy.display, here.policy.display
        if theirs.pin and "book" in theirs.pin_for:
            # Whoever may not book there without a PIN may not do so from another door.
            asked = {*ours.pin_for} & {"book", "find"}
            if not asked or theirs.pin != ours.pin:
                return False
        now = house.clock.now()
        following = bounds.first_start(house.store.agenda(room.id), now)
        return bounds.fits(theirs, minutes, None, following, now)


def _reach(caller: Caller, here: Room) -> Reach:
    """Where rooms are looked for; services are not bound to what a door offers."""
    return "all" if caller.room is None else here.policy.display.find


def _reached(house: House, here: Room, reach: Reach, wish: Wish) -> Iterator[Room]:
    """Other rooms within reach that are as they are wanted."""
    near: dict[Reach, Callable[[Room], bool]] = {
        "none": lambda _: False,
        "floor": lambda one: (one.building, one.floor) == (here.building, here.floor),
        "building": lambda one: one.building == here.building,
        "lists": lambda one: not {*one.lists}.isdisjoint(here.lists),
        "all": lambda _: True,
    }
    for one in house.rooms.values():
        fits = one.capacity >= wish.capacity and wish.features <= {*one.features}
        there = wish.floor in {None, one.floor} and wish.building in {None, one.building}
        if one.id != here.id and fits and there and near[reach](one):
            yield one


def _free(house: House, room: Room, minutes: int, now: datetime) -> tuple[bool, datetime | None]:
    """Whether a room is free for so long, and until when; what is not known is not free."""
    held = house.store.agenda(room.id)
    if held is None or house.stale(house.store.kept(room.id), now):
        return False, None
    wanted = Window(start=now, end=now + minutes * MINUTE)
    if any(one.blocks and wanted.overlaps(one.window) for one in held.bookings):
        return False, None
    used = house.presence(room.id).state in _TAKEN
    return not used, bounds.first_start(held, now)


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
