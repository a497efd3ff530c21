"""Addresses that credentials may be sent to."""

from ipaddress import ip_address

from yarl import URL


def unsafe(text: str) -> str | None:
    """Why secrets must not be sent to an address, in words that do not repeat it."""
    try:
        url = URL(text)
    except ValueError:
        return "is not a URL"
    if url.scheme not in {"https", "http"} or not url.host:
        return "must be an https:// URL"
    if url.user or url.password:
        return "must not hold a login: username and password are settings of their own"
    if url.scheme == "http" and not is_loopback(url.host):
        return "must be https: secrets are sent there (http is accepted on loopback only)"
    return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
