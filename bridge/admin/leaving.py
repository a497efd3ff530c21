"""A room that leaves, or gets another short name: what follows is said before it is planned."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from aiohttp import web

from bridge.admin.acts import kept_room
from bridge.admin.filled import REFUSED, Asked, Filled, above, in_files, wrong
from bridge.admin.pages import Pages
from bridge.admin.planning import Planning, Refusal, Way
from bridge.admin.routes import page, posted
from bridge.admin.words import chosen
from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.inventory_shapes import EntryOrder, PlanOrder, PlanShape
from bridge.views.pairing_shapes import PairedShape
from bridge.views.web import Route

RETIRE, RENAME = "/admin/rooms/{room}/retire", "/admin/rooms/{room}/rename"


class Leaving:
    """Makes these two forms of a room, and plans of what they ask for."""

    def __init__(
        self,
        pages: Pages,
        planning: Planning,
        house: House,
        displays: Callable[[], Iterable[PairedShape]],
    ) -> None:
        self._pages = pages
        self._planning = planning
        self._keeping = planning.keeping
        self._house = house
        self._displays = displays

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        return (
            page(
                RETIRE,
                self.retiring,
                "What becomes of a retired room",
                "unknown_entry",
                scope="rooms",
            ),
            posted(RETIRE, self.retire, "Plan that a room leaves", *REFUSED),
            page(
                RENAME,
                self.renaming,
                "The form of another short name",
                "unknown_entry",
                scope="rooms",
            ),
            posted(RENAME, self.rename, "Plan another short name", *REFUSED),
        )

    async def retiring(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """What becomes of a room's displays, systems and meetings when it leaves."""
        room = kept_room(house, caller, request)
        return await self._form("retire", Asked(room, room.id, Filled({}, {})), request, caller)

    async def retire(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """A plan without a room."""
        room = kept_room(house, caller, request)
        filled = await Filled.of(request)
        again = partial(self._form, "retire", Asked(room, room.id, filled))
        way = Way(next="/admin/rooms", back=f"/admin/rooms/{room.id}")
        make = partial(self._without, room.id, filled)
        return await self._planning.offered(request, caller, make, again, way)

    async def renaming(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """The form of another short name."""
        room = kept_room(house, caller, request)
        filled = Filled({"id": room.id}, {})
        return await self._form("rename", Asked(room, room.id, filled), request, caller)

    async def rename(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """A plan with another short name."""
        room = kept_room(house, caller, request)
        filled = await Filled.of(request)
        new = filled.values.get("id", "")
        again = partial(self._form, "rename", Asked(room, room.id, filled))
        way = Way(next=f"/admin/rooms/{new}", back=f"/admin/rooms/{room.id}")
        make = partial(self._renamed, room.id, new, filled)
        return await self._planning.offered(request, caller, make, again, way)

    async def _without(self, room: str, filled: Filled, caller: Caller) -> PlanShape:
        order = EntryOrder(entry={}, why=filled.why)
        return await self._keeping.change("rooms", room, "delete", order, caller)

    async def _renamed(self, room: str, new: str, filled: Filled, caller: Caller) -> PlanShape:
        await self._keeping.entry("rooms", room, caller)
        if not new:
            raise wrong(f"rooms.{room}", "id", "an id is made of a-z, 0-9 and -")
        renamed = {room: new} if new != room else {}
        return await self._keeping.plan(PlanOrder(renamed=renamed, why=filled.why), caller)

    async def _form(
        self,
        name: str,
        asked: Asked,
        request: web.Request,
        caller: Caller,
        refusal: Refusal | None = None,
    ) -> web.Response:
        room, filled = asked.room, asked.filled
        await self._pages.ready()
        if self._keeping.in_files:
            entry = (await self._keeping.entry("rooms", room.id, caller)).entry
            return await in_files(self._pages, request, caller, room, entry)
        return await self._pages.answer(
            request,
            caller,
            name,
            status=refusal.status if refusal else 200,
            crumbs=above(chosen(request), room),
            room=room,
            displays=[one for one in self._displays() if one.room == room.id],
            systems=self._house.room_endpoints(room.id),
            values=filled.values,
            why=filled.why,
            refusal=refusal,
        )
