"""Several rooms chosen and changed in one plan: put into lists, moved, equipped."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from aiohttp import web

from bridge.admin.filled import LONGEST_WHY
from bridge.admin.pages import Crumb, Pages
from bridge.admin.planning import Planning, Refusal, Way
from bridge.admin.proposals import digest
from bridge.admin.routes import page, posted
from bridge.admin.several import EVERY, Wish
from bridge.admin.survey import Seen, Survey
from bridge.admin.tree import MOST, OPEN, Wanted, known_lists, natural
from bridge.admin.words import chosen
from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.inventory_shapes import InventoryShape, PlanOrder, PlanShape, RemarkShape
from bridge.views.web import Route

PATH = "/admin/choose"
_PREFILLED = ("into", "out")
"""Fields that a link may have filled in."""


class Place(NamedTuple):
    """A floor of a building, and its rooms that fit."""

    building: str
    floor: str
    size: int
    link: str
    rooms: tuple[Seen, ...]
    """Empty where only places are shown."""


class Filled(NamedTuple):
    """The form as somebody filled it in."""

    wanted: Wanted
    """Which rooms were to be chosen from."""
    fields: Mapping[str, str]
    rooms: frozenset[str]
    """Those that are ticked."""

    @property
    def whole(self) -> bool:
        """Whether it is for all rooms that fit, ticked or not."""
        return "all" in self.fields


class Choosing:
    """Makes the page, and plans what it says."""

    def __init__(
        self,
        pages: Pages,
        survey: Survey,
        planning: Planning,
        lists: Callable[[], Mapping[str, str]],
    ) -> None:
        self._pages = pages
        self._survey = survey
        self._planning = planning
        self._lists = lists

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        return (
            page(PATH, self.serve, "Choose several rooms to change", scope="rooms"),
            posted(
                PATH,
                self.plan,
                "Plan a change of several rooms",
                "inventory_unfit",
                "not_yours",
                "changed_meanwhile",
            ),
        )

    async def serve(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The page; a link may say which rooms, and into which list."""
        wanted = Wanted.of(request.query)
        fields = {name: request.query[name] for name in _PREFILLED if name in request.query}
        rooms = frozenset[str]()
        if "all" in request.query:
            rooms = frozenset(one.room.id for one in await self._found(caller, wanted))
            if len(rooms) > MOST:
                fields["all"] = "1"
        return await self._shown(request, caller, Filled(wanted, fields, rooms))

    async def plan(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """What the form says as a plan, or the form with what keeps it from being one."""
        data = await request.post()
        fields = {name: one.strip() for name, one in data.items() if isinstance(one, str)}
        ticked = frozenset(one for one in data.getall("room", ()) if isinstance(one, str))
        filled = Filled(Wanted.of(request.query), fields, ticked)
        wish, ids = Wish.of(fields), ticked
        if filled.whole:
            ids = frozenset(one.room.id for one in await self._found(caller, filled.wanted))

        async def make(who: Caller) -> PlanShape:
            stands = await self._planning.keeping.stands(who)
            order = PlanOrder(
                rooms=patches(stands, ids, wish, who), why=fields.get("why", "")[:LONGEST_WHY]
            )
            return await self._planning.keeping.plan(order, who)

        async def again(request: web.Request, who: Caller, refusal: Refusal | None) -> web.Response:
            return await self._shown(request, who, filled, refusal)

        # By now others may fit than somebody saw: rooms that fail recover.
        if filled.whole and digest(ids) != fields.get("seen"):
            return await again(request, caller, Refusal(412, "changed_meanwhile"))
        if wrong := await self._wrong(caller, ids, wish):
            return await again(request, caller, Refusal(422, wrong))
        return await self._planning.offered(request, caller, make, again, _way(filled.wanted))

    async def _wrong(self, caller: Caller, ids: frozenset[str], wish: Wish) -> str:
        """What keeps it from being planned; empty for nothing."""
        if not ids:
            return "none_chosen"
        if wish.says_nothing:
            return "nothing_wanted"
        if wish.out == EVERY and not wish.into:
            return "into_missing"
        stands = await self._planning.keeping.stands(caller)
        mine = caller.lists
        entries = (one.entry for one in stands.rooms if one.id in ids)
        if mine is not None and not all(mine & {*wish.lists(one, mine)} for one in entries):
            return "none_left"
        return ""

    async def _found(self, caller: Caller, wanted: Wanted) -> list[Seen]:
        """The rooms to choose from."""
        _, counted = await self._survey.counted(caller)
        kept = [one for one in counted.rooms if caller.keeps(one.room.id)]
        names = known_lists(self._lists(), caller, [one.room for one in kept])
        return [one for one in kept if wanted.wants(one, names)]

    async def _shown(
        self, request: web.Request, caller: Caller, filled: Filled, refusal: Refusal | None = None
    ) -> web.Response:
        await self._pages.ready()
        found = await self._found(caller, filled.wanted)
        stands = await self._planning.keeping.stands(caller)
        names = {one.id: str(one.entry.get("name") or one.id) for one in stands.room_lists}
        rooms = [one.room for one in found]
        words = chosen(request)
        whole = len(found) <= MOST
        return await self._pages.answer(
            request,
            caller,
            "choose",
            status=refusal.status if refusal else 200,
            crumbs=(Crumb("/admin/rooms", words("rooms.title")),),
            filled=filled,
            wanted=filled.wanted,
            action=_link(filled.wanted),
            refusal=refusal,
            wrong={one: _beside(refusal, one) for one in ("building", "floor", "capacity", "more")},
            places=_places(found, filled.wanted, rooms=whole),
            found=len(found),
            seen=digest(room.id for room in rooms),
            whole=whole,
            open=len(found) <= OPEN,
            lists=sorted(names.items(), key=lambda one: natural(one[1])),
            every=EVERY,
            buildings=sorted({one.building for one in rooms if one.building}, key=natural),
            equipment=sorted({name for one in rooms for name in one.features}, key=natural),
            in_files=self._planning.keeping.in_files,
            leave=_way(filled.wanted).back,
        )


def patches(
    stands: InventoryShape, ids: frozenset[str], wish: Wish, caller: Caller
) -> dict[str, Mapping[str, object] | None]:
    """What changes in each room that was chosen; one that is gone is not made anew by that."""
    told = {one.id: wish.patch(one.entry, caller.lists) for one in stands.rooms if one.id in ids}
    return {name: patch for name, patch in told.items() if patch}


def _places(found: Sequence[Seen], wanted: Wanted, *, rooms: bool) -> list[Place]:
    """Rooms by building and floor."""
    sorted_in: dict[tuple[str, str], list[Seen]] = {}
    for one in found:
        sorted_in.setdefault((one.room.building, one.room.floor), []).append(one)
    made = []
    for building, floor in sorted(sorted_in, key=lambda at: (natural(at[0]), natural(at[1]))):
        inside = sorted_in[building, floor]
        link = _link(wanted._replace(building=building, floor=floor))
        shown = sorted(inside, key=lambda one: natural(one.room.name)) if rooms else ()
        made.append(Place(building, floor, len(inside), link, tuple(shown)))
    return made


def _link(wanted: Wanted) -> str:
    """The page for some of the rooms."""
    return wanted.link(by=None).replace("/admin/rooms", PATH, 1)


def _way(wanted: Wanted) -> Way:
    """Back to where the rooms were chosen from."""
    only = wanted == Wanted(list=wanted.list)
    path = f"/admin/lists/{quote(wanted.list, safe='')}" if only and wanted.list else wanted.link()
    return Way(next=path, back=path)


def _beside(refusal: Refusal | None, field: str) -> list[RemarkShape]:
    """What is wrong with a field: for however many rooms, each of it once."""
    name = "features" if field == "more" else field
    found = refusal.findings if refusal else ()
    said = {
        one.words: one for one in found if one.setting == name or one.setting.startswith(f"{name}[")
    }
    return [*said.values()]
