"""What is said of credentials that end, are refused or could not be kept."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from connector.source import Credential

BANDS = ((0, "credential_expired"), (7, "credential_expiring_7"), (30, "credential_expiring_30"))
"""Days before the end, and the code from then on."""
FIRST = (60, "credential_expiring_60")
"""Not for refresh tokens: those are renewed with each use, and end only where nobody uses them."""
CODES = (*(code for _, code in (*BANDS, FIRST)), "credential_refused", "credential_unsaved")
"""Every code that is told here."""


def findings(credentials: Sequence[Credential], now: datetime) -> dict[str, str]:
    """The words by their codes; those of several credentials stand together."""
    found: dict[str, list[str]] = {}
    for one in credentials:
        code = band(one, now)
        if code is not None and one.expires is not None:
            verb = "ended" if code == "credential_expired" else "ends"
            found.setdefault(code, []).append(f"{one.name} {verb} on {one.expires:%Y-%m-%d}")
        if one.state == "unsaved":
            found.setdefault("credential_unsaved", []).append(f"{one.name} could not be kept")
    works = [one.name for one in credentials if one.state == "works"]
    refused = [one.name for one in credentials if one.state == "refused"]
    if works and refused:
        found["credential_refused"] = [f"{_names(refused)} is refused, {_names(works)} works"]
    return {code: "; ".join(words) for code, words in found.items()}


def band(credential: Credential, now: datetime) -> str | None:
    """The code for how near a credential's end is; None where it is far or unknown."""
    if credential.expires is None:
        return None
    left = credential.expires - now
    bands = BANDS if credential.kind == "refresh_token" else (*BANDS, FIRST)
    return next((code for days, code in bands if left <= timedelta(days=days)), None)


def _names(names: Iterable[str]) -> str:
    return " and ".join(names)
