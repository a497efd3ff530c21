"""The certificate of each kind of room system that is reached over TLS, looked at over TLS."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from bridge.calling.presented import presented
from bridge.doctor.units import units
from bridge.settings.model import EndpointSettings
from connector import load
from connector.certificates import self_signed
from connector.outside import Outside, Trust
from tests.fakes.virtual import FixedClock

LOOPBACK = [ip_network("127.0.0.0/8")]
CLOCK = FixedClock()
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("cisco", {}),
    ("poly", {}),
    ("tandberg", {}),
    ("yealink", {"family": "phone"}),
    ("sip", {"transport": "tls"}),
]


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """Where something speaks TLS with a certificate that ends soon, and its fingerprint."""
    made = self_signed(["127.0.0.1"], days=5, now=CLOCK.now())
    (tmp_path / "unit.pem").write_bytes(made.pem + made.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "unit.pem")
    server = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context
    )
    der = ssl.PEM_cert_to_DER_cert(made.pem.decode())
    try:
        yield (
            f"127.0.0.1:{server.sockets[0].getsockname()[1]}",
            f"sha256:{hashlib.sha256(der).hexdigest()}",
        )
    finally:
        server.close()
        await server.wait_closed()


def settings(kind: str, **options: Any) -> EndpointSettings:
    made = load.endpoint(kind).Options(**options)
    return EndpointSettings(id="unit", kind=kind, room="kestrel", options=made)


@pytest.mark.allow_blocking
@pytest.mark.parametrize(("kind", "more"), KINDS)
async def test_it_is_shown_beside_the_pinned_one(
    unit: tuple[str, str], kind: str, more: dict[str, Any]
) -> None:
    address, fingerprint = unit
    session: Any = None  # nothing but TLS is looked at
    outside = Outside(http=session, sockets=session, clock=CLOCK)
    for pinned, matches in (("", None), (fingerprint, True), ("sha256:" + "0" * 64, False)):
        wanted = settings(kind, address=address, tls=Trust(fingerprint=pinned), **more)
        told = await presented(wanted, outside, LOOPBACK)
        assert (told.certificate, told.matches) == (fingerprint, matches)
        assert told.ends is not None


@pytest.mark.allow_blocking
@pytest.mark.parametrize(("kind", "more"), KINDS)
async def test_the_doctor_tells_that_it_ends(
    unit: tuple[str, str], kind: str, more: dict[str, Any]
) -> None:
    session: Any = None
    outside = Outside(http=session, sockets=session, clock=CLOCK)
    wanted = settings(kind, address=unit[0], **more)
    (found,) = await units([wanted], outside, LOOPBACK, attempt=False)
    assert (found.code, found.severity) == ("peer_certificate_ends", "error")
    assert found.words.startswith("127.0.0.1: ")


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("sip", {}),
        ("sip", {"transport": "tcp"}),
        ("yealink", {}),
        ("tandberg", {"transport": "telnet"}),
    ],
)
async def test_where_nothing_is_encrypted_nothing_is_looked_at(
    kind: str, more: dict[str, Any]
) -> None:
    heard = []
    server = await asyncio.start_server(lambda *_: heard.append(1), "127.0.0.1", 0)
    session: Any = None
    outside = Outside(http=session, sockets=session, clock=CLOCK)
    async with server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        told = await presented(settings(kind, address=address, **more), outside, LOOPBACK)
    assert (told.certificate, told.matches, heard) == (None, None, [])


@pytest.mark.parametrize(
    ("address", "more", "url"),
    [
        ("pbx.example.com", {"transport": "tls"}, "sips://pbx.example.com"),
        ("10.0.0.9:5071", {"transport": "tls"}, "sips://10.0.0.9:5071"),
        ("[2001:db8::9]:5071", {"transport": "tls"}, "sips://[2001:db8::9]:5071"),
        ("pbx.example.com", {}, "sip://pbx.example.com"),
    ],
)
def test_where_a_sip_unit_is(address: str, more: dict[str, Any], url: str) -> None:
    assert str(settings("sip", address=address, **more).options.url) == url
