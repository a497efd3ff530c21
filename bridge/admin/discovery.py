"""Rooms that services list: asked for, looked through, taken over or turned down."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Protocol
from zoneinfo import available_timezones

from aiohttp import web
from multidict import MultiMapping

from bridge.admin.pages import Crumb, Pages, back
from bridge.admin.planning import Planning, Refusal, Way, onto
from bridge.admin.proposals import (
    KINDS,
    PATH,
    SHOWN,
    Asked,
    Proposal,
    counted,
    digest,
    every,
    turned_down,
    wanted,
)
from bridge.admin.routes import page, posted
from bridge.admin.words import chosen
from bridge.callers import Caller
from bridge.views.decision_shapes import DecidedShape, DecisionOrder
from bridge.views.discovery_shapes import DiscoveryShape, ProgressShape
from bridge.views.house import House
from bridge.views.inventory_shapes import PlanShape
from bridge.views.web import Problem, Route

LONGEST = 64
"""Characters of a time zone's name."""
ASKING = f"{PATH}/asking"


class Discovering(Protocol):
    """Who asks services for their rooms. A name that is no source's is a KeyError."""

    async def stands(self, source: str | None, caller: Caller, /) -> DiscoveryShape:
        """What is known of all sources, as far as it concerns the caller."""

    def begin(self, source: str | None, /) -> None:
        """Have one source asked, or all, and come back at once."""

    def progress(self) -> Mapping[str, ProgressShape]:
        """How far the reading of each list is that is read now."""


class Deciding(Protocol):
    """Who approves and rejects."""

    async def decide(self, order: DecisionOrder, caller: Caller, /) -> DecidedShape:
        """What comes of it. May raise Problem."""


