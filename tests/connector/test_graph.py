"""The driver for Microsoft 365, against the simulated tenant."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp.test_utils import TestServer

from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.graph import CLIENT_ID, TENANT_ID, Meeting, Recurrence, Tenant, app
from connector.simulators.graph.faults import kinds
from connector.source import CalendarSource
from connector.sources import graph
from connector.watching import Notified, Watching
from rooms.model import Response, Window
from tests.connector.source_contract import HOUR, WINDOW, SourceContract
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock

RESPONSES = {"tentative": "tentativelyAccepted"}
SECRET = "right"


class Kestrel:
    """Kestrel's calendar in the tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.mailbox = tenant.add_mailbox("kestrel@example.com", name="Kestrel")

    def add(self, subject: str, start: datetime | date, end: datetime | date, **more: Any) -> str:
        if "text" in more:
            more["body"] = f"<p>{more.pop('text')}</p>"
        if "location" in more:
            more["locations"] = (more.pop("location"),)
        if more.pop("private", False):
            more["sensitivity"] = "private"
        if "response" in more:
            more["response"] = RESPONSES.get(more["response"], more["response"])
        if daily := more.pop("daily", None):
            more["recurrence"] = Recurrence(type="daily", count=daily)
        if zone := more.pop("zone", ""):
            try:
                ZoneInfo(zone)
                more["time_zone"] = zone
            except (KeyError, ValueError):
                more["raw"] = {"originalStartTimeZone": zone, "originalEndTimeZone": zone}
        return self.mailbox.add(Meeting(subject=subject, start=start, end=end, **more)).id

    def change_occurrence(
        self,
        series: str,
        number: int,
        *,
        start: datetime | None = None,
        subject: str | None = None,
        cancelled: bool = False,
    ) -> None:
        first = self.mailbox.get(series).start.date()
        event = self.mailbox.on(series, first + timedelta(days=number))
        if start is not None:
            self.mailbox.move(event.id, start)
        if subject is not None:
            self.mailbox.edit(event.id, subject=subject)
        if cancelled:
            self.mailbox.cancel(event.id)

    def move(self, meeting: str, start: datetime) -> None:
        self.mailbox.move(meeting, start)

    def remove(self, meeting: str) -> None:
        self.mailbox.delete(meeting)

    def readdress(self, mailbox: str) -> None:
        meetings = [event.meeting for event in self.mailbox.entries()]
        self.abolish()
        self.mailbox = self.tenant.add_mailbox(mailbox, name="Kestrel")
        for meeting in meetings:
            self.mailbox.add(meeting)

    def abolish(self) -> None:
        self.tenant.remove_mailbox(self.mailbox.address)


@pytest.fixture
def tenant(clock: FixedClock) -> Tenant:
    made = Tenant(clock=clock.now)
    made.register_app(secret=SECRET)
    return made


@pytest.fixture
def calendar(tenant: Tenant) -> Kestrel:
    return Kestrel(tenant)


@pytest.fixture
async def server(tenant: Tenant) -> AsyncIterator[TestServer]:
    running = TestServer(app(tenant))
    async with running:
        yield running


def connected(
    outside: Outside, server: TestServer, **more: Any
) -> AbstractAsyncContextManager[CalendarSource]:
    url = str(server.make_url("/")).rstrip("/")
    options = {
        "tenant_id": TENANT_ID,
        "client_id": CLIENT_ID,
        "client_secret": Secret(SECRET),
        "graph_url": url,
        "login_url": url,
        **more,
    }
    return graph.connect(graph.Options(**options), outside)


@pytest.fixture
async def source(
    outside: Outside, server: TestServer, calendar: Kestrel
) -> AsyncIterator[CalendarSource]:
    async with connected(outside, server) as opened:
        yield opened


class TestGraph(SourceContract):
    """Everything that a source promises."""


async def only(source: CalendarSource) -> Any:
    (event,) = await source.fetch(room(), WINDOW)
    return event


@pytest.mark.parametrize("zone", ["W. Europe Standard Time", "Europe/Kyiv (Kiev)", "Asia/Tokyo"])
async def test_times_are_right_even_where_preferences_are_ignored(
    source: CalendarSource, calendar: Kestrel, tenant: Tenant, zone: str
) -> None:
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, time_zone=zone)
    tenant.faults.add(kinds.PreferencesIgnored())
    assert (await only(source)).when == Window(start=NOON + HOUR, end=NOON + 2 * HOUR)


