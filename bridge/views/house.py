"""What the views may look at, and a room's agenda as bytes that are made once."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

import msgspec
from multidict import CIMultiDict

from bridge.callers import Caller, Sight
from bridge.findings import NOT_IN_ROOMS, severity_of
from bridge.health import Health, Subject, Trouble
from bridge.limits import Limits, Network
from bridge.people.reception import Reception
from bridge.readers import Readers
from bridge.tokens import Token, Tokens
from bridge.views.further import Beyond
from bridge.views.rendered import Attended, Rendered, rendered
from bridge.views.touch import Gate
from bridge.views.visitors import ProblemPage
from bridge.words import ADVICE
from rooms.clock import Clock
from rooms.model import Agenda, Booking, Window
from rooms.room import Room
from rooms.store import Kept, Store

encode = msgspec.json.Encoder().encode

COMMON = {"Server": "roombridge", "X-Content-Type-Options": "nosniff"}
"""Headers of every answer."""
JSON = COMMON | {"Content-Type": "application/json", "Cache-Control": "no-cache"}

CACHED = 10_000
"""Agendas whose bytes are kept; each takes a few kibibytes."""

_OF_ENDPOINTS: tuple[Literal["endpoint", "reader"], ...] = ("endpoint", "reader")


class EndpointState(NamedTuple):
    """What one room system knows of one booking."""

    endpoint: str
    kind: str
    has_it: bool
    dial: str | None
    reason: str | None


class Presence(NamedTuple):
    """Whether anybody uses a room, whatever its calendar says."""

    state: Literal["unknown", "free", "in_use", "in_call"] = "unknown"
    since: datetime | None = None


class AskedToCheckIn(NamedTuple):
    """A booking that somebody must check in to."""

    opens: datetime
    until: datetime
    releases: bool
    """Whether the room is given back then."""


class Attendance(NamedTuple):
    """Who came to a room's bookings; the same object for as long as nothing of it changes."""

    checked_in: frozenset[str] = frozenset()
    asked: Mapping[str, AskedToCheckIn] = {}
    """By booking, those that nobody has checked in to yet."""


NOBODY_ASKED = Attendance()


@dataclass(kw_only=True)
class AttendanceCounts:
    """Sums since the start, for `/metrics`."""

    check_ins: Counter[tuple[str]] = field(default_factory=Counter)
    """By how."""
    releases: Counter[tuple[str]] = field(default_factory=Counter)
    """By scope: `this` or `series`."""


class EndpointStates(Protocol):
    """Who knows what the room systems were told."""

    def __call__(self, room: str, booking: Booking, /) -> tuple[EndpointState, ...]:
        """What each system of a room knows of a booking."""


class _Listed(NamedTuple):
    """The rooms of some lists, as long as the rooms are these."""

    rooms: Mapping[str, Room]
    of: dict[frozenset[str], frozenset[str]]


