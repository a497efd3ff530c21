"""Everything together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bridge.app import Appliance, running
from bridge.clock import SystemClock
from bridge.demo.names import LIST, demo_rooms
from bridge.demo.tenancy import SECRET, live, serve_graph, tenant_of
from bridge.demo.units import Systems, serve_systems
from bridge.demo.written import write
from bridge.prepared import prepared
from bridge.settings.load import usable
from connector.simulators import graph
from rooms.room import Room

FACADE = "/EWS/Exchange.asmx"


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A demo that runs."""

    appliance: Appliance
    rooms: Sequence[Room]
    systems: Systems
    graph_url: str
    token: str = field(repr=False)
    """Of a service that may have rooms join; no calendar is changed."""
    door: str = field(repr=False)
    """Of the display of the first room."""

    @property
    def url(self) -> str:
        """Where the appliance answers."""
        return f"http://127.0.0.1:{self.appliance.port}"

    @property
    def facade(self) -> str:
        """Where units read as they would from Exchange."""
        return f"{self.url}{FACADE}"

    @property
    def display(self) -> str:
        """The first room's display."""
        return f"{self.url}/display/{self.rooms[0].id}"

    @property
    def signed_display(self) -> str:
        """The same, signed in as the panel beside the door is: it has a button.

        Browsers keep cookies by host name and for all its ports: `localhost` keeps this one away
        from other appliances that are tried at 127.0.0.1.
        """
        return f"{self.display.replace('127.0.0.1', 'localhost')}#{self.door}"

    @property
    def board(self) -> str:
        """All rooms of the building."""
        return f"{self.url}/board/{LIST}"

    @property
    def panel(self) -> str:
        """The first room's picture."""
        return f"{self.url}/api/v1/rooms/{self.rooms[0].id}/panel.png?w=800&h=480"

    def addresses(self) -> dict[str, object]:
        """What to open, for scripts."""
        reader = self.systems.reader
        return {
            "display": self.display,
            "api": f"{self.url}/api/v1",
            "token": self.token,
            "ews": {
                "url": self.facade,
                "username": reader.username,
                "password": reader.password,
                "mailbox": reader.mailbox,
            },
            "cisco": {
                "url": self.systems.codecs[0].url,
                "username": "bridge",
                "password": SECRET,
            },
            "graph": {"url": self.graph_url, "control": f"{self.graph_url}/control"},
        }


@asynccontextmanager
async def demo(folder: Path, *, port: int, count: int) -> AsyncIterator[Demo]:
    """Run simulators and the appliance until the end; its data live in the folder."""
    rooms = await asyncio.to_thread(demo_rooms, count)
    tenant = tenant_of(rooms)
    await asyncio.to_thread(graph.populate, tenant, rooms, datetime.now(UTC).date())
    async with AsyncExitStack() as stack:
        graph_url = await stack.enter_async_context(serve_graph(tenant))
        systems = await serve_systems(stack, rooms)
        file = await asyncio.to_thread(write, folder, port, rooms, systems, graph_url)
        configuration, _ = await asyncio.to_thread(usable, file)
        made = await asyncio.to_thread(prepared, configuration, SystemClock())
        appliance = await stack.enter_async_context(running(made))
        _, token = await made.tokens.create("demo", ("read", "join", "write"), actor="demo")
        _, door = await made.tokens.create(
            "panel beside the door", ("read",), room=rooms[0].id, actor="demo"
        )
        begun = Demo(
            appliance=appliance,
            rooms=rooms,
            systems=systems,
            graph_url=graph_url,
            token=token,
            door=door,
        )
        for system in systems.every:
            system.read_at(begun.facade)
        await _all_read(appliance, rooms)
        life = asyncio.create_task(live(tenant, rooms[1:]))
        stack.callback(life.cancel)
        yield begun


async def _all_read(appliance: Appliance, rooms: Sequence[Room]) -> None:
    """Wait until every room's calendar was read."""
    left = list(rooms)
    while left:
        left = [room for room in left if appliance.house.store.kept(room.id) is None]
        await asyncio.sleep(0.05)
