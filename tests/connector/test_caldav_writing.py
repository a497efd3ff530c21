"""Changing calendars on a CalDAV server."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connector.errors import Denied, Malformed, NotFound, Unavailable
from connector.outside import Outside
from connector.source import CalendarSource
from connector.sources import caldav
from connector.sources.caldav import writing
from connector.writing import Writer
from rooms.model import Event, Response, Window
from tests.connector.source_contract import HOUR, WINDOW
from tests.connector.test_caldav import options
from tests.connector.writer_contract import WriterContract, draft
from tests.fakes.almanac import calendar as whole
from tests.fakes.dav import Dav
from tests.fakes.sources import room
from tests.fakes.virtual import NOON

SOON = draft().when


class Writable(Dav):
    """Kestrel's calendar, which can be shared for reading only."""

    def forbid_writing(self) -> None:
        self.read_only = True


@pytest.fixture
def calendar() -> Writable:
    return Writable()


@pytest.fixture
async def server(calendar: Dav) -> AsyncIterator[TestServer]:
    running = TestServer(calendar.application())
    async with running:
        yield running


@pytest.fixture
async def source(outside: Outside, server: TestServer) -> AsyncIterator[CalendarSource]:
    async with caldav.connect(options(server), outside) as opened:
        yield opened


@pytest.fixture
async def writer(outside: Outside, server: TestServer) -> AsyncIterator[Writer]:
    async with writing.connect(options(server), outside) as opened:
        yield opened


async def read(source: CalendarSource) -> list[Event]:
    return sorted(await source.fetch(room(), WINDOW), key=lambda event: event.id)


class TestContract(WriterContract):
    """A CalDAV server keeps what everything promises that writes."""


async def test_a_booking_is_made_once_for_its_key(
    source: CalendarSource, writer: Writer, calendar: Dav
) -> None:
    first = await writer.create(
        room(), draft(subject="Ad hoc; now", text="Join: https://zoom.us/j/1")
    )
    assert await writer.create(room(), draft()) == first
    (event,) = await read(source)
    assert (event.uid, event.subject, event.when) == (first, "Ad hoc; now", SOON)
    assert event.own
    assert "zoom.us" in event.body
    assert await writer.create(room(), draft(key="2")) != first
    assert len(await read(source)) == 2


async def test_a_series_keeps_its_time_of_day(source: CalendarSource, writer: Writer) -> None:
    start = datetime(2026, 10, 24, 8, tzinfo=UTC)
    when = Window(start=start, end=start + HOUR)
    uid = await writer.create(room(), draft(when=when, recurrence="FREQ=DAILY;COUNT=3"))
    around = Window(start=start, end=start + timedelta(days=5))
    found = await source.fetch(room(), around)
    assert {event.uid for event in found} == {uid}
    assert sorted(e.when.start.hour for e in found if isinstance(e.when, Window)) == [8, 9, 9]


async def test_it_is_told_when_a_booking_was_made(
    source: CalendarSource, writer: Writer, calendar: Dav
) -> None:
    await writer.create(room(), draft())
    (event,) = await read(source)
    assert await writer.created(room(), event) == NOON
    calendar.written.clear()
    calendar.add("Other", SOON.start, SOON.end)
    (event,) = await read(source)
    assert await writer.created(room(), event) is None


async def test_a_meeting_ends_sooner_or_later(source: CalendarSource, writer: Writer) -> None:
    await writer.create(room(), draft())
    for end in (SOON.start + HOUR / 4, SOON.end + HOUR):
        (event,) = await read(source)
        await writer.end(room(), event, end)
        (event,) = await read(source)
        assert event.when == Window(start=SOON.start, end=end)


async def test_of_a_series_one_occurrence_ends(source: CalendarSource, writer: Writer) -> None:
    await writer.create(room(), draft(recurrence="FREQ=DAILY;COUNT=3"))
    before = await read(source)
    await writer.end(room(), before[1], SOON.start + timedelta(days=1, minutes=10))
    after = await read(source)
    assert [event.id for event in after] == [event.id for event in before]
    assert (before[0], before[2]) == (after[0], after[2])
    assert isinstance(after[1].when, Window)
    assert after[1].when.end - after[1].when.start == timedelta(minutes=10)


