"""The pages over an inventory that can be changed: a real keeper, store and configuration.

A test module imports the fixtures that it needs, and names them in `__all__`: `made` opens the
database before the loop runs, `stock` serves it; `filed` is the same where files decide.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bridge.admin.pages import environment
from bridge.callers import Caller
from bridge.furnished import furnish
from bridge.settings.load import usable
from bridge.settings.model import Configuration
from bridge.views import guard, pages
from bridge.views.site import site
from rooms.inventory import Document, Edit
from rooms.inventory.document import endpoints
from tests.bridge.admin.conftest import PROOF, House, person
from tests.bridge.conftest import Client
from tests.bridge.inventory.keeping import OWNER, STORE, Keeping
from tests.bridge.test_settings import GRAPH, ROOM

LISTS: Mapping[str, Any] = {
    "harbour": {"name": "Harbour House"},
    "north": {"name": "North wing", "parent": "harbour"},
    "south": {"name": "South wing", "parent": "harbour"},
}
ROOMS: Mapping[str, Any] = {
    name: {
        "name": name.title(),
        "mailbox": f"{name}@example.com",
        "time_zone": "Europe/London",
        "building": "Harbour House",
        "floor": floor,
        "capacity": seats,
        "lists": [room_list],
    }
    for name, floor, seats, room_list in (
        ("kestrel", "2", "8", "north"),
        ("wren", "2", "4", "north"),
        ("heron", "10", "12", "south"),
    )
}


class Stock(Keeping):
    """A keeper whose changes the pages show."""

    def __init__(self, folder: Path, bridge: str = STORE, rooms: str = "") -> None:
        pages.files()
        environment()
        super().__init__(folder, bridge, rooms)
        self.house = House(self.database, self.clock, self.keeper)
        self.client: Client
        self._put()

    async def adopt(self, configuration: Configuration) -> None:
        """As the appliance would."""
        await super().adopt(configuration)
        self._put()

    def _put(self) -> None:
        furnish(self.house.house, self.configuration)
        self.house.lists = self.house.house.lists
        found = {name: list(endpoints(one)) for name, one in self.document.rooms.items()}
        self.house.house.room_endpoints = lambda room: found.get(room, [])

    async def apply(self, edit: Edit, caller: Caller = OWNER) -> int:
        """Change the inventory behind the pages; the number of the change."""
        plan = await self.keeper.plan(edit, caller)
        assert plan.fits, plan.problems
        return (await self.keeper.apply(plan, caller)).seq

    async def rewrite(self, rooms: str) -> None:
        """Somebody changes the file that decides."""
        await asyncio.to_thread(self.folder.write, "rooms.yaml", rooms)
        await self.adopt((await asyncio.to_thread(usable, self.file))[0])

    def identified(self, *_: Any) -> Caller:
        """Who calls, with the rooms that their lists have at this moment."""
        return self.house.house.placed(self.house.identified())

    def look_as(self, caller: Caller) -> None:
        """Who looks at the pages from now on."""
        self.house.person = caller

    def facilities(self, *lists: str, name: str = "Anna") -> Caller:
        """Somebody who looks after these lists, with the rooms that they have now."""
        held = self.house.house.rooms.values()
        rooms = frozenset(room.id for room in held if set(lists) & set(room.lists))
        return person("facilities", name=name, rooms=rooms, lists=frozenset(lists))

    @property
    def document(self) -> Document:
        """The inventory as it stands."""
        return self.keeper.document()

    async def text(self, path: str, status: int = 200) -> str:
        """A page, its spaces as a browser shows them."""
        answer = await self.client.get(path)
        assert answer.status == status, await answer.text()
        return " ".join((await answer.text()).split())

    async def send(self, path: str, fields: Mapping[str, str] | None = None) -> Any:
        """What a form is answered with; not followed."""
        data = PROOF | dict(fields or {})
        return await self.client.post(path, data=data, allow_redirects=False)


@asynccontextmanager
async def served(stock: Stock) -> AsyncIterator[Stock]:
    """With its database running, three rooms in it, and a browser before it."""
    ours = {"Sec-Fetch-Site": "same-origin"}
    async with stock.database.running():
        if not stock.keeper.in_files:
            await stock.apply(Edit(rooms=ROOMS, lists=LISTS))
        server = TestServer(site(stock.house.house, stock.house.routes()))
        async with TestClient(server, headers=ours) as client:
            stock.client = client
            yield stock
            stock.house.hub.close()
    stock.house.panels.close()


@contextmanager
def looked_at(stock: Stock) -> Iterator[Stock]:
    """With who looks put where sessions will be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "identified", stock.identified)
        yield stock


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Stock]:
    """Opened before the loop runs."""
    with looked_at(Stock(tmp_path)) as stock:
        yield stock


@pytest.fixture
async def stock(made: Stock) -> AsyncIterator[Stock]:
    """Served."""
    async with served(made) as opened:
        yield opened


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Stock]:
    """One room, in a file."""
    with looked_at(Stock(tmp_path, GRAPH + "data_dir: data\n", ROOM)) as stock:
        yield stock


@pytest.fixture
async def filed(written: Stock) -> AsyncIterator[Stock]:
    """Served."""
    async with served(written) as opened:
        yield opened
