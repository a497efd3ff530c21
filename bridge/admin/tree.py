"""All rooms as a tree: room lists, buildings, floors; searched by words, filtered by what is so."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from aiohttp import web

from bridge.admin.pages import Pages
from bridge.admin.plain import MATTERS
from bridge.admin.routes import page
from bridge.admin.survey import STATES, Seen, Survey
from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.web import Route
from rooms.model import NoJoinReason
from rooms.room import Room

MOST = 300
"""Rooms on one page; of more only buildings and floors are shown, each a link to its rooms."""
OPEN = 40
"""So many rooms stand open from the beginning."""
LONGEST = 100
"""Characters of what somebody searches for."""
ANY = "*"
"""No id of a list: what a form says that asks for all of them."""
_PARTS = ("q", "state", "why", "join", "list", "building", "floor", "by")
_DIGITS = re.compile(r"(\d+)")


class Wanted(NamedTuple):
    """Which rooms somebody wants to see."""

    q: str = ""
    state: str = ""
    why: str = ""
    join: str = ""
    list: str | None = None
    building: str | None = None
    """Empty for rooms of no building."""
    floor: str | None = None
    by: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """What a query asks for; what it says wrong is as if it said nothing."""
        told = {name: query[name][:LONGEST] for name in _PARTS if name in query}
        for name, known in (("state", STATES), ("why", MATTERS), ("join", tuple(NoJoinReason))):
            if told.get(name) not in known:
                told.pop(name, None)
        if told.get("list") == ANY:
            del told["list"]
        return cls(**told)

    def link(self, **change: str | None) -> str:
        """The page with something changed; None takes it out."""
        told = {name: value for name, value in self._asdict().items() if value is not None}
        for name, value in change.items():
            if value is None:
                told.pop(name, None)
            else:
                told[name] = value
        kept = {name: value for name, value in told.items() if value or name in _EMPTY}
        return f"/admin/rooms?{urlencode(kept)}" if kept else "/admin/rooms"

    @property
    def filtered(self) -> bool:
        """Whether only some rooms are wanted."""
        return self._replace(by="") != Wanted()

    def wants(self, one: Seen, names: Mapping[str, str]) -> bool:
        """Whether a room is wanted."""
        room = one.room
        return (
            (not self.state or one.state == self.state)
            and (not self.why or self.why in one.matters)
            and (not self.join or any(self.join == reason for reason, _ in one.today.missing))
            and (self.list is None or self.list in within(room, names))
            and (self.building is None or self.building == room.building)
            and (self.floor is None or self.floor == room.floor)
            and (not self.q or self._said(one, names))
        )

    def _said(self, one: Seen, names: Mapping[str, str]) -> bool:
        room = one.room
        lists = (names.get(name, "") for name in room.lists)
        hay = "\n".join((room.name, room.id, room.building, room.floor, room.mailbox, *lists))
        hay = hay.casefold()
        return all(word in hay for word in self.q.casefold().split())


_EMPTY = ("list", "building", "floor")
"""Empty means something there: rooms that are in none."""


class Branch(NamedTuple):
    """A room list, a building or a floor."""

    kind: str
    """`list`, `building` or `floor`."""
    name: str
    """Empty for rooms that are in none."""
    size: int
    """Of its rooms that are wanted."""
    ailing: int
    """Of those, how many are not as they should be."""
    unread: int
    """And how many are only not read yet: most often they were just added."""
    link: str
    branches: tuple["Branch", ...]
    rooms: tuple[Seen, ...]
    id: str = ""
    """Of a room list."""


class Tree:
    """Makes the page of all rooms."""

    def __init__(
        self, pages: Pages, survey: Survey, lists: Callable[[], Mapping[str, str]]
    ) -> None:
        self._pages = pages
        self._survey = survey
        self._lists = lists
        self.in_files: Callable[[], bool] = lambda: False
        """Whether nothing of the inventory is changed here."""

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        summary = "All rooms as a tree, to search and filter"
        return (page("/admin/rooms", self.serve, summary),)

    async def serve(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The page."""
        _, counted = await self._survey.counted(caller)
        rooms = [one.room for one in counted.rooms]
        names = known_lists(self._lists(), caller, rooms)
        wanted = Wanted.of(request.query)
        found = [one for one in counted.rooms if wanted.wants(one, names)]
        whole = len(found) <= MOST
        single = wanted.building is not None and wanted.floor is not None
        listed = found if whole or not single else found[:MOST]
        by = wanted.by if wanted.by in {"list", "place"} else "place"
        grow = _by_list if by == "list" else _by_place
        branches = grow(listed, wanted, names, rooms=whole or single)
        return await self._pages.answer(
            request,
            caller,
            "rooms",
            wanted=wanted,
            by=by,
            names=names,
            branches=branches,
            total=len(counted.rooms),
            found=len(found),
            listed=len(listed) if whole or single else 0,
            whole=whole,
            open=len(listed) <= OPEN,
            states=[(state, counted.states.get(state, 0)) for state in STATES],
            lists=list(names.items()),
            changes="rooms" in caller.scopes and not self.in_files(),
        )


