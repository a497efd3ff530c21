"""Writing to the simulated Exchange Server."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer

from connector.outside import Outside
from connector.simulators.exchange import USERNAME, Exchange, app
from connector.source import CalendarSource
from connector.sources.ews import writing
from connector.writing import Writer
from tests.connector.writer_contract import WriterContract
from tests.fakes.exchange import PASSWORD, Kestrel, connected, settings
from tests.fakes.virtual import FixedClock


class Writable(Kestrel):
    """Kestrel's calendar, whose account can be kept from writing."""

    def forbid_writing(self) -> None:
        self.exchange.add_user(USERNAME, PASSWORD, reviewer_of=[self.mailbox.address])


@pytest.fixture
def exchange(clock: FixedClock) -> Exchange:
    made = Exchange(clock=clock.now)
    made.add_user(USERNAME, PASSWORD, delegate_of=["kestrel@example.com"])
    return made


@pytest.fixture
def calendar(exchange: Exchange) -> Writable:
    return Writable(exchange)


@pytest.fixture
async def server(exchange: Exchange) -> AsyncIterator[TestServer]:
    running = TestServer(app(exchange))
    async with running:
        yield running


@pytest.fixture
async def source(outside: Outside, server: TestServer) -> AsyncIterator[CalendarSource]:
    async with connected(outside, server, impersonation=False) as opened:
        yield opened


@pytest.fixture
async def writer(outside: Outside, server: TestServer) -> AsyncIterator[Writer]:
    async with writing.connect(settings(server, impersonation=False), outside) as opened:
        yield opened


class TestContract(WriterContract):
    """Exchange Server keeps what everything promises that writes."""
