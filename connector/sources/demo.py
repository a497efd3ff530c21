"""Invented meetings, every day the same: for trying displays without a calendar service."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from connector.outside import Outside
from connector.source import CalendarSource
from rooms.model import Days, Event, Person, Window
from rooms.room import Room


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting that takes place every day."""

    subject: str
    """Its title."""
    start: str = ""
    """`09:30` where the room is; empty for the whole day."""
    minutes: int = 30
    """How long it lasts."""
    organizer: str = "Ada Lovelace"
    """Who invited."""
    text: str = ""
    """The invitation: links and addresses in it make a join button."""
    private: bool = False


_USUAL = (
    Meeting(subject="Stand-up", start="09:00", minutes=15, text="https://zoom.us/j/91234567890"),
    Meeting(subject="Design review", start="10:00", minutes=60, text="sip:review@example.com"),
    Meeting(subject="Interview", start="13:30", minutes=45, organizer="Grace Hopper"),
    Meeting(subject="Salary talk", start="15:00", private=True),
    Meeting(subject="Retrospective", start="16:00", minutes=60, organizer="Emmy Noether"),
)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings under `sources.<name>` when `kind: demo`."""

    meetings: tuple[Meeting, ...] = _USUAL
    """What every room has every day; a usual office day where nothing is said."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        for number, meeting in enumerate(self.meetings):
            try:
                time.fromisoformat(meeting.start or "00:00")
            except ValueError:
                yield f"meetings[{number}].start", "must be a time of day such as 09:30"
            if not 0 < meeting.minutes <= 24 * 60:
                yield f"meetings[{number}].minutes", "must be between 1 and 1440"


@asynccontextmanager
async def connect(options: Options, _outside: Outside) -> AsyncIterator[CalendarSource]:
    """There is nothing to open."""
    yield DemoCalendar(options.meetings)


class DemoCalendar:
    """Every room's calendar, made up as it is read."""

    def __init__(self, meetings: Sequence[Meeting]) -> None:
        self._meetings = meetings

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        """The meetings of every day of the window."""
        day = window.start.astimezone(room.zone).date() - timedelta(days=1)
        last = window.end.astimezone(room.zone).date()
        events = []
        while day <= last:
            events += [_event(room, day, meeting) for meeting in self._meetings]
            day += timedelta(days=1)
        return [
            event
            for event in events
            if event.when and window.overlaps(event.when.window(room.zone))
        ]


def _event(room: Room, day: date, meeting: Meeting) -> Event:
    name = f"{meeting.subject}/{meeting.start}/{day}"
    return Event(
        id=name,
        uid=f"{room.id}/{name}",
        when=_when(room, day, meeting),
        subject=meeting.subject,
        organizer=Person(name=meeting.organizer),
        private=meeting.private,
        body=meeting.text,
    )


def _when(room: Room, day: date, meeting: Meeting) -> Window | Days:
    if not meeting.start:
        return Days(first=day, after=day + timedelta(days=1))
    begins = datetime.combine(day, time.fromisoformat(meeting.start), tzinfo=room.zone)
    start = begins.astimezone(UTC)
    return Window(start=start, end=start + timedelta(minutes=meeting.minutes))
