"""Faults of rooms: reported at the door, read and cleared by who mends them."""

import sqlite3
from collections.abc import Sequence
from typing import Protocol

import msgspec
from aiohttp import web

from bridge.callers import Caller
from bridge.views.display_shapes import FaultOrder, FaultShape, FaultsShape, ReportedShape
from bridge.views.house import House
from bridge.views.orders import KEY, must_be_ours
from bridge.views.rooms import seen_room
from bridge.views.web import Problem, Route, answer, body_of


class Faults(Protocol):
    """Who keeps what is reported."""

    def of(self, room: str) -> Sequence[FaultShape]:
        """The faults of a room, the oldest first."""

    async def report(self, room: str, order: FaultOrder, *, actor: str) -> tuple[bool, FaultShape]:
        """Somebody reports one; whether it is new, and as it stands."""

    async def clear(self, room: str, code: str, *, actor: str) -> bool:
        """It is mended; whether there was such a fault."""


class _Answers:
    """What the routes do."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    async def every(self, house: House, caller: Caller, _request: web.Request) -> web.Response:
        """The faults of all rooms that a caller knows."""
        near = (room for room in house.rooms if caller.knows(room))
        found = (one for room in near for one in self._faults.of(room))
        return answer(FaultsShape(faults=tuple(found)))

    async def of_room(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """The faults of a room."""
        return self._told(seen_room(house, caller, request).id, caller)

    async def report(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """One more, or one again."""
        room = seen_room(house, caller, request)
        if not caller.acts(room.id):
            raise Problem(403, "forbidden")
        must_be_ours(request)
        order = await body_of(request, FaultOrder)
        try:
            new, fault = await self._faults.report(room.id, order, actor=caller.name)
        except sqlite3.Error as error:
            raise Problem(503, "disk_failing") from error
        return answer(
            ReportedShape(done="reported" if new else "already", fault=_for(caller, fault))
        )

    async def clear(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """It is mended."""
        room = seen_room(house, caller, request)
        try:
            code = request.match_info["code"]
            known = await self._faults.clear(room.id, code, actor=caller.name)
        except sqlite3.Error as error:
            raise Problem(503, "disk_failing") from error
        if not known:
            raise Problem(404, "unknown_fault")
        return self._told(room.id, caller)

    def _told(self, room: str, caller: Caller) -> web.Response:
        found = tuple(_for(caller, one) for one in self._faults.of(room))
        return answer(FaultsShape(faults=found))


def _for(caller: Caller, fault: FaultShape) -> FaultShape:
    """What people wrote is not for those who stand at the door next."""
    return fault if caller.room is None else msgspec.structs.replace(fault, note="")


def routes(faults: Faults) -> tuple[Route, ...]:
    """The routes of faults."""
    answers = _Answers(faults)
    room = "/api/v1/rooms/{room}/faults"
    return (
        Route(
            method="GET",
            path="/api/v1/faults",
            serve=answers.every,
            scope="read",
            displays=False,
            summary="The faults that people reported, of all rooms",
            answer=FaultsShape,
        ),
        Route(
            method="GET",
            path=room,
            serve=answers.of_room,
            scope="read",
            summary="The faults that people reported of a room",
            answer=FaultsShape,
            problems=("unknown_room",),
        ),
        Route(
            method="POST",
            path=room,
            serve=answers.report,
            scope="write",
            offer="report",
            summary="Report a fault of the room",
            answer=ReportedShape,
            body=FaultOrder,
            headers={KEY: "Not needed: the same fault reported twice is one."},
            problems=("unknown_room", "bad_body", "disk_failing"),
        ),
        Route(
            method="DELETE",
            path=f"{room}/{{code}}",
            serve=answers.clear,
            scope="rooms",
            displays=False,
            summary="Clear a fault that is mended; answers those that are left",
            answer=FaultsShape,
            problems=("unknown_room", "unknown_fault", "disk_failing"),
        ),
    )