def known_lists(
    names: Mapping[str, str], caller: Caller, rooms: Iterable[Room]
) -> Mapping[str, str]:
    """What people call the lists that these rooms are in, by name; only those that are theirs."""
    known = {name for room in rooms for name in room.lists}
    mine = known if caller.lists is None else known & caller.lists
    told = {id_: names.get(id_) or id_ for id_ in mine}
    return dict(sorted(told.items(), key=lambda one: natural(one[1])))


def within(room: Room, names: Mapping[str, str]) -> tuple[str, ...]:
    """The lists that a room is in, of those that are known; of none, it is in the empty one."""
    return tuple(name for name in room.lists if name in names) or ("",)


def natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """Sorts as people do: 2 before 10, without regard to capitals, nothing last."""
    if not text:
        return ((2, ""),)
    parts = _DIGITS.split(text.casefold())
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts if part)


def _by_list(
    seen: Sequence[Seen], wanted: Wanted, names: Mapping[str, str], *, rooms: bool
) -> tuple[Branch, ...]:
    groups: dict[str, list[Seen]] = {}
    for one in seen:
        for name in within(one.room, names):
            if wanted.list in {None, name}:
                groups.setdefault(name, []).append(one)
    found = []
    for id_ in sorted(groups, key=lambda id_: natural(names.get(id_, id_))):
        inside = groups[id_]
        link = wanted.link(list=id_, by=None)
        below = _by_place(inside, wanted._replace(list=id_), names, rooms=rooms)
        found.append(_branch("list", names.get(id_, id_), inside, link, below)._replace(id=id_))
    return tuple(found)


def _by_place(
    seen: Sequence[Seen], wanted: Wanted, _names: Mapping[str, str], *, rooms: bool
) -> tuple[Branch, ...]:
    places: dict[str, dict[str, list[Seen]]] = {}
    for one in seen:
        floors = places.setdefault(one.room.building, {})
        floors.setdefault(one.room.floor, []).append(one)
    found = []
    for building in sorted(places, key=natural):
        floors = places[building]
        inside = [one for some in floors.values() for one in some]
        link = wanted.link(building=building, by=None)
        if not any(floors):  # nobody says on which floors these are
            link = wanted.link(building=building, floor="", by=None)
            found.append(_branch("building", building, inside, link, (), rooms=rooms))
            continue
        below = tuple(
            _branch(
                "floor",
                floor,
                floors[floor],
                wanted.link(building=building, floor=floor, by=None),
                (),
                rooms=rooms,
            )
            for floor in sorted(floors, key=natural)
        )
        found.append(_branch("building", building, inside, link, below))
    return tuple(found)


def _branch(
    kind: str,
    name: str,
    inside: Sequence[Seen],
    link: str,
    branches: tuple[Branch, ...],
    *,
    rooms: bool = False,
) -> Branch:
    listed = sorted(inside, key=lambda one: natural(one.room.name)) if rooms else ()
    unread = sum(one.fresh for one in inside)
    ailing = sum(one.state != "fine" for one in inside) - unread
    return Branch(kind, name, len(inside), ailing, unread, link, branches, tuple(listed))
