"""Addresses of services as settings name them."""

from yarl import URL

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def fit(url: str) -> bool:
    """Whether a service may be asked there: https, or http on loopback."""
    try:
        parts = URL(url)  # by which it is asked later: what that cannot read must not pass
    except ValueError:
        return False
    return bool(parts.host) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.host in LOOPBACK)
    )
