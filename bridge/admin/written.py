"""A plan as text for who keeps the rooms in files: to look at, to copy, to take away."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from aiohttp import web

from bridge.admin.pages import Crumb, Pages, attached, back
from bridge.admin.planning import Way
from bridge.admin.routes import page
from bridge.admin.words import chosen
from bridge.callers import Caller
from bridge.inventory.plans import Plan
from bridge.inventory.texts import text_of
from bridge.settings.secrets import VAULT
from bridge.views.house import House
from bridge.views.web import Problem, Route
from rooms.inventory import Document

PATH = "/admin/plans/{plan}"
_REFUSED = ("unknown_plan", "changed_meanwhile")
YAML = "application/yaml"
LONGEST = 64 << 10
"""Characters that a page shows; of more there is the file only."""


class Plans(Protocol):
    """Who has the plans that somebody made."""

    async def planned(self, id_: str, caller: Caller, /) -> Plan | None:
        """A plan of this caller's."""

    async def version(self) -> str:
        """Of the inventory as it stands."""


class Texts(NamedTuple):
    """A plan, written down."""

    changed: str
    """Entries that it adds or changes, whole; empty for none."""
    removed: tuple[tuple[str, str], ...]
    """Kind and id of the entries that go: `room` or `list`."""
    secrets: bool
    """Whether it gives secrets, which stand in no text."""


class WrittenPage:
    """Makes the page of a plan's text, and its files."""

    def __init__(self, pages: Pages, plans: Plans) -> None:
        self._pages = pages
        self._plans = plans

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        changed = page(
            f"{PATH}/changes.yaml",
            self.changes,
            "What a plan adds or changes",
            *_REFUSED,
            scope="rooms",
        )
        whole = page(
            f"{PATH}/rooms.yaml",
            self.everything,
            "The whole as a plan has it",
            *_REFUSED,
            scope="rooms",
        )
        return (
            page(f"{PATH}/text", self.serve, "A plan as rooms.yaml", "unknown_plan", scope="rooms"),
            replace(changed, answer=YAML),
            replace(whole, answer=YAML, whole=True),
        )

    async def serve(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The text, with words on where it goes."""
        await self._pages.ready()
        plan, words = await self._known(caller, request), chosen(request)
        way = Way.of(request)
        if await self._late(plan):  # its own page compares it with what stands now
            return back(way.of_plan(plan.id))
        told = await asyncio.to_thread(written, plan)
        return await self._pages.answer(
            request,
            caller,
            "plan_text",
            crumbs=(Crumb(way.of_plan(plan.id), words("plan.title")),),
            plan=plan.id,
            way=way,
            told=told,
            long=len(told.changed) > LONGEST,
            all=caller.lists is None,
        )

    async def changes(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """What is added or changed, as a file."""
        told = await asyncio.to_thread(written, await self._fresh(caller, request))
        return attached(told.changed.encode(), YAML, "changes.yaml")

    async def everything(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The whole, to be put in the place of rooms.yaml."""
        plan = await self._fresh(caller, request)
        text = await asyncio.to_thread(text_of, _open(plan))
        return attached(text.encode(), YAML, "rooms.yaml")

    async def _known(self, caller: Caller, request: web.Request) -> Plan:
        plan = await self._plans.planned(request.match_info["plan"], caller)
        if plan is None:
            raise Problem(404, "unknown_plan")
        return plan

    async def _fresh(self, caller: Caller, request: web.Request) -> Plan:
        """A plan on what stands now: on anything else it would take back what others did.

        Raises:
            Problem: there is none.
        """
        plan = await self._known(caller, request)
        if await self._late(plan):
            raise Problem(412, "changed_meanwhile")
        return plan

    async def _late(self, plan: Plan) -> bool:
        return plan.base != await self._plans.version()


def written(plan: Plan) -> Texts:
    """What somebody would have to write down."""
    kept = [one for one in plan.changes if one.what != "removed"]
    rooms = dict.fromkeys(one.id for one in kept if one.kind == "room")
    for one in plan.changes:
        if one.kind == "endpoint":
            rooms |= dict.fromkeys([one.room, *([one.former] if one.what == "moved" else [])])
    lists = dict.fromkeys(one.id for one in kept if one.kind == "list")
    document = _open(plan)
    part = Document(
        rooms={name: document.rooms[name] for name in rooms if name in document.rooms},
        lists={name: document.lists[name] for name in lists if name in document.lists},
    )
    gone = [
        (one.kind, one.former or one.id)
        for one in plan.changes
        if one.kind != "endpoint" and one.what in {"removed", "renamed"}
    ]
    return Texts(
        changed=text_of(part) if part else "", removed=tuple(gone), secrets=bool(plan.secrets)
    )


def _open(plan: Plan) -> Document:
    """The inventory of a plan without names of secrets that no vault has: it is never applied."""
    if not plan.secrets:
        return plan.document
    coming = {f"{VAULT}{name}" for name in plan.secrets}
    rooms = {name: _without(fields, coming) for name, fields in plan.document.rooms.items()}
    return Document(rooms=rooms, lists=plan.document.lists)


def _without(value: Any, coming: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _without(one, coming)
            for key, one in value.items()
            if not (isinstance(one, str) and one in coming)
        }
    if isinstance(value, list | tuple):
        return [_without(one, coming) for one in value]
    return value
