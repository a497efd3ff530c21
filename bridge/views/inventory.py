"""The inventory over HTTP: looked at, planned, changed, undone."""

from collections.abc import Iterator
from typing import Literal, Protocol, TypeVar, get_args

import msgspec
from aiohttp import hdrs, web

from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.inventory_shapes import (
    AppliedShape,
    EndpointEntryShape,
    EntryOrder,
    HistoryShape,
    InventoryShape,
    ListEntryShape,
    PlanOrder,
    PlanShape,
    RoomEntryShape,
)
from bridge.views.orders import must_be_ours
from bridge.views.web import Problem, Route, answer, body_of

T = TypeVar("T", bound=msgspec.Struct)
Kind = Literal["rooms", "lists", "endpoints"]
How = Literal["put", "patch", "delete"]
EntryShape = RoomEntryShape | ListEntryShape | EndpointEntryShape

LARGE = 16 << 20
"""Bytes of a plan: ten thousand rooms take a few million."""
_BASE = "/api/v1/inventory"
_SHAPES: dict[Kind, type[msgspec.Struct]] = {
    "rooms": RoomEntryShape,
    "lists": ListEntryShape,
    "endpoints": EndpointEntryShape,
}
_ONE = {"rooms": "A room", "lists": "A room list", "endpoints": "An endpoint"}
_REFUSED = (
    "inventory_in_files",
    "changed_meanwhile",
    "inventory_unfit",
    "not_yours",
    "no_vault",
    "disk_failing",
)
_MATCH = {"If-Match": "The version that is to be changed, as the ETag has it"}
_DRY = {"dry_run": "`true`: only plan it"}


class Keeping(Protocol):
    """Who keeps the inventory. Everything may raise Problem."""

    @property
    def in_files(self) -> bool:
        """Whether it is in files, which nobody changes here."""

    async def version(self) -> str:
        """Of the inventory."""

    async def stands(self, caller: Caller, /) -> InventoryShape:
        """All that a caller looks after."""

    async def entry(self, kind: Kind, id_: str, caller: Caller, /) -> EntryShape:
        """One entry."""

    async def change(
        self,
        kind: Kind,
        id_: str,
        how: How,
        order: EntryOrder,
        caller: Caller,
        /,
        *,
        keep: bool = True,
    ) -> PlanShape:
        """A plan for one entry; without `keep` it only says whether that would do."""

    async def plan(self, order: PlanOrder, caller: Caller, /, *, keep: bool = True) -> PlanShape:
        """A plan; the same."""

    async def planned(self, plan: str, caller: Caller, /) -> PlanShape:
        """A plan that was made."""

    async def apply(self, plan: str, caller: Caller, /) -> AppliedShape:
        """A plan made true."""

    async def undo(self, change: int, caller: Caller, /) -> PlanShape:
        """A plan that takes a change back."""

    async def history(self, before: int | None, limit: int, caller: Caller, /) -> HistoryShape:
        """What was changed."""

    async def take_over(self, caller: Caller, /, *, replace: bool) -> AppliedShape | None:
        """Copy the inventory of the files to the store."""


