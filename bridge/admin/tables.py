"""Rooms as a table for spreadsheets: taken out, and read in again after each row was shown."""

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol, get_args

import msgspec
from aiohttp import web

from bridge.admin.filled import LONGEST_WHY
from bridge.admin.looks import Look, Looks
from bridge.admin.naming import Names
from bridge.admin.pages import Crumb, Pages, attached, back, form
from bridge.admin.planned import Group, grouped
from bridge.admin.planning import Way
from bridge.admin.routes import page, posted
from bridge.admin.tree import natural
from bridge.admin.uploaded import uploaded
from bridge.admin.words import Words, chosen
from bridge.admin.wrong import said, told
from bridge.callers import Caller
from bridge.inventory.outcomes import Fate, Outcome
from bridge.views.house import House
from bridge.views.inventory import LARGE, Keeping
from bridge.views.inventory_shapes import ChangeShape
from bridge.views.inventory_tables import Form
from bridge.views.route import BODY_LIMIT
from bridge.views.signed_in import FORM_WITH_FILES
from bridge.views.table_shapes import RowFindingShape, TablePlanShape
from bridge.views.web import Handler, Problem, Route
from rooms.inventory.table import Wanted

PATH = "/admin/tables"
CSV, YAML = "text/csv", "application/yaml"
SIGNS: Mapping[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t"}
SHOWN = 100
"""Rows of one page."""
FATES: tuple[Fate, ...] = get_args(Fate)
LONGEST_NAME = 120
"""Characters of a file's name that are shown."""
COLUMNS = ("name", "mailbox", "time_zone", "building", "floor", "capacity", "lists")
"""Columns of a table to begin with; the catalogues call them what people do."""

_REASON = re.compile(r"(?:row (?P<row>\d+): )?(?P<reason>.+?)(?: \((?P<hint>.*)\))?", re.DOTALL)
"""How the API tells why nothing of a table can be taken."""
_BAD = ("bad_body", "body_too_large")


class Copying(Protocol):
    """Who writes the inventory out and reads tables. Everything may raise Problem."""

    async def written(self, form: Form, sign: str, caller: Caller, /) -> bytes:
        """What a caller looks after, written out."""

    async def looked(
        self, data: bytes, how: Wanted, caller: Caller, /
    ) -> tuple[TablePlanShape, Sequence[Outcome]]:
        """A table as a plan, and what becomes of each of its rows."""


class RowLine(NamedTuple):
    """A row as the page shows it."""

    row: Outcome
    findings: Sequence["Remark"]
    groups: Sequence[Group]
    """What changes of its room."""


class Remark(NamedTuple):
    """Something wrong, or to be known, in the language of who reads it as far as that is known."""

    row: int
    column: str
    severity: str
    words: str
    lang: str

    @classmethod
    def of(cls, found: RowFindingShape, words: Words) -> "Remark":
        """The same; what helps is part of the words."""
        sentence, lang = said(found.words, words)
        hint = f" ({found.hint})" if found.hint and sentence == found.words else ""
        return cls(found.row, found.column, found.severity, sentence + hint, lang)


class TablesPage:
    """Makes the pages of tables, and reads what their forms bring."""

    def __init__(
        self,
        pages: Pages,
        copying: Copying,
        keeping: Keeping,
        looks: Looks,
        house: House,
    ) -> None:
        self._pages = pages
        self._copying = copying
        self._keeping = keeping
        self._looks = looks
        self._house = house

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        one = f"{PATH}/{{table}}"
        large = LARGE + BODY_LIMIT
        return (
            page(PATH, self.serve, "Rooms as a table: out and in", scope="rooms"),
            replace(
                posted(PATH, self.take, "Have a table looked at", *_BAD, limit=large),
                takes=(FORM_WITH_FILES,),
            ),
            _file(f"{PATH}/files/rooms.csv", self.table, CSV, "The rooms as a table"),
            _file(f"{PATH}/files/rooms.yaml", self.text, YAML, "The rooms as a rooms.yaml"),
            _file(f"{PATH}/files/template.csv", self.template, CSV, "An empty table to begin with"),
            page(one, self.preview, "What a table would change", scope="rooms"),
            posted(one, self.choose, "Look at a table in another way"),
        )

    async def serve(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """What tables are for, and the form that takes one."""
        await self._pages.ready()
        words, lists = chosen(request), caller.lists or frozenset()
        mine = sorted((self._house.lists.get(one, one) for one in lists), key=natural)
        example = words.list("column.example")
        return await self._pages.answer(
            request,
            caller,
            "tables",
            how=Wanted(),
            largest=LARGE,
            columns=[words(f"column.{name}") for name in COLUMNS],
            example=[*example[:-1], mine[0]] if mine else example,
            mine=mine,
            sign=_usual_sign(words),
            in_files=self._keeping.in_files,
        )

    async def take(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """Look at a table, and lead to what was found."""
        fields, files = await uploaded(request)
        file = files.get("file")
        data = fields.get("text", "").encode() if file is None else file.data
        if not data:
            return back(PATH, failed="table_missing")
        name = "" if file is None else file.name[-LONGEST_NAME:]
        look = await self._looked(self._looks.new(caller, name, data, _how(fields)), caller)
        return back(f"{PATH}/{look.id}")

    async def choose(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """Look at the same table once more, with other choices or after something changed."""
        had = self._known(caller, request)
        if had is None:
            return back(PATH, failed="unknown_table")
        wanted = _how(await form(request))
        look = await self._looked(msgspec.structs.replace(had, how=wanted), caller)
        return back(f"{PATH}/{look.id}")

    async def preview(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """What would become of each row."""
        await self._pages.ready()
        look, words = self._known(caller, request), chosen(request)
        if look is None:
            return back(PATH, failed="unknown_table")
        known = look.told
        counted = Counter(row.fate for row in look.rows)
        first: str = next((fate for fate in FATES if counted[fate]), FATES[0])
        show = request.query.get("show", first)
        if show not in FATES:
            show = "all"
        rows = [row for row in look.rows if show in {"all", row.fate}]
        last = max(1, -(-len(rows) // SHOWN))
        number = min(_number(request.query.get("page", "1")), last)
        return await self._pages.answer(
            request,
            caller,
            "table",
            crumbs=(Crumb(PATH, words("menu.tables")),),
            look=look,
            told=known,
            unreadable=_unreadable(look, words),
            counted=[(fate, counted[fate]) for fate in FATES],
            how=look.how,
            show=show,
            found=len(rows),
            lines=self._lines(
                look, rows[(number - 1) * SHOWN : number * SHOWN], words, Names(self._house, caller)
            ),
            whole=[Remark.of(one, words) for one in _of_the_whole(look)],
            remarks=told(known.findings, words) if known is not None else (),
            retired=sum((one.kind, one.what) == ("room", "removed") for one in _others(look)),
            others=grouped(_others(look), words, Names(self._house, caller)),
            way=Way(next="/admin/rooms", back=f"{PATH}/{look.id}"),
            page=number,
            last=last,
            good=len(look.rows) - counted["wrong"],
            ready=await self._ready(known, caller),
            largest=LARGE,
            in_files=self._keeping.in_files,
        )

    async def table(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The rooms as a table, without secrets."""
        body = await self._copying.written("table", _sign(request), caller)
        return attached(body, CSV, "rooms.csv")

    async def text(self, _house: House, caller: Caller, _request: web.Request) -> web.Response:
        """The rooms as a rooms.yaml."""
        body = await self._copying.written("yaml", "", caller)
        return attached(body, YAML, "rooms.yaml")

    async def template(self, _house: House, _caller: Caller, request: web.Request) -> web.Response:
        """A table that has its headings only, in the words of who asks."""
        await self._pages.ready()
        words = chosen(request)
        text = io.StringIO(newline="")
        written = csv.writer(text, delimiter=_sign(request), lineterminator="\r\n")
        written.writerow([words(f"column.{name}") for name in COLUMNS])
        return attached(text.getvalue().encode("utf-8-sig"), CSV, "rooms.csv")

    def _known(self, caller: Caller, request: web.Request) -> Look | None:
        return self._looks.get(request.match_info["table"], caller)

    async def _looked(self, look: Look, caller: Caller) -> Look:
        """What is said of a table now; that it cannot be taken is something said too."""
        try:
            told, rows = await self._copying.looked(look.data, look.how, caller)
        except Problem as problem:
            made = msgspec.structs.replace(
                look, told=None, rows=(), code=problem.code, words=problem.detail
            )
        else:
            made = msgspec.structs.replace(look, told=told, rows=rows, code="", words="")
        self._looks.put(made)
        return made

    def _lines(
        self, look: Look, rows: Sequence[Outcome], words: Words, names: Names
    ) -> list[RowLine]:
        """These rows with what was found of them, and what they change."""
        findings: dict[int, list[RowFindingShape]] = {}
        changes: dict[str, list[ChangeShape]] = {}
        if look.told is not None:
            for finding in look.told.rows:
                findings.setdefault(finding.row, []).append(finding)
            for change in look.told.changes:
                if change.kind != "list":
                    changes.setdefault(change.room or change.id, []).append(change)
        made = []
        for row in rows:
            known = changes.get(row.room, ()) if row.fate in {"added", "changed"} else ()
            wrong = [Remark.of(one, words) for one in findings.get(row.number, ())]
            made.append(RowLine(row, wrong, grouped(known, words, names)))
        return made

    async def _ready(self, told: TablePlanShape | None, caller: Caller) -> bool:
        """Whether the plan is still there: it was not applied, and nobody changed anything."""
        if told is None or not told.fits:
            return False
        try:
            plan = await self._keeping.planned(told.id, caller)
        except Problem:
            return False
        return plan.base == await self._keeping.version()


def _unreadable(look: Look, words: Words) -> Remark | None:
    """Why nothing of a table can be taken, as far as it is told; None for one that can be."""
    found = _REASON.fullmatch(look.words)
    if look.told is not None or found is None:
        return None
    row, reason, hint = int(found["row"] or 0), found["reason"], found["hint"] or ""
    why = RowFindingShape(row=row, column="", severity="error", words=reason, hint=hint)
    return Remark.of(why, words)


def _of_the_whole(look: Look) -> Sequence[RowFindingShape]:
    """What was found of no row that is shown: of the heading, or of all."""
    shown = {row.number for row in look.rows}
    told = look.told
    return [one for one in told.rows if one.row not in shown] if told is not None else []


def _others(look: Look) -> list[ChangeShape]:
    """Changes that no row tells: new room lists, rooms that are retired."""
    rooms = {row.room for row in look.rows}
    changes: Sequence[ChangeShape] = look.told.changes if look.told is not None else ()
    return [one for one in changes if one.kind == "list" or (one.room or one.id) not in rooms]


def _how(fields: Mapping[str, str]) -> Wanted:
    """How a form wants a table taken."""
    return Wanted(
        only_good="only_good" in fields,
        retire_missing="retire_missing" in fields,
        add_lists="add_lists" in fields,
        why=fields.get("why", "")[:LONGEST_WHY],
    )


def _usual_sign(words: Words) -> str:
    """What spreadsheets of a language part cells by: a comma, unless numbers have one."""
    return "comma" if words("about.thousands") == "," else "semicolon"


def _sign(request: web.Request) -> str:
    named = request.query.get("separator", "comma")
    if named not in SIGNS:
        raise Problem(400, "bad_query", f"separator is one of {', '.join(SIGNS)}")
    return SIGNS[named]


def _number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 7 else 1


def _file(path: str, serve: Handler, kind: str, summary: str) -> Route:
    """What is taken away as a file."""
    query = {"separator": "`comma` (default), `semicolon` or `tab`"} if kind == CSV else {}
    problems = ("bad_query",) if kind == CSV else ()
    told = page(path, serve, summary, *problems, scope="rooms")
    return replace(told, answer=kind, query=query)
