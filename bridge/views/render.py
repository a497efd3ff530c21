"""Agendas as their callers see them. Pure."""

from datetime import datetime
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

import msgspec

from bridge.callers import Sight
from bridge.health import Trouble
from bridge.views.instants import local_times
from bridge.views.shapes import (
    AgendaRoomShape,
    BookingShape,
    CheckInShape,
    JoinShape,
    NextShape,
    OtherRoomShape,
    PresenceShape,
    RoomShape,
    TroubleShape,
)
from rooms.join import dial_string
from rooms.model import Agenda, Booking, JoinDetails
from rooms.room import Room


def agenda_room(room: Room) -> AgendaRoomShape:
    """The room of an agenda."""
    return AgendaRoomShape(
        id=room.id, name=room.name, mailbox=room.mailbox, time_zone=room.time_zone
    )


class CheckInAsked(Protocol):
    """A span in which somebody must check in."""

    @property
    def opens(self) -> datetime: ...  # noqa: D102 - as in CheckInShape
    @property
    def until(self) -> datetime: ...  # noqa: D102 - as in CheckInShape
    @property
    def releases(self) -> bool: ...  # noqa: D102 - as in CheckInShape


def seen(one: Booking, room: Room, sight: Sight) -> Booking:
    """A booking in the words that a caller may read, whatever form it is then told in.

    A door may be told to be silent about what meetings are and whose: title and organizer are
    empty then, and a title does not begin with the organizer's name. Whether a caller may know how
    it is joined says `joins`.
    """
    policy = room.policy.display
    if not masks(room, sight):
        return one
    title, organizer = one.title if policy.titles else "", one.organizer
    if not policy.organizers:
        # Exchange puts the organizer before the subject, or in its place, unless it is told not to
        # (`Set-CalendarProcessing -AddOrganizerToSubject`).
        title, organizer = f"{title} ".removeprefix(f"{organizer} ").strip(), ""
    return msgspec.structs.replace(one, title=title, organizer=organizer)


def masks(room: Room, sight: Sight) -> bool:
    """Whether `seen` takes any words away from a caller."""
    policy = room.policy.display
    return sight == "open" and not (policy.titles and policy.organizers)


def joins(one: Booking, sight: Sight) -> bool:
    """Whether a caller may know how a booking is joined; doors join private ones by the bridge."""
    return sight == "all" or (sight == "open" and not one.private)


def booking(
    one: Booking,
    zone: ZoneInfo,
    *,
    join: bool,
    checked_in: bool = False,
    check_in: CheckInAsked | None = None,
) -> BookingShape:
    """A booking in the room's time; `seen` and `joins` say how much of it is for whom."""
    times = local_times(zone)
    return BookingShape(
        id=one.id,
        start=times[one.start],
        end=times[one.end],
        all_day=one.all_day,
        title=one.title,
        organizer=one.organizer,
        private=one.private,
        state=one.state,
        show_as="busy" if one.blocks else "free",
        checked_in=checked_in or one.checked_in,
        check_in=CheckInShape(
            opens=check_in.opens.astimezone(zone),
            until=check_in.until.astimezone(zone),
            releases=check_in.releases,
        )
        if check_in
        else None,
        can_join=one.can_join,
        join=details(one.join) if join and one.join else None,
        no_join_reason=one.no_join_reason,
    )


def details(join: JoinDetails) -> JoinShape:
    """Join details; passcodes stay inside the dial strings."""
    dial = dial_string(join)
    return JoinShape(
        provider=join.provider,
        meeting_id=join.meeting_id,
        sip=join.sip,
        h323=join.h323,
        url=join.join_url,
        dial=dial.address if dial else None,
    )


def troubles(found: tuple[Trouble, ...]) -> tuple[TroubleShape, ...]:
    """What fails."""
    return tuple(
        TroubleShape(
            code=one.code,
            since=one.since,
            words=one.words,
            fix=one.fix,
            endpoint=one.endpoint,
            source=one.source,
        )
        for one in found
    )


class Standing:
    """How a room stands at an instant: free or busy, until when, and what comes next.

    By what takes the room alone: a note is not what comes next.
    """

    def __init__(self, agenda: Agenda | None, now: datetime) -> None:
        taken = [one for one in agenda.bookings if one.takes_room] if agenda else []
        self.busy = any(one.start <= now < one.end for one in taken)
        coming = (one for one in taken if one.start > now)
        self.next = min(coming, key=lambda one: (one.start, one.all_day), default=None)
        following = self.next.start if self.next else None
        self.until = _end_of_block(taken, now) if self.busy else following


def _end_of_block(taken: list[Booking], now: datetime) -> datetime:
    """When the room is free again: back-to-back and overlapping bookings count as one."""
    end = now
    for one in sorted(taken, key=lambda one: one.start):
        if one.start <= end < one.end:
            end = one.end
    return end


def room(
    one: Room,
    agenda: Agenda | None,
    found: tuple[Trouble, ...],
    now: datetime,
    *,
    sight: Sight,
    stale: bool,
    presence: PresenceShape,
) -> RoomShape:
    """A room and how it stands."""
    standing = Standing(agenda, now)
    return RoomShape(
        id=one.id,
        name=one.name,
        mailbox=one.mailbox,
        time_zone=one.time_zone,
        building=one.building,
        floor=one.floor,
        capacity=one.capacity,
        features=one.features,
        lists=one.lists,
        state="busy" if standing.busy else "free",
        until=standing.until.astimezone(one.zone) if standing.until else None,
        next=_next(seen(standing.next, one, sight), one.zone) if standing.next else None,
        as_of=agenda.as_of if agenda else None,
        age_s=age(agenda.as_of, now) if agenda else None,
        stale=stale,
        presence=presence,
        health=troubles(found),
    )


def presence(
    state: Literal["unknown", "free", "in_use", "in_call"], since: datetime | None
) -> PresenceShape:
    """Whether anybody uses a room."""
    return PresenceShape(state=state, since=since)


def _next(one: Booking, zone: ZoneInfo) -> NextShape:
    return NextShape(
        id=one.id,
        start=one.start.astimezone(zone),
        end=one.end.astimezone(zone),
        title=one.title,
        private=one.private,
    )


def other_room(one: Room, agenda: Agenda | None, now: datetime) -> OtherRoomShape:
    """What a display may know of a room that is not its own."""
    standing = Standing(agenda, now)
    return OtherRoomShape(
        id=one.id,
        name=one.name,
        building=one.building,
        floor=one.floor,
        state="busy" if standing.busy else "free",
        until=standing.until.astimezone(one.zone) if standing.until else None,
    )


def age(as_of: datetime, now: datetime) -> int:
    """Whole seconds since; never negative, whatever the clock did."""
    return max(0, int((now - as_of).total_seconds()))
