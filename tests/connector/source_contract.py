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
DAY = timedelta(days=1)
WINDOW = Window(start=NOON - timedelta(days=1), end=NOON + timedelta(days=7))


class Calendar(Protocol):
    """The service's own side of a room's calendar.

    `more` of `add` is `private`, `cancelled`, `response`, `text` (HTML), `location`, `daily` (how
    many days a series has), `zone` (the name of the zone that the meeting was made in, in the
    service's own words: those of Windows or IANA, or nonsense).
    """

    def add(self, subject: str, start: datetime | date, end: datetime | date, **more: Any) -> str:
        """Put a meeting into kestrel's calendar; a handle for what is done to it."""

    def change_occurrence(
        self,
        series: str,
        number: int,
        *,
        start: datetime | None = None,
        subject: str | None = None,
        cancelled: bool = False,
    ) -> None:
        """Move, edit or cancel one occurrence of a daily series; the first is number 0."""

    def move(self, meeting: str, start: datetime) -> None:
        """Move a meeting."""

    def remove(self, meeting: str) -> None:
        """Delete a meeting."""

    def readdress(self, mailbox: str) -> None:
        """The room's mailbox has another address from now on, and the former one is nobody's."""

    def abolish(self) -> None:
        """The room's mailbox is deleted."""


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

    async def test_a_moved_occurrence_keeps_its_name(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        series = calendar.add("Daily", NOON + HOUR, NOON + 2 * HOUR, daily=4)
        before = {when(event): name(event) for event in await self.fetch(source)}
        calendar.change_occurrence(series, 2, start=NOON + 2 * DAY + 5 * HOUR)
        after = {when(event): name(event) for event in await self.fetch(source)}
        assert after[NOON + 2 * DAY + 5 * HOUR] == before[NOON + 2 * DAY + HOUR]
        assert sorted(after.values()) == sorted(before.values())

    async def test_a_cancelled_occurrence_is_marked_or_gone(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        series = calendar.add("Daily", NOON + HOUR, NOON + 2 * HOUR, daily=4)
        calendar.change_occurrence(series, 1, cancelled=True)
        alive = [event for event in await self.fetch(source) if not event.cancelled]
        assert sorted(map(when, alive)) == [NOON + day * DAY + HOUR for day in (0, 2, 3)]

    async def test_an_edited_occurrence_differs_from_its_series(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        series = calendar.add("Daily", NOON + HOUR, NOON + 2 * HOUR, daily=3)
        calendar.change_occurrence(series, 1, subject="Special")
        told = {when(event): event.subject for event in await self.fetch(source)}
        assert told == {
            NOON + HOUR: "Daily",
            NOON + DAY + HOUR: "Special",
            NOON + 2 * DAY + HOUR: "Daily",
        }

    async def test_a_meeting_keeps_its_name_when_it_is_moved(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        meeting = calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR)
        (before,) = await self.fetch(source)
        calendar.move(meeting, NOON + 3 * HOUR)
        (after,) = await self.fetch(source)
        assert when(after) == NOON + 3 * HOUR
        assert name(after) == name(before)

    async def test_a_removed_meeting_is_gone(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        calendar.add("Stays", NOON + HOUR, NOON + 2 * HOUR)
        meeting = calendar.add("Goes", NOON + HOUR, NOON + 2 * HOUR)
        calendar.remove(meeting)
        assert [event.subject for event in await self.fetch(source)] == ["Stays"]

    async def test_whole_days_float_where_clocks_change(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        day = date(2026, 10, 25)  # the day has 25 hours in Europe
        calendar.add("Fair", day, date(2026, 10, 26))
        around = Window(
            start=datetime(2026, 10, 20, tzinfo=UTC), end=datetime(2026, 10, 30, tzinfo=UTC)
        )
        (event,) = await source.fetch(room(), around)
        assert event.when == Days(first=day, after=date(2026, 10, 26))
        assert event.when.window(room().zone) == Window(
            start=datetime(2026, 10, 24, 23, tzinfo=UTC), end=datetime(2026, 10, 26, tzinfo=UTC)
        )

    async def test_a_series_keeps_its_time_of_day_where_clocks_change(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        start = datetime(2026, 10, 24, 8, tzinfo=UTC)  # 09:00 in London, the last day of summer
        calendar.add("Daily", start, start + HOUR, daily=2, zone="Europe/London")
        around = Window(start=start - DAY, end=start + 5 * DAY)
        events = await source.fetch(room(), around)
        assert sorted(map(when, events)) == [start, datetime(2026, 10, 25, 9, tzinfo=UTC)]

    @pytest.mark.fault("event_overlap")
    async def test_meetings_at_the_same_time_all_come(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        for number in range(400):
            calendar.add(f"{number}", NOON + HOUR, NOON + 2 * HOUR)
        events = await self.fetch(source)
        assert len({name(event) for event in events}) == 400
        assert {event.subject for event in events} == {str(number) for number in range(400)}

    @pytest.mark.fault("event_times")
    async def test_years_that_make_no_sense_do_not_spoil_the_others(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        calendar.add("Good", NOON + HOUR, NOON + 2 * HOUR)
        calendar.add("Age", datetime(1601, 1, 1, tzinfo=UTC), datetime(4500, 12, 31, tzinfo=UTC))
        told = {event.subject: event for event in await self.fetch(source)}
        assert when(told["Good"]) == NOON + HOUR
        if "Age" in told and isinstance(told["Age"].when, Window):
            assert told["Age"].when.overlaps(WINDOW)

    @pytest.mark.timeout(300)
    async def test_ten_thousand_meetings_come_whole(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        for number in range(10_000):
            start = NOON + (number % 160) * HOUR
            calendar.add(f"{number}", start, start + HOUR)
        assert len(await self.fetch(source)) == 10_000

    @pytest.mark.fault("event_zones")
    @pytest.mark.parametrize(
        "zone", ["Customized Time Zone", "tzone://Microsoft/Custom", "Nowhere Standard Time"]
    )
    async def test_a_zone_that_nobody_knows_does_not_spoil_the_others(
        self, source: CalendarSource, calendar: Calendar, zone: str
    ) -> None:
        calendar.add("Good", NOON + HOUR, NOON + 2 * HOUR)
        calendar.add("Odd", NOON + 3 * HOUR, NOON + 4 * HOUR, zone=zone)
        told = {event.subject: event for event in await self.fetch(source)}
        assert when(told["Good"]) == NOON + HOUR
        assert told.keys() == {"Good", "Odd"}
        assert told["Odd"].when in (Window(start=NOON + 3 * HOUR, end=NOON + 4 * HOUR), None)

    async def test_a_room_with_a_new_address_is_found_under_it_only(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR)
        assert len(await self.fetch(source)) == 1
        calendar.readdress("kestrel-2@example.com")
        with pytest.raises(NotFound):
            await self.fetch(source)
        assert len(await self.fetch(source, mailbox="kestrel-2@example.com")) == 1

    async def test_a_room_that_was_deleted_is_said_to_be(
        self, source: CalendarSource, calendar: Calendar
    ) -> None:
        calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR)
        assert len(await self.fetch(source)) == 1
        calendar.abolish()
        with pytest.raises(NotFound):
            await self.fetch(source)


def when(event: Event) -> datetime:
    """The start of an event that has a time of day."""
    assert isinstance(event.when, Window)
    return event.when.start


def name(event: Event) -> tuple[str, str]:
    """What tells an event from every other."""
    return event.uid, event.occurrence
