"""The pages over an inventory and a service that lists rooms: a real discovery and its decisions.

A test module imports the fixtures that it needs, as those of `stocked`.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.deciding import Decisions
from bridge.discovery import Discovery
from bridge.keeping import Counter
from bridge.rejections import Rejections
from bridge.settings.model import Configuration
from connector.discovery import FoundRoom
from tests.bridge.admin.stocked import Stock, looked_at, served
from tests.bridge.inventory.keeping import STORE
from tests.bridge.test_deciding import told
from tests.bridge.test_discovery import Able, Directory
from tests.bridge.test_settings import GRAPH, ROOM

LISTED: Sequence[FoundRoom] = (
    told("kestrel", capacity=10, floor="2", building="Harbour House"),
    told("heron", name="Heron Lounge"),
    told("eagle", name="Eagle", capacity=4, building="Mill", floor="1", lists=("North wing",)),
    told("owl", name="Owl", time_zone="", lists=("Tower",)),
)
"""Of three rooms that are entered one is gone and two differ; two are new."""


class Found(Stock):
    """Three rooms, and a service that lists others."""

    def __init__(self, folder: Path, bridge: str = STORE, rooms: str = "") -> None:
        super().__init__(folder, bridge, rooms)
        self.directory = Directory(LISTED)
        self.able = Able(m365=self.directory)
        self.discovery = Discovery(
            self.able,
            health=self.house.health,
            clock=self.clock,
            rejections=Rejections(self.database),
        )
        page = self.house.admin.discovery
        page.discovering = self.discovery
        page.deciding = Decisions(self.discovery, self.keeper, Counter(self.keeper), self.clock)

    async def adopt(self, configuration: Configuration) -> None:
        """As the appliance would."""
        await super().adopt(configuration)
        await self.discovery.adopt(configuration)

    async def ask(self, times: int = 2) -> None:
        """Services are asked, an hour apart."""
        await self.discovery.adopt(self.configuration)
        for _ in range(times):
            self.clock.move(timedelta(hours=1))
            await self.discovery.run()

    def lists(self, *rooms: FoundRoom) -> None:
        """What the service says from now on."""
        self.directory.told = [rooms]

    @staticmethod
    def many(number: int) -> Iterator[FoundRoom]:
        """As many rooms as somebody wants."""
        return (told(f"room-{one}", name=f"Room {one}") for one in range(1, number + 1))

    @staticmethod
    def doubtful() -> Sequence[FoundRoom]:
        """A list in which everything is that a page may have to tell."""
        return (*LISTED[2:], told("kestrel"), told("kestrel", name="Kestrel 2"))


@pytest.fixture
def sought(tmp_path: Path) -> Iterator[Found]:
    """Opened before the loop runs."""
    found = Found(tmp_path)
    with looked_at(found):
        yield found


@pytest.fixture
async def found(sought: Found) -> AsyncIterator[Found]:
    """Served, and asked twice."""
    async with served(sought):
        await sought.ask()
        yield sought


@pytest.fixture
def sought_in_files(tmp_path: Path) -> Iterator[Found]:
    """One room, in a file."""
    found = Found(tmp_path, GRAPH + "data_dir: data\n", ROOM)
    with looked_at(found):
        yield found


@pytest.fixture
async def found_in_files(sought_in_files: Found) -> AsyncIterator[Found]:
    """Served, and asked twice."""
    async with served(sought_in_files):
        await sought_in_files.ask()
        yield sought_in_files
