"""A room's page: its day, its systems and displays, how it is, and what to do about it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from aiohttp import web

from bridge.admin.history import Changed
from bridge.admin.naming import Names
from bridge.admin.pages import Crumb, Pages
from bridge.admin.plain import matter
from bridge.admin.routes import page
from bridge.admin.survey import State, today
from bridge.admin.tree import known_lists
from bridge.admin.words import Words, chosen
from bridge.callers import Caller
from bridge.health import Subject, Trouble
from bridge.views.endpoint_shapes import EndpointShape
from bridge.views.endpoints import Desk
from bridge.views.explain import explained
from bridge.views.faults import Faults
from bridge.views.house import House
from bridge.views.pairing import Pairs
from bridge.views.rooms import seen_room
from bridge.views.shapes import ExplainedShape
from bridge.views.web import Route
from rooms.model import Window
from rooms.room import Room

History = Callable[[Room, Words, Names], Awaitable[Sequence[Changed]]]
"""Who knows what was changed of a room, the latest first."""


class Ill(NamedTuple):
    """Something that fails, in plain words and in those of engineers."""

    matter: str
    trouble: Trouble
    name: str
    """Of the system that it is about; empty for the room itself."""


class RoomPage:
    """Makes the pages of rooms."""

    def __init__(
        self,
        pages: Pages,
        house: House,
        *,
        desk: Desk,
        pairs: Pairs,
        faults: Faults,
        lists: Callable[[], Mapping[str, str]],
    ) -> None:
        self._pages = pages
        self._house = house
        self._desk = desk
        self._pairs = pairs
        self._faults = faults
        self._lists = lists
        self.history: History | None = None
        """None where nobody knows: the page does not speak of it then."""

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        path, summary = "/admin/rooms/{room}", "A room's page"
        return (page(path, self.serve, summary, "unknown_room"),)

    async def serve(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """The page."""
        room = seen_room(house, caller, request)
        await self._pages.ready()
        now = house.clock.now()
        kept = house.store.kept(room.id)
        meetings, left_out = await self._day(room, now)
        systems = await self._desk.every(room.id)
        found = list(_ills(house, room, now))
        ills = [one for one in found if one.matter != "waiting"] or found  # who waits mends nothing
        state: State = (
            "waiting"
            if kept is None
            else "stale"
            if house.stale(kept, now)
            else "attention"
            if ills
            else "fine"
        )
        return await self._pages.answer(
            request,
            caller,
            "room",
            crumbs=(Crumb("/admin/rooms", chosen(request)("menu.rooms")),),
            room=room,
            lists=list(known_lists(self._lists(), caller, [room]).items()),
            kept=kept,
            state=state,
            ills=ills,
            meetings=meetings,
            left_out=left_out,
            systems=systems,
            may_dial=caller.acts(room.id) and any("dials" in one.can for one in systems),
            may_keep=caller.keeps(room.id),
            joinable=[one for one in meetings if one.can_join and one.end and one.end > now],
            displays=[one for one in self._pairs.every() if one.room == room.id],
            faults=self._faults.of(room.id),
            history=await self._changes(room, caller, request),
        )

    async def _changes(
        self, room: Room, caller: Caller, request: web.Request
    ) -> Sequence[Changed] | None:
        """What was changed, for who looks after the room or audits; None for others."""
        may = caller.keeps(room.id) or "audit" in caller.scopes
        if not may or self.history is None:
            return None
        return await self.history(room, chosen(request), Names(self._house, caller))

    async def _day(
        self, room: Room, now: datetime
    ) -> tuple[list[ExplainedShape], list[ExplainedShape]]:
        """The meetings of today with their reasons, and what is left out of the day."""
        house, day = self._house, today(now, room.zone)
        account = await house.store.account(room.id)
        found = explained(house, room, house.store.agenda(room.id), account)
        near = [one for one in found if _on(one, day)]
        return [one for one in near if one.shown], [one for one in near if not one.shown]


def _on(one: ExplainedShape, day: Window) -> bool:
    """Whether something is on a day; what has no times that make sense is not."""
    if one.start is None or one.end is None:
        return False
    return one.start < day.end and day.start < max(one.end, one.start)


def _ills(house: House, room: Room, now: datetime) -> Iterable[Ill]:
    """What fails around a room, each thing once."""
    subjects = [
        *(Subject(kind, room.id) for kind in ("room", "fault", "display", "attendance")),
        Subject("auto_join", room.id),
        Subject("source", room.source),
        Subject("identity", room.source),
        *(
            Subject(kind, name)
            for name in house.room_endpoints(room.id)
            for kind in ("endpoint", "reader")
        ),
    ]
    of_room = Subject("room", room.id)
    yield from (Ill(matter(of_room, one.code), one, "") for one in house.age_of(room, now))
    near = {trouble.code for trouble in house.health_of(room, now)}
    for subject in subjects:
        for one in house.health.of(subject):
            counts = one.severity != "info" or one.code == "display_silent"
            if counts and (one.code in near or subject.kind not in {"source", "identity"}):
                name = subject.id if subject.about == "endpoint" else ""
                yield Ill(matter(subject, one.code), one, name)


def named(systems: Sequence[EndpointShape], name: str) -> EndpointShape | None:
    """The system of this name, if it is one of these."""
    return next((one for one in systems if one.id == name), None)