@pytest.mark.parametrize(
    ("answer", "shown", "response"),
    [
        ("none", "busy", Response.ACCEPTED),
        ("none", "tentative", Response.TENTATIVE),
        ("organizer", "busy", Response.ACCEPTED),
        ("notResponded", "tentative", Response.TENTATIVE),
        ("notResponded", "free", Response.TENTATIVE),
        ("accepted", "tentative", Response.ACCEPTED),
    ],
)
async def test_every_answer_of_a_room_has_a_meaning(
    source: CalendarSource, calendar: Kestrel, answer: str, shown: str, response: Response
) -> None:
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, response=answer, show_as=shown)
    assert (await only(source)).response is response


@pytest.mark.parametrize(
    ("sensitivity", "private"),
    [("normal", False), ("personal", False), ("private", True), ("confidential", True)],
)
async def test_every_sensitivity_has_a_meaning(
    source: CalendarSource, calendar: Kestrel, sensitivity: str, *, private: bool
) -> None:
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, sensitivity=sensitivity)
    assert (await only(source)).private is private


async def test_a_sensitivity_that_is_not_known_yet_is_private(
    source: CalendarSource, calendar: Kestrel
) -> None:
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, raw={"sensitivity": "unheardOf"})
    assert (await only(source)).private


async def test_a_note_that_does_not_take_the_room_is_marked(
    source: CalendarSource, calendar: Kestrel
) -> None:
    calendar.add("Note", NOON + HOUR, NOON + 2 * HOUR, show_as="free")
    assert not (await only(source)).blocks


async def test_drafts_are_passed_over(source: CalendarSource, calendar: Kestrel) -> None:
    calendar.add("Draft", NOON + HOUR, NOON + 2 * HOUR, draft=True)
    assert not await source.fetch(room(), WINDOW)


async def test_a_moved_occurrence_keeps_its_name(source: CalendarSource, calendar: Kestrel) -> None:
    calendar.add("Daily", NOON + HOUR, NOON + 2 * HOUR, daily=3)
    before = await source.fetch(room(), WINDOW)
    moved = calendar.mailbox.view(WINDOW.start, WINDOW.end)[1]
    calendar.mailbox.move(moved.id, moved.start + HOUR)
    after = await source.fetch(room(), WINDOW)
    names = [{(event.uid, event.occurrence) for event in events} for events in (before, after)]
    assert names[0] == names[1]
    assert {event.when for event in before} != {event.when for event in after}


async def test_the_services_own_join_link_is_told(
    source: CalendarSource, calendar: Kestrel
) -> None:
    calendar.add(
        "Call", NOON + HOUR, NOON + 2 * HOUR, raw={"onlineMeeting": {"joinUrl": "https://x"}}
    )
    assert (await only(source)).online_url == "https://x"


@pytest.mark.fault("event_times")
async def test_odd_items_do_not_spoil_the_others(
    source: CalendarSource, calendar: Kestrel, tenant: Tenant
) -> None:
    calendar.add("Good", NOON + HOUR, NOON + 2 * HOUR)
    tenant.faults.add(kinds.OddItems())
    events = await source.fetch(room(), WINDOW)
    assert "Good" in {event.subject for event in events}
    for event in events:
        assert event.when is None or event.when.window(room().zone).start.tzinfo is not None


FAULTS = [
    pytest.param(
        kinds.Status(status=429, retry_after=7),
        Unavailable,
        "throttled",
        marks=pytest.mark.fault("graph_throttled"),
    ),
    pytest.param(
        kinds.Status(status=429, retry_after=7, as_date=True),
        Unavailable,
        "throttled",
        marks=pytest.mark.fault("graph_throttled"),
    ),
    pytest.param(
        kinds.Status(status=429),
        Unavailable,
        "throttled",
        marks=pytest.mark.fault("graph_throttled"),
    ),
    (kinds.Status(status=503, retry_after=7), Unavailable, "service_error"),
    (kinds.Status(status=503), Unavailable, "service_error"),
    (kinds.Status(status=504), Unavailable, "service_error"),
    (kinds.Status(status=500), Unavailable, "service_error"),
    pytest.param(
        kinds.Status(status=401),
        Denied,
        "token_refused",
        marks=pytest.mark.fault("graph_unauthorized"),
    ),
    pytest.param(
        kinds.Status(status=403),
        Denied,
        "access_denied",
        marks=pytest.mark.fault("graph_forbidden"),
    ),
    (kinds.Status(status=404), NotFound, "not_found"),
    (kinds.Status(status=410), NotFound, "gone"),
    (kinds.Status(status=400), Malformed, "request_refused"),
    pytest.param(kinds.Portal(), Malformed, "not_json", marks=pytest.mark.fault("graph_not_json")),
    (kinds.Redirect(), Malformed, "redirected"),
    pytest.param(
        kinds.Truncated(), Malformed, "not_json", marks=pytest.mark.fault("graph_not_json")
    ),
    pytest.param(
        kinds.InvalidJson(), Malformed, "not_json", marks=pytest.mark.fault("graph_not_json")
    ),
    pytest.param(
        kinds.WrongCharset(), Malformed, "not_json", marks=pytest.mark.fault("graph_not_json")
    ),
    (kinds.Dropped(), Unavailable, "broken_off"),
    pytest.param(kinds.Oversized(), Malformed, "too_large", marks=pytest.mark.fault("graph_huge")),
    (kinds.EndlessPages(), Malformed, "endless_pages"),
    pytest.param(
        kinds.ForeignLink(),
        Malformed,
        "foreign_link",
        marks=pytest.mark.fault("graph_foreign_link"),
    ),
]


