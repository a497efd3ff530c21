"""Listeners that let in only callers from some networks."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import cast

from aiohttp import web

from bridge.limits import Network, inside

CONTROL = "control.sock"
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class _Threshold(asyncio.Protocol):
    """Looks at who connects before anything else does; others are hung up on without an answer."""

    def __init__(self, serve: Callable[[], asyncio.Protocol], networks: Sequence[Network]) -> None:
        self._serve = serve
        self._networks = networks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        connection = cast("asyncio.Transport", transport)  # as uvloop's is one, but no subclass
        peer = connection.get_extra_info("peername")
        if not peer or not inside(peer[0], self._networks):
            connection.abort()
            return
        serving = self._serve()
        connection.set_protocol(serving)
        serving.connection_made(connection)


class Door(web.BaseSite):
    """A TCP listener; with `networks` for callers from there only."""

    def __init__(
        self,
        runner: web.AppRunner,
        address: str,
        port: int,
        *,
        tls: ssl.SSLContext | None,
        networks: Sequence[Network] = (),
    ) -> None:
        super().__init__(runner, ssl_context=tls)
        self._address = address
        self._asked = port
        self._networks = networks
        self.port = port
        """The port it has, once started."""

    @property
    def name(self) -> str:
        """Its address, for people."""
        scheme = "https" if self._ssl_context else "http"
        return f"{scheme}://{self._address}:{self.port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address is not ours, or the port is taken.
        """
        await super().start()
        serve = self._runner.server
        assert serve is not None  # noqa: S101 - the runner was set up
        networks = self._networks
        server = await asyncio.get_running_loop().create_server(
            (lambda: _Threshold(serve, networks)) if networks else serve,
            self._address,
            self._asked,
            ssl=self._ssl_context,
            backlog=self._backlog,
        )
        self._server = server
        self.port = server.sockets[0].getsockname()[1]


def control_socket(data_dir: Path) -> socket.socket:
    """The socket of the command line, for our user and group only."""
    runtime = os.environ.get("RUNTIME_DIRECTORY")  # systemd's
    path = (Path(runtime.partition(":")[0]) if runtime else data_dir) / CONTROL
    path.unlink(missing_ok=True)  # the database's lock tells that no other process uses it
    before = os.umask(0o117)
    try:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(path))
    finally:
        os.umask(before)
    return listening
