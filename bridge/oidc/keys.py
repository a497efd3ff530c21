"""The keys of a provider, and signatures that are made with them.

Signatures are checked by PyJWT. Which algorithms there are is decided here, never by a token: all
are of key pairs, so that nobody can sign with what is public (RFC 8725 §3.1), and each goes with
its own kind of key.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jwt
import msgspec

from bridge.oidc.failed import SignOnFailed

SMALLEST_RSA = 2048
"""Bits (RFC 7518 §3.3)."""
LONGEST_TOKEN = 64 << 10
"""Characters of an ID token; one with two hundred groups has a tenth."""
_RSA, _OKP = ("RSA", None), ("OKP", "Ed25519")
ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), _RSA),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": _OKP,
}
"""The kind of key, and its curve where that is a part of the algorithm."""


class Head(NamedTuple):
    """What a token says of how it is signed; nothing of that is proven."""

    algorithm: str
    kid: str | None


class _Set(msgspec.Struct, frozen=True):
    """A JWK Set (RFC 7517 §5)."""

    keys: tuple[dict[str, Any], ...]


class Keys:
    """The public keys of a provider."""

    def __init__(self, keys: Iterable[Mapping[str, Any]]) -> None:
        self._keys = [one for one in keys if _signs(one)]

    @classmethod
    def read(cls, text: bytes) -> "Keys":
        """Keys as they are published.

        Raises:
            SignOnFailed: `unfit`.
        """
        try:
            return cls(msgspec.json.decode(text, type=_Set).keys)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise SignOnFailed("unfit", "keys") from None

    def of(self, head: Head) -> jwt.PyJWK | None:
        """The key that a token was signed with; None where there is none, or no telling which."""
        kind, curve = ALGORITHMS[head.algorithm]
        fit = [
            one
            for one in self._keys
            if one.get("kty") == kind
            and (curve is None or one.get("crv") == curve)
            and one.get("alg") in (None, head.algorithm)
            and (head.kid is None or one.get("kid") == head.kid)
        ]
        if len(fit) != 1:
            return None
        try:
            key = jwt.PyJWK(dict(fit[0]), algorithm=head.algorithm)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            return None
        return key if getattr(key.key, "key_size", SMALLEST_RSA) >= SMALLEST_RSA or curve else None


def head(token: str) -> Head:
    """How a token says that it is signed.

    Raises:
        SignOnFailed: `unproven`, also for algorithms that are none of ours.
    """
    if len(token) > LONGEST_TOKEN:
        raise SignOnFailed("unproven", "size")
    try:
        told = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise SignOnFailed("unproven", "form") from None
    algorithm, kid = told.get("alg"), told.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise SignOnFailed("unproven", "algorithm")
    return Head(algorithm, kid)


def signed(token: str, key: jwt.PyJWK) -> dict[str, Any]:
    """What a token says, once its signature is proven; nothing else of it is.

    Raises:
        SignOnFailed: `unproven`.
    """
    try:
        text = jwt.PyJWS().decode(token, key=key, algorithms=[key.algorithm_name])
        return msgspec.json.decode(text, type=dict[str, Any])
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise SignOnFailed("unproven", "signature") from None


def _signs(key: Mapping[str, Any]) -> bool:
    """Whether a key is for signatures, and public."""
    operations = key.get("key_ops")
    return key.get("use") in (None, "sig") and (
        operations is None or (isinstance(operations, list) and "verify" in operations)
    )
