"""Identities of sources: looked at, revoked for good, and told over the control socket only."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bridge.expiry import CODES
from bridge.health import Health, Subject
from bridge.identities import Identities, _secrets, seconds_left
from bridge.lane import Heard
from bridge.revoked import Revoked
from bridge.settings.model import Configuration, SourceSettings
from bridge.sync import Sync
from connector.outside import Outside, Proxy, open_outside
from connector.secret import Secret
from connector.source import Credential
from connector.sources import demo, graph
from rooms.audit import Audit
from rooms.database import Database
from rooms.store import Store
from tests.bridge.conftest import Views
from tests.fakes.virtual import NOON, FixedClock

Client = TestClient[Any, Any]
DAY = timedelta(days=1)
M365 = Subject("identity", "m365")


async def nothing_to_forget(_source: str, _names: Sequence[str], /, *, by: str) -> Sequence[str]:
    """There is no vault."""
    del by
    return ()


class FakeSync(Sync):
    """Has the credentials that it is given."""

    def __init__(self, outside: Outside, store: Store, health: Health, clock: FixedClock) -> None:
        super().__init__(outside, store=store, health=health, clock=clock, heard=_nobody)
        self.given: Sequence[Credential] = ()

    def credentials(self, _name: str) -> Sequence[Credential]:
        """Those."""
        return self.given


def _nobody(_room: str, /, *, changed: bool) -> None:
    """Nobody hears of reads."""


_: Heard = _nobody


def configuration() -> Configuration:
    source = SourceSettings(kind="demo", options=demo.Options())
    return Configuration(file=Path("bridge.yaml"), sources={"m365": source})


@pytest.fixture
def revoked(made: Views) -> Revoked:
    """Read before the loop runs."""
    return Revoked(made.database)


class TestLooking:
    """What is said of credentials while time passes."""

    async def test_health_follows_the_ends_and_the_metric_counts_down(
        self, revoked: Revoked, views: Views, clock: FixedClock
    ) -> None:
        made = views
        async with open_outside(clock) as outside:
            sync = FakeSync(outside, made.store, made.health, clock)
            audit = Audit(made.database)
            identities = Identities(
                sync,
                revoked=revoked,
                health=made.health,
                audit=audit,
                clock=clock,
                forget=nothing_to_forget,
            )
            await identities.adopt(configuration())
            end = NOON + 90 * DAY
            sync.given = [Credential(name="certificate", kind="certificate", expires=end)]
            seen = []
            for _ in range(95):
                await identities.look()
                seen += [one.code for one in made.health.of(M365)]
                clock.move(DAY)
            assert list(dict.fromkeys(seen)) == [
                "credential_expiring_60",
                "credential_expiring_30",
                "credential_expiring_7",
                "credential_expired",
            ]
            assert len(made.health.of(M365)) == 1
            (trouble,) = made.health.of(M365)
            assert trouble.source == "m365"
            assert "roombridge sources authorize m365" in trouble.fix
            left = seconds_left(identities, clock.now())
            assert left == {("m365", "certificate"): -5 * 86400}
            sync.given = []
            await identities.look()
            assert not made.health.of(M365)

    async def test_a_room_tells_what_is_wrong_with_the_identity_behind_it(
        self, views: Views
    ) -> None:
        views.health.bad(M365, CODES[0], "certificate ended")
        room = views.house.rooms["kestrel"]
        assert CODES[0] in {one.code for one in views.house.health_of(room, NOON)}


class TestRevoked:
    """What is revoked."""

    async def test_it_stays_so_after_a_restart(self, tmp_path: Path) -> None:
        path = tmp_path / "bridge.db"
        database = await asyncio.to_thread(Database, path)
        revoked = await asyncio.to_thread(Revoked, database)
        async with database.running():
            await revoked.add("m365", at=NOON, actor="control:ada")
            await revoked.add("m365", at=NOON + DAY, actor="control:bob")
            await revoked.add("other", at=NOON, actor="control:ada")
            await revoked.remove("other")
            await revoked.remove("never")
        again = await asyncio.to_thread(Database, path)
        kept = await asyncio.to_thread(Revoked, again)
        assert list(kept) == ["m365"]
        assert kept.get("m365") == (NOON + DAY, "control:bob")
        assert kept.get("other") is None
        again.close()


def test_every_secret_of_a_source_is_found_with_its_setting() -> None:
    file = Path("/etc/roombridge/secrets/m365.pem")
    settings = SourceSettings(
        kind="graph",
        options=graph.Options(
            certificate=Secret("pem", file), next_client_secret=Secret("s", vault="m365/next")
        ),
        proxy=Proxy(url="http://proxy.example.com", password=Secret("p")),
    )
    found = dict(_secrets(settings, "sources.m365"))
    assert found.keys() == {
        "sources.m365.certificate",
        "sources.m365.next_client_secret",
        "sources.m365.proxy.password",
    }
    assert found["sources.m365.certificate"].file == file
    assert found["sources.m365.next_client_secret"].vault == "m365/next"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/sources"),
        ("POST", "/api/v1/sources/m365/authorize"),
        ("GET", "/api/v1/sources/m365/authorize"),
        ("POST", "/api/v1/sources/m365/revoke"),
    ],
)
async def test_only_the_control_socket_may(
    client: Client, views: Views, method: str, path: str
) -> None:
    headers = await views.token("read", "join")
    async with client.request(method, path, headers=headers) as answer:
        assert answer.status == 403
    async with client.request(method, path) as answer:
        assert answer.status == 403
