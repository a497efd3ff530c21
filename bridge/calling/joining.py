"""Joining: which of a room's systems dials, and that a meeting is dialled once."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from bridge.calling import order
from bridge.calling.units import Refused, Units, refusal
from bridge.settings.model import EndpointSettings
from connector.endpoint import Dials, Order, PhoneCall
from connector.errors import ConnectorError, Denied
from rooms.changeover import Changeover
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
UNSURE = "it may be in another call than this meeting's: hang up at the device"
_PASSED_OVER = frozenset({"unreachable", "unsupported", "not_found", "gone", "certificate_changed"})
"""Reasons that mean that nothing was dialled: another system of the room may."""

Went = Literal["dialled", "already", "busy", "silent"]
Whose = Literal["ours", "anothers", "unsure"]


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
    ids: frozenset[str] = frozenset()
    """The device's ids of the call, once it told them."""
    changed: bool = False
    """Whether it told of another call since, or of none: what it is in may be anybody's."""


class _Refusal(NamedTuple):
    """What a room was refused last."""

    wish: tuple[str, str]
    refused: Refused
    at: float


class _Left(NamedTuple):
    """What a room was told to leave last, and what came of it."""

    bookings: tuple[str, ...]
    at: float
    refused: Refused | None = None


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
        self._left: dict[str, _Left] = {}
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

    def follow(self, change: Changeover) -> None:
        """Rooms have other ids: their systems are in the same calls as before."""
        self._by_room = {
            room: [msgspec.structs.replace(one, room=room) for one in found]
            for room, found in change.of(self._by_room).items()
        }
        self._refusals, self._left = change.of(self._refusals), change.of(self._left)
        self._locks = change.of(self._locks)

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
            calls = self._observed(settings.id, await endpoint.calls())
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
            last, now = self._last.get(settings.id), self._clock.monotonic()
            same = went == "already" and last and last.booking == call.booking
            self._last[settings.id] = (
                last._replace(at=now) if last and same else _Last(call.booking, now)
            )
        return went

    async def leave(self, room: Room, *bookings: str, sure: bool = False) -> str:
        """End the room's call if it is for one of these; the system that did, empty for none.

        With `sure` one hangs up only if it tells of its calls.

        Raises:
            ConnectorError: a system failed.
            Refused: it dialled for one of these, and may be in another call now.
        """
        left, refused = "", None
        async with self._locks.setdefault(room.id, asyncio.Lock()):
            last = self._left.get(room.id)
            if last and last.bookings == bookings and self._ago(last.at) < BRAKE:
                if last.refused:
                    raise Refused(last.refused.code, last.refused.words, again=True)
                return left
            for settings in self.diallers(room.id):
                whose = await self._quit(settings.id, bookings, sure=sure)
                if whose == "ours":
                    left = settings.id
                    self.forget(settings.id)
                elif whose == "unsure":
                    refused = Refused("endpoint_busy", UNSURE)
            self._left[room.id] = _Left(bookings, self._clock.monotonic(), refused)
        if refused and not left:
            raise refused
        return left

    async def _quit(self, name: str, bookings: tuple[str, ...], *, sure: bool) -> Whose:
        """Have a system end its call if that is certainly for one of these."""

        async def quit_(endpoint: Dials) -> Whose:
            calls = self._observed(name, await endpoint.calls())
            whose = self._whose(name, calls, bookings)
            if calls is None and sure and whose == "ours":
                return "unsure"
            if whose == "ours":
                await endpoint.hang_up()
            return whose

        return await self._units.act(name, quit_)

    def _whose(
        self, name: str, calls: Sequence[PhoneCall] | None, bookings: tuple[str, ...]
    ) -> Whose:
        """Whose the calls are that a system is in: hanging up ends all of them."""
        last = self._last.get(name)
        told = {call.booking for call in calls or ()}
        if told & {*bookings}:
            return "ours" if told <= {*bookings} else "unsure"
        if told - {""} or (calls is not None and not calls):
            return "anothers"
        if last is None or last.booking not in bookings:
            return "anothers"
        return "unsure" if last.changed else "ours"

    def forget(self, name: str) -> None:
        """A system was told to end its calls: nothing of before counts."""
        self._last.pop(name, None)
        self._seen.pop(name, None)

    def told(self, name: str, calls: Sequence[PhoneCall] | None) -> None:
        """A system told of its calls by itself: what it answered before is old."""
        self._seen.pop(name, None)
        if calls is not None:  # only its connection ended
            self._observed(name, calls)

    def _observed(self, name: str, calls: Sequence[PhoneCall] | None) -> Sequence[PhoneCall] | None:
        """The calls that go on, and whether they can still be what it was told to dial.

        Where it is in none any more, the next one is another's: nobody ends that for a booking.
        """
        going, last = _going(calls), self._last.get(name)
        if last is None or (going is None and not last.ids):
            return going
        if not going and self._ago(last.at) >= RECENT:
            del self._last[name]
        if going is None or name not in self._last:  # some tell of calls while there are any
            return going
        ids = frozenset(call.id for call in going)
        other = len(going) > 1 or any(call.direction == "in" for call in going)
        changed = other or bool(last.ids and (not ids or ids - last.ids))
        self._last[name] = last._replace(ids=last.ids or ids, changed=last.changed or changed)
        return going

    def _is_for(self, name: str, calls: Sequence[PhoneCall], booking: str) -> bool:
        """Whether the call that a system is in is a booking's, by its word or by our memory."""
        last = self._last.get(name)
        ours = last is not None and last.booking == booking and not last.changed
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
            booking=told or (last.booking if last is not None and not last.changed else ""),
        )

    async def _asked(self, name: str) -> Sequence[PhoneCall] | None:
        """The calls of a system that dialled for us, asked for now and then."""
        seen = self._seen.get(name)
        if seen is None or self._ago(seen.at) >= ASKED:
            calls: Sequence[PhoneCall] | None = None
            try:
                calls = self._observed(name, await self._units.act(name, _calls))
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
