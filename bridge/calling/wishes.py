"""Where displays and services come to have their room join a meeting or leave it."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from bridge.callers import Caller
from bridge.calling.desk import problem
from bridge.calling.joining import Joining
from bridge.calling.notes import Notes
from bridge.calling.units import Refused, refusal
from bridge.views.endpoint_shapes import JoinedShape, RoomCallShape
from bridge.views.openapi import STATUSES
from bridge.views.web import Problem
from connector.errors import ConnectorError
from rooms.clock import Clock
from rooms.room import Room

KEPT = 600.0
"""Seconds for which a key stands for what was done under it."""
MOST_KEYS = 10_000


class _Done(NamedTuple):
    """What was done under a key."""

    wish: tuple[str, str, str]
    shape: JoinedShape
    at: float


class Wishes:
    """Has rooms join and leave for callers: by its own rule, whatever `writes` says."""

    def __init__(
        self,
        joining: Joining,
        notes: Notes,
        clock: Clock,
        taken: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._joining = joining
        self._taken = taken
        """Told when somebody joined a booking."""
        self._notes = notes
        self._clock = clock
        self._done: OrderedDict[tuple[str, str], _Done] = OrderedDict()

    async def join(self, room: Room, booking: str, *, key: str, caller: Caller) -> JoinedShape:
        """Join a booking; the same key is the same wish."""
        wish = ("join", room.id, booking)
        if key and (known := self._known(caller, key, wish)):
            return known
        try:
            joined = await self._joining.join(room, booking)
        except Refused as refused:
            if refused.worth_noting:
                await self._note(caller, "bookings.join", room, booking, refused=refused.code)
            raise problem(refused) from refused
        if not joined.already:
            await self._note(caller, "bookings.join", room, booking, endpoint=joined.endpoint)
        await self._taken(room.id, booking)
        shape = JoinedShape(
            done="already" if joined.already else "joined",
            booking=booking,
            endpoint=joined.endpoint,
        )
        self._keep(caller, key, wish, shape)
        return shape

    async def leave(self, room: Room, booking: str, *, key: str, caller: Caller) -> JoinedShape:
        """Leave a booking's call; where the room is in none of it, that is fine."""
        wish = ("leave", room.id, booking)
        if key and (known := self._known(caller, key, wish)):
            return known
        try:
            endpoint = await self._joining.leave(room, booking)
        except ConnectorError as error:
            raise problem(refusal(error)) from error
        except Refused as refused:
            if refused.worth_noting:
                await self._note(caller, "bookings.leave", room, booking, refused=refused.code)
            raise problem(refused) from refused
        if endpoint:
            await self._note(caller, "bookings.leave", room, booking, endpoint=endpoint)
        shape = JoinedShape(
            done="left" if endpoint else "already", booking=booking, endpoint=endpoint
        )
        self._keep(caller, key, wish, shape)
        return shape

    async def call(self, room: Room, *, may_join: bool) -> RoomCallShape:
        """The call that a room is in, for a caller who may have it join or not."""
        call, buffers = await self._joining.call(room.id), room.policy.buffers
        before = room.policy.auto_join.before
        return RoomCallShape(
            dials=call.dials,
            may_join=may_join,
            state=call.state,
            booking=call.booking or None,
            opens_s=int(buffers.start.total_seconds()),
            closes_s=int(buffers.end.total_seconds()),
            joins_itself_s=None if before is None else int(before.total_seconds()),
        )

    def _known(self, caller: Caller, key: str, wish: tuple[str, str, str]) -> JoinedShape | None:
        """What was done under a key of this caller.

        Raises:
            Problem: it was something else.
        """
        done = self._done.get((_who(caller), key))
        if done is None or self._clock.monotonic() - done.at > KEPT:
            return None
        if done.wish != wish:
            raise Problem(STATUSES["key_reused"], "key_reused")
        return done.shape

    def _keep(
        self, caller: Caller, key: str, wish: tuple[str, str, str], shape: JoinedShape
    ) -> None:
        if key:
            self._done[_who(caller), key] = _Done(wish, shape, self._clock.monotonic())
        while len(self._done) > MOST_KEYS:
            self._done.popitem(last=False)

    async def _note(
        self, caller: Caller, action: str, room: Room, booking: str, **detail: str
    ) -> None:
        await self._notes.note(caller.name, action, room.id, booking=booking, **detail)


def _who(caller: Caller) -> str:
    """Two displays of a room may choose the same key, and so may services of one name."""
    return caller.token or caller.name
