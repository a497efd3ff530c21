"""Proposals as the API tells them. Ids of entries are used once, whichever source they are of."""

from collections.abc import Iterable, Sequence

import msgspec

from bridge.callers import Caller
from bridge.proposal import Proposal
from bridge.proposing import Proposed, Told, proposed
from bridge.rejections import Rejection
from bridge.settings.model import Inventory
from bridge.views import render
from bridge.views.discovery_shapes import (
    DifferenceShape,
    DiscoveredShape,
    DiscoveryShape,
    EntryShape,
    ListShape,
    RejectionShape,
)

_UNCOUNTED = frozenset(["discovery_denied", "discovery_failing"])
"""Troubles whose words have no number of rooms in them."""


def near(caller: Caller | None, room: str, lists: Iterable[str]) -> bool:
    """Whether a proposal is of a caller's rooms, or a new one for their lists."""
    if caller is None or (caller.rooms is None and caller.lists is None):
        return True
    if room:
        return caller.rooms is None or room in caller.rooms
    return bool((caller.lists or frozenset()).intersection(lists))


def shape(
    told: Sequence[Told],
    inventory: Inventory,
    rejected: Sequence[Rejection] = (),
    caller: Caller | None = None,
    source: str | None = None,
) -> DiscoveryShape:
    """What a caller is told, of one source or of all.

    `told` is of all, so that a new room has one id whichever source is asked for.
    """
    proposal, closed = Proposal(inventory), {one.id for one in rejected}
    free = caller is None or (caller.rooms is None and caller.lists is None)
    every = [
        DiscoveredShape(
            source=one.name,
            as_of=one.as_of,
            rooms=len(one.believed) if free and one.believed is not None else None,
            findings=tuple(
                _finding(each)
                for each in proposed(one, inventory, proposal)
                if each.id not in closed and near(caller, each.difference.room, each.lists)
            ),
            health=render.troubles(
                tuple(each for each in one.health if free or each.code in _UNCOUNTED)
            ),
            progress=one.progress if free else None,
        )
        for one in told
    ]
    sources = tuple(one for one in every if source in {None, one.source})
    found = (each.entry for one in sources for each in one.findings if each.entry is not None)
    used = {name for entry in found for name in entry.lists}
    lists = (ListShape(id=one.id, name=one.name) for one in proposal.lists if one.id in used)
    return DiscoveryShape(
        sources=sources,
        room_lists=tuple(lists) if free else (),
        rejected=tuple(_rejected(one) for one in rejected if near(caller, one.room, one.lists)),
    )


def _finding(one: Proposed) -> DifferenceShape:
    entry = None if one.entry is None else EntryShape(**msgspec.structs.asdict(one.entry))
    return DifferenceShape(
        **msgspec.structs.asdict(one.difference),
        confirmed=one.confirmed,
        entry=entry,
        id=one.id,
        doubted=one.doubted,
    )


def _rejected(one: Rejection) -> RejectionShape:
    known = msgspec.structs.asdict(one)
    shown = {key: value for key, value in known.items() if key not in {"said", "lists", "actor"}}
    return RejectionShape(**shown, by=one.actor)
