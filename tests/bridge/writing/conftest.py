"""Rooms with one calendar in memory, an appliance that serves them, and who acts in them."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.views import pages
from bridge.writing import steps
from bridge.writing.actions import Actions
from bridge.writing.attempts import Attempts
from bridge.writing.bookings import Bookings
from bridge.writing.steps import Means
from connector.errors import ConnectorError
from connector.source import CalendarSource
from rooms.agenda import agenda_of
from rooms.audit import Audit
from rooms.database import Database
from rooms.model import Window
from rooms.room import Policy, Room, Writes
from tests.bridge.conftest import Views
from tests.fakes.furnished import furnished
from tests.fakes.sources import room
from tests.fakes.virtual import FixedClock
from tests.fakes.writing import FakeCalendars


class Office:
    """Rooms with one calendar, an appliance that serves them, and who acts in them."""

    def __init__(self, views: Views, calendars: FakeCalendars) -> None:
        self.views = views
        self.calendars = calendars
        self.reading = True
        self.slow = asyncio.Event()
        self.slow.set()
        calendars.now = views.clock.now
        means = Means(
            rooms=self,
            writers=calendars,
            store=views.store,
            health=views.health,
            audit=Audit(views.database),
            clock=views.clock,
        )
        self.bookings = Bookings(means)
        self.actions = Actions(self.bookings, Attempts(views.database, views.clock), views.clock)
        self.hinted = asyncio.Event()
        self.reads: set[asyncio.Task[None]] = set()
        self.let("full")

    def let(self, writes: Writes, **more: Any) -> Room:
        """The policy of kestrel from now on."""
        changed = room("kestrel", policy=Policy(writes=writes), **more)
        self.views.house.rooms = {**self.views.house.rooms, "kestrel": changed}
        return changed

    def reached(self, source: str) -> CalendarSource | None:
        return self.calendars if self.reading else None

    def hint(self, name: str) -> None:
        self.hinted.set()
        task = asyncio.create_task(self.read(name))
        self.reads.add(task)
        task.add_done_callback(self.reads.discard)

    async def read(self, name: str = "kestrel") -> None:
        """As a lane does it."""
        await self.slow.wait()
        now = self.views.clock.now()
        where = self.views.house.rooms[name]
        window = Window.around(now, timedelta(days=1), timedelta(days=7))
        try:
            events = await self.calendars.fetch(where, window)
        except ConnectorError:
            return
        agenda, account = agenda_of(where, events, window=window, as_of=now)
        await self.views.store.replace(where, agenda, account)
        self.bookings.heard(name)

    def shown(self) -> list[tuple[str, datetime, datetime]]:
        """What the room shows."""
        agenda = self.views.store.agenda("kestrel")
        assert agenda is not None
        return [(one.title, one.start, one.end) for one in agenda.bookings]

    def booking(self) -> str:
        """The id of the only booking."""
        agenda = self.views.store.agenda("kestrel")
        assert agenda is not None
        (only,) = agenda.bookings
        return only.id

    async def audit(self) -> list[tuple[str, str, str, str]]:
        rows = await self.views.database.change(
            lambda db: list(db.query("SELECT * FROM audit WHERE action LIKE 'bookings.%'"))
        )
        return [
            (row["actor"], row["action"], row["object"], json.loads(row["detail"])["outcome"])
            for row in rows
        ]


@pytest.fixture
def made(tmp_path: Path, clock: FixedClock) -> Views:
    """Opened before the loop runs."""
    pages.files()
    return Views(Database(furnished(tmp_path / "bridge.db")), clock)


@pytest.fixture
def calendars() -> FakeCalendars:
    return FakeCalendars()


@pytest.fixture
async def office(
    views: Views, calendars: FakeCalendars, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    monkeypatch.setattr(steps, "BETWEEN_LOOKS", 0)
    opened = Office(views, calendars)
    await opened.read()
    yield opened
    await asyncio.gather(*opened.reads)
