"""Rooms, events, bookings and agendas: frozen values without a network or a clock."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec


class Value(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A frozen value whose defaults are not written down when it is stored.

    None can hold itself: the garbage collector need not look at hundreds of thousands of them.
    """


class Window(Value, frozen=True, kw_only=True):
    """A span of time between two aware UTC instants; the end is not part of it."""

    start: datetime
    end: datetime

    @classmethod
    def around(cls, now: datetime, past: timedelta, ahead: timedelta) -> "Window":
        """From `past` before now to `ahead` after it."""
        return cls(start=now - past, end=now + ahead)

    def overlaps(self, other: "Window") -> bool:
        """Whether they share time; a span without length counts where it starts."""
        if other.start == other.end:
            return self.start <= other.start < self.end
        return other.start < self.end and other.end > self.start

    def window(self, _where: ZoneInfo) -> "Window":
        """The same instants in every zone."""
        return self


class Days(Value, frozen=True, kw_only=True):
    """Whole days that float: they begin at midnight wherever the room is."""

    first: date
    after: date
    """The day after the last one."""

    def window(self, where: ZoneInfo) -> Window:
        """The instants at which these days begin and end in a zone."""
        return Window(start=_midnight(self.first, where), end=_midnight(self.after, where))


def _midnight(day: date, where: ZoneInfo) -> datetime:
    """The first instant of a day, in UTC; the day may begin late where clocks jump at midnight."""
    return datetime.combine(day, time(), tzinfo=where).astimezone(UTC)


class Person(Value, frozen=True, kw_only=True):
    """Somebody in an invitation."""

    name: str = ""
    address: str = ""


class Response(StrEnum):
    """What the room answered to an invitation."""

    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


class Event(Value, frozen=True, kw_only=True):
    """A calendar entry as its source reported it: transient, holds the body, never kept."""

    id: str
    """The source's own id: opaque, compared exactly."""
    uid: str = ""
    """The same for every copy of the meeting in every mailbox (iCalendar UID)."""
    occurrence: str = ""
    """Which occurrence of a series, by its original start; empty for a single meeting."""
    when: Window | Days | None
    """None where its times make no sense; the rest of the calendar is still good."""
    subject: str = ""
    organizer: Person = Person()
    private: bool = False
    cancelled: bool = False
    own: bool = False
    """Whether the room itself organised it; nobody's invitation passed its mailbox rules."""
    response: Response = Response.ACCEPTED
    blocks: bool = True
    """Whether the room is taken meanwhile; a note marked *free* does not take it."""
    locations: tuple[str, ...] = ()
    online_url: str = ""
    """The join link the service itself attached."""
    body: str = ""
    html: bool = False


class JoinDetails(Value, frozen=True, kw_only=True):
    """What one touch needs. URIs stand without their scheme."""

    provider: str
    meeting_id: str | None = None
    passcode: str | None = None
    """What a person types."""
    numeric_passcode: str | None = None
    """What a room system types."""
    join_url: str | None = None
    sip: str | None = None
    """The best SIP URI to dial, composed from what was found."""
    sip_printed: str | None = None
    """The SIP URI as it stood in the text."""
    h323: str | None = None
    h323_gateways: tuple[str, ...] = ()


class NoJoinReason(StrEnum):
    """Why a booking has no join button."""

    NO_ONLINE_MEETING = "no_online_meeting"
    BODY_STRIPPED = "body_stripped"
    LINK_UNREADABLE = "link_unreadable"
    NO_DIAL_ROUTE = "no_dial_route"
    PASSCODE_UNKNOWN = "passcode_unknown"
    PRIVATE_HIDDEN = "private_hidden"
    TENTATIVE = "tentative"
    ALL_DAY_EXCLUDED = "all_day_excluded"
    RULE_EXCLUDED = "rule_excluded"


class Booking(Value, frozen=True, kw_only=True):
    """An event as its room shows it; a private one has lost its words already."""

    id: str
    """URL-safe, at most 64 characters, stable while the meeting lives, moved or not."""
    start: datetime
    end: datetime
    all_day: bool = False
    title: str = ""
    organizer: str = ""
    organizer_address: str = ""
    private: bool = False
    state: Literal["confirmed", "tentative"] = "confirmed"
    blocks: bool = True
    checked_in: bool = False
    series: str = ""
    """The same for all occurrences of a series; empty for a single meeting."""
    join: JoinDetails | None = None
    no_join_reason: NoJoinReason | None = None

    @property
    def can_join(self) -> bool:
        """Whether one touch is enough."""
        return self.join is not None and self.no_join_reason is None

    @property
    def takes_room(self) -> bool:
        """Whether it takes the room: neither a note does, nor what has no length."""
        return self.blocks and self.start < self.end

    @property
    def window(self) -> Window:
        """When it is."""
        return Window(start=self.start, end=self.end)


class LeftOut(Value, frozen=True, kw_only=True):
    """An event that is not in the agenda, for `explain`; masked like a booking."""

    id: str
    start: datetime | None = None
    end: datetime | None = None
    title: str = ""
    reason: str
    """`cancelled`, `declined`, `unreadable`, or a no-join reason that hides."""


class Buffers(Value, frozen=True, kw_only=True):
    """When a meeting can be joined: from so long before its start to so long after its end."""

    start: timedelta = timedelta(minutes=5)
    end: timedelta = timedelta()


class Agenda(Value, frozen=True, kw_only=True):
    """All bookings of one room in a window, in order of time."""

    room: str
    as_of: datetime
    """When the source was last read well."""
    window: Window
    bookings: tuple[Booking, ...] = ()
    buffers: Buffers = Buffers()
