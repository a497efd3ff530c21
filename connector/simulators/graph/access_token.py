"""Access tokens in the form of JSON Web Tokens (RFC 7519), as Entra issues them for Graph.

https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import datetime

import msgspec

AUDIENCE = "https://graph.microsoft.com"


def access_token(
    *,
    tenant_id: str,
    client_id: str,
    roles: Iterable[str] = (),
    scopes: Iterable[str] = (),
    account: str = "",
    issued: datetime,
    expires: datetime,
    audience: str = AUDIENCE,
) -> str:
    """A token that tells who it is for. Its signature is random: only its issuer can know it."""
    claims: dict[str, object] = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant_id}/",
        "iat": int(issued.timestamp()),
        "nbf": int(issued.timestamp()),
        "exp": int(expires.timestamp()),
        "appid": client_id,
        "idtyp": "user" if account else "app",
        "tid": tenant_id,
        "ver": "1.0",
    }
    if granted := list(roles):  # the claim is left out where nothing was granted
        claims["roles"] = granted
    if account:
        claims |= {"scp": " ".join(sorted(scopes)), "upn": account}
    header = {"typ": "JWT", "alg": "RS256", "kid": "simulated"}
    return ".".join([_part(header), _part(claims), secrets.token_urlsafe(64)])


def _part(content: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(content)).rstrip(b"=").decode()
