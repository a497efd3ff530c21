"""Throw-away keys: those of an application, and an authority that vouches for localhost."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PEM = serialization.Encoding.PEM


def pem(key: Key) -> bytes:
    """A private key as it stands in a file."""
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def builder(
    subject: str, issuer: str, key: Key, begins: datetime, days: int
) -> x509.CertificateBuilder:
    """A certificate to be."""
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
    )


def _of_an_authority(key: ec.EllipticCurvePublicKey) -> list[tuple[x509.ExtensionType, bool]]:
    """What Python 3.13 and later want of an authority (RFC 5280, to the letter)."""
    signing = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (x509.KeyUsage(**signing, key_cert_sign=True, crl_sign=True), True),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
    ]


class Identity:
    """The key and certificate of an application."""

    def __init__(self, begins: datetime, days: int = 30) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        made = builder("bridge", "bridge", self.key, begins, days)
        self.certificate = made.sign(self.key, hashes.SHA256())
        self.pem = self.certificate.public_bytes(PEM)
        self.key_pem = pem(self.key)


class Authority:
    """TLS contexts for a server called localhost and for a client that trusts nobody else."""

    def __init__(self, folder: Path) -> None:
        begins = datetime.now(UTC) - timedelta(minutes=1)
        self._root = ec.generate_private_key(ec.SECP256R1())
        key = ec.generate_private_key(ec.SECP256R1())
        authority = builder("authority", "authority", self._root, begins, 1)
        for extension, critical in _of_an_authority(self._root.public_key()):
            authority = authority.add_extension(extension, critical=critical)
        server = builder("localhost", "authority", key, begins, 1)
        for extension in (
            x509.SubjectAlternativeName([x509.DNSName("localhost")]),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._root.public_key()),
        ):
            server = server.add_extension(extension, critical=False)
        chain = folder / "server.pem"
        chain.write_bytes(pem(key) + self._signed(server))
        self.server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.server.load_cert_chain(chain)
        self.client = ssl.create_default_context(cadata=self._signed(authority).decode())

    def _signed(self, made: x509.CertificateBuilder) -> bytes:
        return made.sign(self._root, hashes.SHA256()).public_bytes(PEM)