class DiscoveryPage:
    """Makes the page of proposals, and decides what its forms say."""

    def __init__(
        self, pages: Pages, discovering: Discovering, deciding: Deciding, planning: Planning
    ) -> None:
        self._pages = pages
        self.discovering = discovering
        self.deciding = deciding
        self._planning = planning

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        look = posted(f"{PATH}/look", self.look, "Ask services for their rooms", scope="control")
        asking = page(ASKING, self.asking, "How far services have answered", scope="control")
        return (
            page(PATH, self.serve, "Rooms that services list and nobody entered", scope="rooms"),
            posted(PATH, self.decide, "Take proposals over, or turn them down", "unknown_proposal"),
            replace(look, whole=True, problems=(*look.problems, "unknown_source")),
            replace(asking, whole=True),
        )

    async def serve(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """The proposals that are asked for."""
        return await self._shown(house, caller, request, Asked.of(request.query), None)

    async def look(self, _house: House, _caller: Caller, request: web.Request) -> web.Response:
        """Have services asked; how far that is has a page of its own."""
        fields = await request.post()
        source = fields.get("source")
        try:
            self.discovering.begin(source if isinstance(source, str) and source else None)
        except KeyError as error:
            raise Problem(404, "unknown_source") from error
        return back(ASKING)

    async def asking(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """How far it is; once it is done, what was found."""
        progress = self.discovering.progress()
        if not progress:
            return back(PATH, done="asked")
        await self._pages.ready()
        return await self._pages.answer(
            request,
            caller,
            "asking",
            crumbs=(Crumb(PATH, chosen(request)("menu.discovery")),),
            progress=progress,
        )

    async def decide(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """Show what taking them over would change, or turn them down at once."""
        fields, asked = await request.post(), Asked.of(request.query)
        try:
            kind, ids = await self._meant(house, caller, fields, asked)
        except Problem as problem:
            return back(onto(_here(asked), failed=problem.code))
        if not ids:
            return back(onto(_here(asked), failed="nothing_chosen"))
        if kind == "approve":
            return await self._approve(house, caller, request, asked, ids)
        order = DecisionOrder(reject=ids) if kind == "reject" else DecisionOrder(take_back=ids)
        try:
            await self.deciding.decide(order, caller)
        except Problem as problem:
            return back(onto(_here(asked), failed=problem.code))
        return back(onto(_here(asked), done="rejected" if kind == "reject" else "taken_back"))

    async def _meant(
        self,
        house: House,
        caller: Caller,
        fields: MultiMapping[object],
        asked: Asked,
    ) -> tuple[str, tuple[str, ...]]:
        """What a form wants done with which proposals: one, those that are ticked, or all found.

        Raises:
            Problem: they are not those that somebody saw.
        """
        kind, _, id_ = str(fields.get("do", "")).partition(" ")
        if kind not in {"approve", "reject", "take_back"}:
            raise Problem(400, "bad_body")
        if not id_:
            ticked = fields.getall("id", [])
            return kind, tuple(one for one in ticked if isinstance(one, str))
        if id_ != "all":
            return kind, (id_,)
        if kind == "take_back":
            raise Problem(400, "bad_body")
        told = await self.discovering.stands(None, caller)
        found = wanted(every(told, _names(house), caller), asked)
        ids = [each.one.id for each in found if kind == "reject" or not each.hindrance]
        if digest(ids) != fields.get(f"seen_{kind}"):
            raise Problem(412, "changed_meanwhile")
        return kind, tuple(ids)

    async def _approve(
        self,
        house: House,
        caller: Caller,
        request: web.Request,
        asked: Asked,
        ids: tuple[str, ...],
    ) -> web.Response:
        fields = await request.post()
        zone = str(fields.get("time_zone", "")).strip()[:LONGEST]
        sure = "sure" in fields

        async def make(who: Caller) -> PlanShape:
            told = await self.discovering.stands(None, who)
            chosen_ids = set(ids)
            of_them = [one for one in every(told, {}, who) if one.one.id in chosen_ids]
            if any(one.careful for one in of_them) and not sure:
                raise Problem(409, "discovery_look")
            given = {one.one.id: {"time_zone": zone} for one in of_them if zone and _lacking(one)}
            order = DecisionOrder(approve=ids, fields=given, dry_run=True)
            plan = (await self.deciding.decide(order, who)).plan
            if plan is None:
                raise Problem(404, "unknown_proposal")
            return plan

        async def again(request: web.Request, who: Caller, refusal: Refusal | None) -> web.Response:
            return await self._shown(house, who, request, asked, refusal, ticked=ids, zone=zone)

        way = Way(next=_here(asked), back=_here(asked))
        return await self._planning.offered(request, caller, make, again, way)

    async def _shown(
        self,
        house: House,
        caller: Caller,
        request: web.Request,
        asked: Asked,
        refusal: Refusal | None,
        *,
        ticked: Collection[str] = (),
        zone: str = "",
    ) -> web.Response:
        await self._pages.ready()
        told = await self.discovering.stands(None, caller)
        proposals = every(told, _names(house), caller)
        kinds = counted(proposals, told.rejected)
        if not asked.what:
            first = next((kind for kind in KINDS if kinds[kind]), "new")
            asked = asked._replace(what=first)
        found = wanted(proposals, asked)
        rejected = turned_down(told.rejected, asked) if asked.what == "rejected" else []
        size = len(found) + len(rejected)
        last = max(1, -(-size // SHOWN))
        asked = asked._replace(page=min(max(asked.page, 1), last))
        place = slice((asked.page - 1) * SHOWN, asked.page * SHOWN)
        approvable = [each.one.id for each in found if not each.hindrance]
        lacking = any(_lacking(each) for each in found)
        return await self._pages.answer(
            request,
            caller,
            "discovery",
            status=200 if refusal is None else refusal.status,
            refusal=refusal,
            sources=told.sources,
            kinds=[(kind, kinds[kind]) for kind in KINDS],
            asked=asked,
            action=_here(asked),
            names=_names(house),
            lists={**house.lists, **{one.id: one.name for one in told.room_lists}},
            found=found[place],
            rejected=rejected[place],
            size=size,
            last=last,
            approvable=len(approvable),
            seen_approve=digest(approvable),
            seen_reject=digest(each.one.id for each in found),
            careful=any(each.careful and not each.hindrance for each in found),
            lacking=lacking,
            zone=zone,
            zones=await _zones(house) if lacking else (),
            ticked=frozenset(ticked),
            looks="control" in caller.scopes and caller.lists is None,
            in_files=self._planning.keeping.in_files,
        )


def _names(house: House) -> Mapping[str, str]:
    return {room.id: room.name for room in house.rooms.values()}


def _here(asked: Asked) -> str:
    return asked.link(page=asked.page)


def _lacking(each: Proposal) -> bool:
    """Whether nobody knows a new room's time zone."""
    return each.one.entry is not None and not each.one.entry.time_zone


async def _zones(house: House) -> Iterable[str]:
    """Names of time zones: those of rooms first."""
    known = {room.time_zone for room in house.rooms.values()}
    return dict.fromkeys((*sorted(known), *await asyncio.to_thread(_zones_of_the_world)))


@cache
def _zones_of_the_world() -> tuple[str, ...]:
    """Those that are named after places; reads files, and so beside the loop."""
    known = (name for name in available_timezones() if "/" in name)
    return tuple(sorted(name for name in known if not name.startswith(("Etc/", "SystemV/"))))
