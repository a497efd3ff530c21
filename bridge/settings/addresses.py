"""Addresses of services as settings name them."""

from ipaddress import ip_address

from yarl import URL


def address(url: str) -> URL:
    """An address as it is asked by later; an empty one for what cannot be an address."""
    try:
        return URL(url)
    except ValueError:
        return URL()


def fit(url: str) -> bool:
    """Whether a service may be asked there: https, or http on loopback."""
    where = address(url)
    if where.scheme == "http":
        return loopback(where.host or "")
    return where.scheme == "https" and bool(where.host)


def loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
