"""A unit on the network: REST, CLI and the calendar that it reads."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from aiohttp import web
from asyncssh import SSHAcceptor

from connector.simulators.poly import (
    control,
    sessions,
    ssh,
    trio,
    trouble,
    videoos,
    videoos_calendar,
)
from connector.simulators.poly.address import ADDRESS, Address, place_of
from connector.simulators.poly.reader import Reader
from connector.simulators.poly.telnet import Telnet
from connector.simulators.poly.unit import Unit

SHUTDOWN = 0.01
"""Seconds that requests under way get when the unit goes; to aiohttp, none would mean for ever."""
LARGEST = 1 << 20
NOTIFICATIONS = "/ews/notifications"
"""Where calendar servers tell of changes."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def app(unit: Unit) -> web.Application:
    """The application of one unit, for whoever serves it otherwise."""
    return _application(Address(unit))


def _application(place: Address) -> web.Application:
    application = web.Application(
        middlewares=[
            trouble.observe,
            control.loopback_only,
            control.explain,
            trouble.take_turns,
            trouble.suffer,
            trouble.explain,
            trio.explain,
            _guard,
        ],
        client_max_size=LARGEST,
    )
    application[ADDRESS] = place
    application[trouble.TURNS] = trouble.Turns()
    if place.unit.family.rest == "videoos":
        application.add_routes(_videoos())
    elif place.unit.family.rest == "trio":
        application.add_routes(_trio())
    application.add_routes([web.post(NOTIFICATIONS, _notified)])
    application.add_routes(control.routes())
    return application


async def _notified(request: web.Request) -> web.Response:
    """A push notification."""
    reader = place_of(request).reader
    if reader is None:
        raise web.HTTPNotFound
    return web.Response(text=reader.notified(await request.text()), content_type="text/xml")


OPEN = frozenset({"/rest/session", "/rest/current/session"})
"""Where one logs in."""


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in whoever may ask."""
    if request.path.startswith("/api/"):
        refusal = await trio.admit(request)
    elif request.path.startswith("/rest/") and request.path not in OPEN:
        refusal = sessions.admit(request)
    else:
        refusal = None
    return refusal or await handler(request)


def _videoos() -> list[web.RouteDef]:
    one = "/rest/conferences/{id}"
    return [
        *(web.post(path, sessions.begin) for path in sorted(OPEN)),
        *(web.get(path, sessions.state) for path in sorted(OPEN)),
        *(web.delete(path, sessions.end) for path in sorted(OPEN)),
        web.get("/rest/system", videoos.system),
        web.get("/rest/system/status", videoos.status),
        web.post("/rest/system/reboot", videoos.reboot),
        web.get("/rest/config", videoos.read_config),
        web.post("/rest/config", videoos.config),
        web.get("/rest/conferences", videoos.conferences),
        web.post("/rest/conferences", videoos.dial),
        web.get(one, videoos.conference),
        web.delete(one, videoos.leave),
        web.get(f"{one}/connections/{{connection}}", videoos.connection),
        web.post(f"{one}/connections/{{connection}}", videoos.act),
        web.post("/rest/audio", videoos.audio),
        web.post("/rest/audio/muted", videoos.mute),
        web.get("/rest/calendar", videoos_calendar.status),
        web.get("/rest/calendar/meetings", videoos_calendar.meetings),
        web.get("/rest/calendar/meetings/{id}", videoos_calendar.meeting),
        web.post("/rest/calendar/meetings/{id}", videoos_calendar.join),
        web.post("/rest/calendar/discover", videoos_calendar.discover),
    ]


def _trio() -> list[web.RouteDef]:
    calls = "/api/v1/callctrl"
    return [
        web.post(f"{calls}/dial", trio.dial),
        web.post(f"{calls}/endCall", trio.end_call),
        web.post(f"{calls}/answerCall", trio.nothing),
        web.post(f"{calls}/rejectCall", trio.nothing),
        web.post(f"{calls}/mute", trio.mute),
        web.get("/api/v1/webCallControl/callStatus", trio.call_status),
        web.get("/api/v2/webCallControl/callStatus", trio.call_status),
        web.get("/api/v1/mgmt/device/info", trio.device_info),
        web.get("/api/v1/mgmt/media/sessionStats", trio.statistics),
        web.post("/api/v1/mgmt/config/get", trio.read_config),
        web.post("/api/v1/mgmt/config/set", trio.config),
        web.post("/api/v1/mgmt/safeRestart", trio.restart),
        web.post("/api/v1/mgmt/safeReboot", trio.restart),
    ]


@asynccontextmanager
async def serve(
    unit: Unit,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls: bool = True,
    telnet_port: int = 0,
    ssh_port: int = 0,
    trust: ssl.SSLContext | None = None,
) -> AsyncIterator[Address]:
    """Serve a unit with all that its family offers; port 0 stands for any that is free.

    `trust` is what it believes of calendar servers; without, any certificate.
    """
    address = Address(unit, host, tls=tls)
    async with AsyncExitStack() as stack:
        await _serve_http(stack, address, port)
        await _read_calendar(stack, address, trust)
        if unit.family.cli:
            await _serve_cli(stack, address, telnet_port, ssh_port)
        yield address


async def _serve_http(stack: AsyncExitStack, address: Address, port: int) -> None:
    if address.context is not None:
        await address.renew()
    runner = web.AppRunner(
        _application(address),
        access_log=None,
        shutdown_timeout=SHUTDOWN,
        handler_cancellation=True,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, address.host, port, ssl_context=address.context).start()
    address.port = runner.addresses[0][1]


async def _read_calendar(
    stack: AsyncExitStack, address: Address, trust: ssl.SSLContext | None
) -> None:
    reader = Reader(address.unit, trust)
    reader.listener = f"{address.url}{NOTIFICATIONS}"
    address.reader = reader
    address.unit.discovery = reader.discover
    task = asyncio.create_task(reader.run())
    stack.push_async_callback(_cancelled, task)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _serve_cli(
    stack: AsyncExitStack, address: Address, telnet_port: int, ssh_port: int
) -> None:
    telnet = Telnet(address.unit)
    server = await telnet.listen(address.host, telnet_port)
    stack.push_async_callback(telnet.close)
    stack.callback(server.close)
    address.telnet_port = server.sockets[0].getsockname()[1]
    acceptor, address.ssh_fingerprint = await ssh.listen(address.unit, address.host, ssh_port)
    stack.push_async_callback(_closed, acceptor)
    address.ssh_port = acceptor.get_port()


async def _closed(acceptor: SSHAcceptor) -> None:
    acceptor.close()
    await acceptor.wait_closed()
    await asyncio.sleep(0)
