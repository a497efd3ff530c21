"""Room lists: all of them as the tree that they are, and a page for each to change it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from aiohttp import web

from bridge.admin.fields import listed
from bridge.admin.filled import LONGEST_WHY
from bridge.admin.pages import Crumb, Pages, form
from bridge.admin.planning import Again, Make, Planning, Refusal, Way
from bridge.admin.routes import page, posted
from bridge.admin.tree import natural
from bridge.admin.words import chosen
from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.inventory_shapes import Fields, InventoryShape, PlanOrder, PlanShape
from bridge.views.web import Problem, Route
from rooms.inventory.ids import slug, unused

PATH = "/admin/lists"
LONGEST = 200
"""Characters of a name."""


class Node(NamedTuple):
    """A room list in the tree, and its parts."""

    id: str
    name: str
    link: str
    rooms: int
    """That are in it."""
    inside: int
    """That are in it or in its parts, each counted once."""
    parts: tuple["Node", ...]


class ListsPage:
    """Makes the pages of room lists, and plans what their forms say."""

    def __init__(self, pages: Pages, planning: Planning) -> None:
        self._pages = pages
        self._planning = planning
        self._keeping = planning.keeping

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for them."""
        one, unknown = f"{PATH}/{{list}}", "unknown_list"
        wrong = ("inventory_unfit", "not_yours")
        return (
            page(PATH, self.serve, "All room lists", scope="rooms"),
            posted(PATH, self.add, "Plan one more room list", *wrong),
            page(one, self.one, "A room list and what it has", unknown, scope="rooms"),
            posted(
                one, self.change, "Plan a change of a room list, or its removal", unknown, *wrong
            ),
        )

    # --- all of them

    async def serve(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The page."""
        return await self._all(request, caller, {}, None)

    async def add(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """One more list."""
        fields = await form(request)
        name, parent = fields.get("name", "")[:LONGEST], fields.get("parent", "")
        given = fields.get("id", "")

        async def again(request: web.Request, who: Caller, refusal: Refusal | None) -> web.Response:
            return await self._all(request, who, fields, refusal)

        if not name:
            return await again(request, caller, Refusal(422, "name_missing"))

        async def make(who: Caller) -> PlanShape:
            taken = {one.id for one in (await self._keeping.stands(who)).room_lists}
            if given in taken:  # by whoever was faster, too
                raise Problem(422, "list_taken")
            id_ = given or unused(slug(name, "list"), taken)
            entry = {"name": name, **({"parent": parent} if parent else {})}
            return await self._plan(who, fields, room_lists={id_: entry})

        return await self._planning.offered(request, caller, make, again, Way(next=PATH, back=PATH))

    async def _all(
        self,
        request: web.Request,
        caller: Caller,
        fields: Mapping[str, str],
        refusal: Refusal | None,
    ) -> web.Response:
        await self._pages.ready()
        stands = await self._keeping.stands(caller)
        return await self._pages.answer(
            request,
            caller,
            "lists",
            status=refusal.status if refusal else 200,
            tree=tree(stands),
            total=len(stands.room_lists),
            parents=_flat(tree(stands)),
            fields=fields,
            refusal=refusal,
            all=caller.lists is None,
            in_files=self._keeping.in_files,
        )

    # --- one of them

    async def one(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The page of a list."""
        return await self._one(request, caller, request.match_info["list"], {}, None)

    async def change(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """What the form says: `act` is `id` for another id, `remove`, or neither."""
        id_, fields = request.match_info["list"], await form(request)
        await self._known(id_, caller)
        act = {"id": self._rename, "remove": self._remove}.get(fields.get("act", ""), self._name)
        return await act(request, caller, id_, fields)

    async def _name(
        self, request: web.Request, caller: Caller, id_: str, fields: Mapping[str, str]
    ) -> web.Response:
        """Another name, and the list that it is a part of."""
        if not fields.get("name"):
            again = self._again(id_, fields)
            return await again(request, caller, Refusal(422, "name_missing"))
        patch: dict[str, str | None] = {"name": fields["name"][:LONGEST]}
        if "parent" in fields:
            patch["parent"] = fields["parent"] or None

        async def make(who: Caller) -> PlanShape:
            await self._known(id_, who)  # gone meanwhile, it must not be made anew
            return await self._plan(who, fields, room_lists={id_: patch})

        return await self._offered(request, caller, id_, fields, make)

    async def _rename(
        self, request: web.Request, caller: Caller, id_: str, fields: Mapping[str, str]
    ) -> web.Response:
        """Another id."""
        new = fields.get("id", "")

        async def make(who: Caller) -> PlanShape:
            return await self._plan(who, fields, renamed_lists={id_: new})

        return await self._offered(request, caller, id_, fields, make, after=_link(new))

    async def _remove(
        self, request: web.Request, caller: Caller, id_: str, fields: Mapping[str, str]
    ) -> web.Response:
        """Take it away: its rooms stay, and its parts become parts of what it was a part of."""

        async def make(who: Caller) -> PlanShape:
            return await self._plan(who, fields, **without(await self._keeping.stands(who), id_))

        return await self._offered(request, caller, id_, fields, make, after=PATH)

    async def _offered(
        self,
        request: web.Request,
        caller: Caller,
        id_: str,
        fields: Mapping[str, str],
        make: Make,
        *,
        after: str = "",
    ) -> web.Response:
        way = Way(next=after or _link(id_), back=_link(id_))
        return await self._planning.offered(request, caller, make, self._again(id_, fields), way)

    def _again(self, id_: str, fields: Mapping[str, str]) -> Again:
        async def again(request: web.Request, who: Caller, refusal: Refusal | None) -> web.Response:
            return await self._one(request, who, id_, fields, refusal)

        return again

    async def _plan(
        self, caller: Caller, fields: Mapping[str, str], **order: Mapping[str, object]
    ) -> PlanShape:
        why = fields.get("why", "")[:LONGEST_WHY]
        return await self._keeping.plan(PlanOrder(**order, why=why), caller)  # type: ignore[arg-type]

    async def _known(self, id_: str, caller: Caller) -> Fields:
        """A list's entry.

        Raises:
            Problem: there is none, or none for this caller.
        """
        try:
            found = await self._keeping.entry("lists", id_, caller)
        except Problem as problem:
            raise Problem(404, "unknown_list") from problem
        return found.entry

    async def _one(
        self,
        request: web.Request,
        caller: Caller,
        id_: str,
        fields: Mapping[str, str],
        refusal: Refusal | None,
    ) -> web.Response:
        await self._pages.ready()
        entry = await self._known(id_, caller)
        stands = await self._keeping.stands(caller)
        grown = tree(stands)
        (node,) = [one for one, _ in _flat(grown) if one.id == id_]
        below = {one.id for one, _ in _flat([node])}
        parent = str(entry.get("parent", ""))
        words = chosen(request)
        return await self._pages.answer(
            request,
            caller,
            "list",
            status=refusal.status if refusal else 200,
            crumbs=(Crumb(PATH, words("lists.title")),),
            node=node,
            parent=next((one for one, _ in _flat(grown) if one.id == parent), None),
            parents=[one for one in _flat(grown) if one[0].id not in below],
            moves=caller.lists is None or parent in {"", *caller.lists},
            lonely=sum(listed(one.entry) == [id_] for one in stands.rooms),
            fields={"name": str(entry.get("name", "")), "parent": parent, "id": id_, **fields},
            refusal=refusal,
            all=caller.lists is None,
            in_files=self._keeping.in_files,
        )


def tree(stands: InventoryShape) -> tuple[Node, ...]:
    """The lists that somebody sees: below what each is a part of, if they see that."""
    members: dict[str, set[str]] = {one.id: set() for one in stands.room_lists}
    for room in stands.rooms:
        for name in listed(room.entry):
            if name in members:
                members[name].add(room.id)
    entries = {one.id: one.entry for one in stands.room_lists}
    parts: dict[str, list[str]] = {}
    for name, entry in entries.items():
        parent = str(entry.get("parent", ""))
        parts.setdefault(parent if parent in entries else "", []).append(name)

    def grown(names: Iterable[str]) -> tuple[tuple[Node, ...], set[str]]:
        nodes, inside = [], set[str]()
        for name in names:
            below, theirs = grown(parts.get(name, ()))
            theirs |= members[name]
            inside |= theirs
            called = str(entries[name].get("name") or name)
            nodes.append(Node(name, called, _link(name), len(members[name]), len(theirs), below))
        return tuple(sorted(nodes, key=lambda one: natural(one.name))), inside

    return grown(parts.get("", ()))[0]


def without(stands: InventoryShape, id_: str) -> dict[str, Mapping[str, object]]:
    """An order that takes a list away, and everything out of it."""
    lists = {one.id: one.entry for one in stands.room_lists}
    above = lists.get(id_, {}).get("parent")
    parts = {name: {"parent": above} for name, entry in lists.items() if entry.get("parent") == id_}
    rooms = {
        one.id: {"lists": [name for name in listed(one.entry) if name != id_] or None}
        for one in stands.rooms
        if id_ in listed(one.entry)
    }
    return {"room_lists": {**parts, id_: None}, "rooms": rooms}


def _flat(nodes: Iterable[Node], depth: int = 0) -> list[tuple[Node, int]]:
    """The tree as rows, each with how deep it is."""
    return [row for one in nodes for row in ((one, depth), *_flat(one.parts, depth + 1))]


def _link(id_: str) -> str:
    return f"{PATH}/{quote(id_, safe='')}"
