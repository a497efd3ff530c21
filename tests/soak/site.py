"""The bridge of a soak: real store, lanes, driver and hooks, that can stop, crash and start."""

import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from bridge.health import Health
from bridge.lane import Heard
from bridge.settings.model import Configuration, Inventory, Poll, Site, SourceSettings
from bridge.sync import Sync
from connector import load
from connector.outside import open_outside
from connector.secret import Secret
from connector.simulators.graph import CLIENT_ID, TENANT_ID
from connector.sources import graph
from connector.watching import Call
from rooms import database
from rooms.clock import Clock
from rooms.room import Room
from rooms.spending import Spending
from rooms.store import Store
from tests.fakes.virtual import PatientDatabase

SECRET = "right"
SAFETY = timedelta(hours=1)


def _nobody(_room: str, /, *, changed: bool) -> None:
    del changed


def graph_source(url: str, **more: Any) -> SourceSettings:
    """The simulated tenant under an address, as a source that is told of changes."""
    options = graph.Options(
        tenant_id=TENANT_ID,
        client_id=CLIENT_ID,
        client_secret=Secret(SECRET),
        graph_url=url,
        login_url=url,
        notifications="webhook",
    )
    return SourceSettings(kind="graph", options=options, **more)


class Bridge:
    """What runs between two restarts, and the address at which notifications come all the time."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        rooms: Sequence[Room],
        sources: Mapping[str, SourceSettings],
        *,
        poll: Poll,
        heard: Heard = _nobody,
        tables: type[database.Database] = PatientDatabase,
    ) -> None:
        for source in sources.values():
            load.source(source.kind)
        database.GATHER = 0.0  # real seconds, while virtual time stands still
        self._folder = folder
        self._clock = clock
        self._rooms = rooms
        self._sources = sources
        self._poll = poll
        self._heard = heard
        self._tables = tables
        self._starts = 0
        self._stack = AsyncExitStack()
        self.public_url = ""
        self.sync: Sync | None = None
        self.store: Store
        self.health: Health

    @asynccontextmanager
    async def reachable(self) -> AsyncIterator[None]:
        """Answer notifications, whether the bridge runs or not."""
        app = web.Application(client_max_size=1 << 20)
        app.router.add_post("/hooks/{kind}/{source}", self._hook)
        async with TestServer(app) as server:
            self.public_url = str(server.make_url("")).rstrip("/")
            yield

    async def start(self) -> None:
        """Start from what is on disk."""
        self._starts += 1
        place = self._folder / f"start-{self._starts}"
        before = self._folder / f"start-{self._starts - 1}"
        if before.exists():
            before.rename(place)
        else:
            place.mkdir()
        self._database = self._tables(place / "bridge.db")
        spending = Spending(self._database)  # read before its thread runs
        self.store = Store(self._database)
        self.health = Health(self._clock)
        stack = self._stack = AsyncExitStack()
        await stack.enter_async_context(self._database.running())
        outside = await stack.enter_async_context(open_outside(self._clock))
        self.sync = Sync(
            outside,
            store=self.store,
            health=self.health,
            clock=self._clock,
            heard=self._heard,
            spending=spending,
        )
        await stack.enter_async_context(self.sync.running())
        await self.sync.adopt(self._configuration(place))

    async def stop(self) -> None:
        """An orderly stop."""
        await self.store.save()
        await self._stack.aclose()
        self.sync = None

    async def crash(self) -> None:
        """A stop after which the disk has what it had when the power failed."""
        place = self._folder / f"start-{self._starts}"
        kept = self._folder / "kept"
        await self._database.change(lambda _: shutil.copytree(place, kept))
        await self._stack.aclose()
        self.sync = None
        shutil.rmtree(place)
        kept.rename(place)

    async def _hook(self, request: web.Request) -> web.Response:
        reply = None
        if self.sync is not None:
            call = Call(
                query=dict(request.query),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
            )
            matched = request.match_info
            reply = self.sync.notified(matched["kind"], matched["source"], call)
        if reply is None:
            return web.Response(status=503)
        return web.Response(status=reply.status, text=reply.text)

    def _configuration(self, folder: Path) -> Configuration:
        return Configuration(
            file=folder / "bridge.yaml",
            site=Site(data_dir=folder, public_url=self.public_url, poll=self._poll),
            sources=dict(self._sources),
            inventory=Inventory(rooms=tuple(self._rooms)),
        )
