"""Certificates that a unit or the bridge signs for itself, and the fingerprints people compare."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LAGGING = timedelta(days=1)
"""A certificate is valid already for clocks that are this much behind."""
COMMON_NAME_LIMIT = 64
"""What X.509 allows (RFC 5280, ub-common-name)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate and its private key, both PEM."""

    pem: bytes
    key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """What a person compares and enters: `sha256:<hex>`."""
        return fingerprint(self.pem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a certificate says of itself."""

    names: tuple[str, ...]
    """Host names and IP addresses it is for."""
    issuer: str
    """Who signed it, as `CN=…,O=…`."""
    self_signed: bool
    key: str
    """Kind and size of its key, as `RSA 2048`."""
    begins: datetime
    expires: datetime
    fingerprint: str


def self_signed(
    names: Sequence[str], *, days: int, now: datetime, key_pem: bytes | None = None
) -> Certificate:
    """A new certificate for these host names and IP addresses, valid for so many days.

    For this key, or for a new one.

    Raises:
        ValueError: no name, a name that is none, no day, or no key.
    """
    if not names or days < 1:
        raise ValueError("a certificate needs a name and at least one day")
    key_pem = key_pem or new_key()
    key = _key(key_pem)
    subject = _subject(names)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LAGGING)
        .not_valid_after(now + timedelta(days=days))
    )
    for extension, critical in _extensions(names, key.public_key()):
        builder = builder.add_extension(extension, critical=critical)
    signed = builder.sign(key, hashes.SHA256())
    return Certificate(
        pem=signed.public_bytes(serialization.Encoding.PEM),
        key=key_pem,
    )


def new_key() -> bytes:
    """A new private key (EC P-256), PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def usable_key(pem: bytes) -> bool:
    """Whether this is a private key that certificates can be made for."""
    try:
        _key(pem)
    except ValueError:
        return False
    return True


def request(names: Sequence[str], key_pem: bytes) -> bytes:
    """A request (PKCS #10, PEM) that an authority sign a certificate for these names and this key.

    Raises:
        ValueError: no name, a name that is none, or no key without a passphrase.
    """
    if not names:
        raise ValueError("a certificate needs a name")
    key = _key(key_pem)
    alternatives = x509.SubjectAlternativeName([_general(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(_subject(names))
    signed = builder.add_extension(alternatives, critical=False).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


@contextmanager
def _readable() -> Iterator[None]:
    """Within this, what breaks the rules of certificates is a ValueError like any other.

    Strangers show them: an extension twice, a key or a signature of a kind that nobody knows.
    """
    try:
        yield
    except (
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
        UnsupportedAlgorithm,
    ) as error:
        raise ValueError("a certificate with parts that cannot be read") from error


@_readable()
def facts(pem_or_der: bytes) -> Facts:
    """What a certificate says of itself; of a chain, its first.

    Raises:
        ValueError: this is no certificate, or a part of it cannot be read.
    """
    found = _parsed(pem_or_der)
    try:
        told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names: tuple[str, ...] = ()
    else:
        addresses = map(str, told.get_values_for_type(x509.IPAddress))
        names = (*told.get_values_for_type(x509.DNSName), *addresses)
    public = found.public_key()
    kind = type(public).__name__.lstrip("_").removesuffix("PublicKey")
    kind = {"EllipticCurve": "EC"}.get(kind, kind)
    return Facts(
        names=tuple(map(_shown, names)),
        issuer=_shown(found.issuer.rfc4514_string()),
        self_signed=found.issuer == found.subject,
        key=f"{kind} {getattr(public, 'key_size', '')}".strip(),
        begins=found.not_valid_before_utc,
        expires=found.not_valid_after_utc,
        fingerprint=fingerprint(pem_or_der),
    )


def _shown(words: str) -> str:
    """What a stranger may have written, without what a terminal would obey."""
    return "".join(one if one.isprintable() else "\ufffd" for one in words)


def belongs(certificate: bytes, key_pem: bytes) -> bool:
    """Whether a certificate is for this key; False where one of them is none.

    A certificate that was copied from elsewhere or is half written belongs to no key.
    """
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    try:
        with _readable():
            public, private = _parsed(certificate).public_key(), _key(key_pem).public_key()
    except ValueError:
        return False
    return public.public_bytes(*form) == private.public_bytes(*form)


def fingerprint(pem_or_der: bytes) -> str:
    """The SHA-256 of a certificate as people compare it: `sha256:<hex>`; of a chain, its first.

    Raises:
        ValueError: this is no certificate.
    """
    return f"sha256:{_parsed(pem_or_der).fingerprint(hashes.SHA256()).hex()}"


def expires(pem_or_der: bytes) -> datetime:
    """The last instant, aware and UTC, at which a certificate is valid.

    Raises:
        ValueError: this is no certificate.
    """
    return _parsed(pem_or_der).not_valid_after_utc


@_readable()
def _parsed(pem_or_der: bytes) -> x509.Certificate:
    if b"-----BEGIN" in pem_or_der:
        return x509.load_pem_x509_certificate(pem_or_der)
    return x509.load_der_x509_certificate(pem_or_der)


def _subject(names: Sequence[str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:COMMON_NAME_LIMIT])])


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("this is no private key without a passphrase") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("this is neither an EC nor an RSA key")  # noqa: TRY004 - of its content
    return key


def _extensions(
    names: Sequence[str], key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
) -> list[tuple[x509.ExtensionType, bool]]:
    """What a server's certificate says of itself, each with whether readers must understand it."""
    signing = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return [
        (x509.SubjectAlternativeName([_general(name) for name in names]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (signing, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
    ]


def _general(name: str) -> x509.GeneralName:
    """A name as the certificate holds it: an IP address, or a host name in its ASCII form."""
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name.encode("idna").decode("ascii"))
    except UnicodeError as error:
        raise ValueError(f"{name!r} is no host name") from error


@_readable()
def weakness(pem_or_der: bytes) -> str:
    """What makes a certificate weak, in words; empty where nothing does.

    Raises:
        ValueError: this is no certificate, or a part of it cannot be read.
    """
    certificate = _parsed(pem_or_der)
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
        return f"an RSA key of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < 256:
        return f"an elliptic curve of {key.curve.key_size} bits"
    if isinstance(key, dsa.DSAPublicKey):
        return "a DSA key"
    digest = certificate.signature_hash_algorithm
    if digest is not None and digest.name in {"md5", "sha1"}:
        return f"a signature with {digest.name.upper()}"
    return ""
