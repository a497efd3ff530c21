"""Headers of any bytes: refused as any other wrong token, and no fault of the bridge."""

import asyncio

import pytest

from tests.bridge.conftest import Client, Views


@pytest.mark.parametrize(
    "header",
    [
        b"Authorization: Bearer rb_\xff\xfe",
        b"Authorization: \xff",
        b"Cookie: roombridge_display=\xff\xed\xa0\x80",
    ],
)
async def test_a_token_of_any_bytes_is_a_wrong_one(client: Client, header: bytes) -> None:
    server = client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(
        b"GET /api/v1/rooms HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: \xff\r\n%b\r\n\r\n"
        % header
    )
    line = await asyncio.wait_for(reader.readline(), 5)
    assert b" 500 " not in line
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "path",
    [
        "rooms/kestrel/bookings",
        "rooms/kestrel/bookings/b1/join",
        "rooms/kestrel/bookings/b1/extend",
        "endpoints/codec/dial",
        "endpoints/codec/tones",
    ],
)
@pytest.mark.parametrize("body", [b'{"booking": "\xff"}', b'{"\xff": 1}', b"[" * 60_000, b"\xff"])
async def test_a_body_of_any_bytes_is_a_bad_one(
    client: Client, views: Views, path: str, body: bytes
) -> None:
    token = await views.token("read", "write")
    headers = token | {"Content-Type": "application/json"}
    async with client.post(f"/api/v1/{path}", data=body, headers=headers) as told:
        assert told.status in {400, 403}