@pytest.mark.parametrize("series", [True, False])
async def test_the_answer_is_no_to_an_occurrence_or_to_all(
    source: CalendarSource, writer: Writer, calendar: Dav, series: bool
) -> None:
    handle = calendar.add("Daily", SOON.start, SOON.end, daily=3, zone="Europe/London")
    calendar.change_occurrence(handle, 2, start=SOON.start + timedelta(days=2, hours=2))
    before = await read(source)
    await writer.decline(room(), before[1], series=series, text="Nobody came; sorry")
    assert b"COMMENT:Nobody came\\; sorry" in b"".join(calendar.written.values())
    after = await read(source)
    assert [event.id for event in after] == [event.id for event in before]
    assert [event.when for event in after] == [event.when for event in before]
    no, yes = Response.DECLINED, Response.ACCEPTED
    assert [event.response for event in after] == ([no, no, no] if series else [yes, no, yes])


async def test_whoever_was_not_asked_can_say_no(
    source: CalendarSource, writer: Writer, calendar: Dav
) -> None:
    calendar.add("Review", SOON.start, SOON.end)
    (event,) = await source.fetch(room(), WINDOW)
    heron = room("heron", mailbox="kestrel@example.com")
    await writer.decline(heron, event, series=False)
    (event,) = await read(source)
    assert event.response is Response.DECLINED


@pytest.mark.parametrize("whole_days", [True, False])
async def test_an_occurrence_is_called_off(
    source: CalendarSource, writer: Writer, calendar: Dav, whole_days: bool
) -> None:
    if whole_days:
        calendar.add("Fair", date(2026, 11, 24), date(2026, 11, 25), daily=3, own=True)
    else:
        zone = "W. Europe Standard Time"
        calendar.add("Daily", SOON.start, SOON.end, daily=3, zone=zone, own=True)
    before = await read(source)
    await writer.cancel(room(), before[1], series=False)
    after = await read(source)
    assert after == [before[0], before[2]]


async def test_a_changed_occurrence_is_called_off(
    source: CalendarSource, writer: Writer, calendar: Dav
) -> None:
    handle = calendar.add("Daily", SOON.start, SOON.end, daily=3, own=True)
    calendar.change_occurrence(handle, 1, subject="Special")
    before = await read(source)
    await writer.cancel(room(), before[1], series=False)
    assert await read(source) == [before[0], before[2]]


@pytest.mark.parametrize("daily", [None, 3])
async def test_a_meeting_or_series_is_called_off(
    source: CalendarSource, writer: Writer, calendar: Dav, daily: int | None
) -> None:
    more = {"daily": daily} if daily else {}
    calendar.add("Review", SOON.start, SOON.end, own=True, **more)
    await writer.cancel(room(), (await read(source))[0], series=daily is not None)
    assert await read(source) == []


async def test_what_changed_meanwhile_is_left_alone(
    source: CalendarSource, writer: Writer, calendar: Dav, monkeypatch: pytest.MonkeyPatch
) -> None:
    await writer.create(room(), draft())
    (event,) = await read(source)
    monkeypatch.setattr("tests.fakes.dav.etag", lambda text: f'"{len(calendar.asked)}"')
    with pytest.raises(Unavailable) as caught:
        await writer.end(room(), event, SOON.start)
    assert caught.value.reason == "changed_meanwhile"