@dataclass(kw_only=True)
class House:
    """All that views look at; the composition root replaces parts of it on reload."""

    store: Store
    health: Health
    clock: Clock
    tokens: Tokens
    started: datetime
    rooms: Mapping[str, Room] = field(default_factory=dict)
    retired: Mapping[str, str] = field(default_factory=dict)
    """Rooms that left the inventory, whose displays are told so."""
    stale_after: timedelta = timedelta(minutes=20)
    proxies: Sequence[Network] = ()
    """Reverse proxies in front; nobody else is served then."""
    beyond: Beyond | None = None
    """Who reads outside of the served window."""
    endpoints: EndpointStates = lambda _room, _booking: ()
    room_endpoints: Callable[[str], Sequence[str]] = lambda _room: ()
    attendance: Callable[[str], Attendance] = lambda _room: NOBODY_ASKED
    """Who came to a room's bookings."""
    attended: AttendanceCounts = field(default_factory=AttendanceCounts)
    presence: Callable[[str], Presence] = lambda _room: Presence()
    """Whether anybody uses a room."""
    display: Callable[[Room], str] = lambda _room: ""
    """Changes with what a room's display is told of its looks and offers."""
    writable: Callable[[Room], bool] = lambda _room: False
    """Whether what holds a room's calendar can be written to, as far as is known."""
    dials: Callable[[str], bool] = lambda _room: False
    """Whether a room has a system that joins meetings."""
    gate: Gate | None = None
    """Who lets displays act; without one no display does anything."""
    problem_page: ProblemPage | None = None
    """Without one people are told of problems as JSON."""
    came: Callable[[Caller], None] = lambda _caller: None
    """A paired display showed its token."""
    came_late: Callable[[Token], None] = lambda _token: None
    """Somebody showed a token that has ended."""
    readers: Readers = field(default_factory=Readers)
    """Room systems that read their calendar here, and when they came."""
    people: Reception | None = None
    """Who lets people sign in; without one nobody can."""
    public_url: str = ""
    """How people elsewhere reach the appliance; empty where nobody said."""
    lists: Mapping[str, str] = field(default_factory=dict)
    """What people call each room list."""
    sources: Sequence[str] = ()
    """What calendars are read from, by name."""
    csrf: Callable[[Caller], str] = lambda _caller: ""
    """What the forms of a caller's session carry."""
    _listed: "_Listed" = field(init=False)
    _rendered: dict[tuple[str, Sight], Rendered] = field(default_factory=dict)
    limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        self.limits = Limits(self.clock)
        self._listed = _Listed(self.rooms, {})

    def placed(self, caller: Caller) -> Caller:
        """A caller with the rooms of the lists that they are for, as these are now."""
        if caller.lists is None:
            return caller
        return msgspec.structs.replace(caller, rooms=self.of_lists(caller.lists))

    def of_lists(self, lists: frozenset[str]) -> frozenset[str]:
        """The rooms of these lists; looked up once for as long as the rooms are the same."""
        if self._listed.rooms is not self.rooms:
            self._listed = _Listed(self.rooms, {})
        known = self._listed.of.get(lists)
        if known is None:
            rooms = self.rooms.values()
            known = frozenset(room.id for room in rooms if not lists.isdisjoint(room.lists))
            self._listed.of[lists] = known
        return known

    def holds(self, caller: Caller, room: str) -> bool:
        """Whether somebody who was let in to look at a room still would be."""
        if caller.lists is not None and room not in self.of_lists(caller.lists):
            return False
        if caller.session is not None:
            return self.people is not None and self.people.holds(caller.session)
        return self.tokens.holds(caller)

    def knows_list(self, name: str) -> bool:
        """Whether there is such a room list."""
        return name in self.lists or bool(self.of_lists(frozenset([name])))

    @property
    def proxied(self) -> bool:
        """Whether callers come through a reverse proxy: loopback then proves nothing."""
        return bool(self.proxies)

    def stale(self, kept: Kept | None, now: datetime) -> bool:
        """Whether an agenda was not read well for too long."""
        return kept is None or now - kept.as_of > self.stale_after

    def agenda(self, room: Room, caller: Caller, now: datetime) -> Rendered:
        """A room's agenda as this caller sees it, with all that an answer needs."""
        found = self.outline(room, caller, now)
        if found.headers is None:
            found = _answerable(self.whole(found, caller))
            self._keep(found, caller.sight)
        return found

    def outline(self, room: Room, caller: Caller, now: datetime) -> Rendered:
        """A room's agenda as this caller sees it, perhaps without its bytes.

        It has them where it is new, and they are kept where somebody asked for them before.
        """
        kept, attendance, sight = self.store.kept(room.id), self.attendance(room.id), caller.sight
        stale = self.stale(kept, now)
        known = self._rendered.get((room.id, sight))
        if known is None or not known.shows(room, kept, attendance, stale=stale):
            found = self._made(room, kept, attendance, stale=stale, sight=sight)
            self._keep(found.outline(), sight)
        elif known.kept is kept:
            found = known
        else:
            found = known.read_again(kept)
            self._keep(found, sight)
        return found

    def whole(self, found: Rendered, caller: Caller) -> Rendered:
        """An agenda with its bytes."""
        if found.tail is not None:
            return found
        return self._made(
            found.room, found.kept, found.attendance, stale=found.stale, sight=caller.sight
        )

    def let_go(self, room: str, caller: Caller) -> None:
        """Whoever listens has been told: the bytes are made again if somebody asks for them.

        Thousands of rooms are only ever listened to.
        """
        known = self._rendered.get((room, caller.sight))
        if known is not None and known.tail is not None:
            self._keep(known.outline(), caller.sight)

    def _keep(self, found: Rendered, sight: Sight) -> None:
        if len(self._rendered) >= CACHED:
            self._rendered.clear()
        self._rendered[found.room.id, sight] = found

    def _made(
        self,
        room: Room,
        kept: Kept | None,
        attendance: Attended,
        *,
        stale: bool,
        sight: Sight,
    ) -> Rendered:
        """What is kept of a room, with its bytes."""
        held = self.store.agenda(room.id)
        shown = held.bookings if held else ()
        return rendered(room, kept, shown, attendance, stale=stale, sight=sight)

    def part(self, whole: Rendered, caller: Caller, span: Window) -> Rendered:
        """A part of an agenda, made for this one answer."""
        room, sight = whole.room, caller.sight
        held = self.store.agenda(room.id)
        inside = [one for one in held.bookings if span.overlaps(one.window)] if held else []
        attendance = self.attendance(room.id)
        made = rendered(room, whole.kept, inside, attendance, stale=whole.stale, sight=sight)
        return _answerable(made)

    def beyond_window(self, room: Room, caller: Caller, agenda: Agenda) -> Rendered:
        """An agenda that is not kept, made for this one answer."""
        kept = Kept(
            mailbox=room.mailbox, shown=b"", as_of=agenda.as_of, window=agenda.window, version=0
        )
        attendance = self.attendance(room.id)
        made = rendered(room, kept, agenda.bookings, attendance, stale=False, sight=caller.sight)
        return _answerable(made)

    def health_of(self, room: Room, now: datetime) -> tuple[Trouble, ...]:
        """What fails around a room: its calendar, its source, its systems, the bridge itself.

        Displays tell it at the door: what only engineers need to know is told elsewhere.
        """
        found = self.health.of(
            Subject("room", room.id),
            Subject("fault", room.id),
            Subject("source", room.source),
            Subject("identity", room.source),
            *(
                Subject(kind, name)
                for name in self.room_endpoints(room.id)
                for kind in _OF_ENDPOINTS
            ),
            Subject("bridge", ""),
        )
        told = (trouble for trouble in found if trouble.code not in NOT_IN_ROOMS)
        return (*self.age_of(room, now), *told)

    def age_of(self, room: Room, now: datetime) -> tuple[Trouble, ...]:
        """What is to be said of an agenda's age."""
        kept = self.store.kept(room.id)
        if kept is None:
            return (_trouble("never_read", self.started),)
        if self.stale(kept, now):
            return (_trouble("stale", kept.as_of + self.stale_after),)
        return ()


def _trouble(code: str, since: datetime) -> Trouble:
    words, fix = ADVICE[code]
    return Trouble(code=code, since=since, words=words, fix=fix, severity=severity_of(code))


def _answerable(made: Rendered) -> Rendered:
    """With the headers of an answer."""
    return msgspec.structs.replace(made, headers=_headers(made.kept, made.etag))


def _headers(kept: Kept | None, etag: str) -> CIMultiDict[str]:
    """A 304 must tell the age too, and which span of time the answer is about."""
    headers = CIMultiDict(JSON)
    headers["ETag"] = etag
    headers["Agenda-As-Of"] = _time(kept.as_of) if kept else "never"
    if kept is not None:
        headers["Agenda-Window"] = f"{_time(kept.window.start)}/{_time(kept.window.end)}"
    return headers


def _time(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")[:19] + "Z"
