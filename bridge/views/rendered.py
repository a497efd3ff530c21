"""A room's agenda as JSON, made once for all who see the same of it. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from multidict import CIMultiDict

from bridge.callers import Sight
from bridge.views import render
from rooms.model import Booking
from rooms.room import Room
from rooms.store import Kept

_encode = msgspec.json.Encoder().encode


class Attended(Protocol):
    """Who came to a room's bookings; the same object for as long as nothing of it changes."""

    @property
    def checked_in(self) -> frozenset[str]:
        """Bookings that somebody has checked in to."""

    @property
    def asked(self) -> Mapping[str, render.CheckInAsked]:
        """By booking, those that nobody has checked in to yet."""


class Rendered(msgspec.Struct, frozen=True, gc=False):
    """A room's agenda as JSON, but for its age, which changes every second.

    Thousands of them are kept, and nothing in them leads back to them: no garbage is looked for.
    """

    kept: Kept | None
    room: Room
    attendance: Attended
    stale: bool
    etag: str
    head: bytes = b""
    """All that comes before the age."""
    tail: bytes | None = None
    """All that comes after it; None in an outline, which knows what it is of and not the bytes."""
    headers: CIMultiDict[str] | None = None
    """Those of an answer, where somebody asked for one."""

    def shows(self, room: Room, kept: Kept | None, attendance: Attended, *, stale: bool) -> bool:
        """Whether it is the agenda of all this, whenever that was read."""
        own = self.kept
        return (
            (own is kept or (own is not None and kept is not None and own.shown is kept.shown))
            and self.attendance is attendance
            and self.stale == stale
            and self.room is room
        )

    def outline(self) -> "Rendered":
        """The same without its bytes."""
        return Rendered(self.kept, self.room, self.attendance, self.stale, self.etag)

    def read_again(self, kept: Kept | None) -> "Rendered":
        """The same as of another time."""
        if self.tail is None:
            return Rendered(kept, self.room, self.attendance, self.stale, self.etag)
        head = _head(_encode(render.agenda_room(self.room)), kept)
        return Rendered(kept, self.room, self.attendance, self.stale, self.etag, head, self.tail)

    def body(self, now: datetime) -> bytes:
        """The whole answer at an instant."""
        assert self.tail is not None  # noqa: S101 - outlines are never answered with
        if self.kept is None:
            return self.head + b"null" + self.tail
        return b"%b%d%b" % (self.head, render.age(self.kept.as_of, now), self.tail)


def rendered(
    room: Room,
    kept: Kept | None,
    shown: Sequence[Booking],
    attendance: Attended,
    *,
    stale: bool,
    sight: Sight,
) -> Rendered:
    """An agenda that shows these bookings."""
    zone, masks = room.zone, render.masks(room, sight)
    checked_in, asked = attendance.checked_in, attendance.asked
    bookings = [
        render.booking(
            render.seen(one, room, sight) if masks else one,
            zone,
            join=render.joins(one, sight),
            checked_in=one.id in checked_in,
            check_in=asked.get(one.id),
        )
        for one in shown
    ]
    room_json = _encode(render.agenda_room(room))
    tail = b',"stale":%b,"bookings":%b}' % (_encode(stale), _encode(bookings))
    # SHA-256 and not a faster hash: processors have instructions for it.
    digest = hashlib.sha256(room_json + tail, usedforsecurity=False).hexdigest()[:24]
    etag = f'W/"{digest}"'
    return Rendered(kept, room, attendance, stale, etag, _head(room_json, kept), tail)


def _head(room_json: bytes, kept: Kept | None) -> bytes:
    as_of = _encode(kept.as_of if kept else None)
    return b'{"room":%b,"as_of":%b,"age_s":' % (room_json, as_of)
