"""Writing to Microsoft 365, against the simulated tenant."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from connector import load
from connector.checkup import Wanted
from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.graph import CLIENT_ID, TENANT_ID, Tenant, app
from connector.simulators.graph.faults import kinds
from connector.source import CalendarSource
from connector.sources import graph
from connector.sources.graph import writing
from connector.sources.graph.credentials import Credentials, DelegateAccount
from connector.writing import Writer
from tests.connector.source_contract import DAY, HOUR, WINDOW
from tests.connector.test_graph import SECRET, Kestrel, connected
from tests.connector.writer_contract import DAILY, WriterContract, draft
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock

WRITER_ID = "6a0e2d0c-7f6b-4c3e-8d0a-3f1b7f9f2a11"
BOTH = ("Calendars.ReadWrite",)


class WritableKestrel(Kestrel):
    """Kestrel's calendar, and what the application may do there."""

    def forbid_writing(self) -> None:
        self.tenant.register_app(secret=SECRET)


@pytest.fixture
def tenant(clock: FixedClock) -> Tenant:
    made = Tenant(clock=clock.now)
    made.register_app(secret=SECRET, roles=BOTH)
    return made


@pytest.fixture
def calendar(tenant: Tenant) -> WritableKestrel:
    return WritableKestrel(tenant)


@pytest.fixture
async def server(tenant: Tenant) -> AsyncIterator[TestServer]:
    running = TestServer(app(tenant))
    async with running:
        yield running


@pytest.fixture
async def source(
    outside: Outside, server: TestServer, calendar: WritableKestrel
) -> AsyncIterator[CalendarSource]:
    async with connected(outside, server) as opened:
        yield opened


def options(server: TestServer, **more: Any) -> graph.Options:
    url = str(server.make_url("/")).rstrip("/")
    usual: dict[str, Any] = {
        "tenant_id": TENANT_ID,
        "client_id": CLIENT_ID,
        "client_secret": Secret(SECRET),
        "graph_url": url,
        "login_url": url,
    }
    return graph.Options(**{**usual, **more})


def writing_to(
    outside: Outside, server: TestServer, **more: Any
) -> AbstractAsyncContextManager[Writer]:
    return writing.connect(options(server, **more), outside)


@pytest.fixture
async def writer(
    outside: Outside, server: TestServer, calendar: WritableKestrel
) -> AsyncIterator[Writer]:
    async with writing_to(outside, server) as opened:
        yield opened


class TestGraphWriter(WriterContract):
    """Everything that a writer promises."""


async def only(source: CalendarSource) -> Any:
    (event,) = await source.fetch(room(), WINDOW)
    return event


async def test_when_something_was_made_is_known(
    writer: Writer, source: CalendarSource, clock: FixedClock
) -> None:
    await writer.create(room(), draft())
    assert await writer.created(room(), await only(source)) == clock.now()


async def test_every_request_of_a_writer_is_counted(
    writer: Writer, outside: Outside, source: CalendarSource
) -> None:
    before = outside.meter.spent["write"]
    await writer.create(room(), draft())
    assert outside.meter.spent["write"] == before + 1


async def test_an_organizer_hears_that_the_room_declined(
    writer: Writer, source: CalendarSource, calendar: WritableKestrel
) -> None:
    calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR)
    await writer.decline(room(), await only(source), series=False, text="Nobody came & so on")
    assert [(one.what, one.to, one.comment) for one in calendar.mailbox.replies] == [
        ("declined", "ada@example.com", "Nobody came & so on")
    ]


async def test_guests_hear_that_the_rooms_meeting_is_off(
    writer: Writer, source: CalendarSource, calendar: WritableKestrel
) -> None:
    from connector.simulators.graph import Attendee
    from rooms.model import Person

    kestrel = Person(name="Kestrel", address="kestrel@example.com")
    guest = Attendee(person=Person(name="Ada", address="ada@example.com"))
    calendar.add("Talk", NOON, NOON + HOUR, organizer=kestrel, attendees=(guest,))
    await writer.cancel(room(), await only(source), series=False, text="Nobody came")
    told = [(one.what, one.comment) for one in calendar.mailbox.replies]
    assert told == [("cancelled", "Nobody came")]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU;COUNT=4",
        "FREQ=MONTHLY;BYDAY=4MO;COUNT=3",
        "FREQ=MONTHLY;BYDAY=-1MO;COUNT=3",
        "FREQ=MONTHLY;BYMONTHDAY=23;UNTIL=20270301",
        "FREQ=YEARLY;BYMONTH=11;BYDAY=4MO;COUNT=2",
        "FREQ=YEARLY;COUNT=2",
        "FREQ=DAILY;INTERVAL=30;UNTIL=20270401T000000Z",
    ],
)
async def test_a_series_is_where_its_rule_says_over_months_and_clock_changes(
    writer: Writer, source: CalendarSource, rule: str
) -> None:
    from rooms.model import Window
    from rooms.recurrence import parse

    start = NOON + 7 * DAY if "-1MO" in rule else NOON
    when = Window(start=start, end=start + HOUR)
    await writer.create(room(), draft(recurrence=rule, when=when))
    span = Window(start=NOON, end=NOON + timedelta(days=549))
    events = await source.fetch(room(), span)
    starts = [event.when.start for event in events if isinstance(event.when, Window)]
    assert sorted(starts) == parse(rule).starts(start, room().zone)


