"""A keeper with a real database and configuration, without an appliance around it."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.callers import SCOPES, Caller
from bridge.following import Following
from bridge.inventory.keeper import Keeper
from bridge.inventory.opening import Opening
from bridge.settings.load import usable
from bridge.settings.model import Configuration
from bridge.settings.problem import Unusable
from connector.secret import Secret
from tests.bridge.test_settings import GRAPH, Folder
from tests.fakes.virtual import FixedClock

OWNER = Caller(name="ada", scopes=SCOPES["owner"], role="owner")
STORE = GRAPH + "data_dir: data\ninventory: store\n"


class KeptVault:
    """A vault that keeps what it is given."""

    there = True

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def given(self) -> list[str]:
        return [*self.kept]

    async def put(self, secrets: Mapping[str, Secret], /, *, by: str) -> None:
        assert by
        self.kept |= {name: one.reveal() for name, one in secrets.items()}

    async def drop(self, names: Collection[str], /, *, by: str) -> None:
        assert by
        for name in names:
            del self.kept[name]


class Keeping:
    """A keeper, and what it had the appliance work by."""

    def __init__(self, folder: Path, bridge: str = STORE, rooms: str = "") -> None:
        self.folder = Folder(folder)
        if rooms:
            self.folder.write("rooms.yaml", rooms)
        self.file = self.folder.write("bridge.yaml", bridge)
        self.opening = Opening()
        try:
            self.configuration, _ = usable(self.file, stored=self.opening)
        except Unusable:
            self.opening.close()
            raise
        site = self.configuration.site
        self.database = self.opening.database(site.data_dir)
        self.clock = FixedClock()
        self.keeper = Keeper(
            self.opening.rows(site),
            clock=self.clock,
            memory=self.opening.memory,
            following=Following(self.database),
        )
        self.keeper.attach(lambda: self.configuration, lambda: None, self.adopt)
        self.adopted: list[Configuration] = []

    async def adopt(self, configuration: Configuration) -> None:
        """As the appliance would."""
        self.configuration = configuration
        self.adopted.append(configuration)


@asynccontextmanager
async def keeping(folder: Path, bridge: str = STORE, rooms: str = "") -> AsyncIterator[Keeping]:
    """A keeper whose database runs."""
    kept = await asyncio.to_thread(Keeping, folder, bridge, rooms)
    async with kept.database.running():
        yield kept
