"""Strangers on the network of SIP units: they cost neither time nor sockets."""

import asyncio
import time
from contextlib import suppress

import pytest

from connector.sip import address, message
from connector.sip.remembered import MOST, OF_ONE
from connector.sip.stack import STREAMS, Stack
from connector.sip.transport import Name
from tests.connector.test_sip_message import ASKED
from tests.fakes.virtual import in_virtual_time


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


def asked(number: int, method: str = "OPTIONS") -> bytes:
    return ASKED.replace(b"OPTIONS", method.encode()).replace(b"bKabc", b"bK%d" % number)


class FromAnywhere:
    """UDP from any address that a stranger writes into his datagrams."""

    name: Name = "UDP"
    local = ("127.0.0.1", 5060)
    port = 5060
    closed = False

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.sent: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.sent.append(data)


@pytest.mark.parametrize("sources", [1, 20_000])
def test_no_flood_of_requests_keeps_others_from_being_answered(sources: int) -> None:
    async def flooded() -> None:
        stack = Stack(host="127.0.0.1")
        for number in range(20_000):
            name = number % sources
            stack._take(FromAnywhere(f"10.0.{name >> 8}.{name & 255}"), asked(number))
        other = FromAnywhere("10.1.0.1")
        stack._take(other, asked(99_999))
        assert len(other.sent) == 1
        stack._take(other, asked(99_999))
        assert other.sent[0] == other.sent[1]
        again = FromAnywhere("10.0.0.0")
        stack._take(again, asked(99_998))
        assert again.sent
        assert len(stack._servers) <= (MOST if sources > 1 else OF_ONE + 1)
        await asyncio.sleep(65)
        assert len(stack._servers) == 0
        await stack.close()

    in_virtual_time(flooded())
