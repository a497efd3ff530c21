"""Changing calendars of Google Workspace, against the simulated one."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.outside import Outside
from connector.simulators.google import ACCOUNT, Fault, Workspace, app
from connector.source import CalendarSource
from connector.sources.google import writing
from connector.sources.google.writing import GoogleWriter
from connector.writing import Writer
from rooms.model import Event, Response, Window
from rooms.room import Room
from tests.connector import google_site
from tests.connector.google_site import connected, options
from tests.connector.source_contract import HOUR, WINDOW
from tests.connector.writer_contract import WriterContract, draft
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock

SOON = draft().when


class Kestrel(google_site.Kestrel):
    """Kestrel's calendar, which can be shared for reading only."""

    def forbid_writing(self) -> None:
        self.calendar.share(ACCOUNT, "reader")


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


class TestContract(WriterContract):
    """Google Calendar keeps what everything promises that writes."""


async def test_it_is_told_when_a_booking_was_made_and_what_that_cost(
    writer: Writer, source: CalendarSource, outside: Outside
) -> None:
    await writer.create(room(), draft())
    (event,) = await read(source)
    assert await writer.created(room(), event) == NOON
    assert outside.meter.spent["write"] == 2


async def test_a_key_whose_booking_was_called_off_books_nothing_else(
    writer: Writer, source: CalendarSource
) -> None:
    await writer.create(room(), draft())
    await writer.cancel(room(), (await read(source))[0], series=False)
    with pytest.raises(NotFound) as caught:
        await writer.create(room(), draft())
    assert caught.value.reason == "event_gone"
    assert await read(source) == []


async def test_a_change_in_the_very_moment_is_left_as_it_is(
    writer: Writer, source: CalendarSource, calendar: Kestrel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version is compared by Google itself: it changes after it was looked at."""
    await writer.create(room(), draft())
    (event,) = await read(source)
    look = GoogleWriter._look

    async def looked(self: GoogleWriter, where: Room, event: str) -> Any:
        found = await look(self, where, event)
        calendar.calendar.touch(event)
        return found

    monkeypatch.setattr(GoogleWriter, "_look", looked)
    for attempt in (
        writer.end(room(), event, NOON + 1.5 * HOUR),
        writer.cancel(room(), event, series=False),
    ):
        with pytest.raises(Unavailable) as caught:
            await attempt
        assert caught.value.reason == "changed_meanwhile"
    assert await read(source) == [event]


async def read(source: CalendarSource) -> list[Event]:
    return sorted(await source.fetch(room(), WINDOW), key=lambda one: str(one.when))


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


async def test_a_calendar_that_cannot_be_reached_calls_nothing_off(
    writer: Writer, source: CalendarSource, workspace: Workspace, calendar: Kestrel
) -> None:
    await writer.create(room(), draft())
    (event,) = await read(source)
    calendar.calendar.share(ACCOUNT, None)
    with pytest.raises(NotFound):
        await writer.cancel(room(), event, series=False)


async def test_a_meeting_that_ends_before_it_begins_is_called_off(
    writer: Writer, source: CalendarSource
) -> None:
    await writer.create(room(), draft())
    (event,) = await read(source)
    await writer.end(room(), event, NOON)
    assert await read(source) == []


async def test_a_room_gives_back_what_somebody_else_organised(
    writer: Writer, source: CalendarSource, calendar: Kestrel, workspace: Workspace
) -> None:
    calendar.add("Theirs", SOON.start, SOON.end)
    (event,) = await read(source)
    assert not event.own
    await writer.decline(room(), event, series=False, text="Nobody came")
    (event,) = await read(source)
    assert (event.response, event.subject) == (Response.DECLINED, "Theirs")
    attendees = calendar.calendar.get(event.id).fields["attendees"]
    me = next(one for one in attendees if one.get("self"))
    assert me["comment"] == "Nobody came"
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


async def test_the_half_that_reads_cannot_write(
    source: CalendarSource, workspace: Workspace
) -> None:
    await source.fetch(room(), WINDOW)
    (token,) = workspace._tokens.values()
    assert token.scopes == {"https://www.googleapis.com/auth/calendar.events.readonly"}


def status(code: int, reason: str, **more: Any) -> Fault:
    return Fault(kind="status", status=code, reason=reason, message="Board ada@example.com", **more)


FAULTS = [
    (status(403, "rateLimitExceeded", domain="usageLimits"), Unavailable, "throttled"),
    (status(403, "requiredAccessLevel", domain="calendar"), Denied, "access_denied"),
    (status(403, "insufficientPermissions"), Denied, "access_denied"),
    (status(403, "forbiddenForNonOrganizer", domain="calendar"), Malformed, "not_organizer"),
    (status(401, "authError"), Denied, "token_refused"),
    (status(404, "notFound"), NotFound, "not_found"),
    (status(409, "conflict"), Malformed, "request_refused"),
    (status(412, "conditionNotMet"), Unavailable, "changed_meanwhile"),
    (status(503, "backendError"), Unavailable, "service_error"),
    (Fault(kind="redirect"), Malformed, "redirected"),
    (Fault(kind="dropped"), Unavailable, "broken_off"),
]


@pytest.mark.parametrize(("fault", "kind", "reason"), FAULTS, ids=lambda value: repr(value)[:50])
async def test_every_fault_is_one_of_the_four_errors(
    writer: Writer,
    source: CalendarSource,
    workspace: Workspace,
    fault: Fault,
    kind: type[ConnectorError],
    reason: str,
) -> None:
    await writer.create(room(), draft("key-0"))
    (event,) = await read(source)
    workspace.faults.add(fault)
    for attempt in (
        writer.end(room(), event, NOON + 1.5 * HOUR),
        writer.decline(room(), event, series=False),
        writer.cancel(room(), event, series=True),
    ):
        with pytest.raises(kind) as caught:
            await attempt
        assert caught.value.reason == reason
        for secret in ("Board", "ada@", "Booked at the door", "ya29"):
            assert secret not in str(caught.value) + caught.value.fix


@pytest.mark.parametrize("fault", [Fault(kind="portal"), Fault(kind="truncated")])
async def test_what_is_no_answer_of_google_s_is_no_success(
    writer: Writer,
    source: CalendarSource,
    workspace: Workspace,
    fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await writer.create(room(), draft())
    (event,) = await read(source)
    look = GoogleWriter._look

    async def looked(self: GoogleWriter, where: Room, event: str) -> Any:
        found = await look(self, where, event)
        workspace.faults.add(Fault(kind="portal", times=1))
        return found

    monkeypatch.setattr(GoogleWriter, "_look", looked)
    with pytest.raises(Malformed) as caught:
        await writer.cancel(room(), event, series=False)
    assert caught.value.reason == "not_json"
    workspace.faults.add(fault)
    with pytest.raises(Malformed):
        await writer.create(room(), draft("key-2"))
