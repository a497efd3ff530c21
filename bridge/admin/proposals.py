"""What discovery proposes, as far as somebody asked for it. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args
from urllib.parse import urlencode

from bridge.admin.tree import natural
from bridge.callers import Caller
from bridge.views.discovery_shapes import (
    DifferenceShape,
    DiscoveredShape,
    DiscoveryShape,
    RejectionShape,
)

PATH = "/admin/discovery"
SHOWN = 50
"""Proposals of one page."""
LONGEST = 100
"""Characters of what somebody searches for."""
What = Literal["new", "differs", "gone", "twice", "rejected"]
KINDS: tuple[What, ...] = get_args(What)
Hindrance = Literal["", "twice", "shrunk", "unconfirmed", "doubted"]


class Asked(NamedTuple):
    """Which proposals somebody wants to see."""

    what: str = ""
    source: str = ""
    q: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """What a query asks for; what it says wrong is as if it said nothing."""
        what, number = query.get("what", ""), query.get("page", "")
        return cls(
            what=what if what in KINDS else "",
            source=query.get("source", "")[:LONGEST],
            q=query.get("q", "")[:LONGEST].strip(),
            page=int(number) if number.isascii() and number.isdecimal() and len(number) < 7 else 1,
        )

    def link(self, **change: str | int) -> str:
        """The page with something changed; another kind begins at its first page."""
        made = self._replace(**{"page": 1, **change})  # type: ignore[arg-type] # its own fields
        told = {name: value for name, value in made._asdict().items() if value not in {"", 1}}
        return f"{PATH}?{urlencode(told)}" if told else PATH


class Proposal(NamedTuple):
    """A proposal as the page shows it."""

    source: str
    one: DifferenceShape
    name: str
    """What people call the room here; empty for a new one."""
    hindrance: Hindrance
    """What keeps this caller from approving it."""

    @property
    def careful(self) -> bool:
        """Whether it is gone with so many others that somebody must have asked about it."""
        return self.one.doubted

    def says(self, words: Sequence[str]) -> bool:
        """Whether all of these words stand in it."""
        one, entry = self.one, self.one.entry
        parts = [one.mailbox, one.room, self.name, one.here, one.there]
        if entry is not None:
            parts += [entry.name, entry.building, entry.floor, *entry.lists]
        hay = "\n".join(parts).casefold()
        return all(word in hay for word in words)


def every(told: DiscoveryShape, names: Mapping[str, str], caller: Caller) -> list[Proposal]:
    """All that is proposed; `names` are those of rooms by id."""
    return [
        Proposal(source.source, one, names.get(one.room, ""), _hindrance(one, source, caller))
        for source in told.sources
        for one in source.findings
    ]


def counted(proposals: Iterable[Proposal], rejected: Sequence[RejectionShape]) -> Counter[str]:
    """How many there are of each kind."""
    found = Counter[str](each.one.what for each in proposals)
    found["rejected"] = len(rejected)
    return found


def wanted(proposals: Iterable[Proposal], asked: Asked) -> list[Proposal]:
    """Those that are asked for, in the order of their names."""
    words = asked.q.casefold().split()
    found = [
        each
        for each in proposals
        if each.one.what == asked.what
        and (not asked.source or each.source == asked.source)
        and each.says(words)
    ]
    return sorted(found, key=lambda each: natural(_called(each)))


def turned_down(rejected: Iterable[RejectionShape], asked: Asked) -> list[RejectionShape]:
    """Rejections that are asked for, the latest first."""
    words = asked.q.casefold().split()
    found = [
        one
        for one in rejected
        if (not asked.source or one.source == asked.source)
        and all(word in f"{one.mailbox}\n{one.room}\n{one.by}".casefold() for word in words)
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def digest(ids: Iterable[str]) -> str:
    """Tells whether all of them are still the ones that somebody saw."""
    return hashlib.sha256("\0".join(sorted(ids)).encode()).hexdigest()[:16]


def _called(each: Proposal) -> str:
    entry = each.one.entry
    return each.name or (entry.name if entry is not None else "") or each.one.mailbox


def _hindrance(one: DifferenceShape, source: DiscoveredShape, caller: Caller) -> Hindrance:
    """The same as who decides would say (`bridge.deciding`)."""
    if one.what == "twice":
        return "twice"
    if one.what != "gone":
        return ""
    if any(trouble.code == "discovery_shrunk" for trouble in source.health):
        return "shrunk"
    if not one.confirmed:
        return "unconfirmed"
    return "doubted" if one.doubted and "control" not in caller.scopes else ""
