"""Strangers on the network of SIP units: they cost neither time nor sockets."""

import asyncio
import time
from contextlib import suppress

import pytest

from connector.sip import address, message
from connector.sip.stack import STREAMS, Stack


@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 60_000 + "b",
        '"' + '\\"' * 30_000,
        "<" * 60_000,
        "a <sip:b@c>" + " " * 60_000 + "d",
        "a\t" * 30_000 + ";",
        "sip:" + "a;" * 30_000,
    ],
)
def test_no_address_takes_long(text: str) -> None:
    begun = time.perf_counter()
    for read in (address.named, address.uri, message.via):
        with suppress(message.NotSip):
            read(text)
    with suppress(message.NotSip):
        message.via(f"SIP/2.0/UDP {text}")
    assert time.perf_counter() - begun < 1


async def test_whoever_connects_and_says_nothing_holds_no_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("connector.sip.stack.FIRST_LIMIT", 0.2, raising=False)
    stack = Stack(host="127.0.0.1")
    port = await stack._listen()
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(STREAMS + 5)]
    try:
        async with asyncio.timeout(5):
            for reader, _ in held:
                assert await reader.read() == b""
    finally:
        for _, writer in held:
            writer.close()
        await stack.close()
