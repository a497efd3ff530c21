"""Where a room system is, as a person writes it: a host, with a port or a scheme where needed."""

import re

from yarl import URL

WORDS = "must be an IP address or name, with a port where it is not the usual one"
"""What is wrong with an address that does not fit."""


def unit_url(address: str, scheme: str) -> URL:
    """An address as a URL, of this scheme where it names none.

    Raises:
        ValueError: it can be none.
    """
    return URL(address if "://" in address else f"{scheme}://{address}")


def unit_host(address: str) -> str:
    """The IP address or name in it; empty where there is none."""
    try:
        return (unit_url(address, "any").host or "") if address else ""
    except ValueError:
        return ""


def fits(address: str, *schemes: str) -> bool:
    """Whether it is a host, with a port or without, and of one of these schemes."""
    try:
        url = unit_url(address, schemes[0])
    except ValueError:
        return False
    plain = not re.search(r"[\s@?#]", address)
    return plain and url.scheme in schemes and bool(url.host) and url.path in {"/", ""}
