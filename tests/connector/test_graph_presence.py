"""Presence of rooms in Teams, against the simulated tenant."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestServer

from connector import load
from connector.checkup import Wanted
from connector.errors import Denied, NotFound, Unavailable
from connector.outside import Outside
from connector.presence import Presences, TellsPresence
from connector.secret import Secret
from connector.simulators.graph import CLIENT_ID, TENANT_ID, Tenant, app
from connector.simulators.graph.faults import kinds
from connector.sources import graph
from connector.sources.graph import presence
from connector.sources.graph.credentials import Credentials, DelegateAccount
from tests.fakes.virtual import FixedClock

ROOM = "kestrel@example.com"
ROLES = ("Calendars.Read", "Presence.ReadWrite.All")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def tenant(clock: FixedClock) -> Tenant:
    made = Tenant(clock=clock.now)
    made.register_app(secret="right", roles=ROLES)
    made.add_mailbox(ROOM)
    return made


@pytest.fixture
async def server(tenant: Tenant) -> AsyncIterator[TestServer]:
    running = TestServer(app(tenant))
    async with running:
        yield running


def options(server: TestServer) -> graph.Options:
    url = str(server.make_url("/")).rstrip("/")
    return graph.Options(
        tenant_id=TENANT_ID,
        client_id=CLIENT_ID,
        client_secret=Secret("right"),
        graph_url=url,
        login_url=url,
        presence="write",
    )


@pytest.fixture
async def presences(outside: Outside, server: TestServer) -> AsyncIterator[Presences]:
    async with presence.connect(options(server), outside) as opened:
        yield opened


async def test_a_call_and_an_empty_room_are_shown_until_they_are_cleared(
    presences: Presences, tenant: Tenant
) -> None:
    await presences.set(ROOM, "in_call")
    assert tenant.presences.shown(ROOM) == ("Busy", "InACall")
    await presences.set(ROOM, "available")
    assert tenant.presences.shown(ROOM) == ("Available", "Available")
    await presences.clear(ROOM)
    assert tenant.presences.shown(ROOM) == ("Offline", "Offline")
    await presences.clear(ROOM)


async def test_what_is_renewed_in_time_neither_fades_nor_ends(
    presences: Presences, tenant: Tenant, clock: FixedClock
) -> None:
    for shown, expected in (("in_call", "Busy"), ("available", "Available")):
        for _ in range(3):
            await presences.set(ROOM, shown)  # type: ignore[arg-type] # one of its words
            clock.move(presences.lasts(shown))  # type: ignore[arg-type] # likewise
            assert tenant.presences.shown(ROOM)[0] == expected
            assert "Inactive" not in tenant.presences.shown(ROOM)[1]
    clock.move(10 * MINUTE)
    assert tenant.presences.shown(ROOM)[0] == "Offline", "a bridge that is gone says nothing"


async def test_requests_are_counted(presences: Presences, outside: Outside) -> None:
    before = outside.meter.spent["write"]
    await presences.set(ROOM, "in_call")
    assert outside.meter.spent["write"] == before + 1


async def test_failures_are_named_after_who_must_act(presences: Presences, tenant: Tenant) -> None:
    with pytest.raises(NotFound):
        await presences.set("nobody@example.com", "in_call")
    tenant.faults.add(kinds.Status(status=429, at="writes", times=1, retry_after=7))
    with pytest.raises(Unavailable) as busy:
        await presences.set(ROOM, "in_call")
    assert busy.value.retry_after
    tenant.register_app(secret="right", roles=("Calendars.Read",))
    with pytest.raises(Denied) as refused:
        await presences.set(ROOM, "in_call")
    assert "Presence.ReadWrite.All" in refused.value.fix


async def test_the_doctor_tells_a_missing_permission_and_one_too_many(
    outside: Outside, server: TestServer, tenant: Tenant
) -> None:
    async def codes(*, wanted: bool) -> list[str]:
        async with graph.connect(options(server), outside) as source:
            found = await source.examine(Wanted(presence=wanted))  # type: ignore[attr-defined] # it is Examined
            return [one.code for one in found]

    assert "presence_missing" not in await codes(wanted=True)
    assert "scope_superfluous" in await codes(wanted=False)
    tenant.register_app(secret="right", roles=("Calendars.Read",))
    assert "presence_missing" in await codes(wanted=True)
    assert "presence_missing" not in await codes(wanted=False)


def test_a_service_account_sets_no_presence_unless_an_application_writes() -> None:
    account = graph.Options(
        client_id=CLIENT_ID,
        delegate=DelegateAccount(account="rooms@example.com"),
        presence="write",
    )
    assert (
        "presence",
        "a service account only reads: name an application as `writer`, or none",
    ) in [*account.problems()]
    writer = Credentials(tenant_id=TENANT_ID, client_id=CLIENT_ID, client_secret=Secret("x"))
    both = graph.Options(
        client_id=CLIENT_ID,
        delegate=DelegateAccount(account="rooms@example.com"),
        writer=writer,
        presence="write",
    )
    assert not [key for key, _ in both.problems() if key == "presence"]


def test_only_kinds_that_show_presence_have_a_driver_for_it() -> None:
    assert load.presence("graph") is presence
    assert isinstance(graph.Options(), TellsPresence)
    for kind in ("ics", "nothing"):
        with pytest.raises(KeyError):
            load.presence(kind)
