"""How all rooms stand, looked at once a second however many people ask."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from bridge.admin.plain import matter
from bridge.callers import Caller
from bridge.findings import FINDINGS, NOT_IN_ROOMS
from bridge.health import Health, Subject, Trouble
from bridge.views.display_shapes import FaultShape
from bridge.views.house import House
from bridge.views.pairing_shapes import PairedShape
from rooms.model import Booking, Window
from rooms.room import Room

LASTS = 1.0
"""Seconds for which what was seen is good."""
SLICE = 250
"""Rooms looked at before other callers get their turn."""

State = Literal["fine", "attention", "stale", "waiting"]
"""`fine`: read lately, and nothing fails; `attention`: read lately, but something fails; `stale`:
not read for too long; `waiting`: never read. Each room is in one of them."""
STATES: tuple[State, ...] = get_args(State)


class Today(NamedTuple):
    """What a room's calendar holds today, by its own clock."""

    meetings: int = 0
    joined: int = 0
    """Those with a join button."""
    missing: tuple[tuple[str, int], ...] = ()
    """How many have none, by reason."""


class Seen(NamedTuple):
    """How a room stands."""

    room: Room
    state: State
    matters: tuple[str, ...]
    """What is the matter, the worst of it first known."""
    today: Today
    systems: int
    failing: int
    """Of its systems."""
    fresh: bool = False
    """Not read yet, and nothing else is known of it: most often it was just added."""


class Counted(NamedTuple):
    """Sums over the rooms that somebody sees."""

    rooms: tuple[Seen, ...]
    states: Mapping[str, int]
    matters: Mapping[str, int]
    """Rooms by what is the matter; a room may be in several."""
    meetings: int
    joined: int
    missing: Mapping[str, tuple[int, int]]
    """Rooms, and their meetings of today without a join button, by reason."""
    sources: Mapping[str, int]
    """Rooms by the source that they are read from."""
    systems: int
    failing: int
    faults: tuple[FaultShape, ...]
    displays: tuple[PairedShape, ...]
    fresh: int
    """Rooms that are only not read yet."""


class Look(NamedTuple):
    """What was seen of everything at an instant."""

    at: datetime
    until: float
    """By the monotonic clock."""
    rooms: Mapping[str, Seen]
    sources: Mapping[str, tuple[str, ...]]
    """What is the matter with each source; only those that fail."""
    bridge: tuple[Trouble, ...]
    """What fails of the appliance itself."""
    counted: dict[frozenset[str] | None, Counted]


