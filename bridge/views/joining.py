"""Joining and leaving the meetings of a room, and the call that it is in."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from bridge.callers import Caller
from bridge.views.endpoint_shapes import JoinedShape, NothingOrder, RoomCallShape
from bridge.views.endpoints import order_of
from bridge.views.house import House
from bridge.views.orders import KEY, key_of, must_be_ours
from bridge.views.rooms import seen_room
from bridge.views.web import COOKIE, Problem, Route, answer
from rooms.room import Room

_PROBLEMS = (
    "key_reused",
    "bad_body",
    "unknown_room",
    "endpoint_unreachable",
    "endpoint_denied",
    "endpoint_unsupported",
)


class Joins(Protocol):
    """Who has rooms join and leave. What is not done is a Problem."""

    async def join(self, room: Room, booking: str, *, key: str, caller: Caller) -> JoinedShape:
        """Join a booking; the same key is the same wish."""

    async def leave(self, room: Room, booking: str, *, key: str, caller: Caller) -> JoinedShape:
        """Leave a booking's call."""

    async def call(self, room: Room, *, may_join: bool) -> RoomCallShape:
        """The call that a room is in, for a caller who may have it join or not."""


def routes(joins: Joins) -> tuple[Route, ...]:
    """The routes of joining."""

    async def call(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        room = seen_room(house, caller, request)
        offered = caller.room is None or "join" in room.policy.display.offers
        return answer(await joins.call(room, may_join=offered and caller.acts(room.id)))

    booking = "/api/v1/rooms/{room}/bookings/{booking}"
    key = {KEY: "The same for every try: the same booking is not dialled twice."}
    return (
        Route(
            method="GET",
            path="/api/v1/rooms/{room}/call",
            serve=call,
            scope="read",
            summary="The call that the room is in, and whether it can join meetings",
            answer=RoomCallShape,
            problems=("unknown_room",),
        ),
        Route(
            method="POST",
            path=f"{booking}/join",
            serve=_serve(joins.join),
            scope="write",
            offer="join",
            summary="Have the room join this booking",
            answer=JoinedShape,
            body=NothingOrder,
            headers=key,
            problems=(
                *_PROBLEMS,
                "unknown_booking",
                "no_join",
                "join_not_open",
                "no_endpoint",
                "endpoint_busy",
            ),
        ),
        Route(
            method="POST",
            path=f"{booking}/leave",
            serve=_serve(joins.leave),
            scope="write",
            offer="join",
            summary="End the room's call if it is this booking's",
            answer=JoinedShape,
            body=NothingOrder,
            headers=key,
            problems=(*_PROBLEMS, "endpoint_busy"),
        ),
    )


def _serve(
    do: Callable[..., Awaitable[JoinedShape]],
) -> Callable[[House, Caller, web.Request], Awaitable[web.StreamResponse]]:
    async def serve(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        room = house.rooms.get(request.match_info["room"])
        if room is None:
            raise Problem(404, "unknown_room")
        if not caller.acts(room.id):
            raise Problem(403, "forbidden")
        if COOKIE in request.cookies:  # that alone must not make a room dial
            must_be_ours(request)
        key = key_of(request)
        await order_of(request, NothingOrder)
        return answer(await do(room, request.match_info["booking"], key=key, caller=caller))

    return serve
