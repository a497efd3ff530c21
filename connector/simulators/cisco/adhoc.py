"""What people ask for at a unit, and the calendar has yet to say yes to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from connector.simulators.cisco.bookings import Booking, stamp

if TYPE_CHECKING:  # a unit keeps these itself
    from connector.simulators.cisco.codec import Codec

TIMEOUT = "Bookings/AdhocBooking/BookingTimeout"
LEEWAY = timedelta(minutes=1)
"""How far the times of a list may be from those asked for: calendars may count in minutes."""
USUAL_TIMEOUT = 60
"""Seconds, where the version has no such setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A request that no list has confirmed so far."""

    kind: Literal["book", "extend", "edit"]
    uuid: str
    booking: Booking
    """As it is to become."""
    before: Booking | None = None
    """As it was; nothing for a new one."""
    until: datetime


class Adhoc:
    """The requests of one unit.

    A new booking is shown at once, and withdrawn when no list held it in time. All else stays as
    it was until a list says otherwise.
    """

    def __init__(self, codec: "Codec") -> None:
        self._codec = codec
        self.pending: list[Pending] = []

    def ask(
        self,
        kind: Literal["book", "extend", "edit"],
        booking: Booking,
        *,
        before: Booking | None = None,
        uuid: str = "",
    ) -> None:
        """Wait for a list that holds this."""
        settings = self._codec.configuration
        seconds = int(settings[TIMEOUT]) if TIMEOUT in settings else USUAL_TIMEOUT
        until = self._codec.now() + timedelta(seconds=seconds)
        self.pending.append(
            Pending(kind=kind, uuid=uuid, booking=booking, before=before, until=until)
        )
        self._codec.roused()

    def shown(self) -> tuple[Booking, ...]:
        """New bookings that are on the screen and on no list."""
        return tuple(one.booking for one in self.pending if one.kind == "book")

    def confirm(self, listed: Iterable[Booking]) -> None:
        """Take what a list holds as granted."""
        found = tuple(listed)
        for one in tuple(self.pending):
            granted = next((booking for booking in found if _grants(booking, one)), None)
            if granted is None:
                continue
            self.pending.remove(one)
            if one.kind == "book":
                self._created(one, granted)
            elif one.before is not None and granted.start != one.before.start:
                self._codec.news.event(
                    "Bookings/BookingMoved", **identity(granted), **_times(granted)
                )

    def _created(self, one: Pending, granted: Booking) -> None:
        self._codec.news.event(
            "Bookings/BookingCreated",
            BookingRequestUUID=one.uuid,
            **identity(granted),
            **_times(granted),
            OrganizerEmail=granted.organizer.email,
            OrganizerId=granted.organizer.id,
            OrganizerName=granted.organizer.name,
            Title=granted.title,
        )

    def expire(self, now: datetime) -> None:
        """Withdraw what nobody confirmed in time."""
        for one in tuple(self.pending):
            if now >= one.until:
                self.fail(one, "Timeout")

    def fail(self, one: Pending, cause: str) -> None:
        """Withdraw a request, and say why."""
        self.pending.remove(one)
        codec = self._codec
        if one.kind == "book":
            codec.bookings = tuple(b for b in codec.bookings if b is not one.booking)
            codec.news.event(
                "Bookings/BookingFailed", BookingRequestUUID=one.uuid, FailureCause=cause
            )
        elif one.kind == "extend" and one.before is not None:
            codec.news.event(
                "Bookings/ExtensionFailed",
                ExtensionStart=stamp(one.before.end),
                FailureCause=cause,
                OriginalMeetingId=one.before.meeting_id,
            )
        elif codec.version.at_least(26):
            codec.news.event(
                "Bookings/EditFailed", FailureCause=cause, MeetingId=one.booking.meeting_id
            )
        codec.news.changed()


def _grants(booking: Booking, one: Pending) -> bool:
    """Whether a booking of a list is what was asked for.

    Its times tell, for a new one has another id in the calendar.
    """
    if one.kind == "extend":
        return booking.id == one.booking.id and booking.end >= one.booking.end
    away = max(abs(booking.start - one.booking.start), abs(booking.end - one.booking.end))
    return away < LEEWAY and (one.kind == "book" or booking.id == one.booking.id)


def identity(booking: Booking) -> dict[str, str]:
    """How events name a booking."""
    return {"Id": booking.id, "MeetingId": booking.meeting_id}


def _times(booking: Booking) -> dict[str, str]:
    return {"Duration": str(minutes(booking)), "StartTime": stamp(booking.start)}


def minutes(booking: Booking) -> int:
    """How long a booking is."""
    return int((booking.end - booking.start).total_seconds() // 60)
