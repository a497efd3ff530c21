"""What an ID token must say (OpenID Connect Core §3.1.3.7), and who somebody is by it."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bridge.oidc.attempts import Attempt
from bridge.oidc.failed import SignOnFailed
from bridge.people.accounts import Provided
from bridge.settings.people import OidcSettings

SKEW = timedelta(seconds=60)
"""By which two clocks may differ."""
BACKDATED = timedelta(minutes=10)
"""How long before it was asked for a token may say that it was issued. Entra ID dates its tokens
five minutes back: those in its documents, good for an hour, end 65 minutes after `iat`. That a
token is not an older one, the nonce proves."""
_NO_NAME = re.compile(r"[^\w.@+-]")
_NAMES = ("preferred_username", "email", "upn", "name")
_LONGEST_SUBJECT = 255
"""ASCII characters (OpenID Connect Core §2)."""


def check(
    claims: Mapping[str, Any], attempt: Attempt, settings: OidcSettings, now: datetime
) -> None:
    """Let an ID token pass that is for this appliance, this attempt and this moment.

    Raises:
        SignOnFailed: `unproven`, or `clock`.
    """
    if claims.get("iss") != settings.issuer:
        raise SignOnFailed("unproven", "iss")
    _check_audience(claims, settings.client_id)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode(errors="replace"), attempt.nonce.encode()
    ):
        raise SignOnFailed("unproven", "nonce")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise SignOnFailed("unproven", "sub")
    if _instant(claims, "exp") <= (now - SKEW).timestamp():
        raise SignOnFailed("clock", "exp")
    issued = _instant(claims, "iat")
    if not (attempt.began - BACKDATED).timestamp() <= issued <= (now + SKEW).timestamp():
        raise SignOnFailed("clock", "iat")
    if "nbf" in claims and _instant(claims, "nbf") > (now + SKEW).timestamp():
        raise SignOnFailed("clock", "nbf")


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience, party = claims.get("aud"), claims.get("azp")
    several = audience if isinstance(audience, list) else [audience]
    if client_id not in several:
        raise SignOnFailed("unproven", "aud")
    if party not in (None, client_id) or (len(several) > 1 and party is None):
        raise SignOnFailed("unproven", "azp")


def _instant(claims: Mapping[str, Any], name: str) -> float:
    """Seconds since 1970 (RFC 7519 §2)."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SignOnFailed("unproven", name)
    return value


def told_of_groups(claims: Mapping[str, Any], settings: OidcSettings) -> bool:
    """Whether the claim with the groups is there, or the reason why it is not."""
    return settings.groups_claim in claims or overflowing(claims, settings)


def overflowing(claims: Mapping[str, Any], settings: OidcSettings) -> bool:
    """Whether somebody is in more groups than Entra ID puts into a token.

    https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference#groups-overage-claim
    """
    elsewhere = claims.get("_claim_names")
    if isinstance(elsewhere, dict) and settings.groups_claim in elsewhere:
        return True
    return settings.groups_claim == "groups" and claims.get("hasgroups") in (True, "true")


def subject(claims: Mapping[str, Any]) -> str:
    """Who somebody is for good: of one provider, no subject is given to another person."""
    return f"{claims['iss']} {claims['sub']}"


def provided(claims: Mapping[str, Any], settings: OidcSettings) -> Provided:
    """Who somebody is, and what they may by their groups.

    Raises:
        SignOnFailed: `no_group`, `overage`.
    """
    if settings.groups_claim not in claims and overflowing(claims, settings):
        raise SignOnFailed("overage", settings.groups_claim)
    told = claims.get(settings.groups_claim)
    groups = told if isinstance(told, list) else [told]  # some write a single one without brackets
    fit = [one for one in settings.roles if one.group in groups]
    if not fit:
        raise SignOnFailed("no_group", settings.groups_claim)
    role = fit[0].role
    lists = dict.fromkeys(name for one in fit if one.role == role for name in one.lists)
    everywhere = role == "viewer" and any(one.role == role and not one.lists for one in fit)
    return Provided(
        subject=subject(claims),
        name=_name(claims),
        shown=_text(claims, "name", 100),
        email=_text(claims, "email", 254),
        role=role,
        lists=() if everywhere else tuple(lists),
    )


def _name(claims: Mapping[str, Any]) -> str:
    """What an account is called here: as its owner knows themselves, if that can be a name."""
    for claim in _NAMES:
        name = _NO_NAME.sub("-", _text(claims, claim, 90)).lstrip("-.@+")
        if name:
            return name
    return f"person-{hashlib.sha256(subject(claims).encode(errors='replace')).hexdigest()[:8]}"


def _text(claims: Mapping[str, Any], claim: str, longest: int) -> str:
    """A claim as text that can be shown; empty where it is none."""
    value = claims.get(claim)
    if not isinstance(value, str):
        return ""
    return "".join(sign for sign in value if sign.isprintable()).strip()[:longest]
