"""Certificates that are made here, and the fingerprints of any."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connector.certificates import expires, facts, fingerprint, self_signed

NOON = datetime(2026, 2, 6, 12, tzinfo=UTC)


def test_it_names_hosts_and_addresses() -> None:
    made = self_signed(
        ["bridge.example.com", "10.2.0.1", "::1", "bücher.example"], days=30, now=NOON
    )
    names = x509.load_pem_x509_certificate(made.pem).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == [
        "bridge.example.com",
        "xn--bcher-kva.example",
    ]
    assert names.value.get_values_for_type(x509.IPAddress) == [
        ip_address("10.2.0.1"),
        ip_address("::1"),
    ]


def test_it_is_valid_for_so_many_days_and_for_clocks_that_lag() -> None:
    made = x509.load_pem_x509_certificate(self_signed(["x"], days=30, now=NOON).pem)
    assert made.not_valid_after_utc == NOON + timedelta(days=30)
    assert made.not_valid_before_utc < NOON


def test_its_key_is_p256_and_its_own() -> None:
    first, second = (self_signed(["x"], days=1, now=NOON) for _ in range(2))
    key = serialization.load_pem_private_key(first.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"
    assert x509.load_pem_x509_certificate(first.pem).public_key() == key.public_key()
    assert first.fingerprint != second.fingerprint


def test_the_key_is_not_shown() -> None:
    made = self_signed(["x"], days=1, now=NOON)
    assert "PRIVATE" not in repr(made)


def test_pem_der_and_chains_have_the_same_fingerprint() -> None:
    made = self_signed(["x"], days=1, now=NOON)
    other = self_signed(["y"], days=1, now=NOON)
    der = ssl.PEM_cert_to_DER_cert(made.pem.decode())
    assert made.fingerprint == fingerprint(made.pem) == fingerprint(der)
    assert fingerprint(made.pem + other.pem) == made.fingerprint
    assert made.fingerprint.startswith("sha256:")
    assert len(made.fingerprint) == len("sha256:") + 64


def test_the_end_of_a_certificate_is_told() -> None:
    made = self_signed(["x"], days=10, now=NOON)
    assert expires(made.pem) == NOON + timedelta(days=10)


@pytest.mark.parametrize("text", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nx\n"])
def test_what_is_no_certificate_is_refused(text: bytes) -> None:
    for reads in (fingerprint, expires):
        with pytest.raises(ValueError):  # noqa: PT011 - the words are the library's
            reads(text)


@pytest.mark.parametrize(("names", "days"), [([], 1), (["x"], 0), (["a" * 64 + ".example"], 1)])
def test_nonsense_is_not_signed(names: list[str], days: int) -> None:
    with pytest.raises(ValueError, match=r"certificate needs|no host name"):
        self_signed(names, days=days, now=NOON)


def test_a_long_name_is_shortened_where_x509_demands_it() -> None:
    name = ".".join(["a" * 60] * 3)
    assert self_signed([name], days=1, now=NOON).fingerprint


def test_what_a_strangers_certificate_says_is_no_order_to_a_terminal() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "codec\x1b[2J\u202e")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=9))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("codec\x1b[2J\rpinned\n")]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    told = facts(made.public_bytes(serialization.Encoding.DER))
    assert all(words.isprintable() for words in (*told.names, told.issuer))
