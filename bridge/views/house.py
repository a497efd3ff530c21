"""What the views may look at, and a room's agenda as bytes that are made once."""

import hashlib
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
from bridge.readers import Readers
from bridge.tokens import Token, Tokens
from bridge.views import render
from bridge.views.visitors import ProblemPage
from bridge.words import ADVICE
from rooms.clock import Clock
from rooms.display import Offer
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


class NotReadable(Exception):
    """A calendar cannot be read now; the code is one of health's."""

    def __init__(self, code: str, wait: int) -> None:
        super().__init__(code)
        self.code = code
        self.wait = wait
        """Seconds after which to ask again."""


class Beyond(Protocol):
    """Who reads calendars outside of the served window, when somebody asks."""

    def span(self, now: datetime) -> Window:
        """As far as can be asked for."""

    async def agenda(self, room: Room, span: Window) -> Agenda:
        """A room's agenda there.

        Raises:
            NotReadable: it failed; `too_many_requests`: it is asked for too often.
        """


class Touch(NamedTuple):
    """What somebody wants at a door."""

    offer: Offer
    asks: tuple[Offer, ...]
    """Where the PIN is asked for one of these, it is asked for this."""
    pin: str | None
    """What was typed; None for nothing."""
    acts: bool
    """Whether anything is to be done; otherwise it is only looked."""

    def __repr__(self) -> str:
        """All but what was typed."""
        typed = None if self.pin is None else "<secret>"
        return f"Touch(offer={self.offer!r}, asks={self.asks!r}, pin={typed}, acts={self.acts})"


class Gate(Protocol):
    """Who lets displays do what their room's policy offers."""

    async def __call__(self, caller: Caller, room: Room, touch: Touch, /) -> None:
        """Let it pass, or raise a Problem that says why not."""


class Rendered(NamedTuple):
    """A room's agenda as JSON, but for its age, which changes every second."""

    kept: Kept | None
    room: Room
    attendance: Attendance
    stale: bool
    etag: str
    room_json: bytes
    head: bytes
    """All that comes before the age."""
    tail: bytes | None
    """All that comes after it; None where nobody has asked for it since it was told."""
    headers: CIMultiDict[str] | None = None
    """Those of an answer, where somebody asked for one."""

    def body(self, now: datetime) -> bytes:
        """The whole answer at an instant."""
        assert self.tail is not None  # noqa: S101 - `House.agenda` answers with it
        if self.kept is None:
            return self.head + b"null" + self.tail
        return b"%b%d%b" % (self.head, render.age(self.kept.as_of, now), self.tail)


