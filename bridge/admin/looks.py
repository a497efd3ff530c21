"""Tables that people had looked at, kept in memory until they are applied or forgotten.

A table may hold passwords: nothing of it is ever written down here, and half an hour later it is
gone, whether anybody uses tables by then or not.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from bridge.callers import Caller
from bridge.inventory.outcomes import Outcome
from bridge.views.table_shapes import TablePlanShape
from rooms.clock import Clock
from rooms.inventory.table import Wanted

KEPT_FOR = timedelta(minutes=30)
MOST_BYTES = 48 << 20
"""Of all tables together: three of the largest."""
MOST = 50
_Owner = tuple[str | None, str | None, frozenset[str] | None]


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A table, and what the appliance said of it."""

    id: str
    owner: _Owner
    file: str
    """What it is called; empty where it was pasted."""
    data: bytes
    how: Wanted
    made: datetime
    told: TablePlanShape | None = None
    """None where nothing of it can be taken."""
    rows: Sequence[Outcome] = ()
    code: str = ""
    """Why nothing of it can be taken."""
    words: str = ""
    """The same, with its place."""


class Looks:
    """The tables that wait for somebody to decide."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, Look] = {}

    def new(self, caller: Caller, file: str, data: bytes, how: Wanted) -> Look:
        """One that nothing is known of yet; it is not kept."""
        return Look(
            id=secrets.token_urlsafe(9),
            owner=_owner(caller),
            file=file,
            data=data,
            how=how,
            made=self._clock.now(),
        )

    def put(self, look: Look) -> None:
        """Keep one; the oldest make room for it."""
        self._kept.pop(look.id, None)
        self._kept[look.id] = look
        while len(self._kept) > MOST or self._bytes() > MOST_BYTES:
            del self._kept[next(iter(self._kept))]

    def get(self, id_: str, caller: Caller) -> Look | None:
        """One of this caller's, as long as they look after what they did when it was made."""
        self.forget_old()
        found = self._kept.get(id_)
        return found if found is not None and found.owner == _owner(caller) else None

    def drop(self, plan: str) -> None:
        """The plan of one was applied."""
        for one in [one for one in self._kept.values() if one.told and one.told.id == plan]:
            del self._kept[one.id]

    def forget_old(self) -> None:
        """None is kept for longer; somebody asks for this again and again."""
        oldest = self._clock.now() - KEPT_FOR
        for one in [one for one in self._kept.values() if one.made < oldest]:
            del self._kept[one.id]

    def _bytes(self) -> int:
        return sum(len(one.data) for one in self._kept.values())


def _owner(caller: Caller) -> _Owner:
    return caller.person, caller.session, caller.lists
