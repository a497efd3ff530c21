"""Forms of a room's systems: a new one, its settings, its room; and that it goes.

Passwords are typed here and never shown: they go to the vault when the plan is applied.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from aiohttp import web

from bridge.admin.acts import kept_room
from bridge.admin.checking import CHECK, checked
from bridge.admin.fields import REST, UNIT, Form, Values, at, kept
from bridge.admin.filled import REFUSED, Asked, Filled, above, engineer, in_files, wrong
from bridge.admin.pages import Pages
from bridge.admin.planning import Planning, Refusal, Way
from bridge.admin.routes import page, posted
from bridge.admin.tree import natural
from bridge.admin.words import chosen
from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.inventory_shapes import EntryOrder, PlanOrder, PlanShape
from bridge.views.web import Problem, Route
from connector import load
from rooms.inventory import Fields
from rooms.inventory.document import units
from rooms.inventory.edit import patch
from rooms.inventory.ids import slug, unused
from rooms.room import Room

ADD, ONE = "/admin/rooms/{room}/add-system", "/admin/rooms/{room}/systems/{endpoint}"
LOGINS: Mapping[str, str] = {"reader": "facade."}
"""Where a kind has user name and password, if not beside its other settings."""
_UNKNOWN = ("unknown_endpoint", "unknown_entry")


class Units:
    """Makes the forms of room systems, and plans of what they ask for."""

    def __init__(self, pages: Pages, planning: Planning, house: House) -> None:
        self._pages = pages
        self._planning = planning
        self._keeping = planning.keeping
        self._house = house

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        change, gone = "Plan a change of a room system", "Plan that a room system goes"
        return (
            page(ADD, self.new, "The form of a new room system", *_UNKNOWN, scope="rooms"),
            posted(ADD, self.add, "Plan a new room system", *REFUSED, checks=True),
            page(ONE, self.shown, "The form of a room system", *_UNKNOWN, scope="rooms"),
            posted(ONE, self.edit, change, *_UNKNOWN, *REFUSED, checks=True),
            posted(f"{ONE}/remove", self.remove, gone, *_UNKNOWN, *REFUSED),
        )

    async def new(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """The form of a new room system."""
        room = kept_room(house, caller, request)
        values = dict.fromkeys(("id", "username", *UNIT, REST), "") | {"room": room.id}
        return await self._form(Asked(room, "", Filled(values, {})), request, caller)

    async def add(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """A plan with one more room system."""
        room, filled = kept_room(house, caller, request), await Filled.of(request)
        name = filled.values.get("id") or self._name(room, filled)
        asked = Asked(room, name, filled)
        if CHECK in request.query:
            make = partial(self._plan_new, room.id, name, filled, keep=False)
            where = await self._beside(asked, caller)
            return await checked(request, caller, make, *where)
        again = partial(self._form, Asked(room, "", filled))
        path = f"/admin/rooms/{room.id}"
        make = partial(self._plan_new, room.id, name, filled)
        return await self._planning.offered(request, caller, make, again, Way(path, path))

    async def shown(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """The form of a room system, as the inventory has it."""
        room = kept_room(house, caller, request)
        name, entry = await self._entry(room, caller, request)
        values = _shown(caller, entry, room)
        return await self._form(Asked(room, name, Filled(values, values)), request, caller)

    async def edit(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """A plan with a room system's settings as somebody wants them."""
        room, filled = kept_room(house, caller, request), await Filled.of(request)
        name, _ = await self._entry(room, caller, request)
        asked = Asked(room, name, filled)
        if CHECK in request.query:
            make = partial(self._plan_edit, name, filled, keep=False)
            where = await self._beside(asked, caller)
            return await checked(request, caller, make, *where)
        path = f"/admin/rooms/{room.id}"
        again = partial(self._form, asked)
        make = partial(self._plan_edit, name, filled)
        return await self._planning.offered(request, caller, make, again, Way(path, path))

    async def remove(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """A plan without a room system."""
        room, filled = kept_room(house, caller, request), await Filled.of(request)
        name, entry = await self._entry(room, caller, request)
        values = _shown(caller, entry, room)
        path = f"/admin/rooms/{room.id}"
        again = partial(self._form, Asked(room, name, Filled(values, values)))
        make = partial(self._without, name, filled)
        return await self._planning.offered(request, caller, make, again, Way(path, path))

    async def _plan_new(
        self, room: str, name: str, filled: Filled, caller: Caller, *, keep: bool = True
    ) -> PlanShape:
        fields = _wanted(filled, {}, f"rooms.{room}", caller)
        if not name:
            raise wrong(f"rooms.{room}", "id", "needs a short name of a-z, 0-9 and -")
        order = PlanOrder(
            endpoints={name: {**fields, "room": room}},
            secrets=_secrets(name, filled),
            why=filled.why,
        )
        if name in self._taken():
            raise wrong(f"rooms.{room}", "id", f"there is a room system {name} already")
        return await self._keeping.plan(order, caller, keep=keep)

    async def _plan_edit(
        self, name: str, filled: Filled, caller: Caller, *, keep: bool = True
    ) -> PlanShape:
        found = await self._keeping.entry("endpoints", name, caller)
        room = getattr(found, "room", "")
        change = patch(found.entry, _wanted(filled, found.entry, f"rooms.{room}", caller))
        to = filled.values.get("room", "")
        if to and to != filled.was.get("room", to):
            change["room"] = to
        secrets = _secrets(name, filled).get(name, {})
        order = EntryOrder(entry=change, secrets=secrets, why=filled.why)
        return await self._keeping.change("endpoints", name, "patch", order, caller, keep=keep)

    async def _without(self, name: str, filled: Filled, caller: Caller) -> PlanShape:
        order = EntryOrder(entry={}, why=filled.why)
        return await self._keeping.change("endpoints", name, "delete", order, caller)

    async def _entry(self, room: Room, caller: Caller, request: web.Request) -> tuple[str, Fields]:
        """The room system that a path names, if it is one of this room's.

        Raises:
            Problem: it is not.
        """
        name = request.match_info["endpoint"]
        entry = (await self._keeping.entry("rooms", room.id, caller)).entry
        found = next((one for one in units(entry) if one.get("id") == name), None)
        if found is None:
            raise Problem(404, "unknown_endpoint")
        return name, found

    async def _beside(
        self, asked: Asked, caller: Caller
    ) -> tuple[str, Mapping[str, Sequence[str]]]:
        """Where findings of a room system are, and the field that each belongs to."""
        own, name, filled = asked
        to = filled.values.get("room") or own.id
        room = to if caller.keeps(to) else own.id
        entry = (await self._keeping.entry("rooms", room, caller)).entry
        names = [one.get("id") for one in units(entry)]
        this = f"endpoints[{names.index(name) if name in names else len(names)}]"
        fields: dict[str, Sequence[str]] = {one: (f"{this}.{one}",) for one in UNIT}
        for one in ("username", "password"):
            fields[one] = (f"{this}.{one}", f"{this}.facade.{one}")
        rest = {REST: (REST, this)} if engineer(caller) else {}
        return f"rooms.{room}", {**fields, "id": ("id", f"{this}.id"), **rest}

    async def _form(
        self,
        asked: Asked,
        request: web.Request,
        caller: Caller,
        refusal: Refusal | None = None,
    ) -> web.Response:
        room, name, filled = asked
        await self._pages.ready()
        entry = (await self._keeping.entry("rooms", room.id, caller)).entry
        if self._keeping.in_files:
            return await in_files(self._pages, request, caller, room, entry)
        where = await self._beside(asked, caller)
        path = f"/admin/rooms/{room.id}/" + (f"systems/{name}" if name else "add-system")
        kept_as = next((one for one in units(entry) if one.get("id") == name), {})
        rooms = [one for one in self._house.rooms.values() if caller.keeps(one.id)]
        return await self._pages.answer(
            request,
            caller,
            "unit",
            status=refusal.status if refusal else 200,
            crumbs=above(chosen(request), room),
            room=room,
            unit=name,
            path=path,
            values=filled.values,
            was=kept(filled.was),
            why=filled.why,
            refusal=refusal,
            wrong=refusal.beside(*where) if refusal else {},
            kinds=await asyncio.to_thread(load.endpoint_kinds),
            has_password=_has_password(kept_as),
            rooms=sorted(rooms, key=lambda one: (natural(one.building), natural(one.name))),
            engineer=engineer(caller),
        )

    def _taken(self) -> set[str]:
        """The short names of all room systems, also of those that are not for this caller."""
        known = self._house.room_endpoints
        return {name for room in self._house.rooms for name in known(room)}

    def _name(self, room: Room, filled: Filled) -> str:
        """A short name made from those of the room and of the kind."""
        try:
            return unused(slug(f"{room.id}-{filled.values.get('kind', '')}"), self._taken())
        except ValueError:
            return ""


def _form_of(caller: Caller, *kinds: str) -> Form:
    """The form of room systems of these kinds."""
    logins = {LOGINS.get(kind, "") for kind in kinds}
    single = (*UNIT, *(f"{login}username" for login in sorted(logins)))
    return Form(single, rest=engineer(caller), secrets=True)


def _shown(caller: Caller, entry: Fields, room: Room) -> dict[str, str]:
    """A room system as its form shows it."""
    kind = str(entry.get("kind", ""))
    values = _form_of(caller, kind).shown(entry)
    return values | {"username": values.pop(f"{LOGINS.get(kind, '')}username"), "room": room.id}


def _wanted(filled: Filled, entry: Fields, where: str, caller: Caller) -> Fields:
    """A room system as its form wants it."""
    before, after = filled.was.get("kind", ""), filled.values.get("kind", "")
    form = _form_of(caller, before, after)
    placed = Filled(_placed(filled.values, after), _placed(filled.was, before))
    return placed.wanted(form, entry, where)


def _placed(values: Values, kind: str) -> Values:
    """What a form has, with the user name where this kind has it."""
    found = {key: value for key, value in values.items() if key != "username"}
    return found | {f"{LOGINS.get(kind, '')}username": values.get("username", "")}


def _secrets(name: str, filled: Filled) -> Mapping[str, Mapping[str, str]]:
    """The password, where one was typed."""
    given = filled.values.get("password", "")
    login = LOGINS.get(filled.values.get("kind", ""), "")
    return {name: {f"{login}password": given}} if given else {}


def _has_password(unit: Fields) -> bool:
    login = LOGINS.get(str(unit.get("kind", "")), "")
    return any(at(unit, f"{login}{one}") for one in ("password", "password_file"))
