"""The simulated tenant of the demo, and its life."""

import asyncio
import random
import secrets
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import web

from connector.simulators import graph
from rooms.room import Room

LIFE_EVERY = 90.0
"""Seconds between two meetings that somebody makes in the simulated tenant."""
CANARY = "somebody@example.com"
"""A mailbox that the identity may not read."""
SECRET = "simulated"  # noqa: S105 - for loopback only
_IMPROMPTU = ("Quick chat", "Whiteboard session", "Catch-up", "Phone call with a customer")


def tenant_of(rooms: Sequence[Room]) -> graph.Tenant:
    """A tenant without meetings, whose application may read and book these rooms and no other."""
    tenant = graph.Tenant()
    scope = [room.mailbox for room in rooms]
    tenant.register_app(secret=SECRET, scope=scope, roles=["Place.Read.All"], writes=True)
    tenant.add_mailbox(CANARY, name="Somebody")
    return tenant


@asynccontextmanager
async def serve_graph(
    tenant: graph.Tenant,
    address: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """Serve a simulated tenant; its URL."""
    runner = web.AppRunner(graph.app(tenant), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, address, port, ssl_context=tls).start()
        yield f"http{'s' if tls else ''}://{address}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def live(tenant: graph.Tenant, rooms: Sequence[Room]) -> None:
    """Somebody books one of these rooms now and then, so that there is something to see."""
    chance = random.Random()  # noqa: S311 - protects nothing
    while rooms:
        await asyncio.sleep(LIFE_EVERY)
        room = chance.choice(rooms)
        now = tenant.now()
        start = now.replace(minute=0, second=0, microsecond=0) + timedelta(
            minutes=15 * (now.minute // 15 + chance.randint(1, 12))
        )
        tenant.mailbox(room.mailbox).add(
            graph.Meeting(
                subject=chance.choice(_IMPROMPTU),
                start=start,
                end=start + timedelta(minutes=15),
                uid=secrets.token_hex(16),
            )
        )
