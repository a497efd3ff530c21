"""What everything promises that writes; a driver's test is a subclass that says how to build one."""

from datetime import datetime, timedelta
from typing import Any, Protocol

import pytest

from connector.errors import ConnectorError, Denied, NotFound, Unavailable
from connector.source import CalendarSource
from connector.writing import Draft, Writer
from rooms.model import Event, Response, Window
from tests.connector.source_contract import DAY, HOUR, WINDOW, Calendar, when
from tests.fakes.sources import room
from tests.fakes.virtual import NOON


class WritableCalendar(Calendar, Protocol):
    """The service's own side of kestrel's calendar; what `add` adds Ada organises."""

    def forbid_writing(self) -> None:
        """The identity may only read from now on."""


def draft(key: str = "key-1", **more: Any) -> Draft:
    """A booking to be made: the room's, from one o'clock to two."""
    usual: dict[str, Any] = {
        "key": key,
        "subject": "Booked at the door",
        "when": Window(start=NOON + HOUR, end=NOON + 2 * HOUR),
        "time_zone": "Europe/London",
    }
    return Draft(**{**usual, **more})


DAILY = "FREQ=DAILY;COUNT=4"


class WriterContract:
    """Subclasses bring `writer`, `source` and `calendar`; kestrel has a calendar, nobody none."""

    async def alive(self, source: CalendarSource) -> list[Event]:
        """What takes the room, in order of time."""
        events = [
            event
            for event in await source.fetch(room(), WINDOW)
            if not event.cancelled and event.response is not Response.DECLINED
        ]
        return sorted(events, key=when)

    async def only(self, source: CalendarSource) -> Event:
        (event,) = await self.alive(source)
        return event

    async def starts(self, source: CalendarSource) -> list[datetime]:
        return [when(event) for event in await self.alive(source)]

    async def test_what_is_booked_is_there_and_the_rooms_own(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        uid = await writer.create(room(), draft())
        event = await self.only(source)
        assert event.uid == uid != ""
        assert event.own
        assert event.blocks
        assert event.response is Response.ACCEPTED
        assert event.subject == "Booked at the door"
        assert event.when == draft().when

    async def test_its_text_comes_along(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        await writer.create(room(), draft(text="Booked by <Ada> & others"))
        body = (await self.only(source)).body
        assert "Ada" in body
        assert "others" in body

    async def test_one_key_books_once(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        first = await writer.create(room(), draft())
        second = await writer.create(room(), draft())
        assert first == second == (await self.only(source)).uid

    async def test_another_key_books_again(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        made = {await writer.create(room(), draft(key)) for key in ("key-1", "key-2")}
        assert {event.uid for event in await self.alive(source)} == made
        assert len(made) == 2

    async def test_a_series_is_booked_whole(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        uid = await writer.create(room(), draft(recurrence=DAILY))
        assert uid == await writer.create(room(), draft(recurrence=DAILY))
        events = await self.alive(source)
        assert [when(event) for event in events] == [NOON + HOUR + day * DAY for day in range(4)]
        assert {event.uid for event in events} == {uid}
        assert all(event.own for event in events)

    @pytest.mark.parametrize(
        ("rule", "days"),
        [
            ("FREQ=DAILY;INTERVAL=2;COUNT=3", [0, 2, 4]),
            ("FREQ=DAILY;UNTIL=20261125", [0, 1, 2]),
            ("FREQ=DAILY;UNTIL=20261125T235959Z", [0, 1, 2]),
            ("FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=3", [0, 2, 4]),
            ("FREQ=WEEKLY;COUNT=2", [0]),
            ("FREQ=MONTHLY;COUNT=3", [0]),
            ("FREQ=MONTHLY;BYDAY=4MO;COUNT=2", [0]),
            ("FREQ=MONTHLY;BYMONTHDAY=23;COUNT=2", [0]),
            ("FREQ=YEARLY;COUNT=2", [0]),
        ],
    )
    async def test_a_series_recurs_by_its_rule(
        self,
        writer: Writer,
        source: CalendarSource,
        calendar: WritableCalendar,
        rule: str,
        days: list[int],
    ) -> None:
        await writer.create(room(), draft(recurrence=rule))
        assert await self.starts(source) == [NOON + HOUR + day * DAY for day in days]

    async def test_when_something_was_made_is_told_or_not_known(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        await writer.create(room(), draft())
        made = await writer.created(room(), await self.only(source))
        assert made is None or made.utcoffset() == timedelta()

    @pytest.mark.parametrize("at", [NOON + 1.5 * HOUR, NOON + 2.5 * HOUR])
    async def test_what_the_room_organised_ends_sooner_or_later(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar, at: datetime
    ) -> None:
        await writer.create(room(), draft())
        before = await self.only(source)
        await writer.end(room(), before, at)
        after = await self.only(source)
        assert after.when == Window(start=NOON + HOUR, end=at)
        assert (after.uid, after.subject) == (before.uid, before.subject)

    async def test_one_occurrence_ends_sooner_and_keeps_its_name(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        await writer.create(room(), draft(recurrence=DAILY))
        before = await self.alive(source)
        await writer.end(room(), before[1], NOON + DAY + 1.5 * HOUR)
        after = await self.alive(source)
        assert [when(event) for event in after] == [when(event) for event in before]
        ends = [event.when.end for event in after if isinstance(event.when, Window)]
        assert ends == [NOON + day * DAY + (1.5 if day == 1 else 2) * HOUR for day in range(4)]
        names = [[(one.uid, one.occurrence) for one in events] for events in (before, after)]
        assert names[0] == names[1]

    async def test_somebody_elses_meeting_is_declined(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        calendar.add("Stays", NOON + 3 * HOUR, NOON + 4 * HOUR)
        calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR)
        review, _ = await self.alive(source)
        await writer.decline(room(), review, series=False, text="Nobody checked in: <room> & all")
        assert (await self.only(source)).subject == "Stays"

    async def test_one_occurrence_is_declined(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        calendar.add("Daily", NOON + HOUR, NOON + 2 * HOUR, daily=4)
        second = (await self.alive(source))[1]
        await writer.decline(room(), second, series=False)
        assert await self.starts(source) == [NOON + HOUR + day * DAY for day in (0, 2, 3)]

    async def test_a_whole_series_is_declined(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        calendar.add("Daily", NOON + HOUR, NOON + 2 * HOUR, daily=4)
        second = (await self.alive(source))[1]
        await writer.decline(room(), second, series=True)
        assert await self.starts(source) == []

    async def test_what_the_room_organised_is_called_off(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        await writer.create(room(), draft())
        await writer.cancel(room(), await self.only(source), series=False, text="Nobody came")
        assert await self.alive(source) == []

    async def test_one_occurrence_is_called_off(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        await writer.create(room(), draft(recurrence=DAILY))
        second = (await self.alive(source))[1]
        await writer.cancel(room(), second, series=False)
        assert await self.starts(source) == [NOON + HOUR + day * DAY for day in (0, 2, 3)]

    async def test_a_whole_series_is_called_off(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        await writer.create(room(), draft(recurrence=DAILY))
        second = (await self.alive(source))[1]
        await writer.cancel(room(), second, series=True)
        assert await self.starts(source) == []

    async def test_what_somebody_else_organised_is_neither_called_off_nor_ended(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR)
        review = await self.only(source)
        for attempt in (
            writer.cancel(room(), review, series=False),
            writer.end(room(), review, NOON + 1.5 * HOUR),
        ):
            with pytest.raises(ConnectorError) as caught:
                await attempt
            assert caught.value.reason == "not_organizer"
        assert await self.only(source) == review

    async def test_what_is_gone_by_now_is_said_to_be(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        await writer.create(room(), draft())
        event = await self.only(source)
        await writer.cancel(room(), event, series=False)
        for attempt in (
            writer.end(room(), event, NOON + 1.5 * HOUR),
            writer.decline(room(), event, series=False),
            writer.cancel(room(), event, series=False),
        ):
            with pytest.raises(NotFound) as caught:
                await attempt
            assert caught.value.reason == "event_gone"

    async def test_an_occurrence_that_is_gone_by_now_is_said_to_be(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        await writer.create(room(), draft(recurrence=DAILY))
        second = (await self.alive(source))[1]
        await writer.cancel(room(), second, series=False)
        with pytest.raises(NotFound) as caught:
            await writer.cancel(room(), second, series=False)
        assert caught.value.reason == "event_gone"
        assert len(await self.alive(source)) == 3

    async def test_what_was_changed_in_between_is_left_as_it_is(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        await writer.create(room(), draft())
        event = await self.only(source)
        await writer.end(room(), event, NOON + 3 * HOUR)
        for attempt in (
            writer.end(room(), event, NOON + 1.5 * HOUR),
            writer.cancel(room(), event, series=False),
        ):
            with pytest.raises(Unavailable) as caught:
                await attempt
            assert caught.value.reason == "changed_meanwhile"
        assert (await self.only(source)).when == Window(start=NOON + HOUR, end=NOON + 3 * HOUR)

    async def test_a_room_that_is_not_there_is_not_booked(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        with pytest.raises(NotFound):
            await writer.create(room("nobody"), draft())

    async def test_who_may_not_write_is_told_and_nothing_changes(
        self, writer: Writer, source: CalendarSource, calendar: WritableCalendar
    ) -> None:
        await writer.create(room(), draft())
        calendar.add("Review", NOON + 3 * HOUR, NOON + 4 * HOUR)
        own, review = before = await self.alive(source)
        calendar.forbid_writing()
        with pytest.raises(Denied) as caught:
            await writer.create(room(), draft("key-2"))
        assert "Booked at the door" not in str(caught.value) + caught.value.fix
        with pytest.raises(Denied):
            await writer.end(room(), own, NOON + 1.5 * HOUR)
        with pytest.raises(Denied):
            await writer.decline(room(), review, series=False)
        with pytest.raises(Denied):
            await writer.cancel(room(), own, series=False)
        assert await self.alive(source) == before
