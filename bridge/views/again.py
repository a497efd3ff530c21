"""A calendar read before its turn."""

from collections.abc import Callable

from aiohttp import web

from bridge.callers import Caller
from bridge.views.house import COMMON, House
from bridge.views.rooms import seen_room
from bridge.views.web import Route


def route(read: Callable[[str], None]) -> Route:
    """The route by which who looks after a room has its calendar read now."""

    async def serve(house: House, caller: Caller, request: web.Request) -> web.Response:
        read(seen_room(house, caller, request).id)
        return web.Response(status=202, headers=COMMON)

    return Route(
        method="POST",
        path="/api/v1/rooms/{room}/read",
        serve=serve,
        scope="rooms",
        displays=False,
        summary="Have the room's calendar read now, before its turn",
        answer="",
        status=202,
        problems=("unknown_room",),
    )
