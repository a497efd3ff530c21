"""Client assertions: JSON Web Tokens that an application signs with its certificate.

https://learn.microsoft.com/entra/identity-platform/certificate-credentials
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connector.simulators.graph.refusal import Refused

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SKEW = timedelta(minutes=5)

_PADDING: dict[str, padding.AsymmetricPadding] = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH),
}


def check(
    text: str,
    *,
    client_id: str,
    certificates: Collection[x509.Certificate],
    audiences: Collection[str],
    now: datetime,
) -> None:
    """Let pass what an application really signed, for us and for now.

    Raises:
        Refused: anything is wrong with it.
    """
    header, claims, signed, signature = _parts(text)
    certificate = _certificate(header, client_id, certificates)
    _verify(certificate, header, signed, signature)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise _signature("The key used is expired.", certificate.fingerprint(_SHA1))
    if {claims.get("iss"), claims.get("sub")} != {client_id}:
        message = "Client assertion application identifier doesn't match 'client_id' parameter."
        raise _refused("700021", message)
    if claims.get("aud") not in audiences:
        message = "Client assertion audience claim does not match Realm issuer."
        raise _refused("700023", message)
    _in_time(claims, now)


_SHA1 = hashes.SHA1()  # noqa: S303 - a thumbprint, not a proof


def _parts(text: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, what was signed, and the signature."""
    try:
        header, claims, signature = text.split(".")
        parsed = json.loads(_decoded(header)), json.loads(_decoded(claims))
        if not all(isinstance(part, dict) for part in parsed):
            raise _refused("50027", "JWT token is invalid or malformed.")
        return *parsed, f"{header}.{claims}".encode(), _decoded(signature)
    except ValueError as error:
        raise _refused("50027", "JWT token is invalid or malformed.") from error


def _decoded(part: str) -> bytes:
    """One part of a token; azure-identity keeps the padding, others leave it out."""
    bare = part.rstrip("=")
    return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def _certificate(
    header: dict[str, Any], client_id: str, certificates: Collection[x509.Certificate]
) -> x509.Certificate:
    """The certificate that the header names by its thumbprint."""
    name, algorithm = ("x5t#S256", hashes.SHA256()) if "x5t#S256" in header else ("x5t", _SHA1)
    try:
        thumbprint = _decoded(str(header.get(name, "")))
    except ValueError as error:
        raise _refused("50027", "JWT token is invalid or malformed.") from error
    for certificate in certificates:
        if certificate.fingerprint(algorithm) == thumbprint:
            return certificate
    message = (
        "The certificate that signed the client assertion is not registered. [Reason - The key was "
        f"not found., Thumbprint of key used by client: '{thumbprint.hex().upper()}', "
        f"app Id '{client_id}']."
    )
    raise _refused("700027", message)


def _verify(
    certificate: x509.Certificate, header: dict[str, Any], signed: bytes, signature: bytes
) -> None:
    """Check the signature by the algorithm that the header names."""
    key, scheme = certificate.public_key(), _PADDING.get(str(header.get("alg")))
    if scheme is None or not isinstance(key, rsa.RSAPublicKey):
        raise _refused("5002738", "Invalid JWT token. Unsupported algorithm.")
    try:
        key.verify(signature, signed, scheme, hashes.SHA256())
    except InvalidSignature:
        reason = "The provided signature value did not match the expected signature value."
        raise _signature(reason, certificate.fingerprint(_SHA1)) from None


def _in_time(claims: dict[str, Any], now: datetime) -> None:
    """Check when it may be used."""
    try:
        begins = datetime.fromtimestamp(claims.get("nbf", 0), UTC)
        ends = datetime.fromtimestamp(claims["exp"], UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise _refused("50027", "JWT token is invalid or malformed.") from error
    if not begins - SKEW <= now <= ends + SKEW:
        message = (
            "Client assertion is not within its valid time range. Current time: "
            f"{now.isoformat()}, assertion valid from {begins.isoformat()}, "
            f"expiry time of assertion {ends.isoformat()}."
        )
        raise _refused("700024", message)


def _signature(reason: str, thumbprint: bytes) -> Refused:
    message = (
        f"Client assertion contains an invalid signature. [Reason - {reason}, "
        f"Thumbprint of key used by client: '{thumbprint.hex().upper()}']."
    )
    return _refused("700027", message)


def _refused(code: str, message: str) -> Refused:
    return Refused(401, code, message, oauth="invalid_client")
