"""The real program beside an Exchange Server."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp.test_utils import TestServer

from connector.simulators.exchange import PATH, USERNAME, Exchange, Meeting, app
from tests.process.conftest import HOUR, Site, until

PASSWORD = "right-but-secret"


@pytest.fixture
def exchange() -> Exchange:
    made = Exchange()
    made.add_user(USERNAME, PASSWORD, impersonates="all")
    made.add_mailbox("kestrel@example.com", name="Kestrel")
    return made


@pytest.fixture
async def at_exchange(site: Site, exchange: Exchange) -> AsyncIterator[Site]:
    """A site whose one room is on the server."""
    server = TestServer(app(exchange))
    async with server:
        site.settings["sources"] = {
            "exchange": {
                "kind": "ews",
                "url": str(server.make_url(PATH)),
                "username": USERNAME,
                "password_file": "exchange",
            }
        }
        site.secrets["exchange"] = PASSWORD
        site.settings["poll"] = {"near": "10m", "far": "10m"}  # only a notification is in time
        yield site


def book(exchange: Exchange, subject: str) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + HOUR
    meeting = Meeting(subject=subject, start=start, end=start + HOUR / 2)
    exchange.mailbox("kestrel@example.com").add(meeting)


async def test_rooms_of_an_exchange_server_are_shown(at_exchange: Site, exchange: Exchange) -> None:
    book(exchange, "Review")
    async with at_exchange.running() as appliance:

        async def shows(subject: str) -> bool:
            return subject in (await appliance.titles() or ())

        await until(lambda: shows("Review"), "the first read")
        book(exchange, "Retrospective")
        await until(lambda: shows("Retrospective"), "a change")
        assert await appliance.stop() == 0
    assert PASSWORD not in "\n".join(appliance.log)
    assert {asked.auth for asked in exchange.journal.requests() if asked.status == 200} <= {
        "NTLM",
        "Connection",
        "connection",
    }


async def test_a_wrong_password_locks_nobody_out(at_exchange: Site, exchange: Exchange) -> None:
    at_exchange.secrets["exchange"] = "wrong-and-secret"
    at_exchange.write()
    async with at_exchange.running() as appliance:

        async def told() -> bool:
            rooms = await appliance.get("/api/v1/rooms/kestrel")
            return "credentials_refused" in {one["code"] for one in rooms["health"]}

        await until(told, "health")
        assert await appliance.stop() == 0
    assert exchange.people.get(USERNAME).wrong == 1
    assert "wrong-and-secret" not in "\n".join(appliance.log)


async def test_exchange_online_does_not_start(at_exchange: Site) -> None:
    cloud = "https://outlook.office365.com/EWS/Exchange.asmx"
    at_exchange.settings["sources"]["exchange"]["url"] = cloud
    at_exchange.write()
    status, out, _ = await at_exchange.command("check")
    assert status == 2
    assert "kind: graph" in out