class Survey:
    """Looks at all rooms for everybody who asks in the same second."""

    def __init__(
        self,
        house: House,
        faults: Callable[[str], Sequence[FaultShape]],
        displays: Callable[[], Iterable[PairedShape]],
    ) -> None:
        self._house = house
        self._faults = faults
        self._displays = displays
        self._last: Look | None = None
        self._of: Mapping[str, Room] = {}
        """The rooms that were looked at last: a change of the inventory is seen at once."""
        self._looking = asyncio.Lock()
        self._todays: dict[str, tuple[bytes, datetime, Today]] = {}

    async def look(self) -> Look:
        """How all rooms stand, at most a second ago."""
        async with self._looking:
            return await self._fresh()

    async def counted(self, caller: Caller) -> tuple[Look, Counted]:
        """The sums over what a caller sees; counted once for all who see the same."""
        async with self._looking:
            look = await self._fresh()
            found = look.counted.get(caller.rooms)
            if found is None:
                seen = [one for one in look.rooms.values() if caller.sees(one.room.id)]
                found = look.counted[caller.rooms] = await self._counted(seen)
            return look, found

    async def _fresh(self) -> Look:
        monotonic = self._house.clock.monotonic
        known, began = self._last, monotonic()
        if known is None or known.until <= began or self._of is not self._house.rooms:
            self._of = self._house.rooms
            known = await self._looked(began)
            # Where looking takes very long it is not done all the time.
            ended = monotonic()
            until = max(known.until, ended + (ended - began))
            known = self._last = known._replace(until=until)
        return known

    async def _looked(self, began: float) -> Look:
        house, now = self._house, self._house.clock.now()
        troubles, sources = _troubles(house.health)
        days = _Days(now)
        rooms: dict[str, Seen] = {}
        for number, room in enumerate(tuple(house.rooms.values())):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            rooms[room.id] = self._seen(room, now, days, troubles, sources)
        for gone in self._todays.keys() - rooms.keys():
            del self._todays[gone]
        bridge = house.health.of(Subject("bridge", ""))
        return Look(now, began + LASTS, rooms, sources, bridge, {})

    def _seen(
        self,
        room: Room,
        now: datetime,
        days: "_Days",
        troubles: Mapping[Subject, tuple[str, ...]],
        sources: Mapping[str, tuple[str, ...]],
    ) -> Seen:
        house = self._house
        kept = house.store.kept(room.id)
        stale = house.stale(kept, now)
        systems = house.room_endpoints(room.id)
        found: list[str] = ["waiting"] if kept is None else ["late"] if stale else []
        found += sources.get(room.source, ())
        failing = 0
        if troubles:
            for kind in ("room", "fault", "display", "attendance", "auto_join"):
                found += troubles.get(Subject(kind, room.id), ())
            for name in systems:
                one = troubles.get(Subject("endpoint", name), ())
                one += troubles.get(Subject("reader", name), ())
                failing += bool(one)
                found += one
        state: State = (
            "waiting" if kept is None else "stale" if stale else "attention" if found else "fine"
        )
        fresh = found == ["waiting"]
        if kept is None and set(found) != {"waiting"}:
            found.remove("waiting")  # to wait would mend nothing
        matters = tuple(dict.fromkeys(found))
        return Seen(room, state, matters, self._today(room, days), len(systems), failing, fresh)

    def _today(self, room: Room, days: "_Days") -> Today:
        """Counted anew only where the agenda or the day is another."""
        kept = self._house.store.kept(room.id)
        if kept is None:
            return Today()
        day = days.of(room.zone)
        known = self._todays.get(room.id)
        if known is not None and known[0] is kept.shown and known[1] == day.start:
            return known[2]
        agenda = self._house.store.agenda(room.id)
        held = agenda.bookings if agenda else ()
        found = tally(one for one in held if day.overlaps(one.window))
        self._todays[room.id] = (kept.shown, day.start, found)
        return found

    async def _counted(self, seen: Sequence[Seen]) -> Counted:
        states, matters, sources = Counter[str](), Counter[str](), Counter[str]()
        rooms_missing, missing = Counter[str](), Counter[str]()
        faults: list[FaultShape] = []
        for number, one in enumerate(seen):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            states[one.state] += 1
            sources[one.room.source] += 1
            matters.update(one.matters)
            for reason, count in one.today.missing:
                rooms_missing[reason] += 1
                missing[reason] += count
            if "reported" in one.matters:
                faults += self._faults(one.room.id)
        ids = {one.room.id for one in seen}
        return Counted(
            rooms=tuple(seen),
            states=states,
            matters=dict(matters.most_common()),
            meetings=sum(one.today.meetings for one in seen),
            joined=sum(one.today.joined for one in seen),
            missing={name: (rooms_missing[name], n) for name, n in missing.most_common()},
            sources=dict(sorted(sources.items())),
            systems=sum(one.systems for one in seen),
            failing=sum(one.failing for one in seen),
            faults=tuple(sorted(faults, key=lambda fault: fault.since)),
            displays=tuple(one for one in self._displays() if one.room in ids),
            fresh=sum(one.fresh for one in seen),
        )


class _Days:
    """Today in each time zone, worked out once."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._known: dict[ZoneInfo, Window] = {}

    def of(self, zone: ZoneInfo) -> Window:
        """Today there."""
        found = self._known.get(zone)
        if found is None:
            found = self._known[zone] = today(self._now, zone)
        return found


def today(now: datetime, zone: ZoneInfo) -> Window:
    """From midnight to midnight by a zone's clock."""
    day = now.astimezone(zone).date()
    start, end = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
    return Window(start=start, end=end)


def tally(bookings: Iterable[Booking]) -> Today:
    """What bookings are to somebody who counts join buttons."""
    missing: Counter[str] = Counter()
    meetings = joined = 0
    for one in bookings:
        meetings += 1
        joined += one.can_join
        if one.no_join_reason is not None:
            missing[one.no_join_reason.value] += 1
    return Today(meetings, joined, tuple(missing.most_common()))


def told(health: Health) -> Iterator[tuple[Subject, Trouble]]:
    """What fails, but for what no room suffers from."""
    for subject, trouble in health.all():
        silent = trouble.code in FINDINGS or trouble.code in NOT_IN_ROOMS
        if not silent and trouble.severity != "info" and subject.kind != "bridge":
            yield subject, trouble


def _troubles(
    health: Health,
) -> tuple[dict[Subject, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """What is the matter by subject, and by source with its identity."""
    found: dict[Subject, tuple[str, ...]] = {}
    sources: dict[str, tuple[str, ...]] = {}
    for subject, trouble in told(health):
        what = matter(subject, trouble.code)
        if subject.kind in {"source", "identity"}:
            sources[subject.id] = (*sources.get(subject.id, ()), what)
        else:
            found[subject] = (*found.get(subject, ()), what)
    return found, sources
