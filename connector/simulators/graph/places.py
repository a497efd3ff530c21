"""Rooms and room lists as the directory has them.

https://learn.microsoft.com/graph/api/place-list, https://learn.microsoft.com/graph/api/place-get
"""

from collections.abc import Callable, Iterable
from typing import Literal
from urllib.parse import quote
from uuid import NAMESPACE_DNS, uuid5

from aiohttp import web

from connector.simulators.graph import query
from connector.simulators.graph.call import Call
from connector.simulators.graph.directory import RoomList
from connector.simulators.graph.faults.places import Doubled, SameAddress, Shrunk
from connector.simulators.graph.mailbox import Mailbox
from connector.simulators.graph.query import LARGEST_PAGE, Query
from connector.simulators.graph.refusal import Json, Refused

PAGE = 100
READ = "Place.Read.All"
# `graph` is the alias of the namespace `microsoft.graph` in the metadata.
_TYPE = "{type:(?i:(?:microsoft[.])?graph[.](?:room|roomlist))}"
Kind = Literal["room", "roomList"]


def routes() -> list[web.RouteDef]:
    """What the directory answers."""
    there = "/v1.0/places/{place}/{type:(?i:(?:microsoft[.])?graph[.]roomlist)}/rooms"
    return [
        web.get(f"/v1.0/places/{_TYPE}", listed),
        web.get(there, rooms_of_list),
        web.get("/v1.0/places/{place}", one),
    ]


async def listed(request: web.Request) -> web.StreamResponse:
    """All rooms, or all room lists."""
    call = Call(request, "places")
    lists = request.match_info["type"].lower().endswith("list")

    def make() -> Json:
        _check(call)
        if lists:
            found = [_list(one) for one in call.tenant.room_lists.values()]
            return _page(call, found, "places/microsoft.graph.roomList")
        return _page(call, _rooms(call), "places/microsoft.graph.room")

    return await call.answer(make)


async def rooms_of_list(request: web.Request) -> web.StreamResponse:
    """The rooms of one list, which goes by its address."""
    call = Call(request, "places")

    def make() -> Json:
        _check(call)
        address = request.match_info["place"]
        there = call.tenant.room_lists.get(address.lower())
        if there is None:
            raise _nowhere()
        wanted = there.rooms
        found = [room for room in _rooms(call) if room["emailAddress"].lower() in wanted]
        what = f"places('{quote(address, safe='')}')/microsoft.graph.roomList/rooms"
        return _page(call, found, what)

    return await call.answer(make)


async def one(request: web.Request) -> web.StreamResponse:
    """One room or list, by its id or address."""
    call = Call(request, "places")
    name = request.match_info["place"].lower()

    def make() -> Json:
        _check(call)
        lists = [_of("roomList", _list(one)) for one in call.tenant.room_lists.values()]
        for place in [*(_of("room", room) for room in _rooms(call)), *lists]:
            if name in {place["id"], place["emailAddress"].lower()}:
                context = f"{call.origin}/v1.0/$metadata#places/$entity"
                return {"@odata.context": context} | place
        raise _nowhere()

    return await call.answer(make)


def _check(call: Call) -> None:
    """Refuse who may not read the directory: no scope of mailboxes narrows this right."""
    token = call.authenticated()
    app = call.tenant.apps.get(token.client_id)
    granted = token.scopes if token.account else frozenset(app.roles if app else ())
    if READ not in granted:
        message = "Access is denied. Check credentials and try again."
        raise Refused(403, "ErrorAccessDenied", message)


def _page(call: Call, places: list[Json], what: str) -> Json:
    """One page of a list, and where the next one is."""
    asked = query.query(call.request.query)
    _check_select(asked, places)
    for change in _faulty(call):
        places = change(places)
    size = min(asked.top or PAGE, LARGEST_PAGE)
    page: Json = {"@odata.context": f"{call.origin}/v1.0/$metadata#{what}"}
    if asked.count:
        page["@odata.count"] = len(places)
    here = call.spoil(places[asked.skip : asked.skip + size])
    page["value"] = [_selected(place, asked) for place in here]
    if asked.skip + size < len(places):
        page["@odata.nextLink"] = query.next_link(call.request, asked.skip + size)
    return page


def _faulty(call: Call) -> Iterable[Callable[[list[Json]], list[Json]]]:
    return [one.places for one in call.faults if isinstance(one, Shrunk | Doubled | SameAddress)]


def _check_select(asked: Query, places: list[Json]) -> None:
    """Refuse to select what no place has."""
    for name in asked.select:
        if places and name not in places[0]:
            message = f"Could not find a property named '{name}' on type 'microsoft.graph.place'."
            raise Refused(400, "RequestBroker--ParseUri", message)


def _selected(place: Json, asked: Query) -> Json:
    if not asked.select:
        return place
    return {name: value for name, value in place.items() if name in {"id", *asked.select}}


def _of(kind: Kind, place: Json) -> Json:
    return {"@odata.type": f"#microsoft.graph.{kind}"} | place


def _rooms(call: Call) -> list[Json]:
    return [_room(mailbox) for mailbox in call.tenant.mailboxes() if mailbox.room is not None]


def _room(mailbox: Mailbox) -> Json:
    """A room in JSON."""
    room = mailbox.room
    if room is None:  # only those that are one are asked for
        raise LookupError(mailbox.address)
    return _common(mailbox.address, mailbox.name) | {
        "nickname": mailbox.name,
        "label": room.label,
        "capacity": room.capacity,
        "building": room.building,
        "floorNumber": room.floor_number,
        "floorLabel": room.floor_label,
        "isWheelChairAccessible": room.wheelchair,
        "bookingType": room.booking,
        "tags": list(room.tags),
        "audioDeviceName": room.audio_device,
        "videoDeviceName": room.video_device,
        "displayDeviceName": room.display_device,
    }


def _list(one: RoomList) -> Json:
    """A room list in JSON."""
    return _common(one.address, one.name)


def _common(address: str, name: str) -> Json:
    """What every place has."""
    return {
        "id": str(uuid5(NAMESPACE_DNS, f"place.{address.lower()}")),
        "displayName": name,
        "address": None,
        "geoCoordinates": None,
        "phone": "",
        "emailAddress": address,
    }


def _nowhere() -> Refused:
    return Refused(404, "ErrorItemNotFound", "The specified place was not found.")
