"""Room systems: how they stand, and what they are told to do."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import msgspec
from aiohttp import web

from bridge.callers import Caller, Scope
from bridge.views.endpoint_shapes import (
    DialOrder,
    EndpointShape,
    EndpointsShape,
    NothingOrder,
    PresentedShape,
    ToldShape,
    TonesOrder,
)
from bridge.views.house import House
from bridge.views.web import Problem, Route, answer

_ALWAYS = ("unknown_endpoint",)
_OF_UNITS = ("bad_body", "endpoint_unreachable", "endpoint_denied", "endpoint_unsupported")
_OF_BOOKINGS = ("unknown_booking", "no_join", "join_not_open", "no_endpoint", "endpoint_busy")


class Desk(Protocol):
    """Who speaks with room systems. What is not done is a Problem."""

    async def every(self, room: str | None) -> Sequence[EndpointShape]:
        """All room systems, or those of a room."""

    def one(self, name: str) -> EndpointShape:
        """One of them."""

    async def presented(self, name: str) -> PresentedShape:
        """What it proves itself with now."""

    async def push(self, name: str, order: NothingOrder, *, actor: str) -> ToldShape:
        """Show it its list."""

    async def provision(self, name: str, order: NothingOrder, *, actor: str) -> ToldShape:
        """Point it at its room's calendar."""

    async def dial(self, name: str, order: DialOrder, *, actor: str) -> ToldShape:
        """Have it call."""

    async def hang_up(self, name: str, order: NothingOrder, *, actor: str) -> ToldShape:
        """End all its calls."""

    async def tones(self, name: str, order: TonesOrder, *, actor: str) -> ToldShape:
        """Send tones into its call."""


class _Answers:
    """What the routes do at the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def every(self, house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        """All room systems of rooms that a caller knows."""
        room = request.query.get("room")
        if room is not None and room not in house.rooms:
            raise Problem(404, "unknown_room")
        every = await self._desk.every(room)
        return answer(
            EndpointsShape(endpoints=tuple(one for one in every if caller.knows(one.room)))
        )

    async def one(self, _house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
        """One room system."""
        return answer(self._desk.one(request.match_info["endpoint"]))

    async def presented(
        self, _house: House, _caller: Caller, request: web.Request
    ) -> web.StreamResponse:
        """What a unit proves itself with."""
        return answer(await self._desk.presented(request.match_info["endpoint"]))


def _acting(
    kind: type[msgspec.Struct], do: Callable[..., Awaitable[ToldShape]]
) -> Callable[[House, Caller, web.Request], Awaitable[web.StreamResponse]]:
    async def serve(_house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        order = await order_of(request, kind)
        if isinstance(order, DialOrder) and order.address and "control" not in caller.scopes:
            raise Problem(403, "forbidden", "only who may `control` dials any address")
        return answer(await do(request.match_info["endpoint"], order, actor=caller.name))

    return serve


async def order_of(request: web.Request, kind: type[msgspec.Struct]) -> Any:
    """What is asked for; an order that says nothing may be left out."""
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "bad_body", str(error)) from error


_BASE = "/api/v1/endpoints"


def routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of room systems."""
    return (*_looking(desk), *_telling(desk))


def _looking(desk: Desk) -> tuple[Route, ...]:
    answers = _Answers(desk)
    return (
        Route(
            method="GET",
            path=_BASE,
            serve=answers.every,
            scope="read",
            displays=False,
            summary="All room systems and how they stand",
            answer=EndpointsShape,
            query={"room": "Only those of this room"},
            problems=("unknown_room",),
        ),
        Route(
            method="GET",
            path=f"{_BASE}/{{endpoint}}",
            serve=answers.one,
            scope="read",
            displays=False,
            summary="A room system and how it stands",
            answer=EndpointShape,
            problems=_ALWAYS,
        ),
        Route(
            method="GET",
            path=f"{_BASE}/{{endpoint}}/presented",
            serve=answers.presented,
            scope="control",
            displays=False,
            summary="The certificate that it shows now, for a person to compare",
            answer=PresentedShape,
            problems=_ALWAYS,
        ),
    )


def _telling(desk: Desk) -> tuple[Route, ...]:
    def action(
        name: str,
        do: Any,
        summary: str,
        order: type[msgspec.Struct],
        *problems: str,
        scope: Scope = "write",
    ) -> Route:
        return Route(
            method="POST",
            path=f"{_BASE}/{{endpoint}}/{name}",
            serve=_acting(order, do),
            scope=scope,
            displays=False,
            summary=summary,
            answer=ToldShape,
            body=order,
            problems=(*_ALWAYS, *_OF_UNITS, *problems),
        )

    provision = "Point it at its room's calendar, over its own interface"
    dial = "Have it join a booking; with the scope `control`, call any address"
    return (
        action("push", desk.push, "Show it its list, now", NothingOrder, scope="rooms"),
        action(
            "provision",
            desk.provision,
            provision,
            NothingOrder,
            "not_provisionable",
            scope="control",
        ),
        action("dial", desk.dial, dial, DialOrder, *_OF_BOOKINGS),
        action("hangup", desk.hang_up, "End all its calls", NothingOrder),
        action("tones", desk.tones, "Send tones into its call", TonesOrder),
    )
