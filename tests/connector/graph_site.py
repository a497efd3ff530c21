"""A tenant, the driver that watches it, and a watch that remembers, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from connector.outside import Outside, open_outside
from connector.secret import Secret
from connector.simulators.graph import CLIENT_ID, TENANT_ID, Mailbox, Meeting, Tenant, app
from connector.simulators.graph.subscriptions import Subscription
from connector.sources import graph
from connector.sources.graph.calendar import GraphCalendar
from connector.watching import Call
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, VirtualClock, in_virtual_time
from tests.fakes.watch import FakeWatch

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LONG = 40 * 86_400.0
"""Virtual seconds that a test may wait."""


class Site:
    """One tenant with the rooms kestrel and osprey."""

    def __init__(self, tenant: Tenant, outside: Outside, url: str) -> None:
        self.tenant = tenant
        self.outside = outside
        self.url = url
        self.kestrel: Mailbox = tenant.add_mailbox("kestrel@example.com", name="Kestrel")
        self.osprey: Mailbox = tenant.add_mailbox("osprey@example.com", name="Osprey")
        self.watch = FakeWatch(room(), room("osprey"))
        self.source: GraphCalendar | None = None
        self.calls: list[Call] = []
        self.deaf = False
        """Whether Microsoft cannot reach the appliance."""

    def options(self, **more: Any) -> graph.Options:
        usual = {
            "tenant_id": TENANT_ID,
            "client_id": CLIENT_ID,
            "client_secret": Secret("right"),
            "graph_url": self.url,
            "login_url": self.url,
        }
        return graph.Options(**{**usual, **more})

    @asynccontextmanager
    async def told(self, port: int | None = None, **more: Any) -> AsyncIterator[FakeWatch]:
        """The driver watches, and Microsoft calls it, meanwhile."""
        application = web.Application()
        application.router.add_post("/hooks/graph/m365", self._called)
        async with TestServer(application, port=port) as server:
            self.watch.hook = server.make_url("/hooks/graph/m365")
            async with self.watching(notifications="webhook", **more) as watch:
                yield watch

    async def _called(self, request: web.Request) -> web.Response:
        """What the bridge does with a call, as far as a driver sees it."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(query=request.query, headers=headers, body=await request.read())
        self.calls.append(call)
        if self.deaf or self.source is None:
            return web.Response(status=503)
        reply = self.source.notified(call)
        return web.Response(status=reply.status, text=reply.text, headers=reply.headers)

    async def covered(self, *names: str) -> None:
        """Wait until these rooms, or both, are covered."""
        wanted = names or ("kestrel", "osprey")
        coverage = self.watch.coverage
        await self.watch.until(lambda: all(coverage.get(name) for name in wanted), LONG)

    def subscribed(self, mailbox: str = "kestrel@example.com") -> list[Subscription]:
        """The subscriptions of a mailbox."""
        return self.tenant.subscriptions.of(mailbox)

    def subscribing(self, *methods: str) -> list[Any]:
        """The requests about subscriptions, by method."""
        seen = self.tenant.journal.requests()
        return [one for one in seen if "/subscriptions" in one.path and one.method in methods]

    @asynccontextmanager
    async def watching(self, **more: Any) -> AsyncIterator[FakeWatch]:
        """The driver watches meanwhile."""
        async with graph.connect(self.options(**more), self.outside) as source:
            assert isinstance(source, GraphCalendar)
            self.source = source
            task = asyncio.create_task(source.watch(self.watch))
            try:
                yield self.watch
            finally:
                task.cancel()
                await asyncio.wait([task])
                self.source = None
                assert task.cancelled(), task.exception()

    def add(self, days: float = 0.1, *, to: Mailbox | None = None, **more: Any) -> str:
        """A meeting some days from now, of an hour."""
        start = self.tenant.now() + days * DAY
        start = start.replace(second=0, microsecond=0)
        meeting = Meeting(**{"subject": "Review", "start": start, "end": start + HOUR, **more})
        return (self.kestrel if to is None else to).add(meeting).id

    def asked(self, path: str = "/delta", mailbox: str = "kestrel@example.com") -> list[Any]:
        """The requests for something of a mailbox, oldest first."""
        seen = self.tenant.journal.requests()
        return [one for one in seen if one.path.endswith(path) and mailbox in {one.mailbox, ""}]

    async def settled(self, rooms: int = 2) -> None:
        """Wait until the rooms have their baselines."""
        await self.watch.until(lambda: len(self.watch.marks) == rooms, LONG)

    async def hinted(self, number: int, name: str = "kestrel") -> None:
        """Wait until a room had so many hints."""
        await self.watch.until(lambda: self.watch.hinted(name) == number, LONG)

    async def beyonds(self, number: int) -> None:
        """Wait until there was word of so many changes beyond what is served."""
        await self.watch.until(lambda: len(self.watch.beyonds) == number, LONG)

    async def rounds(self, number: int) -> None:
        """Wait until so many more rounds have been asked for, and answered."""
        wanted = len(self.asked()) + number
        for _ in range(int(LONG / 30)):
            await asyncio.sleep(30)
            if len(self.asked()) >= wanted:
                return
        raise AssertionError("no more rounds")


def played(work: Callable[[Site], Awaitable[None]], **more: Any) -> None:
    """Play it in virtual time."""

    async def play() -> None:
        clock = VirtualClock(NOON)
        tenant = Tenant(clock=clock.now, sleep=asyncio.sleep, **more)
        tenant.register_app(secret="right")
        async with TestServer(app(tenant)) as server, open_outside(clock) as outside:
            url = str(server.make_url("/")).rstrip("/")
            await work(Site(tenant, outside, url))

    in_virtual_time(play())
