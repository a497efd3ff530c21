"""Where callers come to look at the inventory and to change it."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from bridge.callers import Caller
from bridge.inventory.keeper import (
    Changed,
    InFiles,
    Keeper,
    NoVault,
    Unfit,
)
from bridge.inventory.leave import NotYours
from bridge.inventory.plans import Plan
from bridge.inventory.rows import Applied
from bridge.inventory.wishes import NothingToUndo
from bridge.settings.problem import Problem as Wrong
from bridge.settings.problem import errors
from bridge.views.inventory import EntryShape, How, Kind
from bridge.views.inventory_shapes import (
    AppliedShape,
    ChangeShape,
    EndpointEntryShape,
    EntryOrder,
    HistoryShape,
    InventoryShape,
    ListEntryShape,
    PlanOrder,
    PlanShape,
    RemarkShape,
    RoomEntryShape,
    UnfitShape,
)
from bridge.views.openapi import STATUSES
from bridge.views.web import Problem
from rooms.inventory import Change, Document, Edit, Misfit
from rooms.inventory.document import endpoints
from rooms.inventory.edit import patch as patch_between

PAGE = 100
"""Changes that are read at once: of others' among them nothing is told."""


class Unfitting(Problem):
    """An answer that says all that keeps a change from being made."""

    def __init__(self, findings: Iterable[RemarkShape]) -> None:
        super().__init__(STATUSES["inventory_unfit"], "inventory_unfit")
        self.findings = tuple(findings)

    def shape(self) -> UnfitShape:
        """Its words, with the findings."""
        known = msgspec.structs.asdict(super().shape())
        return UnfitShape(**known, problems=self.findings)


class Counter:
    """Speaks of the inventory with callers."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    @property
    def in_files(self) -> bool:
        """Whether it is in files, which nobody changes here."""
        return self._keeper.in_files

    async def version(self) -> str:
        """Of the inventory."""
        return await self._keeper.version()

    async def stands(self, caller: Caller) -> InventoryShape:
        """All that a caller looks after."""
        document = await self._keeper.current()
        rooms = (one for one in document.rooms.items() if caller.keeps(one[0]))
        lists = (one for one in document.lists.items() if _near(caller, one[0]))
        return InventoryShape(
            kept_in="files" if self._keeper.in_files else "store",
            version=await self._keeper.version(),
            rooms=tuple(RoomEntryShape(id=name, entry=fields) for name, fields in rooms),
            room_lists=tuple(ListEntryShape(id=name, entry=fields) for name, fields in lists),
        )

    async def entry(self, kind: Kind, id_: str, caller: Caller) -> EntryShape:
        """One entry.

        Raises:
            Problem: there is none, or none for this caller.
        """
        found = _found(await self._keeper.current(), kind, id_, caller)
        if found is None:
            raise _problem("unknown_entry")
        return found

    async def change(
        self,
        kind: Kind,
        id_: str,
        how: How,
        order: EntryOrder,
        caller: Caller,
        *,
        keep: bool = True,
    ) -> PlanShape:
        """A plan for one entry; without `keep` it cannot be applied.

        Raises:
            Problem: there is no such entry, or it cannot be changed so.
        """
        document = await self._keeper.current()
        found = _found(document, kind, id_, caller)
        if found is None and how != "put":
            raise _problem("unknown_entry")
        patch: Mapping[str, Any] | None = order.entry
        if how == "delete":
            patch = None
        elif how == "put" and found is not None:  # what is not named any more goes
            had = {key: value for key, value in found.entry.items() if key != "id"}
            patch = patch_between(had, order.entry)
        entries = {id_: patch}
        edit = {
            "rooms": Edit(rooms=entries),
            "lists": Edit(lists=entries),
            "endpoints": Edit(endpoints=entries),
        }[kind]
        given = {id_: order.secrets} if order.secrets else {}
        return await self._planned(edit, caller, order.why, given, keep=keep)

    async def plan(self, order: PlanOrder, caller: Caller, *, keep: bool = True) -> PlanShape:
        """A plan; without `keep` it cannot be applied.

        Raises:
            Problem: it fits no inventory, or not this caller.
        """
        edit = Edit(
            rooms=order.rooms,
            lists=order.room_lists,
            endpoints=order.endpoints,
            renamed=order.renamed,
            renamed_lists=order.renamed_lists,
        )
        return await self._planned(edit, caller, order.why, order.secrets, keep=keep)

    async def planned(self, plan: str, caller: Caller) -> PlanShape:
        """A plan that was made.

        Raises:
            Problem: there is none of this caller's.
        """
        return shape_of(await self._known(plan, caller))

    async def apply(self, plan: str, caller: Caller) -> AppliedShape:
        """A plan made true.

        Raises:
            Problem: it cannot be.
        """
        known = await self._known(plan, caller)
        with in_words(known):
            done = _applied(await self._keeper.apply(known, caller))
        if done.change:
            return done
        return msgspec.structs.replace(done, version=await self._keeper.version())

    async def undo(self, change: int, caller: Caller) -> PlanShape:
        """A plan that takes a change back.

        Raises:
            Problem: it cannot be.
        """
        with in_words():
            try:
                return shape_of(await self._keeper.undo(change, caller))
            except NothingToUndo:
                if caller.lists is None:
                    raise
                # Its words may name what is others'.
                raise _problem("not_undoable") from None

    async def history(self, before: int | None, limit: int, caller: Caller) -> HistoryShape:
        """What was changed; of others' rooms nothing is told."""
        told: list[AppliedShape] = []
        page = limit if caller.lists is None else PAGE
        while len(told) < limit and (found := await self._keeper.history(before, page)):
            for one in found:
                own = tuple(_own(one.changes, caller))
                if own or caller.lists is None:
                    told.append(_applied(msgspec.structs.replace(one, changes=own)))
            before = found[-1].seq
        return HistoryShape(changes=tuple(told[:limit]))

    async def take_over(self, caller: Caller, *, replace: bool) -> AppliedShape | None:
        """Copy the inventory of the files to the store.

        Raises:
            Problem: the store has another one.
        """
        with in_words():
            done = await self._keeper.take_over(caller, replace=replace)
        return None if done is None else _applied(done)

    async def _planned(
        self,
        edit: Edit,
        caller: Caller,
        why: str,
        given: Mapping[str, Mapping[str, str]],
        *,
        keep: bool,
    ) -> PlanShape:
        with in_words():
            found = await self._keeper.plan(edit, caller, why=why, given=given, keep=keep)
        return shape_of(found)

    async def _known(self, plan: str, caller: Caller) -> Plan:
        known = await self._keeper.planned(plan, caller)
        if known is None:
            raise _problem("unknown_plan")
        return known


