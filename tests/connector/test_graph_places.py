"""The rooms of the directory, read by Microsoft's own client in a process of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from connector.discovery import Discovers, FoundRoom
from connector.errors import Denied, Malformed, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.graph import CLIENT_ID, TENANT_ID, RoomDetails, Tenant, app
from connector.simulators.graph.faults import kinds
from connector.sources import graph
from tests.fakes.virtual import FixedClock

pytestmark = [pytest.mark.allow_blocking, pytest.mark.process]


@pytest.fixture
def tenant(clock: FixedClock) -> Tenant:
    made = Tenant(clock=clock.now)
    made.register_app(secret="right", roles=["Calendars.Read", "Place.Read.All"])
    return made


@pytest.fixture
async def source(tenant: Tenant, outside: Outside) -> AsyncIterator[Discovers]:
    async with TestServer(app(tenant)) as server:
        url = str(server.make_url("")).rstrip("/")
        options = graph.Options(
            tenant_id=TENANT_ID,
            client_id=CLIENT_ID,
            client_secret=Secret("right"),
            graph_url=url,
            login_url=url,
        )
        async with graph.connect(options, outside) as made:
            assert isinstance(made, Discovers)
            yield made


async def test_rooms_come_with_what_the_directory_knows_of_them(
    tenant: Tenant, source: Discovers
) -> None:
    details = RoomDetails(capacity=8, building="Harbour", floor_number=2, video_device="Codec")
    tenant.add_mailbox("kestrel@example.com", name="Kestrel", room=details)
    tenant.add_room_list("north@example.com", name="North", rooms=["kestrel@example.com"])
    tenant.add_room_list("small@example.com", name="Small", rooms=["kestrel@example.com"])
    assert await source.discover() == (
        FoundRoom(
            mailbox="kestrel@example.com",
            name="Kestrel",
            building="Harbour",
            floor="2",
            capacity=8,
            features=("video",),
            lists=("North", "Small"),
        ),
    )


async def test_more_rooms_than_a_page_holds_all_come(
    tenant: Tenant, source: Discovers, outside: Outside
) -> None:
    for number in range(250):
        tenant.add_mailbox(f"room-{number}@example.com", name=f"Room {number}")
    found = await source.discover()
    assert len({room.mailbox for room in found}) == 250
    assert outside.meter.spent["discover"] == 4


async def test_without_the_permission_it_says_which_is_missing(
    tenant: Tenant, source: Discovers
) -> None:
    tenant.register_app(secret="right", roles=["Calendars.Read"])
    with pytest.raises(Denied) as caught:
        await source.discover()
    assert "Place.Read.All" in caught.value.fix


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (kinds.Status(status=503, at="places"), Unavailable, "service_error"),
        (kinds.Status(status=429, retry_after=7, at="places"), Unavailable, "throttled"),
        (kinds.ForeignLink(at="places"), Malformed, "foreign_link"),
        (kinds.Portal(at="places"), Malformed, "wrong_shape"),
        (kinds.Dropped(at="places"), Unavailable, "unreachable"),
    ],
)
async def test_an_answer_that_is_none_is_never_an_empty_list(
    tenant: Tenant, source: Discovers, fault: kinds.AnyFault, kind: type[Exception], reason: str
) -> None:
    for number in range(150):
        tenant.add_mailbox(f"room-{number}@example.com", name=f"Room {number}")
    tenant.faults.add(fault)
    with pytest.raises(kind) as caught:
        await source.discover()
    assert getattr(caught.value, "reason", "") == reason


async def test_microsofts_client_is_never_imported_here(tenant: Tenant, source: Discovers) -> None:
    tenant.add_mailbox("kestrel@example.com")
    await source.discover()
    assert not [name for name in sys.modules if name.partition(".")[0] == "msgraph"]


async def test_what_the_client_does_besides_tells_nothing_of_a_room() -> None:
    script = """
from msgraph.generated.models.entity import Entity
from connector.sources.graph.places_process import few_fields
theirs = Entity().get_field_deserializers()
assert theirs.keys() == few_fields(Entity()).keys(), theirs
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
    assert await process.wait() == 0


async def test_the_process_is_told_its_token_and_nothing_else(
    tenant: Tenant, source: Discovers, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    start = asyncio.create_subprocess_exec

    async def seen(*program: Any, **how: Any) -> asyncio.subprocess.Process:
        started.append((program, how))
        return await start(*program, **how)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", seen)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    tenant.add_mailbox("kestrel@example.com")
    assert await source.discover()
    ((program, how),) = started
    assert program == (sys.executable, "-m", "connector.sources.graph.places_process")
    assert how["env"].keys() <= {"PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONPATH"}
    assert how["stdin"] == asyncio.subprocess.PIPE
    assert how["stderr"] == asyncio.subprocess.DEVNULL
