"""A table of rooms as a plan, and what the appliance says of each of its rows."""

import asyncio
import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from bridge.callers import Caller
from bridge.inventory.keeper import Keeper
from bridge.inventory.leave import FOR_ENGINEERS, NotYours, check_leave
from bridge.inventory.outcomes import Outcome, outcomes
from bridge.inventory.plans import Plan
from bridge.settings.problem import Problem
from rooms.inventory import Document, Edit, changes, edited
from rooms.inventory.columns import UNIT
from rooms.inventory.document import units
from rooms.inventory.sheet import Finding
from rooms.inventory.table import Table, Wanted, edit_of, read_table

ROUNDS = 5
"""Times that a plan is made again without the rows that turned out to be bad."""
_UNIT = re.compile(r"endpoints\[(\d+)\]\.?(.*)")


class TablePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan made of a table."""

    plan: Plan
    findings: tuple[Finding, ...]
    """Of its rows, in their order."""
    problems: tuple[Problem, ...]
    """What is wrong with the plan and is of no row."""
    rows: int
    bad: int
    """How many of them are bad."""
    fits: bool
    """Whether it can be applied: it is kept only then."""
    outcomes: tuple[Outcome, ...] = ()
    """What becomes of each row; of a text nothing is told."""


async def plan_table(
    keeper: Keeper, data: bytes, caller: Caller, wanted: Wanted | None = None
) -> TablePlan:
    """A plan of what a table changes; nothing is changed.

    Raises:
        Unreadable: nothing of the table can be taken.
        Changed: the inventory was changed while the table was read.
        Misfit: the edit fits no inventory.
        NotYours: a room that is not in it is not the caller's alone to retire.
        NoVault: secrets were given and there is nowhere to keep them.
    """
    how = wanted or Wanted()
    base, document = await keeper.version(), await keeper.current()
    table = await asyncio.to_thread(_read, data, document, caller, how)
    for _ in range(ROUNDS):
        bad = _bad(table)
        edit, given = await asyncio.to_thread(_asked, table, document, caller, how)
        plan = await keeper.plan(edit, caller, why=how.why, given=given, base=base)
        table, problems = await asyncio.to_thread(_judged, plan, table, bad)
        if not how.only_good or _bad(table) == bad:
            break
        keeper.forget(plan)
    if how.retire_missing and _bad(table):
        words = "no room is retired while rows are bad: one of them may be meant"
        table = _with(table, [Finding(row=0, severity="warning", words=words)])
    bad = _bad(table)
    fits = plan.fits and (how.only_good or not bad)
    if not fits:
        keeper.forget(plan)
    return TablePlan(
        plan=plan,
        findings=table.findings,
        problems=problems,
        rows=len({*bad, *(row.number for row in table.rows)}),
        bad=len(bad),
        fits=fits,
        outcomes=await asyncio.to_thread(outcomes, table, plan, bad),
    )


def part(document: Document, caller: Caller) -> Document:
    """The part of an inventory that a caller looks after."""
    if caller.rooms is None and caller.lists is None:
        return document
    rooms = {name: fields for name, fields in document.rooms.items() if caller.keeps(name)}
    lists = {
        name: fields
        for name, fields in document.lists.items()
        if caller.lists is None or name in caller.lists
    }
    return Document(rooms=rooms, lists=lists)


def _bad(table: Table) -> frozenset[int]:
    return frozenset(one.row for one in table.findings if one.severity == "error")


def _with(table: Table, findings: Iterable[Finding]) -> Table:
    """The same table, of which more was found, in the order of its rows."""
    every = dict.fromkeys((*table.findings, *findings))
    return msgspec.structs.replace(table, findings=tuple(sorted(every, key=lambda one: one.row)))


def _read(data: bytes, document: Document, caller: Caller, how: Wanted) -> Table:
    """A table with what is wrong in it, also that its caller may not do."""
    # Who looks after some lists adds none, and names others' that a room of theirs is in.
    add_lists = how.add_lists and caller.lists is None
    table = read_table(data, document, part(document, caller), add_lists=add_lists)
    if caller.lists is not None or "control" not in caller.scopes:
        return _with(table, _not_theirs(table, document, caller))
    return table


def _asked(
    table: Table, document: Document, caller: Caller, how: Wanted
) -> tuple[Edit, dict[str, dict[str, str]]]:
    """What the good rows change, with the secrets that they give."""
    bad, retired = _bad(table), []
    if how.retire_missing and not bad:
        retired = [name for name in part(document, caller).rooms if name not in table.rooms]
    return edit_of(table, document, bad, retired)


def _judged(
    plan: Plan, table: Table, without: Collection[int]
) -> tuple[Table, tuple[Problem, ...]]:
    """A table with what its plan says of the rows, and what that says of no row."""
    told = list(_told(plan, table, without))
    found = _with(table, [one for one, _ in told if one is not None])
    return found, tuple(problem for one, problem in told if one is None)


def _not_theirs(table: Table, document: Document, caller: Caller) -> list[Finding]:
    """Rows that ask for what the caller may not do."""
    edit, _ = edit_of(table, document, _bad(table))
    after = edited(document, edit)
    found: list[Finding] = []
    rows = _Rows(table)
    for change in changes(document, after):
        try:
            check_leave(caller, [change], document, after)
        except NotYours as error:
            keys = list({**change.after, **change.before})
            kept = (
                [] if "control" in caller.scopes else [key for key in keys if key in FOR_ENGINEERS]
            )
            touched = next(iter([*kept, *keys]), "")
            name = f"{UNIT}{touched or 'id'}" if change.kind == "endpoint" else touched
            unit = change.id if change.kind == "endpoint" else ""
            room = "" if change.kind == "list" else change.room or change.id
            for number in rows.all(room, unit) if room else rows.naming(change.id):
                heading = rows.heading(name) if room else table.heading("lists")
                found.append(Finding(row=number, column=heading, words=str(error)))
    return found


def _told(
    plan: Plan, table: Table, without: Iterable[int]
) -> Iterator[tuple[Finding | None, Problem]]:
    """Problems of a plan, each with what it says of a row; None where it is of no row."""
    rows = _Rows(table, without)
    for problem in plan.problems:
        kind, _, rest = problem.path.partition(".")
        room, _, setting = rest.partition(".")
        number, name = None, setting
        if kind == "rooms":
            number, name = rows.of(plan.document, room, setting)
        if number is None:
            yield None, problem
            continue
        yield (
            Finding(
                row=number,
                column=rows.heading(name),
                severity=problem.severity,
                words=problem.words,
                hint=problem.hint,
            ),
            problem,
        )


class _Rows:
    """Which row speaks of what."""

    def __init__(self, table: Table, without: Iterable[int] = ()) -> None:
        self._table = table
        left_out = frozenset(without)
        self._rooms: dict[str, list[int]] = {}
        self._units: dict[str, int] = {}
        self._saying: dict[tuple[str, str], int] = {}
        self._lists: dict[str, list[int]] = {}
        for row in table.rows:
            if row.number in left_out:
                continue
            self._rooms.setdefault(row.room, []).append(row.number)
            if row.unit:
                self._units.setdefault(row.unit, row.number)
            for key in row.fields:
                self._saying.setdefault((row.room, key), row.number)
            for name in row.new_lists:
                self._lists.setdefault(name, []).append(row.number)

    def of(self, document: Document, room: str, setting: str) -> tuple[int | None, str]:
        """The row that says a room's setting, or else the room's first; and the column."""
        if found := _UNIT.fullmatch(setting):
            listed = units(document.rooms.get(room, {}))
            place = int(found[1])
            unit = str(listed[place].get("id")) if place < len(listed) else ""
            return self._units.get(unit), f"{UNIT}{found[2] or 'id'}"
        key = re.split(r"[.\[]", setting, maxsplit=1)[0]
        number = self._saying.get((room, key))
        if number is None:
            number = next(iter(self._rooms.get(room, ())), None)
        return number, setting

    def all(self, room: str, unit: str) -> list[int]:
        """The rows of a room, or that of its endpoint."""
        return [self._units[unit]] if unit in self._units else self._rooms.get(room, [])

    def naming(self, room_list: str) -> list[int]:
        """The rows that need a new room list."""
        return self._lists.get(room_list, [])

    def heading(self, column: str) -> str:
        """What the table calls a column, or a part of what stands in it."""
        whole = re.split(r"\[", column, maxsplit=1)[0]
        below = (name for name in self._table.headings if name.startswith(f"{whole}."))
        return self._table.heading(whole if whole in self._table.headings else next(below, whole))