@contextmanager
def in_words(plan: Plan | None = None) -> Iterator[None]:
    """What the keeper refuses, as problems."""
    try:
        yield
    except InFiles as error:
        raise _problem("inventory_in_files") from error
    except Changed as error:
        raise _problem("changed_meanwhile") from error
    except Unfit as error:
        raise Unfitting(remarks(errors(plan.problems)) if plan else ()) from error
    except Misfit as error:
        raise Unfitting([remark(error)]) from error
    except NotYours as error:
        raise _problem("not_yours", str(error)) from error
    except NoVault as error:
        raise _problem("no_vault", str(error)) from error
    except NothingToUndo as error:
        raise _problem("not_undoable", str(error)) from error
    except sqlite3.Error as error:
        raise _problem("disk_failing") from error


def _found(document: Document, kind: Kind, id_: str, caller: Caller) -> EntryShape | None:
    if kind == "lists":
        known = document.lists.get(id_) if _near(caller, id_) else None
        return None if known is None else ListEntryShape(id=id_, entry=known)
    if kind == "rooms":
        known = document.rooms.get(id_) if caller.keeps(id_) else None
        return None if known is None else RoomEntryShape(id=id_, entry=known)
    for room, fields in document.rooms.items():
        if caller.keeps(room) and id_ in (found := endpoints(fields)):
            return EndpointEntryShape(id=id_, room=room, entry=found[id_])
    return None


def _near(caller: Caller, room_list: str) -> bool:
    return caller.lists is None or room_list in caller.lists


def _own(changes: Iterable[Change], caller: Caller) -> Iterator[Change]:
    """The changes of what a caller looks after, now or before."""
    return (one for one in changes if caller.lists is None or _concerns(one, caller, caller.lists))


def _concerns(change: Change, caller: Caller, lists: frozenset[str]) -> bool:
    if change.kind == "list":
        return not lists.isdisjoint({change.id, change.former})
    if caller.keeps(change.room or change.id) or caller.keeps(change.former):
        return True
    return bool(_lists(change) & lists)  # it is there no more


def _lists(change: Change) -> frozenset[str]:
    return frozenset(change.before.get("lists", "").split(", "))


def shape_of(plan: Plan) -> PlanShape:
    """A plan as callers are told it."""
    return PlanShape(
        id=plan.id,
        base=plan.base,
        fits=plan.fits,
        why=plan.why,
        undoes=plan.undoes,
        changes=tuple(_change(one) for one in plan.changes),
        findings=tuple(remarks(plan.problems)),
    )


def remark(error: Misfit) -> RemarkShape:
    """Why an edit fits no inventory, as callers are told it."""
    return RemarkShape(entry=error.entry, setting="", severity="error", words=str(error))


def remarks(problems: Iterable[Wrong]) -> Iterator[RemarkShape]:
    """Problems of settings as callers are told them."""
    for one in problems:
        kind, _, rest = one.path.partition(".")
        name, _, setting = rest.partition(".")
        entry = f"{kind}.{name}" if kind in {"rooms", "room_lists"} and name else ""
        yield RemarkShape(
            entry=entry,
            setting=setting if entry else one.path,
            severity=one.severity,
            words=one.words,
            hint=one.hint,
        )


def _applied(applied: Applied) -> AppliedShape:
    return AppliedShape(
        change=applied.seq,
        version=f"s{applied.seq}",
        at=applied.at,
        by=applied.actor,
        why=applied.why,
        undoes=applied.undoes,
        changes=tuple(_change(one) for one in applied.changes),
    )


def _change(change: Change) -> ChangeShape:
    return ChangeShape(**msgspec.structs.asdict(change))


def _problem(code: str, words: str = "") -> Problem:
    return Problem(STATUSES[code], code, words)
