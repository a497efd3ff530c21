"""What happens at a unit by itself as time passes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from connector.simulators.cisco.adhoc import identity, minutes
from connector.simulators.cisco.bookings import Booking, stamp

if TYPE_CHECKING:  # a unit lives its own life
    from connector.simulators.cisco.codec import Codec

Cause: TypeAlias = Literal[
    "ManualCheckOut", "NoShow", "Deleted", "HotdeskSignout", "HotdeskOrganizerNotFoundInOrg"
]
"""Why a booking was deleted, in the words of the published schemas."""

COUNT = "RoomAnalytics/PeopleCountOutOfCall"
CHECK_IN = "Bookings/CheckIn/Enabled"
WINDOW = "Bookings/CheckIn/WindowDuration"
USUAL_WINDOW = 10
"""Minutes, where the version has no such setting."""
WARNING = timedelta(minutes=5)
"""How long before its end a meeting is told that it ends."""


class Life:
    """What was told of each booking, and who has checked in."""

    def __init__(self, codec: "Codec") -> None:
        self._codec = codec
        self._told: dict[str, set[str]] = {}
        self._present: set[str] = set()
        self._down = False

    def restart(self) -> None:
        """Tell of the start as soon as the unit is there."""
        self._down = True
        self._told.clear()
        self.tick()

    def tick(self) -> None:
        """Do all that has come due."""
        codec = self._codec
        if not codec.is_up():
            return
        if self._down:
            self._down = False
            codec.news.event("BootEvent", Action="Restart", Reason="Local")
        now = codec.now()
        for chore in codec.chores:
            chore(now)
        codec.adhoc.expire(now)
        for booking in codec.bookings:
            self._pass(booking, now)
        here = {booking.id for booking in codec.bookings}
        self._told = {key: told for key, told in self._told.items() if key in here}
        self._present &= here
        codec.news.changed()

    def _pass(self, booking: Booking, now: datetime) -> None:
        """Tell what has come to one booking."""
        told = self._told.setdefault(booking.id, set())
        for word, seconds in self._due(booking, now, told):
            told.add(word)
            more = {"Seconds": seconds} if word == "TimeRemaining" else {}
            if word == "End":
                more = _span(booking)
            self._codec.news.event(f"Bookings/{word}", **identity(booking), **more)
        if booking.runs(now):
            self._attend(booking, now)

    def _due(self, booking: Booking, now: datetime, told: set[str]) -> Iterator[tuple[str, str]]:
        """The events that have come due; nothing is told of a meeting that was over before."""
        opens = booking.start - timedelta(seconds=booking.start_buffer)
        closes = booking.end + timedelta(seconds=booking.end_buffer)
        seen = bool(told)
        left = str(int((booking.end - now).total_seconds()))
        for word, due in (
            ("StartTimeBuffer", opens <= now < booking.end and booking.start_buffer > 0),
            ("Start", booking.start <= now < booking.end),
            ("TimeRemaining", booking.end - WARNING <= now < booking.end),
            ("End", seen and booking.end <= now),
            ("EndTimeBuffer", seen and closes <= now and booking.end_buffer > 0),
        ):
            if due and word not in told:
                yield word, left

    def _attend(self, booking: Booking, now: datetime) -> None:
        """A call checks in; without anybody the room is given back."""
        settings = self._codec.configuration
        if not self._codec.turned(CHECK_IN) or booking.id in self._present:
            return
        window = int(settings[WINDOW]) if WINDOW in settings else USUAL_WINDOW
        counted = self._codec.people > 0 and self._codec.turned(COUNT)
        if self._codec.calls.all() or counted:
            self.check_in(booking)
        elif now >= booking.start + timedelta(minutes=window):
            self.delete(booking, "NoShow")

    def check_in(self, booking: Booking) -> None:
        """Somebody is there."""
        offset = self._codec.now() - booking.start
        self._present.add(booking.id)
        self._codec.news.event(
            "Bookings/CheckedIn",
            **identity(booking),
            StartTime=stamp(booking.start),
            EndTime=stamp(booking.end),
            MinuteOffset=str(int(offset.total_seconds() // 60)),
        )

    def delete(self, booking: Booking, cause: Cause) -> None:
        """Take a booking off the list, and tell why."""
        codec = self._codec
        now = codec.now()
        codec.adhoc.pending = [one for one in codec.adhoc.pending if one.booking is not booking]
        codec.bookings = tuple(one for one in codec.bookings if one is not booking)
        freed = booking.end - max(now, booking.start)
        codec.news.event(
            "Bookings/Deleted",
            Cause=cause,
            **identity(booking),
            **_span(booking),
            MinutesFreed=str(max(0, int(freed.total_seconds() // 60))),
            OrganizerId=booking.organizer.id,
            TimeStamp=stamp(now),
        )
        codec.news.changed()


def _span(booking: Booking) -> dict[str, str]:
    return {
        "StartTime": stamp(booking.start),
        "EndTime": stamp(booking.end),
        "ScheduledDuration": str(minutes(booking)),
    }
