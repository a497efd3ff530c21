"""The token endpoint: access tokens for assertions that service accounts sign (RFC 7523).

https://developers.google.com/identity/protocols/oauth2/service-account#httprest
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from connector.simulators.google.accounts import ServiceAccount
from connector.simulators.google.refusal import Json, TokenRefused
from connector.simulators.google.workspace import Workspace

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "https://oauth2.googleapis.com/token"
SKEW = timedelta(minutes=5)
LONGEST = timedelta(hours=1)
_SCOPES = "https://www.googleapis.com/auth/"
_UNAUTHORIZED = (
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized"
    " for any of the scopes requested."
)
_TIMES = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    " Check your iat and exp values in the JWT claim."
)


def grant(workspace: Workspace, form: Mapping[str, str], here: str) -> Json:
    """An access token for a form, which `here` is the address of.

    Raises:
        TokenRefused: there is none.
    """
    if form.get("grant_type") != GRANT:
        raise TokenRefused(400, "unsupported_grant_type", "Invalid grant_type: ")
    header, claims, signed, signature = _opened(form.get("assertion", ""))
    account = workspace.accounts.get(str(claims.get("iss", "")).lower())
    if account is None:
        raise TokenRefused(400, "invalid_grant", "Invalid grant: account not found")
    _check_signature(account, header, signed, signature)
    _check_times(workspace, claims)
    if claims.get("aud") not in {AUDIENCE, here}:
        message = "Invalid JWT: Failed audience check. The right audience is " + AUDIENCE
        raise TokenRefused(400, "invalid_grant", message)
    if account.disabled:
        raise TokenRefused(401, "disabled_client", "The OAuth client was disabled.")
    scopes = str(claims.get("scope", "")).split()
    if not scopes or not all(scope.startswith(_SCOPES) for scope in scopes):
        message = "Invalid OAuth scope or ID token audience provided."
        raise TokenRefused(400, "invalid_scope", message)
    subject = _subject(workspace, account, str(claims.get("sub") or ""), scopes)
    return {
        "access_token": workspace.issue_token(account.email, subject, scopes),
        "expires_in": int(workspace.token_life.total_seconds()),
        "token_type": "Bearer",
    }


def _opened(assertion: str) -> tuple[Json, Json, bytes, bytes]:
    """The parts of a JSON Web Signature (RFC 7515 §3.1)."""
    try:
        signed, _, last = assertion.rpartition(".")
        first, _, second = signed.partition(".")
        header = msgspec.json.decode(_unpacked(first), type=dict[str, Any])
        claims = msgspec.json.decode(_unpacked(second), type=dict[str, Any])
        return header, claims, signed.encode(), _unpacked(last)
    except ValueError:
        raise TokenRefused(400, "invalid_request", "Bad Request") from None


def _unpacked(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _check_signature(
    account: ServiceAccount, header: Json, signed: bytes, signature: bytes
) -> None:
    """The signature of one of the account's keys; the id of the key is a hint."""
    refused = TokenRefused(400, "invalid_grant", "Invalid JWT Signature.")
    if header.get("alg") != "RS256":
        raise refused
    named = account.keys.get(str(header.get("kid", "")))
    if "kid" in header and named is None:
        raise refused
    for key in [named] if named else account.keys.values():
        try:
            key.public_key().verify(signature, signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            continue
        return
    raise refused


def _check_times(workspace: Workspace, claims: Json) -> None:
    now = workspace.now().timestamp()
    issued, ends = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int | float) or not isinstance(ends, int | float):
        raise TokenRefused(400, "invalid_grant", _TIMES)
    skew = SKEW.total_seconds()
    if (
        issued > now + skew
        or ends < now - skew
        or ends <= issued
        or ends - issued > LONGEST.total_seconds()
    ):
        raise TokenRefused(400, "invalid_grant", _TIMES)


def _subject(workspace: Workspace, account: ServiceAccount, subject: str, scopes: list[str]) -> str:
    """For whom the account acts; each scope must have been delegated to it."""
    if not subject:
        return account.email
    if not set(scopes) <= account.delegated:
        raise TokenRefused(401, "unauthorized_client", _UNAUTHORIZED)
    if subject.lower() not in workspace.users:
        raise TokenRefused(400, "invalid_grant", "Invalid email or User ID")
    return subject.lower()
