"""Writing to the simulated Exchange Server."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer

from connector.errors import Malformed
from connector.outside import Outside
from connector.simulators.exchange import USERNAME, Exchange
from connector.source import CalendarSource
from connector.sources.ews import changing, writing
from connector.writing import Writer
from tests.connector.source_contract import WINDOW
from tests.connector.writer_contract import WriterContract, draft
from tests.fakes.exchange import PASSWORD, Kestrel, connected, server, settings
from tests.fakes.sources import room
from tests.fakes.virtual import FixedClock

__all__ = ["server"]  # a fixture


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
async def source(outside: Outside, server: TestServer) -> AsyncIterator[CalendarSource]:
    async with connected(outside, server, impersonation=False) as opened:
        yield opened


@pytest.fixture
async def writer(outside: Outside, server: TestServer) -> AsyncIterator[Writer]:
    async with writing.connect(settings(server, impersonation=False), outside) as opened:
        yield opened


class TestContract(WriterContract):
    """Exchange Server keeps what everything promises that writes."""


async def test_tries_at_the_same_moment_book_once(
    writer: Writer, source: CalendarSource, calendar: Writable
) -> None:
    made = await asyncio.gather(*(writer.create(room(), draft()) for _ in range(5)))
    assert len(set(made)) == 1
    assert len(await source.fetch(room(), WINDOW)) == 1


async def test_a_booking_whose_answer_was_lost_is_found_again(
    outside: Outside, server: TestServer, writer: Writer, source: CalendarSource, calendar: Writable
) -> None:
    first = await writer.create(room(), draft())
    async with writing.connect(settings(server, impersonation=False), outside) as restarted:
        assert await restarted.create(room(), draft()) == first
    assert len(await source.fetch(room(), WINDOW)) == 1


async def test_a_zone_that_exchange_does_not_know_is_refused_in_words(
    writer: Writer, calendar: Writable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "IANA_TO_MS_TIMEZONE_MAP", {})
    with pytest.raises(Malformed) as caught:
        await writer.create(room(), draft())
    assert caught.value.reason == "request_refused"
    assert "time zone" in str(caught.value)
