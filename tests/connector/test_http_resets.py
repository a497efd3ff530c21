"""A connection that breaks off behind the request: what was asked may have been done."""

import asyncio
import socket
import struct

import pytest
from yarl import URL

from connector.errors import Unavailable
from connector.http import ask
from connector.outside import Outside
from tests.connector.tcp_unit import listening


@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
async def test_a_reset_is_no_unit_that_nobody_reached(
    outside: Outside, *, hard: bool, begun: bytes
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(begun)
        await writer.drain()
        if hard:
            made = writer.get_extra_info("socket")
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with listening(talk) as port:
        url = URL(f"http://127.0.0.1:{port}/putxml")
        with pytest.raises(Unavailable) as caught:
            await ask(outside.http, "POST", url, seconds=5, limit=99, data=b"x")
    assert caught.value.reason == "broken_off"
