"""What changes calendars is opened once, where it is allowed, and closed when that ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.settings.model import Configuration, Inventory, Site, SourceSettings
from bridge.writing.writers import Writers
from connector.errors import ConnectorError, Denied, Unavailable
from connector.outside import Outside, open_outside
from connector.sources import demo, graph
from rooms.room import Policy, Writes
from tests.fakes.sources import room
from tests.fakes.virtual import FixedClock
from tests.fakes.writing import FakeCalendars


class Driver:
    """A module `writing` that counts how often it is open."""

    def __init__(self) -> None:
        self.opened = self.closed = 0
        self.error: Exception | None = None

    @asynccontextmanager
    async def connect(self, _options: Any, _outside: Outside) -> AsyncIterator[FakeCalendars]:
        if self.error is not None:
            raise self.error
        self.opened += 1
        try:
            yield FakeCalendars()
        finally:
            self.closed += 1


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    made = Driver()
    monkeypatch.setattr("bridge.writing.writers.load.writing", lambda _: made)
    monkeypatch.setattr("bridge.settings.model.load.writing_kinds", lambda: {"graph"})
    return made


@pytest.fixture
async def opened(driver: Driver, clock: FixedClock) -> AsyncIterator[Writers]:
    async with open_outside(clock) as outside:
        made = Writers(lambda _name, _settings: outside)
        async with made.running():
            yield made
    assert driver.closed == driver.opened


def configured(writes: Writes = "adhoc", client_id: str = "app", **more: Any) -> Configuration:
    options = graph.Options(tenant_id="t", client_id=client_id)
    sources = {
        "m365": SourceSettings(kind="graph", options=options),
        "show": SourceSettings(kind="demo", options=demo.Options()),
    }
    rooms = (
        room(policy=Policy(writes=writes)),
        room("heron", source="show", policy=Policy(writes=writes)),
    )
    inventory = Inventory(rooms=rooms)
    return Configuration(file=Path("x"), site=Site(), sources=sources, inventory=inventory, **more)


async def test_a_source_is_opened_when_it_is_first_needed_and_once(
    opened: Writers, driver: Driver
) -> None:
    await opened.adopt(configured())
    assert driver.opened == 0
    assert await opened.writer("m365") is await opened.writer("m365")
    assert driver.opened == 1


async def test_where_nothing_may_be_written_nothing_is_opened(
    opened: Writers, driver: Driver
) -> None:
    await opened.adopt(configured("none"))
    with pytest.raises(KeyError):
        await opened.writer("m365")
    await opened.adopt(configured())
    with pytest.raises(KeyError):
        await opened.writer("show")
    assert driver.opened == 0


async def test_a_source_is_closed_when_it_may_be_written_to_no_more(
    opened: Writers, driver: Driver
) -> None:
    await opened.adopt(configured())
    await opened.writer("m365")
    await opened.adopt(configured())
    assert driver.closed == 0
    await opened.adopt(configured("none"))
    assert driver.closed == 1


async def test_changed_settings_open_a_source_anew(opened: Writers, driver: Driver) -> None:
    await opened.adopt(configured())
    first = await opened.writer("m365")
    await opened.adopt(configured(client_id="other"))
    assert await opened.writer("m365") is not first
    assert (driver.opened, driver.closed) == (2, 1)


async def test_a_revoked_source_is_closed(opened: Writers, driver: Driver) -> None:
    await opened.adopt(configured())
    await opened.writer("m365")
    await opened.close("m365")
    await opened.close("m365")
    assert (driver.opened, driver.closed) == (1, 1)


@pytest.mark.parametrize(
    ("error", "kind"),
    [(Denied("no", reason="access_denied"), Denied), (RuntimeError("a bug"), Unavailable)],
)
async def test_what_cannot_be_opened_is_tried_again_when_it_is_needed_again(
    opened: Writers, driver: Driver, error: Exception, kind: type[ConnectorError]
) -> None:
    await opened.adopt(configured())
    driver.error = error
    with pytest.raises(kind):
        await opened.writer("m365")
    driver.error = None
    assert isinstance(await opened.writer("m365"), FakeCalendars)


async def test_a_writer_that_was_handed_out_ends_with_what_allowed_it(
    opened: Writers, driver: Driver
) -> None:
    asked = room(policy=Policy(writes="adhoc"))
    await opened.adopt(configured())
    writer = await opened.writer("m365")
    assert opened.allows(asked, writer)
    await opened.adopt(configured("full"))
    assert opened.allows(asked, writer)
    await opened.adopt(configured("release"))
    assert not opened.allows(asked, writer)
    await opened.adopt(configured())
    await opened.close("m365")
    assert not opened.allows(asked, writer)
    assert await opened.writer("m365") is not writer
    assert not opened.allows(asked, writer)


async def test_a_room_that_left_or_moved_is_not_written_to(opened: Writers, driver: Driver) -> None:
    await opened.adopt(configured())
    writer = await opened.writer("m365")
    for other in (room("wren"), room(mailbox="other@example.com"), room(source="show")):
        assert not opened.allows(other, writer)
