"""Where callers come with a table of rooms or a rooms.yaml, and take theirs away."""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from bridge.callers import Caller
from bridge.inventory.keeper import Keeper
from bridge.inventory.outcomes import Outcome
from bridge.inventory.tables import TablePlan, part, plan_table
from bridge.inventory.texts import plan_text, text_of
from bridge.keeping import Counter, in_words, remark, remarks, shape_of
from bridge.views.inventory_shapes import RemarkShape
from bridge.views.inventory_tables import Form
from bridge.views.openapi import STATUSES
from bridge.views.table_shapes import (
    RowFindingShape,
    TableAppliedShape,
    TablePlanShape,
    TableUnfitShape,
)
from bridge.views.web import Problem
from rooms.inventory import Misfit
from rooms.inventory.sheet import Finding, Unreadable
from rooms.inventory.table import Wanted
from rooms.inventory.tabled import tabled


class UnfitTable(Problem):
    """An answer that says all that keeps a table from being taken."""

    def __init__(
        self, findings: Iterable[RemarkShape], rows: Iterable[RowFindingShape] = ()
    ) -> None:
        super().__init__(STATUSES["inventory_unfit"], "inventory_unfit")
        self.findings = tuple(findings)
        self.rows = tuple(rows)

    def shape(self) -> TableUnfitShape:
        """Its words, with the findings."""
        known = msgspec.structs.asdict(super().shape())
        return TableUnfitShape(**known, problems=self.findings, rows=self.rows)


class Tables:
    """Writes the inventory out and reads it in."""

    def __init__(self, keeper: Keeper, counter: Counter) -> None:
        self._keeper = keeper
        self._counter = counter

    async def version(self) -> str:
        """Of the inventory."""
        return await self._keeper.version()

    async def written(self, form: Form, sign: str, caller: Caller) -> bytes:
        """What a caller looks after, written out."""
        document = await self._keeper.current()
        if form == "table":
            return await asyncio.to_thread(lambda: tabled(part(document, caller), sign))
        return await asyncio.to_thread(lambda: text_of(part(document, caller)).encode())

    async def planned(self, form: Form, data: bytes, how: Wanted, caller: Caller) -> TablePlanShape:
        """A plan of what was written; nothing is changed.

        Raises:
            Problem: nothing of it can be taken.
        """
        return await asyncio.to_thread(_shape, await self._planned(form, data, how, caller))

    async def apply(self, plan: TablePlanShape, caller: Caller) -> TableAppliedShape:
        """Such a plan made true.

        Raises:
            Problem: it cannot be.
        """
        if not plan.fits:
            bad = [one for one in plan.rows if one.severity == "error"]
            raise UnfitTable((one for one in plan.findings if one.severity == "error"), bad)
        applied = await self._counter.apply(plan.id, caller)
        return TableAppliedShape(
            **msgspec.structs.asdict(applied), rows=plan.rows, count=plan.count, bad=plan.bad
        )

    async def looked(
        self, data: bytes, how: Wanted, caller: Caller
    ) -> tuple[TablePlanShape, Sequence[Outcome]]:
        """A table as a plan, and what becomes of each of its rows; nothing is changed.

        Raises:
            Problem: nothing of it can be taken.
        """
        made = await self._planned("table", data, how, caller)
        return await asyncio.to_thread(_shape, made), made.outcomes

    async def _planned(self, form: Form, data: bytes, how: Wanted, caller: Caller) -> TablePlan:
        with in_words():
            try:
                if form == "table":
                    return await plan_table(self._keeper, data, caller, how)
                return await plan_text(self._keeper, data, caller, how.why)
            except Unreadable as error:
                where = f"row {error.row}: " if error.row else ""
                hint = f" ({error.hint})" if error.hint else ""
                code = "table_unreadable"
                raise Problem(STATUSES[code], code, f"{where}{error}{hint}") from error
            except Misfit as error:
                raise UnfitTable([remark(error)]) from error


def _shape(made: TablePlan) -> TablePlanShape:
    plan = made.plan
    shape = msgspec.structs.replace(
        shape_of(plan),
        id=plan.id if made.fits else "",
        fits=made.fits,
        findings=tuple(remarks(made.problems)),
    )
    return TablePlanShape(
        **msgspec.structs.asdict(shape),
        rows=tuple(_row(one) for one in made.findings),
        count=made.rows,
        bad=made.bad,
    )


def _row(finding: Finding) -> RowFindingShape:
    return RowFindingShape(
        row=finding.row,
        column=finding.column,
        severity=finding.severity,
        words=finding.words,
        hint=finding.hint,
    )
