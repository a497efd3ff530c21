"""Kestrel's calendar on the simulated Exchange Server, and a source that reads it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.exchange import PATH, USERNAME, Exchange, Meeting, Recurrence, app
from connector.source import CalendarSource
from connector.sources import ews
from rooms.zones import zone
from tests.fakes.virtual import FixedClock

PASSWORD = "right"
RESPONSES = {"tentative": "tentativelyAccepted"}


class Kestrel:
    """Kestrel's calendar in the organization."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.mailbox = exchange.add_mailbox("kestrel@example.com", name="Kestrel")

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
        if name := more.pop("zone", ""):
            try:
                zone(name)
                more["time_zone"] = name
            except KeyError:
                more["raw"] = {"originalStartTimeZone": name, "originalEndTimeZone": name}
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
        self.mailbox = self.exchange.add_mailbox(mailbox, name="Kestrel")
        for meeting in meetings:
            self.mailbox.add(meeting)

    def abolish(self) -> None:
        self.exchange.remove_mailbox(self.mailbox.address)


def settings(server: TestServer, **more: Any) -> ews.Options:
    """Options for a source that reads a simulated server."""
    given = {
        "url": str(server.make_url(PATH)),
        "auth": "basic",
        "username": USERNAME,
        "password": Secret(PASSWORD),
        **more,
    }
    return ews.Options(**given)


def connected(
    outside: Outside, server: TestServer, **more: Any
) -> AbstractAsyncContextManager[CalendarSource]:
    """A source that reads a simulated server."""
    return ews.connect(settings(server, **more), outside)


@pytest.fixture
def exchange(clock: FixedClock) -> Exchange:
    """An organization whose service account may impersonate everybody."""
    made = Exchange(clock=clock.now)
    made.add_user(USERNAME, PASSWORD, impersonates="all")
    return made


@pytest.fixture
def calendar(exchange: Exchange) -> Kestrel:
    """Kestrel's calendar."""
    return Kestrel(exchange)


@pytest.fixture
async def server(exchange: Exchange) -> AsyncIterator[TestServer]:
    """The organization's server."""
    running = TestServer(app(exchange))
    async with running:
        yield running


@pytest.fixture
async def source(outside: Outside, server: TestServer) -> AsyncIterator[CalendarSource]:
    """A source that reads it with impersonation."""
    async with connected(outside, server) as opened:
        yield opened
