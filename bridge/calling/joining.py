"""Joining: which of a room's systems dials, and that a meeting is dialled once."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bridge.calling import order
from bridge.calling.units import Refused, Units, refusal
from bridge.settings.model import EndpointSettings
from connector.endpoint import Dials, Order, PhoneCall
from connector.errors import ConnectorError, Denied
from rooms.clock import Clock
from rooms.model import Booking
from rooms.room import Room
from rooms.store import Store

RECENT = 10.0
"""Seconds within which the same booking is not dialled again: somebody pressed twice."""
ASKED = 5.0
"""Seconds for which what a system said of its calls is believed."""
RING_LIMIT = 60.0
"""Seconds for the question whether a system is idle and the order to dial: it may wake up first."""
DIALLING = 20.0
"""Seconds that a call takes to come up, at systems that do not tell."""
BRAKE = 2.0
"""Seconds within which the same wish is not asked of a system again after it was refused."""
LAST = frozenset({"sip"})
"""Kinds that are told to dial when no other system of the room can: EP-04."""
_PASSED_OVER = frozenset({"unreachable", "unsupported", "not_found", "gone", "certificate_changed"})
"""Reasons that mean that nothing was dialled: another system of the room may."""

Went = Literal["dialled", "already", "busy", "silent"]


class Joined(NamedTuple):
    """What came of it."""

    endpoint: str
    already: bool
    """Whether it was in this meeting before, or was told so a moment ago."""


@dataclass(frozen=True, kw_only=True)
class RoomCall:
    """The call of a room, as far as is known."""

    dials: bool
    """Whether the room has a system that dials."""
    state: Literal["idle", "dialling", "in_call", "unknown"] = "unknown"
    booking: str = ""
    """The booking it is for, where that is known."""


class _Last(NamedTuple):
    """What a system was told to dial last."""

    booking: str
    at: float


class _Refusal(NamedTuple):
    """What a room was refused last."""

    wish: tuple[str, str]
    refused: Refused
    at: float


class _Seen(NamedTuple):
    """What a system answered when it was asked for its calls."""

    calls: Sequence[PhoneCall] | None
    at: float


class Joining:
    """Has rooms join their meetings and leave them."""

    def __init__(self, units: Units, store: Store, clock: Clock) -> None:
        self._units = units
        self._store = store
        self._clock = clock
        self._by_room: Mapping[str, Sequence[EndpointSettings]] = {}
        self._last: dict[str, _Last] = {}
        self._seen: dict[str, _Seen] = {}
        self._refusals: dict[str, _Refusal] = {}
        self._left: dict[str, tuple[tuple[str, ...], float]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def adopt(self, endpoints: Iterable[EndpointSettings]) -> None:
        """These are the room systems, in the order of preference within each room."""
        by_room: dict[str, list[EndpointSettings]] = {}
        for one in endpoints:
            by_room.setdefault(one.room, []).append(one)
        self._by_room = {
            room: sorted(found, key=lambda one: one.kind in LAST) for room, found in by_room.items()
        }
        known = {one.id for found in by_room.values() for one in found}
        for memory in (self._last, self._seen):
            for gone in memory.keys() - known:
                del memory[gone]
        for gone in self._locks.keys() - by_room.keys():
            self._refusals.pop(gone, None)
            self._left.pop(gone, None)
            if not self._locks[gone].locked():
                del self._locks[gone]

    def diallers(self, room: str) -> list[EndpointSettings]:
        """The systems of a room that dial, the preferred one first."""
        return [one for one in self._by_room.get(room, ()) if self._dials(one.id)]

    def _dials(self, name: str) -> bool:
        try:
            return isinstance(self._units.endpoint(name), Dials)
        except KeyError:  # the configuration is just being changed
            return False

    async def join(self, room: Room, booking: str, *, only: str = "", sure: bool = False) -> Joined:
        """Have the room join a booking.

        `only` names the system that is meant; with `sure` one dials only if it says that it is in
        no call.

        Raises:
            Refused: it does not.
        """
        async with self._locks.setdefault(room.id, asyncio.Lock()):
            agenda, now = self._store.agenda(room.id), self._clock.now()
            found = order.joinable(agenda, booking, now, room.policy.buffers)
            last = self._refusals.get(room.id)
            if last and last.wish == (booking, only) and self._ago(last.at) < BRAKE:
                raise Refused(last.refused.code, last.refused.words, again=True)
            try:
                return await self._tried(self._ways(room, found, only), sure=sure)
            except Refused as refused:
                at = self._clock.monotonic()
                self._refusals[room.id] = _Refusal((booking, only), refused, at)
                raise

    async def _tried(self, ways: Sequence[tuple[EndpointSettings, Order]], *, sure: bool) -> Joined:
        """Join by the first way that leads there."""
        refused = Refused("no_endpoint")
        for settings, call in ways:
            try:
                return await self._joined(settings, call, sure=sure)
            except ConnectorError as error:
                refused = refusal(error)
                if not (isinstance(error, Denied) or error.reason in _PASSED_OVER):
                    break
        raise refused

    def _ways(
        self, room: Room, booking: Booking, only: str
    ) -> list[tuple[EndpointSettings, Order]]:
        """Systems of the room that can dial a booking, each with its call."""
        ways = []
        for one in self.diallers(room.id):
            call = order.of_booking(booking, one.options.protocols, room)
            if call is not None and only in {"", one.id}:
                ways.append((one, call))
        return ways

    async def _joined(self, settings: EndpointSettings, call: Order, *, sure: bool) -> Joined:
        last = self._last.get(settings.id)
        if last and last.booking == call.booking and self._ago(last.at) < RECENT:
            return Joined(settings.id, already=True)
        went = await self.ring(settings, call, sure=sure)
        if went == "busy":
            raise Refused("endpoint_busy")
        if went == "silent":
            raise Refused("endpoint_unsupported", "it does not tell whether it is in a call")
        return Joined(settings.id, already=went == "already")

    async def ring(self, settings: EndpointSettings, call: Order, *, sure: bool = False) -> Went:
        """Have a system dial, unless it is in a call.

        Raises:
            ConnectorError: it failed.
        """

        async def ring(endpoint: Dials) -> Went:
            calls = _going(await endpoint.calls())
            if calls is None and sure:
                return "silent"
            if calls:
                mine = call.booking and self._is_for(settings.id, calls, call.booking)
                return "already" if mine else "busy"
            await endpoint.dial(call)
            return "dialled"

        try:
            went = await self._units.act(settings.id, ring, seconds=RING_LIMIT)
        finally:
            self._seen.pop(settings.id, None)
        if went in {"dialled", "already"}:
            self._left.pop(settings.room, None)
            self._last[settings.id] = _Last(call.booking, self._clock.monotonic())
        return went

    async def leave(self, room: Room, *bookings: str) -> str:
        """End the room's call if it is for one of these; the system that did, empty for none.

        Raises:
            ConnectorError: a system failed.
        """
        left = ""
        async with self._locks.setdefault(room.id, asyncio.Lock()):
            last, at = self._left.get(room.id, ((), 0.0))
            if last == bookings and self._ago(at) < BRAKE:
                return left
            for settings in self.diallers(room.id):

                async def quit_(endpoint: Dials, name: str = settings.id) -> bool:
                    calls = _going(await endpoint.calls())
                    if not any(self._is_for(name, calls, one) for one in bookings):
                        return False
                    await endpoint.hang_up()
                    return True

                if await self._units.act(settings.id, quit_):
                    left = settings.id
                    self.forget(settings.id)
            self._left[room.id] = (bookings, self._clock.monotonic())
        return left

    def forget(self, name: str) -> None:
        """A system was told to end its calls: nothing of before counts."""
        self._last.pop(name, None)
        self._seen.pop(name, None)

    def told(self, name: str, calls: Sequence[PhoneCall] | None) -> None:
        """A system told of its calls by itself: what it answered before is old.

        Where it is in none any more, the next one is another's: nobody ends that for a booking.
        """
        self._seen.pop(name, None)
        last = self._last.get(name)
        if calls is not None and not _going(calls) and last and self._ago(last.at) >= RECENT:
            del self._last[name]

    def _is_for(self, name: str, calls: Sequence[PhoneCall] | None, booking: str) -> bool:
        """Whether the call that a system is in is a booking's, by its word or by our memory."""
        last = self._last.get(name)
        ours = last is not None and last.booking == booking
        if calls is None:
            return ours
        told = [call.booking for call in calls if call.booking]
        return booking in told or bool(calls and not told and ours)

    async def call(self, room: str) -> RoomCall:
        """The call that a room is in: as its systems told, or say if they dialled for us."""
        diallers = self.diallers(room)
        states = [await self._call(one.id) for one in diallers]
        ranks = ("in_call", "dialling", "unknown", "idle")
        return min(
            states, key=lambda one: ranks.index(one.state), default=RoomCall(dials=bool(diallers))
        )

    async def _call(self, name: str) -> RoomCall:
        last = self._last.get(name)
        status = self._units.status(name)
        calls = _going(status.calls)
        if last is not None and not (status.connected and calls is not None):
            calls = await self._asked(name)
        if calls is None:
            fresh = last is not None and self._ago(last.at) < DIALLING
            booking = last.booking if last is not None else ""
            return RoomCall(dials=True, state="dialling" if fresh else "unknown", booking=booking)
        if not calls:
            if last is not None and self._ago(last.at) < RECENT:  # it may begin in a moment
                return RoomCall(dials=True, state="dialling", booking=last.booking)
            self._last.pop(name, None)
            return RoomCall(dials=True, state="idle")
        told = next((one.booking for one in calls if one.booking), "")
        up = any(one.state in {"connected", "held"} for one in calls)
        return RoomCall(
            dials=True,
            state="in_call" if up else "dialling",
            booking=told or (last.booking if last is not None else ""),
        )

    async def _asked(self, name: str) -> Sequence[PhoneCall] | None:
        """The calls of a system that dialled for us, asked for now and then."""
        seen = self._seen.get(name)
        if seen is None or self._ago(seen.at) >= ASKED:
            calls: Sequence[PhoneCall] | None = None
            try:
                calls = _going(await self._units.act(name, _calls))
            except ConnectorError:
                calls = None  # its health says what is wrong
            seen = self._seen[name] = _Seen(calls, self._clock.monotonic())
        return seen.calls

    def _ago(self, at: float) -> float:
        return self._clock.monotonic() - at


async def _calls(endpoint: Dials) -> Sequence[PhoneCall] | None:
    return await endpoint.calls()


def _going(calls: Sequence[PhoneCall] | None) -> Sequence[PhoneCall] | None:
    """The calls that go on; one that ends does not count."""
    return None if calls is None else [call for call in calls if call.state != "ending"]
