"""Where callers are answered: over the network, over the socket of the command line, old units."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

from aiohttp import web

from bridge.certificate import plain
from bridge.door import LOOPBACK, Door, control_socket
from bridge.health import BRIDGE
from bridge.presented import Presented
from bridge.settings.model import Site
from bridge.views.house import House
from bridge.views.site import site
from bridge.views.web import Route

CLOSING = 2.0
"""Seconds that open requests have to end at a stop."""


class Ports(NamedTuple):
    """Where it listens."""

    usual: int
    legacy: int = 0
    """For old units; 0 where they are not wanted."""


@asynccontextmanager
async def listening(
    house: House, settings: Site, presented: Presented | None, routes: Sequence[Route]
) -> AsyncIterator[Ports]:
    """Answer by these routes; those marked for old units at their own port too.

    Raises:
        OSError: a port cannot be listened to.
    """
    async with AsyncExitStack() as stack:
        runner = await _runner(stack, house, routes)
        tls = None if presented is None or plain(settings) else presented.listening[0]
        networks = (*settings.proxies, *LOOPBACK) if settings.proxies else ()
        address, port = settings.listen.address, settings.listen.port
        door = Door(runner, address, port, tls=tls, networks=networks)
        await door.start()
        await web.SockSite(runner, control_socket(settings.data_dir)).start()
        legacy = await _old_units(stack, house, settings, presented, routes)
        if presented is not None:
            await stack.enter_async_context(working(presented.run(house.health)))
        yield Ports(door.port, legacy)


async def _old_units(
    stack: AsyncExitStack,
    house: House,
    settings: Site,
    presented: Presented | None,
    routes: Sequence[Route],
) -> int:
    """Answer old units, where the site wants that, with what is marked for them; the port."""
    legacy = settings.legacy
    if legacy is None:
        return 0
    runner = await _runner(stack, house, [route for route in routes if route.legacy])
    tls = presented.listening[-1] if presented and legacy.tls == "weak" else None
    door = Door(runner, legacy.address, legacy.port, tls=tls, networks=legacy.networks)
    await door.start()
    house.health.bad(BRIDGE, "legacy_listener")
    return door.port


async def _runner(stack: AsyncExitStack, house: House, routes: Sequence[Route]) -> web.AppRunner:
    runner = web.AppRunner(site(house, routes), access_log=None, shutdown_timeout=CLOSING)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    return runner


@asynccontextmanager
async def working(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do this beside the rest; wait for its end, and pass on what made it fail."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        try:
            yield
        finally:
            task.cancel()
