"""The fake namespace of Event Hubs on loopback: over TLS, or over WebSockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from tests.fakes.event_hubs import Line, Namespace


@asynccontextmanager
async def served(namespace: Namespace, context: ssl.SSLContext) -> AsyncIterator[int]:
    """AMQP over TLS on loopback; the port."""
    tasks: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        line = Line(namespace, writer.write)
        line.cut = writer.transport.abort
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await line.serve(reader.readexactly)
        writer.close()
        tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await server.wait_closed()


@asynccontextmanager
async def socketed(namespace: Namespace, context: ssl.SSLContext) -> AsyncIterator[int]:
    """AMQP over WebSockets on loopback; the port."""

    async def connected(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("AMQPWSB10",))
        await socket.prepare(request)
        bytes_in = asyncio.StreamReader()
        out: asyncio.Queue[bytes] = asyncio.Queue()
        line = Line(namespace, out.put_nowait)
        transport = request.transport
        assert transport is not None
        line.cut = transport.close

        async def carry() -> None:
            with suppress(ConnectionError):
                while True:
                    await socket.send_bytes(await out.get())

        serving = [asyncio.create_task(line.serve(bytes_in.readexactly))]
        serving.append(asyncio.create_task(carry()))
        try:
            async for told in socket:
                if told.type is WSMsgType.BINARY:
                    bytes_in.feed_data(told.data)
        finally:
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
        return socket

    application = web.Application()
    application.router.add_get("/$servicebus/websocket", connected)
    server = TestServer(application, scheme="https")
    await server.start_server(ssl=context)
    try:
        assert server.port is not None
        yield server.port
    finally:
        await server.close()