@dataclass(kw_only=True)
class House:
    """All that views look at; the composition root replaces parts of it on reload."""

    store: Store
    health: Health
    clock: Clock
    tokens: Tokens
    started: datetime
    rooms: Mapping[str, Room] = field(default_factory=dict)
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
    _rendered: dict[tuple[str, Sight], Rendered] = field(default_factory=dict)
    limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        self.limits = Limits(self.clock)

    @property
    def proxied(self) -> bool:
        """Whether callers come through a reverse proxy: loopback then proves nothing."""
        return bool(self.proxies)

    def stale(self, kept: Kept | None, now: datetime) -> bool:
        """Whether an agenda was not read well for too long."""
        return kept is None or now - kept.as_of > self.stale_after

    def agenda(self, room: Room, caller: Caller, now: datetime) -> Rendered:
        """A room's agenda as this caller sees it, with all that an answer needs."""
        found = self.whole(room, caller, now)
        if found.headers is None:
            found = _answerable(found)
            self._rendered[room.id, caller.sight] = found
        return found

    def whole(self, room: Room, caller: Caller, now: datetime) -> Rendered:
        """A room's agenda as this caller sees it."""
        found = self.outline(room, caller, now)
        if found.tail is None:
            del self._rendered[room.id, caller.sight]
            found = self.outline(room, caller, now)
        return found

    def let_go(self, room: str, caller: Caller) -> None:
        """Whoever listens has been told: the bytes are made again if somebody asks for them.

        Thousands of rooms are only ever listened to.
        """
        known = self._rendered.get((room, caller.sight))
        if known is not None and known.tail is not None:
            self._rendered[room, caller.sight] = known._replace(tail=None, headers=None)

    def outline(self, room: Room, caller: Caller, now: datetime) -> Rendered:
        """A room's agenda as this caller sees it, perhaps without its bytes."""
        kept = self.store.kept(room.id)
        stale = self.stale(kept, now)
        sight = caller.sight
        known = self._rendered.get((room.id, sight))
        if (
            known is not None
            and known.kept is kept
            and known.stale == stale
            and known.room is room
            and known.attendance is self.attendance(room.id)
        ):
            return known
        made = self._made(room, kept, stale=stale, sight=sight, known=known)
        if len(self._rendered) >= CACHED:
            self._rendered.clear()
        self._rendered[room.id, sight] = made
        return made

    def _made(
        self, room: Room, kept: Kept | None, *, stale: bool, sight: Sight, known: Rendered | None
    ) -> Rendered:
        """The bytes anew; where only the time of the read differs, from the old ones."""
        same = known is not None and known.attendance is self.attendance(room.id)
        if known is not None and same and _shows_the_same(known, room, kept, stale=stale):
            return known._replace(
                kept=kept,
                headers=None,
                head=_head(known.room_json, kept),
            )
        held = self.store.agenda(room.id)
        return self._rendering(room, kept, held.bookings if held else (), stale=stale, sight=sight)

    def part(self, whole: Rendered, caller: Caller, span: Window) -> Rendered:
        """A part of an agenda, made for this one answer."""
        held = self.store.agenda(whole.room.id)
        inside = [one for one in held.bookings if span.overlaps(one.window)] if held else []
        made = self._rendering(
            whole.room, whole.kept, inside, stale=whole.stale, sight=caller.sight
        )
        return _answerable(made)

    def beyond_window(self, room: Room, caller: Caller, agenda: Agenda) -> Rendered:
        """An agenda that is not kept, made for this one answer."""
        kept = Kept(
            mailbox=room.mailbox, shown=b"", as_of=agenda.as_of, window=agenda.window, version=0
        )
        made = self._rendering(room, kept, agenda.bookings, stale=False, sight=caller.sight)
        return _answerable(made)

    def _rendering(
        self,
        room: Room,
        kept: Kept | None,
        shown: Sequence[Booking],
        *,
        stale: bool,
        sight: Sight,
    ) -> Rendered:
        attendance, zone = self.attendance(room.id), room.zone
        bookings = tuple(
            render.booking(
                render.seen(one, room, sight),
                zone,
                join=render.joins(one, sight),
                checked_in=one.id in attendance.checked_in,
                check_in=attendance.asked.get(one.id),
            )
            for one in shown
        )
        room_json = encode(render.agenda_room(room))
        tail = b',"stale":' + encode(stale) + b',"bookings":' + encode(bookings) + b"}"
        etag = f'W/"{hashlib.blake2b(room_json + tail, digest_size=12).hexdigest()}"'
        return Rendered(
            kept=kept,
            room=room,
            attendance=attendance,
            stale=stale,
            etag=etag,
            room_json=room_json,
            head=_head(room_json, kept),
            tail=tail,
        )

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


def _shows_the_same(known: Rendered, room: Room, kept: Kept | None, *, stale: bool) -> bool:
    return (
        known.kept is not None
        and kept is not None
        and known.kept.shown is kept.shown
        and known.stale == stale
        and known.room is room
    )


def _head(room_json: bytes, kept: Kept | None) -> bytes:
    as_of = encode(kept.as_of if kept else None)
    return b'{"room":%b,"as_of":%b,"age_s":' % (room_json, as_of)


def _answerable(made: Rendered) -> Rendered:
    """With the headers of an answer."""
    return made._replace(headers=_headers(made.kept, made.etag))


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
