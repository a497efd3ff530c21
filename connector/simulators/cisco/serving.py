"""Units on the network: one application for all of them, one listening port for each."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import asyncssh
from aiohttp import web

from connector.simulators.cisco import control, face, login, trouble, websocket
from connector.simulators.cisco import ssh as terminal_ssh
from connector.simulators.cisco.address import ADDRESS, Address
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.markup import SIZE_LIMIT
from connector.simulators.cisco.posting import reaching_out

SHUTDOWN = 0.01
"""Seconds that requests under way get when the units go; to aiohttp, none would mean for ever."""


def app(codec: Codec) -> web.Application:
    """The application of one unit, for whoever serves it otherwise."""
    place = Address(codec)
    return _application(lambda _request: place, [codec])


def _application(
    which: Callable[[web.BaseRequest], Address], codecs: Sequence[Codec]
) -> web.Application:
    """The application of as many units as `which` can tell apart."""
    application = web.Application(
        middlewares=[
            trouble.observe,
            trouble.suffer,
            trouble.guard,
            control.loopback_only,
            control.explain,
        ],
        client_max_size=SIZE_LIMIT,
    )
    application[ADDRESS] = which
    application.cleanup_ctx.append(partial(_reaching_out, codecs))
    for method, path, handler in (
        ("GET", "/getxml", face.getxml),
        ("GET", "/status.xml", face.status_xml),
        ("GET", "/configuration.xml", face.configuration_xml),
        ("POST", "/putxml", face.putxml),
        ("POST", "/bookingsputxml", face.bookingsputxml),
        ("POST", "/xmlapi/session/begin", login.begin),
        ("POST", "/xmlapi/session/end", login.end),
        ("GET", login.SIGN_IN, login.page),
        ("GET", websocket.PATH, websocket.websocket),
    ):
        application.router.add_route(method, path, handler, expect_handler=trouble.expect)
    application.add_routes(control.routes())
    return application


async def _reaching_out(codecs: Sequence[Codec], _app: web.Application) -> AsyncIterator[None]:
    async with reaching_out(codecs):
        yield


@asynccontextmanager
async def serve(
    codec: Codec,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls: bool = True,
    ssh: int | None = None,
) -> AsyncIterator[Address]:
    """Serve one unit; port 0 stands for any that is free, and `ssh` for the terminal's."""
    terminals = None if ssh is None else [ssh]
    async with serve_all([codec], host, [port], tls=tls, ssh=terminals) as addresses:
        yield addresses[0]


@asynccontextmanager
async def serve_all(
    codecs: Sequence[Codec],
    host: str = "127.0.0.1",
    ports: Sequence[int] = (),
    *,
    tls: bool = True,
    ssh: Sequence[int] | None = None,
) -> AsyncIterator[Sequence[Address]]:
    """Serve many units, each on a port and with a certificate of its own.

    With `ssh` each has a terminal, too: on these ports, or any where there are none.
    """
    places: dict[int, Address] = {}
    application = _application(lambda request: places[_port(request)], codecs)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN)
    await runner.setup()
    addresses = [Address(codec, host, tls=tls) for codec in codecs]
    servers: list[asyncio.Server] = []
    terminals: list[asyncssh.SSHAcceptor] = []
    try:
        for address, port in zip(addresses, ports or [0] * len(addresses), strict=True):
            servers.append(await _listen(runner, places, address, port))
        if ssh is not None:
            for address, port in zip(addresses, ssh or [0] * len(addresses), strict=True):
                terminals.append(await _terminal(address, port))
        yield addresses
    finally:
        for terminal in terminals:
            terminal.close()
        for address in addresses:
            for cut in tuple(address.codec.lines):
                cut()
        for server in servers:
            server.close()
        await runner.cleanup()


async def _terminal(address: Address, port: int) -> asyncssh.SSHAcceptor:
    """Open the terminal of one unit."""
    codec = address.codec
    key = await terminal_ssh.new_key(codec)
    acceptor = await terminal_ssh.listen(codec, address.host, port, key)

    async def rekey() -> str:
        other = await terminal_ssh.new_key(codec)
        acceptor.update(server_host_keys=[other])
        return terminal_ssh.public(other)

    address.ssh_port = acceptor.get_port()
    address.host_key = terminal_ssh.public(key)
    address.rekey = rekey
    return acceptor


def _port(request: web.BaseRequest) -> int:
    """The port at which a request came in."""
    sockname = request.get_extra_info("sockname")
    if sockname is None:
        raise web.HTTPServiceUnavailable
    return int(sockname[1])


async def _listen(
    runner: web.AppRunner, places: dict[int, Address], address: Address, port: int
) -> asyncio.Server:
    """Open the port of one unit."""
    if address.context is not None:
        await address.renew()
    loop = asyncio.get_running_loop()
    assert runner.server is not None  # noqa: S101 - after setup there is one
    server = await loop.create_server(runner.server, address.host, port, ssl=address.context)
    ports = [socket.getsockname()[1] for socket in server.sockets]
    places |= dict.fromkeys(ports, address)
    address.port = ports[0]
    address.hang_up = partial(_hang_up, runner.server, frozenset(ports))
    return server


def _hang_up(server: web.Server, ports: frozenset[int], keep: asyncio.BaseTransport | None) -> None:
    """End the connections to some ports, but one."""
    for connection in server.connections:
        transport = connection.transport
        if transport is None or transport is keep:
            continue
        if transport.get_extra_info("sockname")[1] in ports:
            connection.force_close()
