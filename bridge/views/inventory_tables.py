"""The inventory as a table for spreadsheets and as the text of rooms.yaml, in and out."""

from typing import Literal, Protocol

from aiohttp import hdrs, web

from bridge.callers import Caller
from bridge.views.house import COMMON, House
from bridge.views.inventory import LARGE, check_match
from bridge.views.table_shapes import TableAppliedShape, TablePlanShape
from bridge.views.web import Problem, Route, answer, bytes_of
from rooms.inventory.table import Wanted

Form = Literal["table", "yaml"]
_BASE = "/api/v1/inventory"
CSV = ("text/csv", "text/tab-separated-values")
YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
_SIGNS = {"comma": ",", "semicolon": ";", "tab": "\t"}
_LONGEST_WHY = 500
_DRY = {
    "dry_run": "`false`: change it; otherwise it is only planned",
    "why": "For the history",
}
_MATCH = {"If-Match": "The version that is to be changed, as the ETag has it"}
_REFUSED = (
    "bad_query",
    "bad_body",
    "body_too_large",
    "table_unreadable",
    "inventory_in_files",
    "changed_meanwhile",
    "inventory_unfit",
    "not_yours",
    "no_vault",
    "disk_failing",
)


class Copying(Protocol):
    """Who writes the inventory out and reads it in. Everything may raise Problem."""

    async def version(self) -> str:
        """Of the inventory."""

    async def written(self, form: Form, sign: str, caller: Caller, /) -> bytes:
        """What a caller looks after, written out."""

    async def planned(
        self, form: Form, data: bytes, how: Wanted, caller: Caller, /
    ) -> TablePlanShape:
        """A plan of what was written."""

    async def apply(self, plan: TablePlanShape, caller: Caller, /) -> TableAppliedShape:
        """Such a plan made true."""


class _Answers:
    """What the routes do."""

    def __init__(self, copying: Copying) -> None:
        self._copying = copying

    async def table(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The inventory as a table."""
        sign = _SIGNS.get(request.query.get("separator", "comma"))
        if sign is None:
            raise Problem(400, "bad_query", f"separator is one of {', '.join(_SIGNS)}")
        return await self._written("table", sign, caller, CSV[0], "rooms.csv")

    async def text(self, _house: House, caller: Caller, _request: web.Request) -> web.Response:
        """The inventory as a rooms.yaml."""
        return await self._written("yaml", "", caller, YAML[0], "rooms.yaml")

    async def take_table(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """A table read in."""
        return await self._taken("table", await bytes_of(request, *CSV), caller, request)

    async def take_text(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """A rooms.yaml read in."""
        return await self._taken("yaml", await bytes_of(request, *YAML), caller, request)

    async def _written(
        self, form: Form, sign: str, caller: Caller, kind: str, name: str
    ) -> web.Response:
        version = await self._copying.version()
        body = await self._copying.written(form, sign, caller)
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "ETag": f'"{version}"',
        }
        return web.Response(body=body, headers=COMMON | headers)

    async def _taken(
        self, form: Form, data: bytes, caller: Caller, request: web.Request
    ) -> web.Response:
        how, dry = _wanted(request), _truth(request, "dry_run", default=True)
        plan = await self._copying.planned(form, data, how, caller)
        if dry:
            return answer(plan)
        if hdrs.IF_MATCH in request.headers:
            check_match(request, plan.base)
        return answer(await self._copying.apply(plan, caller))


def routes(copying: Copying) -> tuple[Route, ...]:
    """Everything that writes the inventory out or reads it in."""
    does = _Answers(copying)
    rows = {
        "only_good": "`true`: take the good rows where there are bad ones",
        "retire_missing": "`true`: retire the rooms that are not in it",
        "add_lists": "`true`: add the room lists that it names and nobody has",
    }
    return (
        Route(
            method="GET",
            path=f"{_BASE}/table",
            serve=does.table,
            scope="rooms",
            displays=False,
            summary="The inventory as a table for spreadsheets, without secrets",
            answer=CSV[0],
            query={"separator": "`comma` (default), `semicolon` or `tab`"},
            problems=("bad_query",),
        ),
        Route(
            method="POST",
            path=f"{_BASE}/table",
            serve=does.take_table,
            scope="rooms",
            displays=False,
            summary="Plan what a table of rooms changes, or change it",
            answer=TablePlanShape,
            instead=(TableAppliedShape,),
            takes=CSV,
            limit=LARGE,
            query=_DRY | rows,
            headers=_MATCH,
            problems=_REFUSED,
        ),
        Route(
            method="GET",
            path=f"{_BASE}/yaml",
            serve=does.text,
            scope="rooms",
            displays=False,
            summary="The inventory as a rooms.yaml",
            answer=YAML[0],
        ),
        Route(
            method="POST",
            path=f"{_BASE}/yaml",
            serve=does.take_text,
            scope="rooms",
            displays=False,
            summary="Plan that the inventory is as a rooms.yaml says, or make it so",
            answer=TablePlanShape,
            instead=(TableAppliedShape,),
            takes=YAML,
            limit=LARGE,
            query=_DRY,
            headers=_MATCH,
            problems=_REFUSED,
        ),
    )


def _wanted(request: web.Request) -> Wanted:
    why = request.query.get("why", "")
    if len(why) > _LONGEST_WHY:
        raise Problem(400, "bad_query", f"why has at most {_LONGEST_WHY} characters")
    return Wanted(
        only_good=_truth(request, "only_good"),
        retire_missing=_truth(request, "retire_missing"),
        add_lists=_truth(request, "add_lists"),
        why=why,
    )


def _truth(request: web.Request, name: str, *, default: bool = False) -> bool:
    told = request.query.get(name)
    if told not in {None, "true", "false"}:
        raise Problem(400, "bad_query", f"{name} is true or false")
    return default if told is None else told == "true"
