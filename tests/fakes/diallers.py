"""Room systems that dial what they are told, and a desk that speaks with one of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

from bridge.callers import Caller
from bridge.views.endpoint_shapes import (
    DialOrder,
    EndpointShape,
    JoinedShape,
    NothingOrder,
    PresentedShape,
    RoomCallShape,
    ToldShape,
    TonesOrder,
)
from bridge.views.openapi import STATUSES
from bridge.views.web import Problem
from connector.endpoint import Calendar, Order, PhoneCall
from connector.outside import Outside
from rooms.room import Room
from tests.fakes.endpoints import FakeOptions
from tests.fakes.virtual import NOON


class FakeDialler:
    """In one call at most.

    It tells of it unless it is `silent`, and which booking it is for unless it is `forgetful`.
    """

    def __init__(self) -> None:
        self.dialled: list[Order] = []
        self.sent: list[str] = []
        self.calendars: list[Calendar] = []
        self.current: PhoneCall | None = None
        self.silent = False
        self.forgetful = False
        self.errors: list[Exception] = []
        self.seconds = 0.0
        self.asked = 0

    async def dial(self, order: Order) -> None:
        """Call."""
        await self._trouble()
        self.dialled.append(order)
        booking = "" if self.forgetful else order.booking
        self.current = PhoneCall(id="1", state="connected", direction="out", booking=booking)

    async def hang_up(self) -> None:
        """End it."""
        await self._trouble()
        self.current = None

    async def calls(self) -> Sequence[PhoneCall] | None:
        """What there is."""
        self.asked += 1
        await self._trouble()
        if self.silent:
            return None
        return [self.current] if self.current else []

    async def tones(self, digits: str) -> None:
        """Send them."""
        await self._trouble()
        self.sent.append(digits)

    async def provision(self, calendar: Calendar) -> Sequence[str]:
        """Be pointed at a calendar."""
        await self._trouble()
        self.calendars.append(calendar)
        return ["calendar.url", "calendar.user"]

    async def _trouble(self) -> None:
        await asyncio.sleep(self.seconds)
        if self.errors:
            raise self.errors.pop(0)


class FakeDiallers:
    """A driver of systems that only dial."""

    Options = FakeOptions
    acknowledge = ""
    notice = ""

    def __init__(self) -> None:
        self.made: list[FakeDialler] = []

    @asynccontextmanager
    async def connect(self, _options: FakeOptions, _outside: Outside) -> AsyncIterator[FakeDialler]:
        """One more."""
        self.made.append(FakeDialler())
        yield self.made[-1]


class FakeEndpoints:
    """A desk that knows one room system, `codec`, and does whatever it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def every(self, room: str | None) -> Sequence[EndpointShape]:
        """That one."""
        return [self.one("codec")] if room in {None, "kestrel"} else []

    def one(self, name: str) -> EndpointShape:
        """How it stands."""
        self._known(name)
        return EndpointShape(
            id=name,
            kind="cisco",
            room="kestrel",
            address="10.0.0.1",
            can=("shows", "dials"),
            protocols=("sip",),
            state="shown",
            since=NOON,
            reachable=True,
            provisioned=None,
            shown_at=NOON,
            confirmed_at=None,
            connected=None,
            calls=None,
            facts=None,
            last_error=None,
            last_wish=None,
            visits=None,
            failures=0,
            drift=0,
            notice=None,
            health=(),
        )

    async def presented(self, name: str) -> PresentedShape:
        """Nothing."""
        self._known(name)
        return PresentedShape(
            endpoint=name,
            certificate=None,
            ends=None,
            names=(),
            weakness="",
            host_key=None,
            pinned="",
            host_key_pinned="",
            matches=None,
        )

    async def push(self, name: str, _order: NothingOrder, *, actor: str) -> ToldShape:
        """Shown."""
        return self._done(name, "shown", actor)

    async def provision(self, name: str, _order: NothingOrder, *, actor: str) -> ToldShape:
        """Provisioned."""
        return self._done(name, "provisioned", actor)

    async def dial(self, name: str, _order: DialOrder, *, actor: str) -> ToldShape:
        """Dialled."""
        return self._done(name, "dialled", actor)

    async def hang_up(self, name: str, _order: NothingOrder, *, actor: str) -> ToldShape:
        """Hung up."""
        return self._done(name, "hung_up", actor)

    async def tones(self, name: str, _order: TonesOrder, *, actor: str) -> ToldShape:
        """Sent."""
        return self._done(name, "tones_sent", actor)

    def _done(
        self,
        name: str,
        done: Literal["shown", "provisioned", "dialled", "hung_up", "tones_sent"],
        actor: str,
    ) -> ToldShape:
        self._known(name)
        self.told.append((done, actor))
        return ToldShape(endpoint=name, done=done)

    def _known(self, name: str) -> None:
        if name != "codec":
            raise Problem(404, "unknown_endpoint")


class FakeJoins:
    """Has every room join every booking, unless it is told to refuse or to dial for ever."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, str]] = []
        self.refuses = ""
        self.dials = True
        self.state: Literal["idle", "dialling", "in_call", "unknown"] = "idle"
        self.booking: str | None = None
        self.joins_itself_s: int | None = None
        self.comes_up = True

    async def join(self, room: Room, booking: str, *, key: str, caller: Caller) -> JoinedShape:
        """Joined."""
        self.asked.append(("join", room.id, booking, key))
        if self.refuses:
            raise Problem(STATUSES[self.refuses], self.refuses)
        self.state, self.booking = ("in_call" if self.comes_up else "dialling"), booking
        return JoinedShape(done="joined", booking=booking, endpoint=f"codec of {caller.name}")

    async def leave(self, room: Room, booking: str, *, key: str, caller: Caller) -> JoinedShape:
        """Left."""
        self.asked.append(("leave", room.id, booking, key))
        self.state, self.booking = "idle", None
        return JoinedShape(done="left", booking=booking, endpoint=f"codec of {caller.name}")

    async def call(self, room: Room, *, may_join: bool) -> RoomCallShape:
        """As it was told to be."""
        buffers = room.policy.buffers
        return RoomCallShape(
            dials=self.dials,
            may_join=may_join,
            state=self.state,
            booking=self.booking,
            opens_s=int(buffers.start.total_seconds()),
            closes_s=int(buffers.end.total_seconds()),
            joins_itself_s=self.joins_itself_s,
        )
