"""What people decide about the rooms that services list: one plan of the inventory for all of it.

Nothing is added, changed or removed but what somebody approved by its id, and that goes through
the keeper like every other change.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec

from bridge.callers import Caller
from bridge.discovery import Discovery
from bridge.inventory.keeper import Keeper
from bridge.inventory.plans import Plan
from bridge.keeping import Counter, in_words, shape_of
from bridge.proposal import Proposal
from bridge.proposed_shapes import near
from bridge.proposing import Proposed
from bridge.rejections import Rejection, rejection
from bridge.views.decision_shapes import (
    DecidedShape,
    DecisionOrder,
    EntriesShape,
    InFilesShape,
)
from bridge.views.inventory_shapes import PlanShape
from bridge.views.openapi import STATUSES
from bridge.views.web import Problem
from rooms.clock import Clock
from rooms.inventory import Edit
from rooms.inventory.edit import merged

WHY = "proposed by discovery"


class InFiles(Problem):
    """An answer that says what files would have to hold."""

    def __init__(self, plan: PlanShape, entries: EntriesShape) -> None:
        super().__init__(STATUSES["inventory_in_files"], "inventory_in_files")
        self.plan, self.entries = plan, entries

    def shape(self) -> InFilesShape:
        """Its words, with what to paste."""
        known = msgspec.structs.asdict(super().shape())
        return InFilesShape(**known, plan=self.plan, entries=self.entries)


class Decisions:
    """Approves and rejects what discovery proposes."""

    def __init__(
        self, discovery: Discovery, keeper: Keeper, counter: Counter, clock: Clock
    ) -> None:
        self._discovery = discovery
        self._keeper = keeper
        self._counter = counter
        self._clock = clock

    async def decide(self, order: DecisionOrder, caller: Caller) -> DecidedShape:
        """Approve some, reject some, take rejections back: all of it, or nothing.

        Raises:
            Problem: one of them is not there for this caller, or cannot be decided so.
        """
        proposals, lists = await self._discovery.proposals()
        known = {one.id: one for one in proposals if near(caller, one.difference.room, one.lists)}
        if set(order.approve) & set(order.reject):
            raise _problem("bad_body", "a proposal is approved or rejected, not both")
        approved = [_known(known, id_) for id_ in dict.fromkeys(order.approve)]
        rejected = [_known(known, id_) for id_ in dict.fromkeys(order.reject)]
        back = [self._rejected(id_, caller) for id_ in dict.fromkeys(order.take_back)]
        for one in approved:
            check(one, caller)
        decided = await self._planned(approved, order, lists, caller)
        if order.dry_run:
            return decided
        if decided.plan is not None and decided.entries is not None and self._keeper.in_files:
            raise InFiles(decided.plan, decided.entries)
        over = [*back, *order.approve]
        former = {id_: self._discovery.rejections.get(id_) for id_ in (*order.reject, *over)}
        now = self._clock.now()
        await self._remember([rejection(one, caller.name, now) for one in rejected], over, caller)
        if decided.plan is not None:
            try:
                applied = await self._counter.apply(decided.plan.id, caller)
            except Problem:  # then nothing was decided
                again = [one for one in former.values() if one is not None]
                await self._remember(again, [id_ for id_ in former if not former[id_]], caller)
                raise
            decided = msgspec.structs.replace(decided, applied=applied)
        await self._discovery.again()
        return decided

    def _rejected(self, id_: str, caller: Caller) -> str:
        one = self._discovery.rejections.get(id_)
        if one is None or not near(caller, one.room, one.lists):
            raise _problem("unknown_proposal", id_)
        return id_

    async def _planned(
        self,
        approved: Sequence[Proposed],
        order: DecisionOrder,
        lists: Proposal,
        caller: Caller,
    ) -> DecidedShape:
        kept_in: Literal["files", "store"] = "files" if self._keeper.in_files else "store"
        if not approved:
            return DecidedShape(kept_in=kept_in, plan=None, entries=None, applied=None)
        there = (await self._keeper.current()).rooms
        wanted = edit_of(approved, order, lists, there)
        with in_words():
            plan = await self._keeper.plan(wanted, caller, why=order.why or WHY)
        if not _as_approved(plan, approved, wanted):
            raise _problem("changed_meanwhile")
        return DecidedShape(
            kept_in=kept_in, plan=shape_of(plan), entries=entries_of(plan), applied=None
        )

    async def _remember(
        self, add: Sequence[Rejection], over: Sequence[str], caller: Caller
    ) -> None:
        now = self._clock.now()
        try:
            await self._discovery.rejections.change(add, over, actor=caller.name, at=now)
        except sqlite3.Error as error:
            raise _problem("disk_failing") from error


def check(one: Proposed, caller: Caller) -> None:
    """Let pass what may be approved.

    Raises:
        Problem: it may not, or not by this caller, or not yet.
    """
    match one.difference.what:
        case "twice":
            words = "several rooms have one address: that is to be mended at the service"
            raise _problem("not_approvable", words)
        case "gone":
            _check_gone(one, caller)
        case "new" | "differs":
            pass


def _check_gone(one: Proposed, caller: Caller) -> None:
    if one.shrunk:
        words = "the list of the service shrank by more than a fifth: have it asked once more"
        raise _problem("discovery_doubted", words)
    if not one.confirmed:
        words = "the mailbox was missing once only: have the service asked once more"
        raise _problem("discovery_unconfirmed", words)
    if one.doubted and "control" not in caller.scopes:
        words = "more than a fifth of the rooms are gone: an engineer has to approve that"
        raise _problem("discovery_doubted", words)


def edit_of(
    approved: Sequence[Proposed], order: DecisionOrder, proposal: Proposal, there: Collection[str]
) -> Edit:
    """What the inventory, which has the rooms that are `there`, is asked for.

    Raises:
        Problem: fields are given that fit no new room.
    """
    rooms: dict[str, Any] = {}
    for one in approved:
        given = dict(order.fields.get(one.id, {}))
        if one.entry is None:
            if given:
                raise _problem("bad_body", f"{one.id} is no new room: it takes no fields")
            _add(rooms, one.difference.room, one.patch)
            continue
        id_ = given.pop("id", one.entry.id)
        if not isinstance(id_, str) or not id_ or id_ in rooms or id_ in there:
            raise _problem("bad_body", f"{one.id} needs an id of its own")
        rooms[id_] = merged(one.patch or {}, given)
    if unasked := order.fields.keys() - {one.id for one in approved}:
        raise _problem("bad_body", f"{min(unasked)} has fields and is not approved")
    used = {name for one in rooms.values() if one for name in one.get("lists", ())}
    lists = {one.id: {"name": one.name} for one in proposal.lists if one.id in used}
    return Edit(rooms=rooms, lists=lists)


def _add(rooms: dict[str, Any], room: str, patch: Mapping[str, Any] | None) -> None:
    rooms[room] = None if patch is None else {**rooms.get(room, {}), **patch}


def _as_approved(plan: Plan, approved: Sequence[Proposed], edit: Edit) -> bool:
    """Whether a plan adds and takes out what was approved, and nothing else."""
    gone = {one.difference.room for one in approved if one.difference.what == "gone"}
    changed = {one.difference.room for one in approved if one.difference.what == "differs"}
    done: dict[str, set[str]] = {}
    for one in plan.changes:
        if one.kind == "room":
            done.setdefault(one.what, set()).add(one.id)
    return (
        done.get("removed", set()) == gone
        and done.get("added", set()) == edit.rooms.keys() - gone - changed
        and done.get("changed", set()) <= changed
    )


def entries_of(plan: Plan) -> EntriesShape:
    """Rooms and room lists that a plan adds or changes, as they would stand in files."""
    changed = [one for one in plan.changes if one.what != "removed"]
    rooms = dict.fromkeys(one.room or one.id for one in changed if one.kind != "list")
    lists = dict.fromkeys(one.id for one in changed if one.kind == "list")
    document = plan.document
    return EntriesShape(
        rooms=tuple({"id": name, **document.rooms[name]} for name in rooms),
        room_lists=tuple({"id": name, **document.lists[name]} for name in lists),
        removed=tuple(
            one.id for one in plan.changes if (one.what, one.kind) == ("removed", "room")
        ),
    )


def _known(known: Mapping[str, Proposed], id_: str) -> Proposed:
    if id_ not in known:
        raise _problem("unknown_proposal", id_)
    return known[id_]


def _problem(code: str, words: str = "") -> Problem:
    return Problem(STATUSES[code], code, words)
