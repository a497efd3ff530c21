"""Units with certificates that break the rules: they are looked at all the same."""

import asyncio
import hashlib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from yarl import URL

from bridge.calling.presented import presented
from bridge.settings.model import EndpointSettings
from connector.certificates import belongs, expires, facts, weakness
from tests.fakes.endpoints import FakeOptions

NOW = datetime.now(UTC).replace(microsecond=0)
ONE, OTHER = x509.ObjectIdentifier("1.2.3.4.5"), x509.ObjectIdentifier("1.2.3.4.6")
ECDSA_SHA256 = bytes.fromhex("06082a8648ce3d040302")
UNKNOWN = bytes.fromhex("06082a8648ce3d04037f")
KEY_EC = bytes.fromhex("06072a8648ce3d0201")
KEY_UNKNOWN = bytes.fromhex("06072a8648ce3d027f")


class Options(FakeOptions, frozen=True, kw_only=True):
    """Settings of a unit that is reached over TLS."""

    url: URL


def made() -> tuple[bytes, bytes]:
    """A certificate with two extensions that nobody knows (DER), and its key (PEM)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "unit")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=90))
        .add_extension(x509.UnrecognizedExtension(ONE, b"\x05\x00"), critical=False)
        .add_extension(x509.UnrecognizedExtension(OTHER, b"\x05\x00"), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key_pem = key.private_bytes(serialization.Encoding.PEM, *form)
    return signed.public_bytes(serialization.Encoding.DER), key_pem


def doubled(der: bytes) -> bytes:
    """The same extension twice."""
    return der.replace(bytes.fromhex("06042a030406"), bytes.fromhex("06042a030405"))


def oddly_signed(der: bytes) -> bytes:
    """A signature of a kind that nobody knows."""
    return der.replace(ECDSA_SHA256, UNKNOWN)


def oddly_keyed(der: bytes) -> bytes:
    """A key of a kind that nobody knows."""
    return der.replace(KEY_EC, KEY_UNKNOWN)


@pytest.mark.parametrize("broken", [doubled, oddly_signed, oddly_keyed])
def test_a_certificate_that_breaks_the_rules_is_a_value_error_at_most(
    broken: Callable[[bytes], bytes],
) -> None:
    der, key = made()
    assert broken(der) != der
    assert expires(broken(der)) == NOW + timedelta(days=90)
    for read in (facts, weakness):
        try:
            read(broken(der))
        except ValueError:
            continue
    belongs(broken(der), key)


@pytest.mark.allow_blocking
@pytest.mark.parametrize("broken", [doubled, oddly_signed])
async def test_a_unit_is_looked_at_whatever_its_certificate_holds(
    tmp_path: Path, broken: Callable[[bytes], bytes]
) -> None:
    der, key = made()
    der = broken(der)
    (tmp_path / "unit.pem").write_bytes(key + ssl.DER_cert_to_PEM_cert(der).encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(tmp_path / "unit.pem")
    server = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context
    )
    port = server.sockets[0].getsockname()[1]
    options = Options(url=URL(f"https://127.0.0.1:{port}"))
    settings = EndpointSettings(id="codec", kind="fake", room="kestrel", options=options)
    outside: Any = None  # nothing but TLS is looked at
    try:
        told = await presented(settings, outside, [ip_network("127.0.0.0/8")])
    finally:
        server.close()
        await server.wait_closed()
    assert told.certificate == f"sha256:{hashlib.sha256(der).hexdigest()}"
    assert told.ends == NOW + timedelta(days=90)
    assert told.weakness == "parts that cannot be read"
    assert told.matches is None
