"""What an access token says of itself. Read, never believed: only Graph can check it."""

import re
from base64 import urlsafe_b64decode

import msgspec

ZOOM = {
    "f56e91e5-5a82-452f-b435-d4d78aeaf064": "Rooms, Application Permissions",
    "a651cfda-cbdd-4a39-bd03-fa829c3c1b29": "Rooms, Full Delegate",
    "f46ceaed-fb2d-4694-803b-6341837f0ed2": "Users, Application Permissions",
    "fc108d3f-543d-4374-bbff-c7c51f651fe5": "Users, OAuth",
}
"""Zoom's own applications in a tenant, by their ids: a site that moves over finds them there."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference."""

    appid: str = ""
    tid: str = ""
    roles: tuple[str, ...] = ()
    """Application permissions that Entra granted, tenant-wide."""
    scp: str = ""
    """Delegated permissions; an application by itself has none."""


def claims(token: str) -> Claims | None:
    """What a token says, or None where it is none that can be read."""
    _, _, rest = token.partition(".")
    payload, _, _ = rest.partition(".")
    try:
        told = msgspec.json.decode(
            urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=Claims
        )
    except (ValueError, msgspec.DecodeError):
        return None
    # Roles are told to people: whatever does not look like one is not.
    tidy = tuple(role for role in told.roles if re.fullmatch(r"[\w.-]{1,80}", role))
    scp = " ".join(scope for scope in told.scp.split() if re.fullmatch(r"[\w.-]{1,80}", scope))
    return msgspec.structs.replace(told, roles=tidy, scp=scp)