async def test_a_key_that_graph_took_before_finds_what_was_made(
    writer: Writer, source: CalendarSource, tenant: Tenant
) -> None:
    """Some tenants answer a known transactionId with 409 instead of the event."""
    for key, recurrence in (("one", ""), ("many", DAILY)):
        uid = await writer.create(room(), draft(key, recurrence=recurrence))
        tenant.faults.add(kinds.Status(status=409, at="writes", times=1))
        assert await writer.create(room(), draft(key, recurrence=recurrence)) == uid


FAULTS = [
    (kinds.Status(status=429, retry_after=7, at="writes"), Unavailable, "throttled"),
    (kinds.Status(status=503, at="writes"), Unavailable, "service_error"),
    (kinds.Status(status=401, at="writes"), Denied, "token_refused"),
    (kinds.Status(status=403, at="writes"), Denied, "access_denied"),
    (kinds.Status(status=404, at="writes"), NotFound, "not_found"),
    (kinds.Status(status=400, at="writes"), Malformed, "request_refused"),
    (kinds.Status(status=412, at="writes"), Unavailable, "changed_meanwhile"),
    (kinds.Truncated(at="writes"), Malformed, "wrong_shape"),
    (kinds.Dropped(at="writes"), Unavailable, "broken_off"),
]


@pytest.mark.parametrize(("fault", "kind", "reason"), FAULTS, ids=lambda value: repr(value)[:60])
async def test_every_fault_is_one_of_the_four_errors(
    writer: Writer,
    calendar: WritableKestrel,
    tenant: Tenant,
    fault: Any,
    kind: type[ConnectorError],
    reason: str,
) -> None:
    tenant.faults.add(fault)
    with pytest.raises(kind) as caught:
        await writer.create(room(), draft(subject="Board meeting"))
    assert caught.value.reason == reason
    for secret in ("Board meeting", SECRET, "eyJ", "ada@"):
        assert secret not in str(caught.value) + caught.value.fix


async def test_a_portal_on_the_way_is_no_success(
    writer: Writer, source: CalendarSource, calendar: WritableKestrel, tenant: Tenant
) -> None:
    await writer.create(room(), draft())
    event = await only(source)
    tenant.faults.add(kinds.Portal(at="writes"))
    for attempt in (
        writer.end(room(), event, NOON + 1.5 * HOUR),
        writer.cancel(room(), event, series=False),
    ):
        with pytest.raises(Malformed) as caught:
            await attempt
        assert caught.value.reason == "not_json"
    assert await only(source) == event


async def test_a_second_identity_writes_and_the_first_need_only_read(
    outside: Outside, server: TestServer, tenant: Tenant, calendar: WritableKestrel
) -> None:
    tenant.register_app(secret=SECRET)
    tenant.register_app(client_id=WRITER_ID, secret="other", roles=BOTH)
    second = Credentials(client_id=WRITER_ID, client_secret=Secret("other"))
    assert list(options(server, writer=second).problems()) == []
    async with (
        writing_to(outside, server, writer=second) as writer,
        connected(outside, server, writer=second) as source,
    ):
        uid = await writer.create(room(), draft())
        assert (await only(source)).uid == uid
        names = [one.name for one in source.credentials()]  # type: ignore[attr-defined] # Graph's has
        assert names == ["client_secret", "writer.client_secret"]
    async with writing_to(outside, server) as writer:
        with pytest.raises(Denied):
            await writer.create(room(), draft("key-2"))


@pytest.mark.parametrize(
    ("second", "key"),
    [
        (Credentials(client_secret=Secret("x")), "writer.client_id"),
        (Credentials(client_id=WRITER_ID), "writer.client_secret_file"),
    ],
)
async def test_a_second_identity_must_be_an_application_whole(
    server: TestServer, second: Credentials, key: str
) -> None:
    assert key in [where for where, _ in options(server, writer=second).problems()]


async def test_a_service_account_alone_cannot_write(server: TestServer) -> None:
    account = DelegateAccount(account="rooms@example.com")
    alone = options(server, client_secret=None, delegate=account)
    assert [key for key, _ in writing.problems(alone)] == ["writer"]
    second = Credentials(client_id=WRITER_ID, client_secret=Secret("x"))
    assert list(writing.problems(options(server, writer=second))) == []


@pytest.mark.parametrize(
    ("roles", "scope", "codes"),
    [
        (BOTH, None, ["scope_tenant_wide"]),
        (("Calendars.Read",), None, ["scope_tenant_wide", "writer_reads_only"]),
        ((), ["kestrel@example.com"], []),
        ((), ["somebody@example.com"], ["writer_refused"]),
    ],
)
async def test_what_a_writer_may_is_looked_at_without_writing(
    outside: Outside,
    server: TestServer,
    tenant: Tenant,
    calendar: WritableKestrel,
    roles: tuple[str, ...],
    scope: list[str] | None,
    codes: list[str],
) -> None:
    tenant.register_app(secret=SECRET, roles=roles, scope=scope)
    async with writing_to(outside, server) as opened:
        wanted = Wanted(mailboxes=["kestrel@example.com"], writes=True)
        found = await opened.examine(wanted)  # type: ignore[attr-defined] # Graph's can
    assert [remark.code for remark in found] == codes


def test_what_writes_is_found_by_its_kind() -> None:
    assert "graph" in load.writing_kinds()
    assert "demo" not in load.writing_kinds()
    assert load.writing("graph") is writing
    for kind in ("demo", "nothing"):
        with pytest.raises(KeyError):
            load.writing(kind)
