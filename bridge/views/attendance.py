"""Checking in to bookings, and what came of those of the last days."""

from datetime import datetime
from typing import Annotated, Protocol

from aiohttp import web
from msgspec import Meta

from bridge.callers import Caller
from bridge.views.booking_shapes import ActedShape
from bridge.views.endpoint_shapes import NothingOrder
from bridge.views.house import House
from bridge.views.orders import KEY, must_be_ours
from bridge.views.shapes import Shape
from bridge.views.web import Problem, Route, answer, body_of
from rooms.room import Room


class AttendedShape(Shape, frozen=True, kw_only=True):
    """What came of one booking: ids and times, neither title nor people."""

    booking: str
    start: datetime
    end: datetime
    outcome: Annotated[
        str,
        Meta(
            description="`attended`, `released`, `given_up` (with its series), `nobody`, `unsure`"
            " (the bridge could not tell), `exempt`; `open` while it is not over."
        ),
    ]
    checked_in: Annotated[datetime, Meta(description="When somebody checked in.")] | None
    how: Annotated[str, Meta(description="How they did.")] | None
    released: Annotated[datetime, Meta(description="When the room was given back.")] | None
    exempt: Annotated[str, Meta(description="Why nobody was asked to, as a code.")] | None
    kept_because: Annotated[str, Meta(description="Why it was not given back, as a code.")] | None


class AttendanceShape(Shape, frozen=True, kw_only=True):
    """What came of a room's bookings, in order of time."""

    room: str
    since: datetime
    bookings: tuple[AttendedShape, ...]


class CheckIns(Protocol):
    """Who knows who came. What is not done is a Problem."""

    async def check_in(self, room: Room, booking: str, caller: Caller) -> ActedShape:
        """Somebody is there for a booking; saying so again changes nothing."""

    async def report(self, room: Room) -> AttendanceShape:
        """What came of a room's bookings."""


def routes(check_ins: CheckIns) -> tuple[Route, ...]:
    """The routes of checking in."""

    async def check_in(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        room = _room(house, request)
        if not caller.acts(room.id):
            raise Problem(403, "forbidden")
        must_be_ours(request)
        await body_of(request, NothingOrder)
        return answer(await check_ins.check_in(room, request.match_info["booking"], caller))

    async def report(house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
        return answer(await check_ins.report(_room(house, request)))

    return (
        Route(
            method="POST",
            path="/api/v1/rooms/{room}/bookings/{booking}/check-in",
            serve=check_in,
            offer="check_in",
            scope="write",
            summary="Say that somebody is there for a booking",
            answer=ActedShape,
            body=NothingOrder,
            headers={KEY: "Not needed: to check in again changes nothing."},
            problems=(
                "bad_body",
                "unknown_room",
                "unknown_booking",
                "booking_over",
                "booking_changed",
                "check_in_off",
                "check_in_not_open",
            ),
        ),
        Route(
            method="GET",
            path="/api/v1/rooms/{room}/attendance",
            serve=report,
            scope="read",
            displays=False,
            summary="What came of the room's bookings of the last 30 days",
            answer=AttendanceShape,
            problems=("unknown_room", "disk_failing"),
        ),
    )


def _room(house: House, request: web.Request) -> Room:
    room = house.rooms.get(request.match_info["room"])
    if room is None:
        raise Problem(404, "unknown_room")
    return room
