"""What every calendar source promises; a driver's test is a subclass that says how to build one."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import pytest

from connector.errors import NotFound
from connector.source import CalendarSource
from rooms.model import Days, Event, Response, Window
from tests.fakes.sources import room
from tests.fakes.virtual import NOON

HOUR = timedelta(hours=1)
WINDOW = Window(start=NOON - timedelta(days=1), end=NOON + timedelta(days=7))


class Calendar(Protocol):
    """The service's own side of a room's calendar."""

    def add(self, subject: str, start: datetime | date, end: datetime | date, **more: Any) -> None:
        """Put a meeting into kestrel's calendar."""


class SourceContract:
    """Subclasses bring `source` and `calendar`; kestrel has a calendar, nobody has none."""

    async def fetch(self, source: CalendarSource, **more: Any) -> Sequence[Event]:
        return await source.fetch(room(**more), WINDOW)

    async def test_meetings_in_the_window_come_back(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR)
        (event,) = await self.fetch(source)
        assert event.subject == "Review"
        assert event.when == Window(start=NOON + HOUR, end=NOON + 2 * HOUR)

    async def test_times_are_aware_and_utc(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR)
        (event,) = await self.fetch(source)
        assert isinstance(event.when, Window)
        assert event.when.start.tzinfo is UTC
        assert event.when.end.tzinfo is UTC

    async def test_the_end_of_the_window_is_not_part_of_it(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        calendar.add("Before", WINDOW.start - HOUR, WINDOW.start)
        calendar.add("Into", WINDOW.start - HOUR, WINDOW.start + HOUR)
        calendar.add("Out of", WINDOW.end - HOUR, WINDOW.end + HOUR)
        calendar.add("After", WINDOW.end, WINDOW.end + HOUR)
        assert {event.subject for event in await self.fetch(source)} == {"Into", "Out of"}

    async def test_reading_twice_gives_the_same(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        for hour in range(5):
            calendar.add(f"Hour {hour}", NOON + hour * HOUR, NOON + (hour + 1) * HOUR)
        assert await self.fetch(source) == await self.fetch(source)

    async def test_an_empty_calendar_is_empty(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        assert list(await self.fetch(source)) == []

    async def test_whole_days_float(self, source: CalendarSource, calendar: Calendar) -> None:
        calendar.add("Fair", date(2026, 11, 24), date(2026, 11, 26))
        for zone in ("Europe/London", "Pacific/Auckland", "America/Los_Angeles"):
            (event,) = await self.fetch(source, time_zone=zone)
            assert event.when == Days(first=date(2026, 11, 24), after=date(2026, 11, 26)), zone

    async def test_private_meetings_are_marked(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        calendar.add("Open", NOON + HOUR, NOON + 2 * HOUR)
        calendar.add("Closed", NOON + 3 * HOUR, NOON + 4 * HOUR, private=True)
        told = {event.subject: event.private for event in await self.fetch(source)}
        assert told == {"Open": False, "Closed": True}

    async def test_cancelled_meetings_are_marked(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        calendar.add("Off", NOON + HOUR, NOON + 2 * HOUR, cancelled=True)
        assert [event.cancelled for event in await self.fetch(source)] in ([True], [])

    async def test_what_the_room_answered_is_told(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        calendar.add("Yes", NOON + HOUR, NOON + 2 * HOUR, response="accepted")
        calendar.add("Perhaps", NOON + 2 * HOUR, NOON + 3 * HOUR, response="tentative")
        calendar.add("No", NOON + 3 * HOUR, NOON + 4 * HOUR, response="declined")
        told = {event.subject: event.response for event in await self.fetch(source)}
        assert told["Yes"] is Response.ACCEPTED
        assert told["Perhaps"] is Response.TENTATIVE
        assert told.get("No", Response.DECLINED) is Response.DECLINED

    async def test_the_text_of_an_invitation_comes_with_its_links(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        link = "https://zoom.us/j/91234567890?pwd=abc"
        calendar.add(
            "Call", NOON + HOUR, NOON + 2 * HOUR, text=f"Join here: {link} and bring notes"
        )
        (event,) = await self.fetch(source)
        assert link in event.body

    async def test_places_are_told(self, source: CalendarSource, calendar: Calendar) -> None:
        calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, location="Kestrel; sip:call@example.com")
        (event,) = await self.fetch(source)
        assert any("sip:call@example.com" in place for place in event.locations)

    async def test_whoever_invited_is_named(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR)
        (event,) = await self.fetch(source)
        assert (event.organizer.name, event.organizer.address) == (
            "Ada Lovelace",
            "ada@example.com",
        )

    async def test_a_series_comes_as_its_occurrences(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        calendar.add("Daily", NOON + HOUR, NOON + 2 * HOUR, daily=4)
        events = await self.fetch(source)
        starts = [event.when.start for event in events if isinstance(event.when, Window)]
        assert sorted(starts) == [NOON + HOUR + timedelta(days=day) for day in range(4)]
        assert len({(event.uid, event.occurrence) for event in events}) == 4

    async def test_many_meetings_come_whole(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        for number in range(400):
            calendar.add(f"Meeting {number}", NOON + HOUR, NOON + 2 * HOUR)
        assert len(await self.fetch(source)) == 400

    async def test_a_calendar_that_is_not_there_is_said_to_be(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        with pytest.raises(NotFound):
            await source.fetch(room("nobody"), WINDOW)
