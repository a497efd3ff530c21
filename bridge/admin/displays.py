"""Paired displays: which there are, one more by the code that it shows, one less."""

from collections.abc import Sequence

from aiohttp import web

from bridge.admin.pages import Pages, back, form
from bridge.admin.routes import page, posted
from bridge.admin.tree import natural
from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.pairing import Pairs
from bridge.views.web import Problem, Route

PATH = "/admin/displays"
LONGEST = 64
"""Characters of a code as somebody typed it, and of a display's name."""


class DisplaysPage:
    """Makes the page of displays, and does what its forms ask for."""

    def __init__(self, pages: Pages, pairs: Pairs) -> None:
        self._pages = pages
        self._pairs = pairs

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        return (
            page(PATH, self.serve, "Paired displays, and how one more is paired"),
            posted(PATH, self.pair, "Pair a display by its code"),
            posted(f"{PATH}/{{display}}/revoke", self.revoke, "Sign a display out"),
        )

    async def serve(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """The page; a code in its address is filled in, for who scanned it."""
        found = [one for one in self._pairs.every() if caller.sees(one.room)]
        names = {one.room: house.rooms[one.room].name for one in found if one.room in house.rooms}
        kept = [room for room in house.rooms.values() if caller.keeps(room.id)]
        return await self._pages.answer(
            request,
            caller,
            "displays",
            displays=sorted(found, key=lambda one: natural(names.get(one.room, one.room))),
            names=names,
            rooms=sorted(kept, key=lambda room: (natural(room.building), natural(room.name))),
            code=request.query.get("code", "")[:LONGEST],
            room=request.query.get("room", ""),
            address=f"{request.host}/display",
        )

    async def pair(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """Bind the display that shows a code to a room."""
        fields = await form(request)
        code, room = fields.get("code", "")[:LONGEST], fields.get("room", "")
        if not caller.keeps(room):
            return back(PATH, failed="unknown_room", code=code)
        name = fields.get("name", "")[:LONGEST]
        try:
            await self._pairs.pair(code, room, name, caller)
        except Problem as problem:
            return back(PATH, failed=problem.code, code=code, room=room)
        return back(PATH, done="paired")

    async def revoke(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """Sign a display out."""
        id_ = request.match_info["display"]
        known = next((one for one in self._pairs.every() if one.id == id_), None)
        # Of a display elsewhere nobody learns whether there is one.
        if known is None or not caller.keeps(known.room):
            return back(PATH, failed="unknown_display")
        try:
            await self._pairs.revoke(id_, caller)
        except Problem as problem:
            return back(PATH, failed=problem.code)
        return back(PATH, done="revoked")
