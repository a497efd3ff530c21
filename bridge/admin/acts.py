"""What people do on a room's page: have it read, its systems told, and faults cleared.

Each is done by the part that does it for the API too; the page that comes after says how it went.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from bridge.admin.pages import back, form
from bridge.admin.room import named
from bridge.admin.routes import posted
from bridge.callers import Caller
from bridge.views.endpoint_shapes import DialOrder, NothingOrder
from bridge.views.endpoints import Desk
from bridge.views.faults import Faults
from bridge.views.house import House
from bridge.views.rooms import seen_room
from bridge.views.web import Problem, Route
from rooms.room import Room

LONGEST = 255
"""Characters of what a form says."""


class Acts:
    """What is done to a room."""

    def __init__(self, desk: Desk, faults: Faults, read: Callable[[str], None]) -> None:
        self._desk = desk
        self._faults = faults
        self._read = read

    @property
    def routes(self) -> Sequence[Route]:
        """Where forms ask for it."""
        room = "/admin/rooms/{room}"
        return (
            posted(f"{room}/read", self.read, "Read the room's calendar now"),
            posted(f"{room}/push", self.push, "Show a room system its list now"),
            posted(f"{room}/dial", self.dial, "Have a room system call", scope="write"),
            posted(f"{room}/hangup", self.hang_up, "End a room system's calls", scope="write"),
            posted(f"{room}/mended", self.mended, "Clear a reported fault that is mended"),
        )

    async def read(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """Have a calendar read before its turn."""
        room = kept_room(house, caller, request)
        self._read(room.id)
        return back(f"/admin/rooms/{room.id}", done="read")

    async def push(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """Show a room system its list."""
        room = kept_room(house, caller, request)
        fields = await form(request)
        try:
            name = await self._of_room(room, fields)
            await self._desk.push(name, NothingOrder(), actor=caller.name)
        except Problem as problem:
            return _failed(room, problem)
        return back(f"/admin/rooms/{room.id}", done="pushed")

    async def dial(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """Have a room system call a meeting; engineers may name any address."""
        room = seen_room(house, caller, request)
        if not caller.acts(room.id):
            raise Problem(403, "forbidden")
        fields = await form(request)
        address = fields.get("address", "")[:LONGEST]
        if address and "control" not in caller.scopes:
            raise Problem(403, "forbidden")
        order = DialOrder(booking="" if address else fields.get("booking", ""), address=address)
        try:
            name = await self._of_room(room, fields)
            told = await self._desk.dial(name, order, actor=caller.name)
        except Problem as problem:
            return _failed(room, problem)
        done = "dialled" if told.done == "dialled" else "already"
        return back(f"/admin/rooms/{room.id}", done=done)

    async def hang_up(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """End the calls of a room system."""
        room = seen_room(house, caller, request)
        if not caller.acts(room.id):
            raise Problem(403, "forbidden")
        try:
            name = await self._of_room(room, await form(request))
            await self._desk.hang_up(name, NothingOrder(), actor=caller.name)
        except Problem as problem:
            return _failed(room, problem)
        return back(f"/admin/rooms/{room.id}", done="hung_up")

    async def mended(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """A fault that people reported is mended."""
        room = kept_room(house, caller, request)
        fields = await form(request)
        try:
            known = await self._faults.clear(room.id, fields.get("code", ""), actor=caller.name)
        except sqlite3.Error:
            return back(f"/admin/rooms/{room.id}", failed="disk_failing")
        answer = {"done": "mended"} if known else {"failed": "unknown_fault"}
        return back(f"/admin/rooms/{room.id}", **answer)

    async def _of_room(self, room: Room, fields: Mapping[str, str]) -> str:
        """The system that a form is about.

        Raises:
            Problem: it is none of this room's.
        """
        name = fields.get("endpoint", "")
        if named(await self._desk.every(room.id), name) is None:
            raise Problem(404, "unknown_endpoint")
        return name


def kept_room(house: House, caller: Caller, request: web.Request) -> Room:
    """The room that a form is about, if this caller looks after it.

    Raises:
        Problem: there is no such room, or it is not theirs.
    """
    room = seen_room(house, caller, request)
    if not caller.keeps(room.id):
        raise Problem(403, "forbidden")
    return room


def _failed(room: Room, problem: Problem) -> web.Response:
    return back(f"/admin/rooms/{room.id}", failed=problem.code)