async def test_what_is_gone_is_said_to_be(
    source: CalendarSource, writer: Writer, calendar: Dav
) -> None:
    await writer.create(room(), draft())
    (event,) = await read(source)
    calendar.written.clear()
    for attempt in (
        writer.cancel(room(), event, series=False),
        writer.decline(room(), event, series=False),
        writer.end(room(), event, SOON.end),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_who_may_only_read_is_denied(
    source: CalendarSource, writer: Writer, calendar: Dav
) -> None:
    calendar.add("Review", SOON.start, SOON.end)
    calendar.read_only = True
    with pytest.raises(Denied):
        await writer.create(room(), draft())
    (event,) = await read(source)
    with pytest.raises(Denied):
        await writer.decline(room(), event, series=False)


async def test_another_room_s_object_is_not_touched(writer: Writer, calendar: Dav) -> None:
    for path in ("/calendars/heron@example.com/a.ics", "/calendars/kestrel@example.com/../x.ics"):
        event = Event(id=path, uid="1", when=SOON)
        with pytest.raises(NotFound):
            await writer.cancel(room(), event, series=False)
    assert "DELETE" not in calendar.asked


@pytest.mark.parametrize("body", [b"", b"nonsense", b"<html>", whole()[:-30]])
async def test_an_object_that_is_none_is_not_written_back(
    source: CalendarSource, writer: Writer, calendar: Dav, body: bytes
) -> None:
    calendar.written["a.ics"] = body
    event = Event(id="/calendars/kestrel@example.com/a.ics", uid="1", when=SOON)
    with pytest.raises((Malformed, NotFound)):
        await writer.end(room(), event, SOON.end)
    assert "PUT" not in calendar.asked


async def test_what_else_was_written_stays(
    source: CalendarSource, writer: Writer, calendar: Dav
) -> None:
    lines = [
        "BEGIN:VEVENT",
        "UID:1",
        "DTSTART:20261123T130000Z",
        "DURATION:PT1H",
        "X-OTHER;X-MORE=1:kept",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Soon",
        "TRIGGER:-PT5M",
        "END:VALARM",
        "END:VEVENT",
    ]
    calendar.written["a.ics"] = whole(*lines)
    (event,) = await read(source)
    await writer.end(room(), event, NOON + 3 * HOUR)
    text = calendar.written["a.ics"].decode()
    for line in ("X-OTHER;X-MORE=1:kept", "TRIGGER:-PT5M", "SEQUENCE:1"):
        assert line in text
    assert "DURATION" not in text
    (event,) = await read(source)
    assert event.when == Window(start=NOON + HOUR, end=NOON + 3 * HOUR)


async def test_writing_is_counted_as_such(writer: Writer, outside: Outside) -> None:
    await writer.create(room(), draft())
    assert outside.meter.spent == {"write": 1}


async def test_a_portal_on_the_way_is_no_success(
    source: CalendarSource, writer: Writer, calendar: Dav
) -> None:
    calendar.answers = [web.Response(text="<html>", content_type="text/html")]
    with pytest.raises(Malformed) as caught:
        await writer.create(room(), draft())
    assert caught.value.reason == "not_http"


async def test_a_calendar_that_is_gone_is_told_from_a_meeting_that_is(
    source: CalendarSource, writer: Writer, calendar: Dav
) -> None:
    await writer.create(room(), draft())
    (event,) = await read(source)
    calendar.abolish()
    for attempt in (writer.cancel(room(), event, series=False), writer.create(room(), draft("2"))):
        with pytest.raises(NotFound) as caught:
            await attempt
        assert caught.value.reason == "not_found"


async def test_a_meeting_that_was_moved_far_away_was_changed(
    source: CalendarSource, writer: Writer, calendar: Dav
) -> None:
    handle = calendar.add("Review", SOON.start, SOON.end, own=True)
    (event,) = await read(source)
    for days in (1, 1000):
        calendar.move(handle, SOON.start + timedelta(days=days))
        with pytest.raises(Unavailable) as caught:
            await writer.cancel(room(), event, series=False)
        assert caught.value.reason == "changed_meanwhile"
    assert handle in calendar.entries


async def test_without_a_version_nothing_is_changed(
    writer: Writer, source: CalendarSource, calendar: Dav
) -> None:
    calendar.add("Review", SOON.start, SOON.end)
    (event,) = await read(source)
    body = next(iter(calendar.objects().values()))
    calendar.asked.clear()
    for change in (
        writer.end(room(), event, SOON.start + HOUR / 2),
        writer.cancel(room(), event, series=False),
    ):
        calendar.answers = [web.Response(body=body, content_type="text/calendar")]
        with pytest.raises(Malformed, match="version"):
            await change
    assert calendar.written == {}
    assert await read(source) == [event]
