"""Forms of a room: a new one, and the settings of one that there is."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from aiohttp import web

from bridge.admin.acts import kept_room
from bridge.admin.checking import CHECK, checked
from bridge.admin.fields import LISTS, MANY, REST, ROOM, Form, kept, sorted_names
from bridge.admin.filled import REFUSED, Filled, above, engineer, fields_of, in_files, wrong
from bridge.admin.pages import Pages
from bridge.admin.planning import Planning, Refusal, Way
from bridge.admin.routes import page, posted
from bridge.admin.tree import natural
from bridge.admin.words import Words, chosen
from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.inventory_shapes import EntryOrder, PlanOrder, PlanShape
from bridge.views.web import Route
from rooms.display import LANGUAGES
from rooms.inventory.edit import patch
from rooms.inventory.ids import slug, unused
from rooms.room import Room

ADD, EDIT = "/admin/add-room", "/admin/rooms/{room}/edit"
ZONES = 30
"""Time zones that are offered: those that most rooms have."""
CHOICES: Mapping[str, Sequence[str]] = {
    "display.language": ("auto", *LANGUAGES),
    "display.theme": ("auto", "light", "dark", "contrast"),
    "display.titles": ("true", "false"),
    "display.organizers": ("true", "false"),
    "display.find": ("none", "floor", "building", "lists", "all"),
    "all_day": ("show", "hide"),
    "tentative": ("show", "join", "hide"),
}
"""What can be chosen for a setting, besides what the site has."""
SPOKEN = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "it": "Italiano",
    "nl": "Nederlands",
    "pt": "Português",
    "sv": "Svenska",
    "da": "Dansk",
    "nb": "Norsk bokmål",
    "pl": "Polski",
    "ja": "日本語",
    "zh": "中文",
    "ar": "العربية",
    "he": "עברית",
}
"""Languages of displays, as those call them who speak them."""
_FIELDS = fields_of(*ROOM, *MANY, LISTS, "id")


class Asked(NamedTuple):
    """A form that somebody filled in, and the room that it is about."""

    room: Room | None
    """None for a new one."""
    name: str
    """Its id; empty where a new one has none yet."""
    filled: Filled


class Choice(NamedTuple):
    """A setting of which one of few values is chosen."""

    id: str
    name: str
    values: Sequence[tuple[str, str]]
    """Each with its words."""


class Editing:
    """Makes the forms of rooms, and plans of what they ask for."""

    def __init__(self, pages: Pages, planning: Planning, house: House) -> None:
        self._pages = pages
        self._planning = planning
        self._keeping = planning.keeping
        self._house = house

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        change = "Plan a change of a room's settings"
        return (
            page(ADD, self.new, "The form of a new room", scope="rooms"),
            posted(ADD, self.add, "Plan a new room", *REFUSED, checks=True),
            page(EDIT, self.shown, "The form of a room", "unknown_entry", scope="rooms"),
            posted(EDIT, self.edit, change, *REFUSED, checks=True),
        )

    async def new(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The form of a new room."""
        zones, lists = self._zones(caller), self._lists(caller)
        values = dict.fromkeys((*ROOM, *MANY, LISTS, REST, "id"), "")
        values["time_zone"] = zones[0] if zones else ""
        values[LISTS] = lists[0][0] if caller.lists is not None and len(lists) == 1 else ""
        return await self._form(Asked(None, "", Filled(values, {})), request, caller)

    async def add(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """A plan with one more room."""
        filled = await Filled.of(request)
        name = filled.values.get("id") or _named(filled, {*house.rooms, *house.retired})
        if CHECK in request.query:
            make = partial(self._plan_new, name, filled, keep=False)
            return await checked(request, caller, make, f"rooms.{name}", _fields(caller))
        again = partial(self._form, Asked(None, name, filled))
        way = Way(next=f"/admin/rooms/{name}", back="/admin/rooms")
        make = partial(self._plan_new, name, filled)
        return await self._planning.offered(request, caller, make, again, way)

    async def shown(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """The form of a room, as the inventory has it."""
        room = kept_room(house, caller, request)
        entry = (await self._keeping.entry("rooms", room.id, caller)).entry
        if self._keeping.in_files:
            await self._pages.ready()
            return await in_files(self._pages, request, caller, room, entry)
        values = self._of(caller).shown(entry)
        return await self._form(Asked(room, room.id, Filled(values, values)), request, caller)

    async def edit(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """A plan with a room's settings as somebody wants them."""
        room = kept_room(house, caller, request)
        filled = await Filled.of(request)
        if CHECK in request.query:
            make = partial(self._plan_edit, room.id, filled, keep=False)
            return await checked(request, caller, make, f"rooms.{room.id}", _fields(caller))
        again = partial(self._form, Asked(room, room.id, filled))
        path = f"/admin/rooms/{room.id}"
        make = partial(self._plan_edit, room.id, filled)
        return await self._planning.offered(request, caller, make, again, Way(path, path))

    async def _plan_new(
        self, name: str, filled: Filled, caller: Caller, *, keep: bool = True
    ) -> PlanShape:
        entry = filled.wanted(self._of(caller), {}, f"rooms.{name}")
        if not name:
            raise wrong("rooms.", "id", "needs a short name of a-z, 0-9 and -")
        if name in self._house.rooms:
            raise wrong(f"rooms.{name}", "id", f"there is a room {name} already")
        order = PlanOrder(rooms={name: entry}, why=filled.why)
        return await self._keeping.plan(order, caller, keep=keep)

    async def _plan_edit(
        self, name: str, filled: Filled, caller: Caller, *, keep: bool = True
    ) -> PlanShape:
        entry = (await self._keeping.entry("rooms", name, caller)).entry
        wanted = filled.wanted(self._of(caller), entry, f"rooms.{name}")
        order = EntryOrder(entry=patch(entry, wanted), why=filled.why)
        return await self._keeping.change("rooms", name, "patch", order, caller, keep=keep)

    async def _form(
        self,
        asked: Asked,
        request: web.Request,
        caller: Caller,
        refusal: Refusal | None = None,
    ) -> web.Response:
        room, name, filled = asked
        await self._pages.ready()
        if room is None and self._keeping.in_files:
            return await in_files(self._pages, request, caller, None, self._example(caller))
        return await self._pages.answer(
            request,
            caller,
            "edit",
            status=refusal.status if refusal else 200,
            crumbs=above(chosen(request), room),
            room=room,
            path=f"/admin/rooms/{room.id}/edit" if room else ADD,
            values=filled.values,
            was=kept(filled.was),
            why=filled.why,
            refusal=refusal,
            wrong=refusal.beside(f"rooms.{name}", _fields(caller)) if refusal else {},
            engineer=engineer(caller),
            choices=list(_choices(chosen(request))),
            **self._offered(caller, filled),
        )

    def _offered(self, caller: Caller, filled: Filled) -> dict[str, Any]:
        """What can be chosen."""
        own = filled.values.get("source", "")
        known = tuple(self._house.sources)
        near = [room for room in self._house.rooms.values() if caller.keeps(room.id)]
        return {
            "lists": self._lists(caller),
            "sources": [(one, one) for one in dict.fromkeys((*known, own)) if one],
            "zones": self._zones(caller),
            "buildings": sorted_names(room.building for room in near if room.building),
            "floors": sorted({room.floor for room in near if room.floor}, key=natural),
        }

    def _of(self, caller: Caller) -> Form:
        """The form of rooms, for somebody."""
        lists = [name for name, _ in self._lists(caller)]
        return Form(ROOM, MANY, lists=lists, rest=engineer(caller))

    def _lists(self, caller: Caller) -> list[tuple[str, str]]:
        """The room lists that somebody may put rooms into, with their names."""
        known = self._house.lists.items()
        mine = [(id_, name or id_) for id_, name in known if _theirs(caller, id_)]
        return sorted(mine, key=lambda one: natural(one[1]))

    def _zones(self, caller: Caller) -> list[str]:
        """The time zones of the rooms that somebody knows, the commonest first."""
        found = Counter(self._zones_of(caller))
        return [zone for zone, _ in found.most_common(ZONES)]

    def _zones_of(self, caller: Caller) -> Iterator[str]:
        return (room.time_zone for room in self._house.rooms.values() if caller.sees(room.id))

    def _example(self, caller: Caller) -> dict[str, str]:
        """A new room as somebody would write it down."""
        zone = next(iter(self._zones(caller)), "Europe/London")
        return {"name": "Name", "mailbox": "room@example.com", "time_zone": zone}


def _fields(caller: Caller) -> Mapping[str, Sequence[str]]:
    """The settings that each field stands for; that of the rest, for engineers, all others."""
    return {**_FIELDS, REST: ("",)} if engineer(caller) else _FIELDS


def _choices(words: Words) -> Iterator[Choice]:
    """What can be chosen, in words."""
    for id_, values in CHOICES.items():
        name = id_.rpartition(".")[2]
        told = [(one, SPOKEN.get(one) or words(f"choice.{name}_{one}")) for one in values]
        yield Choice(id_, words(f"choice.{name}"), told)


def _theirs(caller: Caller, room_list: str) -> bool:
    return caller.lists is None or room_list in caller.lists


def _named(filled: Filled, taken: set[str]) -> str:
    """A short name made from the one that people use; empty where that gives none."""
    try:
        return unused(slug(filled.values.get("name", "")), taken)
    except ValueError:
        return ""
