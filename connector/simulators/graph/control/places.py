"""Control of the directory: what is known of rooms, and room lists."""

import msgspec
from aiohttp import web

from connector.simulators.graph.call import TENANT
from connector.simulators.graph.control.reply import reply
from connector.simulators.graph.directory import RoomDetails, RoomList
from connector.simulators.graph.refusal import Json


class _NewList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    address: str
    name: str = ""
    rooms: list[str] = []


def routes() -> list[web.RouteDef]:
    """What can be done to the directory."""
    return [
        web.put("/mailboxes/{mailbox}/room", set_room),
        web.delete("/mailboxes/{mailbox}/room", remove_room),
        web.get("/room-lists", room_lists),
        web.post("/room-lists", add_list),
        web.delete("/room-lists/{list}", remove_list),
    ]


async def set_room(request: web.Request) -> web.Response:
    """What is known of a room."""
    mailbox = request.app[TENANT].mailbox(request.match_info["mailbox"])
    mailbox.room = msgspec.json.decode(await request.read(), type=RoomDetails)
    return reply(mailbox.room)


async def remove_room(request: web.Request) -> web.Response:
    """A mailbox that is no room: somebody's own."""
    mailbox = request.app[TENANT].mailbox(request.match_info["mailbox"])
    mailbox.room = None
    return reply({"address": mailbox.address})


async def room_lists(request: web.Request) -> web.Response:
    """All room lists."""
    return reply({"room_lists": [_json(one) for one in request.app[TENANT].room_lists.values()]})


async def add_list(request: web.Request) -> web.Response:
    """A new room list, or other rooms in an old one."""
    new = msgspec.json.decode(await request.read(), type=_NewList)
    made = request.app[TENANT].add_room_list(new.address, name=new.name, rooms=new.rooms)
    return reply(_json(made), status=201)


async def remove_list(request: web.Request) -> web.Response:
    """A room list less."""
    return reply(_json(request.app[TENANT].room_lists.pop(request.match_info["list"].lower())))


def _json(one: RoomList) -> Json:
    return {"address": one.address, "name": one.name, "rooms": sorted(one.rooms)}
