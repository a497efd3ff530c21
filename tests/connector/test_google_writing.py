"""Changing calendars of Google Workspace, against the simulated one."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from connector.errors import Denied, NotFound, Unavailable
from connector.outside import Outside
from connector.simulators.google import ACCOUNT, Fault, Workspace, app
from connector.source import CalendarSource
from connector.sources.google import writing
from connector.writing import Draft, Writer
from rooms.model import Event, Response, Window
from tests.connector import google_site
from tests.connector.google_site import Kestrel, connected, options
from tests.connector.source_contract import HOUR, WINDOW
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock

SOON = Window(start=NOON + HOUR, end=NOON + 2 * HOUR)


@pytest.fixture
def workspace(clock: FixedClock) -> Workspace:
    return google_site.workspace(clock)


@pytest.fixture
def calendar(workspace: Workspace) -> Kestrel:
    return Kestrel(workspace)


@pytest.fixture
async def server(workspace: Workspace) -> AsyncIterator[TestServer]:
    running = TestServer(app(workspace))
    async with running:
        yield running


@pytest.fixture
async def source(
    outside: Outside, server: TestServer, workspace: Workspace, calendar: Kestrel
) -> AsyncIterator[CalendarSource]:
    async with connected(outside, server, workspace) as opened:
        yield opened


@pytest.fixture
async def writer(
    outside: Outside, server: TestServer, workspace: Workspace, calendar: Kestrel
) -> AsyncIterator[Writer]:
    async with writing.connect(options(server, workspace), outside) as opened:
        yield opened


def draft(**more: Any) -> Draft:
    usual: dict[str, Any] = {
        "key": "1",
        "subject": "Booked here",
        "when": SOON,
        "time_zone": "Europe/London",
    }
    return Draft(**{**usual, **more})


async def read(source: CalendarSource) -> list[Event]:
    return sorted(await source.fetch(room(), WINDOW), key=lambda one: str(one.when))


async def test_a_booking_is_the_rooms_own(writer: Writer, source: CalendarSource) -> None:
    made = await writer.create(room(), draft(text="By the panel"))
    (event,) = await read(source)
    assert (event.id, event.subject, event.body) == (made, "Booked here", "By the panel")
    assert (event.when, event.own, event.response) == (SOON, True, Response.ACCEPTED)
    assert await writer.created(room(), event) == NOON


async def test_a_booking_is_made_once_for_each_key(
    writer: Writer, source: CalendarSource, outside: Outside
) -> None:
    first = await writer.create(room(), draft())
    assert await writer.create(room(), draft()) == first
    assert await writer.create(room(), draft(key="2")) != first
    assert len(await read(source)) == 2
    assert outside.meter.spent["write"] == 3


async def test_a_booking_whose_answer_was_lost_is_made_once(
    writer: Writer, source: CalendarSource, workspace: Workspace
) -> None:
    workspace.faults.add(Fault(kind="dropped", times=1))
    with pytest.raises(Unavailable):
        await writer.create(room(), draft())
    await writer.create(room(), draft())
    assert len(await read(source)) == 1


async def test_a_series_keeps_its_time_of_day(
    writer: Writer, source: CalendarSource, workspace: Workspace
) -> None:
    start = datetime(2026, 10, 24, 8, tzinfo=UTC)  # 09:00 in London, the last day of summer
    when = Window(start=start, end=start + HOUR)
    await writer.create(room(), draft(when=when, recurrence="FREQ=DAILY;COUNT=2"))
    around = Window(start=start - timedelta(days=1), end=start + timedelta(days=5))
    events = await source.fetch(room(), around)
    starts = [event.when.start for event in events if isinstance(event.when, Window)]
    assert starts == [start, datetime(2026, 10, 25, 9, tzinfo=UTC)]


async def test_an_occurrence_or_its_series_is_called_off(
    writer: Writer, source: CalendarSource
) -> None:
    await writer.create(room(), draft(recurrence="FREQ=DAILY;COUNT=4"))
    events = await read(source)
    await writer.cancel(room(), events[1], series=False)
    assert len(await read(source)) == 3
    await writer.cancel(room(), events[1], series=False)
    await writer.cancel(room(), events[2], series=True)
    assert await read(source) == []


async def test_a_calendar_that_cannot_be_reached_calls_nothing_off(
    writer: Writer, source: CalendarSource, workspace: Workspace, calendar: Kestrel
) -> None:
    await writer.create(room(), draft())
    (event,) = await read(source)
    calendar.calendar.share(ACCOUNT, None)
    with pytest.raises(NotFound):
        await writer.cancel(room(), event, series=False)


@pytest.mark.parametrize("end", [NOON + HOUR + timedelta(minutes=10), NOON + 3 * HOUR])
async def test_a_meeting_ends_sooner_or_later(
    writer: Writer, source: CalendarSource, end: datetime
) -> None:
    await writer.create(room(), draft())
    (event,) = await read(source)
    await writer.end(room(), event, end)
    (event,) = await read(source)
    assert event.when == Window(start=SOON.start, end=end)


async def test_a_meeting_that_ends_before_it_begins_is_called_off(
    writer: Writer, source: CalendarSource
) -> None:
    await writer.create(room(), draft())
    (event,) = await read(source)
    await writer.end(room(), event, NOON)
    assert await read(source) == []


async def test_one_occurrence_ends_and_the_others_stay(
    writer: Writer, source: CalendarSource
) -> None:
    await writer.create(room(), draft(recurrence="FREQ=DAILY;COUNT=3"))
    first, *_ = await read(source)
    end = SOON.start + timedelta(minutes=5)
    await writer.end(room(), first, end)
    events = await read(source)
    assert events[0].when == Window(start=SOON.start, end=end)
    assert events[0].occurrence == first.occurrence
    assert isinstance(events[1].when, Window)
    assert events[1].when.end - events[1].when.start == HOUR


async def test_a_room_gives_back_what_somebody_else_organised(
    writer: Writer, source: CalendarSource, calendar: Kestrel, workspace: Workspace
) -> None:
    calendar.add("Theirs", SOON.start, SOON.end)
    (event,) = await read(source)
    assert not event.own
    await writer.decline(room(), event, series=False)
    (event,) = await read(source)
    assert (event.response, event.subject) == (Response.DECLINED, "Theirs")
    assert "sendUpdates=all" in workspace.journal.requests()[-2].query


async def test_a_room_gives_back_one_occurrence_or_all(
    writer: Writer, source: CalendarSource, calendar: Kestrel
) -> None:
    calendar.add("Theirs", SOON.start, SOON.end, daily=3)
    events = await read(source)
    await writer.decline(room(), events[1], series=False)
    answers = [event.response for event in await read(source)]
    assert answers == [Response.ACCEPTED, Response.DECLINED, Response.ACCEPTED]
    await writer.decline(room(), events[0], series=True)
    assert {event.response for event in await read(source)} == {Response.DECLINED}


async def test_somebody_elses_meeting_cannot_be_changed(
    writer: Writer, source: CalendarSource, calendar: Kestrel
) -> None:
    calendar.add("Theirs", SOON.start, SOON.end)
    (event,) = await read(source)
    with pytest.raises(Denied):
        await writer.end(room(), event, SOON.start + timedelta(minutes=5))
    assert (await read(source))[0].when == SOON


async def test_a_mere_reader_cannot_write(writer: Writer, calendar: Kestrel) -> None:
    calendar.calendar.share(ACCOUNT, "reader")
    with pytest.raises(Denied) as caught:
        await writer.create(room(), draft())
    assert caught.value.reason == "access_denied"


async def test_the_half_that_reads_cannot_write(
    source: CalendarSource, workspace: Workspace
) -> None:
    await source.fetch(room(), WINDOW)
    (token,) = workspace._tokens.values()
    assert token.scopes == {"https://www.googleapis.com/auth/calendar.events.readonly"}
