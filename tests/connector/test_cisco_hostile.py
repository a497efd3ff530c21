"""Codecs in other hands: what they say must neither lead away nor hold the loop up."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import BaseTestServer, TestServer
from yarl import URL

from connector.conversation import Bounds, Lines
from connector.endpoint import Order
from connector.endpoints import cisco, tandberg
from connector.endpoints.cisco import documents
from connector.endpoints.cisco.feedback import Slot
from connector.endpoints.cisco.terminal import Terminal
from connector.errors import ConnectorError, Malformed
from connector.outside import Outside
from connector.secret import Secret
from rooms.join import DialString
from tests.connector.cisco_units import attended

SIP = DialString("sip", "91234567890@zoomcrc.com")
EVENT = {
    "BookingRequestUUID": "1",
    "StartTime": "2026-01-01T10:00:00Z",
    "Duration": "000000030" + "0" * 20,
    "Title": "x",
}


def options(server: BaseTestServer, **more: Any) -> cisco.Options:
    return cisco.Options(
        **{
            "address": f"http://127.0.0.1:{server.port}",
            "username": "bridge",
            "password": Secret("right"),
            "transport": "websocket",
            **more,
        }
    )


@asynccontextmanager
async def saying(told: Callable[[int], dict[str, Any] | None]) -> AsyncIterator[BaseTestServer]:
    """A codec that answers all, and after its nth answer says something by itself."""

    async def ws(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        number = 0
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                call = json.loads(message.data)
                await socket.send_json({"jsonrpc": "2.0", "id": call["id"], "result": {}})
                number += 1
                if (more := told(number)) is not None:
                    await socket.send_json(more)
        return socket

    app = web.Application()
    app.add_routes([web.get("/ws", ws)])
    async with TestServer(app) as server:
        yield server


@pytest.mark.fault("endpoint_error_inside")
async def test_no_duration_ends_listening(outside: Outside) -> None:
    event = {"Event": {"Bookings": {"BookingRequested": EVENT}}}
    more = {"jsonrpc": "2.0", "method": "xFeedback/Event", "params": event}
    async with (
        saying(lambda number: more if number == 3 else None) as server,
        cisco.connect(options(server), outside) as codec,
        attended(codec) as ear,
    ):
        assert isinstance(codec, cisco.codec.Codec)
        async with asyncio.timeout(3):
            for _ in range(5):
                await ear.quiet(codec)
        assert not ear.listening.done()


async def test_whatever_fails_in_listening_ends_the_connection(outside: Outside) -> None:
    def fails(_notice: object) -> None:
        raise RuntimeError

    event: dict[str, Any] = {"Event": {"BootEvent": {}}}
    more = {"jsonrpc": "2.0", "method": "xFeedback/Event", "params": event}
    async with (
        saying(lambda number: more if number > 5 else None) as server,
        cisco.connect(options(server), outside) as codec,
    ):
        assert isinstance(codec, cisco.codec.Codec)
        async with asyncio.timeout(3):
            with pytest.raises((ConnectorError, RuntimeError)):
                await codec.attend(fails)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_of_a_websocket_is_followed(outside: Outside, status: int) -> None:
    reached: list[str] = []

    async def inside(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response()

    there_app = web.Application()
    there_app.add_routes([web.route("*", "/{path:.*}", inside)])
    async with TestServer(there_app) as there:

        async def away(_request: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": str(there.make_url("/health"))})

        app = web.Application()
        app.add_routes([web.get("/ws", away)])
        async with (
            TestServer(app) as server,
            cisco.connect(options(server), outside) as codec,
        ):
            assert isinstance(codec, cisco.codec.Codec)
            with pytest.raises(ConnectorError):
                await codec.dial(Order(dial=SIP))
    assert not reached


async def test_braces_without_end_hold_nobody_up() -> None:
    sent = [b'{"ResultId": "9", "a": "' + b"\n" + b"}\n" * 400_000, b""]

    async def read(_size: int) -> bytes:
        return sent.pop(0)

    async def write(_data: bytes) -> None: ...

    lines = Lines(read, write, bounds=Bounds(seconds=60, line=1 << 20, total=1 << 20))
    begun = time.perf_counter()
    with pytest.raises(ConnectorError):
        await Terminal(lines).read("Call")
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize("held", ["10.0.0.1/tms/feedback", "/x", "http://[", "tms", "http:///x"])
async def test_any_address_in_the_slot_is_somebody_elses(outside: Outside, held: str) -> None:
    slot = Slot(None, URL("https://bridge.example.com/hooks/cisco/secret"), 1, outside.clock)  # type: ignore[arg-type]
    assert slot._ours(held) is False


BOMB = (
    '<!DOCTYPE l [<!ENTITY a "'
    + "h" * 1000
    + '">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8))
    + "]><l x='&i;'>&i;</l>"
).encode()


@pytest.mark.parametrize("parse", [documents.xml, tandberg.xml])
def test_entities_in_attributes_do_not_explode(parse: Callable[[bytes], object]) -> None:
    begun = time.perf_counter()
    with pytest.raises(Malformed):
        parse(BOMB)
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("id_", ["²", "9" * 5000, "٣"])
async def test_a_call_of_any_number_is_no_fault(outside: Outside, id_: str) -> None:
    async def getxml(_request: web.Request) -> web.Response:
        call = f'<Status><Call item="{id_}"><Status>Connected</Status></Call></Status>'
        return web.Response(text=call, content_type="text/xml")

    app = web.Application()
    app.add_routes([web.get("/getxml", getxml)])
    async with (
        TestServer(app) as server,
        cisco.connect(options(server, transport="http"), outside) as codec,
    ):
        assert isinstance(codec, cisco.codec.Codec)
        assert all(len(one.id) < 100 for one in await codec.calls())
        for errand in (codec.hang_up, lambda: codec.tones("1")):
            try:
                await errand()
            except ConnectorError:
                continue
