"""What people want at a room system: done as any caller's wish is, by the room's policy."""

from collections.abc import Callable
from typing import Literal, assert_never

import msgspec

from bridge.callers import Caller
from bridge.dispatch.wishes import Wish
from bridge.views.booking_shapes import CreateOrder, EndOrder, ExtendOrder, ReleaseOrder
from bridge.views.bookings import Asked
from bridge.views.shapes import ProblemShape
from bridge.views.web import Problem
from bridge.writing.actions import Actions
from connector.endpoint import BookingWanted, ExtensionWanted, ReleaseWanted
from rooms.agenda import plain
from rooms.room import Room

TITLE = "Booked at the room"
"""Of a booking for which the device gave none."""
LONGEST = 200
_NO_END = {"booking_not_running", "other_organizer", "whole_day"}
"""Why a booking cannot be ended though it can be given back."""


class Wishes:
    """Carries out wishes under the name `endpoint:<id>`."""

    def __init__(self, actions: Actions, room: Callable[[str], Room | None]) -> None:
        self._actions = actions
        self._room = room

    async def __call__(self, endpoint: str, room: str, wish: Wish, /) -> str:
        """Do it; the code of why not, empty where it was done."""
        known = self._room(room)
        if known is None:
            return "unknown_room"

        def asked(what: str, key: str = "", booking: str = "") -> Asked:
            caller = Caller(name=f"endpoint:{endpoint}", scopes=frozenset(["write"]), room=room)
            request = (f"{room}/{what}/{booking}", msgspec.json.encode(wish))
            return Asked(room=known, caller=caller, key=key, request=request, booking=booking)

        try:
            match wish:
                case BookingWanted():
                    answer = await self._actions.create(asked("book", wish.request), _order(wish))
                case ExtensionWanted():
                    extend = asked("extend", booking=wish.booking)
                    answer = await self._actions.extend(extend, ExtendOrder(end=wish.end))
                case ReleaseWanted():
                    return await self._given_back(asked, wish.booking)
                case other:
                    assert_never(other)
        except Problem as problem:
            return problem.code
        return _code(*answer)

    async def _given_back(
        self,
        asked: Callable[[Literal["end", "release"], str, str], Asked],
        booking: str,
    ) -> str:
        """End what runs, as far as the room may; call off or decline everything else."""
        code = _code(*await self._actions.end(asked("end", "", booking), EndOrder()))
        if code in _NO_END:
            answer = await self._actions.release(asked("release", "", booking), ReleaseOrder())
            code = _code(*answer)
        return code


def _order(wish: BookingWanted) -> CreateOrder:
    """A booking in whole minutes, as long as it was wanted."""
    start = wish.start.replace(second=0, microsecond=0)
    title = plain(wish.title)[:LONGEST] or TITLE
    return CreateOrder(title=title, start=start, end=wish.end - (wish.start - start))


def _code(status: int, body: bytes) -> str:
    return msgspec.json.decode(body, type=ProblemShape).code if status >= 400 else ""
