"""The driver for Exchange Server, against the simulated one."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer

from connector.outside import Outside
from connector.simulators.exchange import USERNAME, Exchange, app
from connector.source import CalendarSource
from tests.connector.source_contract import SourceContract
from tests.fakes.exchange import PASSWORD, Kestrel, connected
from tests.fakes.virtual import FixedClock


@pytest.fixture
def exchange(clock: FixedClock) -> Exchange:
    made = Exchange(clock=clock.now)
    made.add_user(USERNAME, PASSWORD, impersonates="all")
    return made


@pytest.fixture
def calendar(exchange: Exchange) -> Kestrel:
    return Kestrel(exchange)


@pytest.fixture
async def server(exchange: Exchange) -> AsyncIterator[TestServer]:
    running = TestServer(app(exchange))
    async with running:
        yield running


@pytest.fixture
async def source(outside: Outside, server: TestServer) -> AsyncIterator[CalendarSource]:
    async with connected(outside, server) as opened:
        yield opened


class TestContract(SourceContract):
    """Exchange Server keeps what every source promises."""