@pytest.mark.parametrize(("fault", "kind", "reason"), FAULTS, ids=lambda value: repr(value)[:60])
async def test_every_fault_is_one_of_the_four_errors(
    source: CalendarSource,
    calendar: Kestrel,
    tenant: Tenant,
    fault: Any,
    kind: type[ConnectorError],
    reason: str,
) -> None:
    calendar.add("Board meeting", NOON + HOUR, NOON + 2 * HOUR)
    tenant.faults.add(fault)
    with pytest.raises(kind) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.reason == reason
    for secret in ("Board meeting", SECRET, "eyJ", "ada@"):
        assert secret not in str(caught.value) + caught.value.fix
    tenant.faults.clear()
    assert await source.fetch(room(), WINDOW), "recovers without a hand"


@pytest.mark.fault("graph_throttled")
@pytest.mark.parametrize("as_date", [False, True])
async def test_both_forms_of_retry_after_are_understood(
    source: CalendarSource, tenant: Tenant, *, as_date: bool
) -> None:
    tenant.faults.add(kinds.Status(status=429, retry_after=7, as_date=as_date))
    with pytest.raises(Unavailable) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.retry_after == timedelta(seconds=7)


@pytest.mark.fault("graph_throttled")
async def test_a_retry_after_of_a_day_is_capped(source: CalendarSource, tenant: Tenant) -> None:
    tenant.faults.add(kinds.Status(status=429, retry_after=86_400))
    with pytest.raises(Unavailable) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.retry_after == timedelta(minutes=30)


@pytest.mark.fault("graph_elsewhere")
async def test_a_mailbox_that_is_elsewhere_is_told_with_its_mend(
    source: CalendarSource, tenant: Tenant
) -> None:
    tenant.add_mailbox("old@example.com", rest_enabled=False)
    with pytest.raises(NotFound) as caught:
        await source.fetch(room("old"), WINDOW)
    assert caught.value.reason == "mailbox_elsewhere"
    assert "Exchange Server" in caught.value.fix


@pytest.mark.fault("graph_forbidden")
async def test_a_mailbox_outside_the_scope_is_told_with_its_mend(
    source: CalendarSource, tenant: Tenant
) -> None:
    tenant.add_mailbox("boss@example.com")
    tenant.register_app(secret=SECRET, scope=["kestrel@example.com"])
    with pytest.raises(Denied) as caught:
        await source.fetch(room("boss"), WINDOW)
    assert caught.value.reason == "access_denied"
    assert "management scope" in caught.value.fix
    assert not caught.value.everywhere


async def test_a_source_watches_and_can_be_notified(source: CalendarSource) -> None:
    assert isinstance(source, Watching)
    assert isinstance(source, Notified)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"subscription_minutes": 44}, "subscription_minutes"),
        ({"subscription_minutes": 10_081}, "subscription_minutes"),
        (
            {
                "notifications": "webhook",
                "client_secret": None,
                "delegate": graph.DelegateAccount(account="rooms@example.com"),
            },
            "notifications",
        ),
    ],
)
def test_what_cannot_be_subscribed_to_is_said(options: dict[str, Any], key: str) -> None:
    usual = {"tenant_id": TENANT_ID, "client_id": CLIENT_ID, "client_secret": Secret(SECRET)}
    assert [name for name, _ in graph.Options(**{**usual, **options}).problems()] == [key]
