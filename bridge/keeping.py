"""Where callers come to look at the inventory and to change it."""

import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from bridge.callers import Caller
from bridge.inventory.keeper import (
    Changed,
    InFiles,
    Keeper,
    NothingToUndo,
    NoVault,
    Unfit,
)
from bridge.inventory.leave import NotYours
from bridge.inventory.plans import Plan
from bridge.inventory.rows import Applied
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
from bridge.views.web import ANYBODY, Problem
from rooms.inventory import Change, Document, Edit, Misfit
from rooms.inventory.document import endpoints
from rooms.inventory.edit import patch as patch_between

PAGE = 100
"""Changes that are read at once: of others' among them nothing is told."""


_ROOM = re.compile(r"\brooms\.([a-z0-9-]+)(?:\.[\w.\[\]]+\w)?")
"""A room in words or paths of settings."""


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
        )
        return await self._planned(edit, caller, order.why, order.secrets, keep=keep)

    async def planned(self, plan: str, caller: Caller) -> PlanShape:
        """A plan that was made.

        Raises:
            Problem: there is none of this caller's.
        """
        return _plan(await self._known(plan, caller), caller)

    async def apply(self, plan: str, caller: Caller) -> AppliedShape:
        """A plan made true.

        Raises:
            Problem: it cannot be.
        """
        known = await self._known(plan, caller)
        with _in_words(known, caller):
            done = _applied(await self._keeper.apply(known, caller))
        if done.change:
            return done
        return msgspec.structs.replace(done, version=await self._keeper.version())

    async def undo(self, change: int, caller: Caller) -> PlanShape:
        """A plan that takes a change back.

        Raises:
            Problem: it cannot be.
        """
        with _in_words():
            return _plan(await self._keeper.undo(change, caller), caller)

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
        with _in_words():
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
        with _in_words(caller=caller):
            found = await self._keeper.plan(edit, caller, why=why, given=given, keep=keep)
        return _plan(found, caller)

    async def _known(self, plan: str, caller: Caller) -> Plan:
        known = await self._keeper.planned(plan, caller)
        if known is None:
            raise _problem("unknown_plan")
        return known


@contextmanager
def _in_words(plan: Plan | None = None, caller: Caller = ANYBODY) -> Iterator[None]:
    """What the keeper refuses, as problems."""
    try:
        yield
    except InFiles as error:
        raise _problem("inventory_in_files") from error
    except Changed as error:
        raise _problem("inventory_changed") from error
    except Unfit as error:
        raise Unfitting(_findings(plan, caller, only_errors=True) if plan else ()) from error
    except Misfit as error:
        finding = RemarkShape(entry=error.entry, setting="", severity="error", words=str(error))
        raise Unfitting([finding]) from error
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
        return change.id in lists
    if caller.keeps(change.room or change.id) or caller.keeps(change.former):
        return True
    return bool(_lists(change) & lists)  # it is there no more


def _lists(change: Change) -> frozenset[str]:
    return frozenset(change.before.get("lists", "").split(", "))


def _plan(plan: Plan, caller: Caller) -> PlanShape:
    return PlanShape(
        id=plan.id,
        base=plan.base,
        fits=plan.fits,
        why=plan.why,
        undoes=plan.undoes,
        changes=tuple(_change(one) for one in plan.changes),
        findings=tuple(_findings(plan, caller)),
    )


def _findings(plan: Plan, caller: Caller, *, only_errors: bool = False) -> Iterator[RemarkShape]:
    """What is wrong with a plan, said of what it changes; rooms of others are not named."""
    found: Iterable[Wrong] = errors(plan.problems) if only_errors else plan.problems
    touched = {one.room or one.id for one in plan.changes if one.kind != "list"}

    def told(room: re.Match[str]) -> str:
        mine = caller.rooms is None or room[1] in touched or caller.keeps(room[1])
        return room[0] if mine else "another room"

    for one in found:
        path, words = _turned(one, touched)
        path = _ROOM.sub(told, path)
        kind, _, rest = path.partition(".")
        name, _, setting = rest.partition(".")
        entry = f"{kind}.{name}" if kind in {"rooms", "room_lists"} and name else ""
        yield RemarkShape(
            entry=entry,
            setting=setting if entry else path,
            severity=one.severity,
            words=_ROOM.sub(told, words),
            hint=one.hint,
        )


def _turned(one: Wrong, touched: Collection[str]) -> tuple[str, str]:
    """Where something is wrong, and in which words.

    Of two rooms that have the same, the second is told of in file order; it is turned round where
    the change is of the first.
    """
    here, there = _ROOM.match(one.path), _ROOM.search(one.words)
    if here and there and here[1] not in touched and there[1] in touched:
        return there[0], one.words.replace(there[0], one.path)
    return one.path, one.words


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
