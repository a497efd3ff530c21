"""What goes wrong at Google, and what the driver makes of it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestServer

from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.google import ACCOUNT, Fault, Workspace, app
from connector.source import CalendarSource, Identified
from tests.connector import google_site
from tests.connector.google_site import Kestrel, connected, options
from tests.connector.source_contract import HOUR, WINDOW
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock


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


def status(code: int, reason: str = "", domain: str = "global", retry_after: str = "") -> Fault:
    return Fault(
        kind="status",
        status=code,
        reason=reason,
        domain=domain,
        message="ada@example.com",
        retry_after=retry_after,
    )


QUOTA = "usageLimits"
FAULTS = [
    (status(403, "rateLimitExceeded", QUOTA), Unavailable, "throttled"),
    (status(403, "userRateLimitExceeded", QUOTA), Unavailable, "throttled"),
    (status(403, "quotaExceeded", QUOTA), Unavailable, "throttled"),
    (status(403, "dailyLimitExceeded", QUOTA), Unavailable, "throttled"),
    (status(429, "rateLimitExceeded", QUOTA), Unavailable, "throttled"),
    (status(403, "accessNotConfigured", QUOTA), Denied, "api_disabled"),
    (status(403, "requiredAccessLevel", "calendar"), Denied, "access_denied"),
    (status(403, "insufficientPermissions"), Denied, "access_denied"),
    (status(403, "forbidden"), Denied, "access_denied"),
    (status(401, "authError"), Denied, "token_refused"),
    (status(404, "notFound"), NotFound, "not_found"),
    (status(410, "deleted"), NotFound, "gone"),
    (status(400, "badRequest"), Malformed, "request_refused"),
    (status(500, "backendError"), Unavailable, "service_error"),
    (status(503, "backendError"), Unavailable, "service_error"),
    (Fault(kind="portal"), Malformed, "not_json"),
    (Fault(kind="redirect"), Malformed, "redirected"),
    (Fault(kind="truncated"), Malformed, "not_json"),
    (Fault(kind="invalid_json"), Malformed, "not_json"),
    (Fault(kind="dropped"), Unavailable, "broken_off"),
    (Fault(kind="oversized"), Malformed, "too_large"),
    (Fault(kind="endless_pages"), Malformed, "endless_pages"),
]


@pytest.mark.fault("google_gone")
@pytest.mark.parametrize(("fault", "kind", "reason"), FAULTS, ids=lambda value: repr(value)[:50])
async def test_every_fault_is_one_of_the_four_errors(
    source: CalendarSource,
    calendar: Kestrel,
    workspace: Workspace,
    fault: Fault,
    kind: type[ConnectorError],
    reason: str,
) -> None:
    calendar.add("Board meeting", NOON + HOUR, NOON + 2 * HOUR)
    workspace.faults.add(fault)
    with pytest.raises(kind) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.reason == reason
    for secret in ("Board meeting", "ya29", "PRIVATE", "ada@"):
        assert secret not in str(caught.value) + caught.value.fix
    workspace.faults.clear()
    assert await source.fetch(room(), WINDOW), "recovers without a hand"


@pytest.mark.fault("google_gone")
@pytest.mark.parametrize("value", ["7", "Mon, 23 Nov 2026 12:00:07 GMT"])
async def test_a_quota_tells_when_it_has_room_again(
    source: CalendarSource, workspace: Workspace, value: str
) -> None:
    workspace.faults.add(status(403, "rateLimitExceeded", QUOTA, retry_after=value))
    with pytest.raises(Unavailable) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.retry_after == timedelta(seconds=7)


@pytest.mark.fault("google_gone")
async def test_a_calendar_that_is_shared_no_longer_is_said_to_be(
    source: CalendarSource, calendar: Kestrel
) -> None:
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR)
    assert await source.fetch(room(), WINDOW)
    calendar.calendar.share(ACCOUNT, None)
    with pytest.raises(NotFound) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.reason == "unshared"
    assert "no longer shared with the bridge" in str(caught.value)
    calendar.calendar.share(ACCOUNT)
    assert await source.fetch(room(), WINDOW)


async def test_a_calendar_that_was_never_shared_is_not_there(source: CalendarSource) -> None:
    with pytest.raises(NotFound) as caught:
        await source.fetch(room("nobody"), WINDOW)
    assert caught.value.reason == "not_found"
    assert "share" in caught.value.fix


async def test_a_page_that_fails_in_the_middle_fails_the_whole(
    source: CalendarSource, calendar: Kestrel, workspace: Workspace
) -> None:
    for number in range(6):
        calendar.add(f"{number}", NOON + HOUR, NOON + 2 * HOUR)
    workspace.page_limit = 2
    workspace.faults.add(Fault(kind="slow", times=2))
    assert len(await source.fetch(room(), WINDOW)) == 6
    workspace.faults.add(Fault(kind="empty_page", times=1))
    workspace.faults.add(status(500))
    with pytest.raises(Unavailable):
        await source.fetch(room(), WINDOW)


async def test_an_account_that_is_gone_is_refused(
    source: CalendarSource, workspace: Workspace
) -> None:
    workspace.accounts.clear()
    with pytest.raises(Denied) as caught:
        await source.fetch(room(), WINDOW)
    assert (caught.value.reason, caught.value.everywhere) == ("credentials_refused", True)
    assert "service account is gone" in caught.value.fix
    assert isinstance(source, Identified)
    assert [one.state for one in source.credentials()] == ["refused"]


async def test_a_key_that_was_deleted_is_refused_and_another_works(
    outside: Outside, server: TestServer, workspace: Workspace, calendar: Kestrel
) -> None:
    account = workspace.accounts[ACCOUNT]
    old = account.key_file("", next(iter(account.keys)))
    account.rotate()
    account.delete_key(next(iter(account.keys)))
    async with connected(outside, server, workspace, service_account=Secret(old)) as opened:
        with pytest.raises(Denied) as caught:
            await opened.fetch(room(), WINDOW)
        assert caught.value.reason == "credentials_refused"
        assert "key was deleted" in caught.value.fix
    async with connected(outside, server, workspace) as opened:
        assert await opened.fetch(room(), WINDOW) == []
        assert isinstance(opened, Identified)
        (told,) = opened.credentials()
        assert (told.kind, told.state) == ("service_account_key", "works")


@pytest.mark.fault("bridge")
async def test_a_clock_that_is_wrong_is_told_with_its_mend(
    outside: Outside, server: TestServer, workspace: Workspace, calendar: Kestrel
) -> None:
    workspace.offset = timedelta(hours=2)
    async with connected(outside, server, workspace) as opened:
        with pytest.raises(Denied) as caught:
            await opened.fetch(room(), WINDOW)
    assert "clock" in caught.value.fix


async def test_a_subject_that_nobody_is_is_told(
    outside: Outside, server: TestServer, workspace: Workspace, calendar: Kestrel
) -> None:
    workspace.accounts[ACCOUNT].delegated.add(
        "https://www.googleapis.com/auth/calendar.events.readonly"
    )
    async with connected(outside, server, workspace, subject="nobody@example.com") as opened:
        with pytest.raises(Denied) as caught:
            await opened.fetch(room(), WINDOW)
    assert "subject" in caught.value.fix
    assert "nobody@" not in str(caught.value) + caught.value.fix


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (Fault(kind="portal", at="token"), Malformed, "not_json"),
        (Fault(kind="truncated", at="token"), Malformed, "not_json"),
        (
            Fault(kind="status", at="token", status=503, reason="internal_failure"),
            Unavailable,
            "service_error",
        ),
        (
            Fault(kind="status", at="token", status=429, reason="rate_limit_exceeded"),
            Unavailable,
            "throttled",
        ),
    ],
)
async def test_a_token_service_that_fails_concerns_every_room(
    source: CalendarSource,
    workspace: Workspace,
    fault: Fault,
    kind: type[ConnectorError],
    reason: str,
) -> None:
    workspace.faults.add(fault)
    with pytest.raises(kind) as caught:
        await source.fetch(room(), WINDOW)
    assert (caught.value.reason, caught.value.everywhere) == (reason, True)
    workspace.faults.clear()
    assert await source.fetch(room(), WINDOW) == []


async def test_a_key_that_cannot_be_read_is_missing(
    outside: Outside, server: TestServer, workspace: Workspace, calendar: Kestrel
) -> None:
    async with connected(outside, server, workspace, service_account=Secret("")) as opened:
        with pytest.raises(Denied) as caught:
            await opened.fetch(room(), WINDOW)
        assert isinstance(opened, Identified)
        assert [one.state for one in opened.credentials()] == ["missing"]
    assert caught.value.reason == "credentials_missing"


async def test_secrets_do_not_print(server: TestServer, workspace: Workspace) -> None:
    assert "PRIVATE" not in repr(options(server, workspace))
