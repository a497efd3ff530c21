"""A room's agenda as iCalendar (RFC 5545, 7986), for calendars that people subscribe to."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web

from bridge.callers import Caller, Sight
from bridge.views.faces.lines import day, folded, instant, parameter, text, uri
from bridge.views.house import COMMON, House
from bridge.views.render import joins, seen
from bridge.views.rendered import Rendered
from bridge.views.rooms import matches, seen_room
from bridge.views.web import Route
from rooms.model import Booking
from rooms.room import Room

REFRESH = "PT5M"
"""How often a subscriber may ask (RFC 7986 §5.7)."""
KEPT = 2000
"""Calendars whose bytes are kept."""
_STAMP = "@@DTSTAMP@@"


class _Made(NamedTuple):
    """A calendar as it is sent."""

    rendered: Rendered
    room: Room
    etag: str
    body: bytes
    since: datetime


@dataclass(kw_only=True)
class Calendars:
    """Calendars of rooms, each made once for as long as its agenda stays."""

    _made: dict[tuple[str, Sight], _Made] = field(default_factory=dict)

    async def serve(self, house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        """A room's calendar, or that it has not changed."""
        room = seen_room(house, caller, request)
        made = self._calendar(house, caller, room)
        kept = made.rendered.kept
        headers = COMMON | {
            "Content-Type": "text/calendar; charset=utf-8",
            "Content-Disposition": f'inline; filename="{room.id}.ics"',
            "Cache-Control": "no-cache",
            "ETag": made.etag,
            "Agenda-As-Of": f"{kept.as_of:%Y-%m-%dT%H:%M:%SZ}" if kept else "never",
        }
        asked = request.headers.get(hdrs.IF_NONE_MATCH)
        if asked is not None and matches(asked, made.etag):
            return web.Response(status=304, headers=headers)
        return web.Response(body=made.body, headers=headers)

    def _calendar(self, house: House, caller: Caller, room: Room) -> _Made:
        now = house.clock.now()
        rendered = house.agenda(room, caller, now)
        key = (room.id, caller.sight)
        known = self._made.get(key)
        if known is not None and known.rendered.etag == rendered.etag and known.room is room:
            return known._replace(rendered=rendered)
        held = house.store.agenda(room.id)
        bookings = held.bookings if held else ()
        old = rendered.kept.as_of if rendered.stale and rendered.kept else None
        lines = "\n".join(_lines(room, bookings, caller, old))
        etag = f'W/"{hashlib.blake2b(lines.encode(), digest_size=12).hexdigest()}"'
        since = known.since if known is not None and known.etag == etag else now
        stamped = lines.replace(_STAMP, instant(since)).split("\n")
        body = b"".join(map(folded, stamped))
        made = _Made(rendered=rendered, room=room, etag=etag, body=body, since=since)
        if len(self._made) >= KEPT:
            self._made.clear()
        self._made[key] = made
        return made


def _lines(
    room: Room, bookings: tuple[Booking, ...], caller: Caller, old: datetime | None
) -> Iterator[str]:
    """All lines, unfolded; none of them holds a line break, as values were escaped."""
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield "PRODID:-//Room Calendar Bridge//calendar.ics//EN"
    yield "CALSCALE:GREGORIAN"
    yield f"NAME:{text(room.name)}"
    yield f"X-WR-CALNAME:{text(room.name)}"
    yield f"X-WR-TIMEZONE:{text(room.time_zone)}"
    yield f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}"
    yield f"X-PUBLISHED-TTL:{REFRESH}"
    if old is not None:
        yield f"DESCRIPTION:Not up to date: as of {old.astimezone(room.zone):%Y-%m-%d %H:%M}"
    for booking in bookings:
        yield from _event(room, booking, caller)
    yield "END:VCALENDAR"


def _event(room: Room, booking: Booking, caller: Caller) -> Iterator[str]:
    shown = seen(booking, room, caller.sight)
    yield "BEGIN:VEVENT"
    yield f"UID:{booking.id}.{room.id}@roombridge"
    # Without METHOD it is when this was last revised (RFC 5545 §3.8.7.2), not when it is sent.
    yield f"DTSTAMP:{_STAMP}"
    yield from _times(booking, room.zone)
    yield f"SUMMARY:{text(shown.title or 'Meeting')}"
    yield f"LOCATION:{text(room.name)}"
    yield f"STATUS:{'TENTATIVE' if booking.state == 'tentative' else 'CONFIRMED'}"
    yield f"TRANSP:{'OPAQUE' if booking.blocks else 'TRANSPARENT'}"
    yield f"CLASS:{'PRIVATE' if booking.private else 'PUBLIC'}"
    # ORGANIZER must be an address, and would turn the entry into an invitation.
    if shown.organizer:
        yield f"CONTACT:{text(shown.organizer)}"
    if joins(booking, caller.sight):
        yield from _join(booking)
    yield "END:VEVENT"


def _times(booking: Booking, zone: ZoneInfo) -> Iterator[str]:
    """Days float, as they did in the calendar; instants are told in UTC and need no VTIMEZONE."""
    if booking.all_day:
        yield f"DTSTART;VALUE=DATE:{day(booking.start.astimezone(zone).date())}"
        yield f"DTEND;VALUE=DATE:{day(booking.end.astimezone(zone).date())}"
    else:
        yield f"DTSTART:{instant(booking.start)}"
        if booking.end > booking.start:
            yield f"DTEND:{instant(booking.end)}"


def _join(booking: Booking) -> Iterator[str]:
    """The link for people (RFC 7986 §5.11); dial strings are for room systems, not for copies."""
    if booking.join is None or not booking.join.join_url:
        return
    link = uri(booking.join.join_url)
    label = parameter(booking.join.provider)
    yield f"URL:{link}"
    yield f"CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL={label}:{link}"


def routes(calendars: Calendars) -> tuple[Route, ...]:
    """The calendar's route."""
    return (
        Route(
            method="GET",
            path="/api/v1/rooms/{room}/calendar.ics",
            serve=calendars.serve,
            scope="read",
            basic=True,
            summary="A room's agenda as iCalendar",
            answer="text/calendar",
            also={304: "The calendar that If-None-Match names has not changed"},
            problems=("unknown_room",),
        ),
    )
