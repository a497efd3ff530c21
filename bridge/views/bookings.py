"""Actions on the bookings of a room."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from aiohttp import web

from bridge.callers import Caller
from bridge.views import bounds
from bridge.views.booking_shapes import (
    ActedShape,
    CreateOrder,
    EndOrder,
    ExtendOrder,
    ReleaseOrder,
)
from bridge.views.house import JSON, House
from bridge.views.orders import KEY, key_of, must_be_ours
from bridge.views.web import Problem, Route, body_of
from rooms.display import Offer
from rooms.model import Window
from rooms.room import Room

_ALWAYS = (
    "bad_body",
    "unknown_room",
    "writes_not_allowed",
    "source_cannot_write",
    "key_reused",
    "source_unavailable",
    "source_refused",
    "outcome_unknown",
    "disk_failing",
)
_OF_ONE = ("unknown_booking", "booking_changed", "booking_over")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who asks for what to be done, and where."""

    room: Room
    caller: Caller
    key: str
    """The caller's Idempotency-Key; empty for none."""
    request: tuple[str, bytes]
    """Path and body: with the same key they must be the same."""
    booking: str = ""
    text: str = ""
    """What the organizer is told of a release; no caller of the API says that."""
    when: Window | None = None
    """The time that a release was decided for, where that counts: moved, a booking stays."""


class Actions(Protocol):
    """Who does it. What is not done is a Problem; an answer is a status and JSON."""

    async def create(self, asked: Asked, order: CreateOrder) -> tuple[int, bytes]:
        """Book the room."""

    async def extend(self, asked: Asked, order: ExtendOrder) -> tuple[int, bytes]:
        """Let a booking end later."""

    async def end(self, asked: Asked, order: EndOrder) -> tuple[int, bytes]:
        """Let a booking end now."""

    async def release(self, asked: Asked, order: ReleaseOrder) -> tuple[int, bytes]:
        """Give the room back."""


def _serve(
    order: type[msgspec.Struct], do: Callable[[Asked, Any], Awaitable[tuple[int, bytes]]]
) -> Callable[[House, Caller, web.Request], Awaitable[web.StreamResponse]]:
    async def serve(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        room = house.rooms.get(request.match_info["room"])
        if room is None:
            raise Problem(404, "unknown_room")
        if not caller.acts(room.id):
            raise Problem(403, "forbidden")
        must_be_ours(request)
        key = key_of(request)
        wanted = await body_of(request, order)
        booking = request.match_info.get("booking", "")
        if caller.room is not None:
            agenda = house.store.agenda(room.id)
            bounds.check(room, booking, wanted, agenda, house.clock.now())
        asked = Asked(
            room=room,
            caller=caller,
            key=key,
            request=(request.path, await request.read()),
            booking=booking,
        )
        status, body = await do(asked, wanted)
        kind = {"Content-Type": "application/problem+json"} if status >= 400 else {}
        return web.Response(status=status, body=body, headers=JSON | kind)

    return serve


def routes(actions: Actions) -> tuple[Route, ...]:
    """The routes of actions."""
    room = "/api/v1/rooms/{room}/bookings"
    key = {KEY: "The same for every try: what was done is not done twice, for 24 hours."}

    def action(name: Offer, summary: str, order: type[msgspec.Struct], *problems: str) -> Route:
        return Route(
            method="POST",
            path=f"{room}/{{booking}}/{name}",
            serve=_serve(order, getattr(actions, name)),
            scope="write",
            offer=name,
            summary=summary,
            answer=ActedShape,
            body=order,
            headers=key,
            problems=(*_ALWAYS, *_OF_ONE, *problems),
        )

    ends = ("other_organizer", "whole_day")
    return (
        Route(
            method="POST",
            path=room,
            serve=_serve(CreateOrder, actions.create),
            scope="write",
            offer="book",
            summary="Book the room: one meeting, or a series",
            answer=ActedShape,
            status=201,
            body=CreateOrder,
            headers=key,
            problems=(*_ALWAYS, "room_taken"),
        ),
        action(
            "extend",
            "Let a booking that the room organised end later",
            ExtendOrder,
            "room_taken",
            *ends,
        ),
        action(
            "end",
            "Let a running booking that the room organised end now",
            EndOrder,
            "booking_not_running",
            *ends,
        ),
        action("release", "Give the room back: decline, or cancel", ReleaseOrder),
    )