class _Answers:
    """What the routes do."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping

    async def stands(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The inventory, or that it has not changed."""
        tag = _tag(await self._keeping.version())
        if request.headers.get(hdrs.IF_NONE_MATCH) == tag:
            return web.Response(status=304, headers={"ETag": tag})
        found = await self._keeping.stands(caller)
        return answer(found, headers={"ETag": _tag(found.version)})

    async def entry(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """One entry with the version of the whole."""
        found = await self._keeping.entry(_kind(request), request.match_info["entry"], caller)
        return answer(found, headers={"ETag": _tag(await self._keeping.version())})

    async def change(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """One entry changed, or only planned."""
        how = _HOW[request.method]
        dry = request.query.get("dry_run") == "true"
        order = EntryOrder(entry={}) if how == "delete" else await _order(request, EntryOrder)
        id_ = request.match_info["entry"]
        plan = await self._keeping.change(_kind(request), id_, how, order, caller)
        if dry:
            return answer(plan)
        check_match(request, plan.base)
        return await self._done(plan.id, caller)

    async def plan(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """Many changes at once, planned."""
        order = await _order(request, PlanOrder)
        return answer(await self._keeping.plan(order, caller), status=201)

    async def planned(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """A plan once more."""
        return answer(await self._keeping.planned(request.match_info["plan"], caller))

    async def apply(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """A plan made true: it is for one version only, so that If-Match may be left out."""
        if hdrs.IF_MATCH in request.headers:
            check_match(request, await self._keeping.version())
        return await self._done(request.match_info["plan"], caller)

    async def undo(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """A change taken back, or only planned."""
        plan = await self._keeping.undo(_number(request.match_info["change"]), caller)
        if request.query.get("dry_run") == "true":
            return answer(plan)
        return await self._done(plan.id, caller)

    async def history(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """What was changed, the newest first."""
        before = request.query.get("before")
        limit = _number(request.query.get("limit", "50"), "bad_query")
        if not 1 <= limit <= 500:
            raise Problem(400, "bad_query", "limit is between 1 and 500")
        first = _number(before, "bad_query") if before is not None else None
        return answer(await self._keeping.history(first, limit, caller))

    async def take_over(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The files' inventory copied to the store."""
        replace = request.query.get("replace") == "true"
        done = await self._keeping.take_over(caller, replace=replace)
        if done is None:
            return web.Response(status=204)
        return answer(done)

    async def _done(self, plan: str, caller: Caller) -> web.Response:
        applied = await self._keeping.apply(plan, caller)
        return answer(applied, headers={"ETag": _tag(applied.version)})


def check_match(request: web.Request, version: str) -> None:
    """Let pass who says which version is to be changed, and means this one (RFC 9110).

    That is the one that a plan is for: the inventory may change while a request is read.

    Raises:
        Problem: they do not.
    """
    wanted = request.headers.get(hdrs.IF_MATCH)
    if wanted is None:
        raise Problem(428, "if_match_needed")
    if not {one.strip() for one in wanted.split(",")} & {_tag(version), "*"}:
        raise Problem(412, "changed_meanwhile")


_HOW: dict[str, How] = {"PUT": "put", "PATCH": "patch", "DELETE": "delete"}


def routes(keeping: Keeping) -> tuple[Route, ...]:
    """Everything that looks at the inventory or changes it."""
    does = _Answers(keeping)
    return (
        Route(
            method="GET",
            path=_BASE,
            serve=does.stands,
            scope="rooms",
            displays=False,
            summary="Rooms and room lists as they are kept",
            answer=InventoryShape,
            headers={"If-None-Match": "An ETag"},
            also={304: "It has not changed"},
        ),
        *(one for kind in get_args(Kind) for one in _of_entry(does, kind)),
        *_of_plans(does),
        *_of_changes(does),
        Route(
            method="POST",
            path=f"{_BASE}/adopt",
            serve=does.take_over,
            scope="control",
            displays=False,
            summary="Copy the inventory of the files to the store",
            answer=AppliedShape,
            also={204: "The store has it already"},
            query={"replace": "`true`: in place of what the store has"},
            problems=("changed_meanwhile", "disk_failing"),
        ),
    )


def _of_plans(does: _Answers) -> tuple[Route, ...]:
    return (
        Route(
            method="POST",
            path=f"{_BASE}/plans",
            serve=does.plan,
            scope="rooms",
            displays=False,
            summary="Plan many changes at once",
            answer=PlanShape,
            status=201,
            body=PlanOrder,
            limit=LARGE,
            problems=("bad_body", "not_yours", "no_vault", "inventory_unfit"),
        ),
        Route(
            method="GET",
            path=f"{_BASE}/plans/{{plan}}",
            serve=does.planned,
            scope="rooms",
            displays=False,
            summary="A plan of one's own",
            answer=PlanShape,
            problems=("unknown_plan",),
        ),
        Route(
            method="POST",
            path=f"{_BASE}/plans/{{plan}}/apply",
            serve=does.apply,
            scope="rooms",
            displays=False,
            summary="Make a plan true, whole or not at all",
            answer=AppliedShape,
            headers=_MATCH,
            problems=("unknown_plan", *_REFUSED),
        ),
    )


def _of_changes(does: _Answers) -> tuple[Route, ...]:
    return (
        Route(
            method="GET",
            path=f"{_BASE}/changes",
            serve=does.history,
            scope="rooms",
            displays=False,
            summary="What was changed, the newest first",
            answer=HistoryShape,
            query={"before": "Older than this change", "limit": "How many: 50"},
            problems=("bad_query",),
        ),
        Route(
            method="POST",
            path=f"{_BASE}/changes/{{change}}/undo",
            serve=does.undo,
            scope="rooms",
            displays=False,
            summary="Take a change back",
            answer=AppliedShape,
            instead=(PlanShape,),
            query=_DRY,
            problems=("unknown_change", "not_undoable", *_REFUSED),
        ),
    )


def _of_entry(does: _Answers, kind: Kind) -> Iterator[Route]:
    path, one = f"{_BASE}/{kind}/{{entry}}", _ONE[kind]
    yield Route(
        method="GET",
        path=path,
        serve=does.entry,
        scope="rooms",
        displays=False,
        summary=f"{one} of the inventory",
        answer=_SHAPES[kind],
        problems=("unknown_entry",),
    )
    for method, words in (
        ("PUT", "as a whole; a new one is added"),
        ("PATCH", "in some settings"),
        ("DELETE", "taken out"),
    ):
        yield Route(
            method=method,
            path=path,
            serve=does.change,
            scope="rooms",
            displays=False,
            summary=f"{one} of the inventory, {words}",
            answer=AppliedShape,
            instead=(PlanShape,),
            body=None if method == "DELETE" else EntryOrder,
            query=_DRY,
            headers=_MATCH,
            problems=("bad_body", "unknown_entry", "if_match_needed", *_REFUSED),
        )


def _kind(request: web.Request) -> Kind:
    name = request.path.split("/")[4]
    return next(kind for kind in get_args(Kind) if kind == name)


def _tag(version: str) -> str:
    return f'"{version}"'


def _number(text: str, code: str = "unknown_change") -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise Problem(400 if code == "bad_query" else 404, code)
    return int(text)


async def _order(request: web.Request, kind: type[T]) -> T:
    must_be_ours(request)
    order: T = await body_of(request, kind)
    return order
