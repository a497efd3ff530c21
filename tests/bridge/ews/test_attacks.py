"""What is sent to do harm: refused before it costs anything."""

import asyncio
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import spnego
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bridge.readers import Readers
from bridge.views import hooks
from bridge.views.ews import handshake, reading, routes
from bridge.views.ews.markup import Fault, text
from tests.bridge.conftest import Views
from tests.bridge.ews.conftest import ENVELOPE, READER, Unit, basic, find
from tests.fakes.virtual import NOON

pytestmark = pytest.mark.fault("facade_xml")
URL = "/EWS/Exchange.asmx"
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><l>&c;</l>'
)
FILE = '<!DOCTYPE l [<!ENTITY f SYSTEM "file:///etc/passwd">]><l>&f;</l>'


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS.encode(),
        FILE.encode(),
        LAUGHS.encode("utf-16"),
        FILE.encode("utf-16-le"),
        b'<?xml version="1.0" encoding="UTF-7"?><l>+ADw-</l>',
        b'<?xml version="1.0" encoding="IBM037"?><l/>',
        b"<l>" * 100_000,
        b"<l>" * 300 + b"</l>" * 300,
        b"",
        b"\x00" * 100,
        b"<l",
        b"POST",
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
        (
            b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><a/></s:Body>'
            b"</s:Envelope>"
        ),
    ],
)
async def test_what_is_no_request_is_a_fault(unit: Unit, body: bytes) -> None:
    async with unit.client.post(URL, data=body, headers=basic()) as told:
        answer = await told.read()
        assert told.status == 500
    assert b"a:ErrorInvalidRequest" in answer
    assert b"root:" not in answer


async def test_a_hundred_megabytes_are_refused_at_once(unit: Unit) -> None:
    host, port = unit.client.server.host, unit.client.server.port
    login = basic()["Authorization"]
    for head in (f"Authorization: {login}\r\n", ""):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(
            f"POST {URL} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 104857600\r\n\r\n".encode()
        )
        line = await asyncio.wait_for(reader.readline(), 2)
        assert b"413" in line
        writer.close()
        await writer.wait_closed()


async def test_a_body_in_pieces_is_cut(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "BODY_LIMIT", 100_000)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 10_000

    async with unit.client.post(URL, data=pieces(), headers=basic()) as told:
        assert told.status == 413


async def test_a_slow_body_is_given_up(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "BODY_SECONDS", 0.1)
    go_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"<"
        await go_on.wait()
        yield b"l/>"

    task = asyncio.ensure_future(unit.client.post(URL, data=slow(), headers=basic()))
    async with asyncio.timeout(5):
        told = await task
    go_on.set()
    assert told.status == 400


async def test_before_somebody_signed_in_nothing_is_parsed(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_body: bytes) -> None:
        raise AssertionError

    monkeypatch.setattr(routes, "asked", never)
    async with unit.client.post(URL, data=LAUGHS.encode()) as told:
        assert told.status == 401


async def test_a_request_too_many_has_to_wait(
    unit: Unit, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.views.guard.client_address", lambda *_: "192.0.2.7")
    monkeypatch.setattr("bridge.views.guard.ADDRESS_LIMIT", 3)
    sent = ENVELOPE.format(body=find(), header="").encode()
    told = []
    for _ in range(5):
        async with unit.client.post(URL, data=sent, headers=basic()) as answer:
            told.append(answer.status)
    assert told == [200, 200, 200, 429, 429]
    assert views.house.limits.refused


async def test_no_request_takes_long_whatever_its_size() -> None:
    wide = ENVELOPE.format(body=f"<m:GetItem>{'<t:ItemId/>' * 80_000}</m:GetItem>", header="")
    begun = time.perf_counter()
    found = reading.asked(wide.encode())
    reading.shape(found.element)
    assert time.perf_counter() - begun < 2


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_are_a_request_or_a_fault(body: bytes) -> None:
    try:
        reading.asked(body)
    except Fault as error:
        assert error.code == "ErrorInvalidRequest"  # noqa: PT017 - either is fine


@given(st.text(max_size=100))
def test_any_words_can_be_written(words: str) -> None:
    found = reading.parsed(b"<l>" + text(words) + b"</l>")
    kept = "".join(
        one for one in words if one in "\t\n\r" or (one >= " " and one < "\ufffe") or one > "\uffff"
    )
    assert (found.text or "") == kept


READERS = Readers()
READERS.adopt([READER], NOON)


def _answered() -> bytes:
    """The last message of a true sign-in."""
    hands = handshake.Handshakes(READERS)
    context = spnego.client("kestrel", "pass word", protocol="ntlm")
    challenge = hands.step(1, b64encode(context.step() or b"").decode())
    assert isinstance(challenge, str)
    return context.step(b64decode(challenge)) or b""


TRUE = _answered()


@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=200).map(lambda rest: b"NTLMSSP\0\1\0\0\0" + rest),
        st.binary(max_size=200).map(lambda rest: b"NTLMSSP\0\3\0\0\0" + rest),
        st.tuples(st.integers(12, len(TRUE) - 1), st.integers(0, 255)).map(
            lambda change: TRUE[: change[0]] + bytes([change[1]]) + TRUE[change[0] + 1 :]
        ),
    )
)
@example(
    TRUE.replace("kestrel".encode("utf-16-le"), "kestre\ud800".encode("utf-16-le", "surrogatepass"))
)
def test_no_message_of_ntlm_but_the_true_one_signs_in(message: bytes) -> None:
    hands = handshake.Handshakes(READERS)
    context = spnego.client("kestrel", "pass word", protocol="ntlm")
    hands.step(1, b64encode(context.step() or b"").decode())
    with suppress(handshake.Wrong):
        assert isinstance(hands.step(1, b64encode(message).decode()), str)
