"""Stands between a browser and the bridge, and keeps every byte that is sent to the browser.

A browser's own tools do not see what its service worker fetches, nor headers as they were sent.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Wiretap:
    """What was sent so far."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._sent: list[bytearray] = []
        self.port = 0

    @property
    def sent(self) -> bytes:
        """Every byte, one connection after the other."""
        return b"\n".join(self._sent)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        kept = bytearray()
        self._sent.append(kept)
        there, bridge = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            asking = asyncio.create_task(_ask(reader, bridge))
            with contextlib.suppress(ConnectionError):
                while read := await there.read(1 << 16):
                    kept += read
                    writer.write(read)
                    await writer.drain()
            asking.cancel()
        finally:
            writer.close()
            bridge.close()


async def _ask(reader: asyncio.StreamReader, bridge: asyncio.StreamWriter) -> None:
    """Pass on what is asked, but for that answers may be compressed: they are to be read."""
    with contextlib.suppress(ConnectionError):
        while head := await reader.read(1 << 16):
            bridge.write(head.replace(b"Accept-Encoding:", b"X-Accept-Nothing:"))
            await bridge.drain()
    bridge.close()


@contextlib.asynccontextmanager
async def tapped(port: int) -> AsyncIterator[Wiretap]:
    """Listen in on a port of this machine."""
    wire = Wiretap(port)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
