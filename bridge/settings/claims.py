"""What only one entry of an inventory may have."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from bridge.settings.model import EndpointSettings
from bridge.settings.problem import Place
from connector.endpoint import Pulls, Reads


class Claim(NamedTuple):
    """Something that only one entry may have."""

    what: str
    name: str
    place: Place
    words: str
    """Said of the second one; `{}` is where the first one stands."""
    warns: bool = False
    """Whether two may have it, though somebody should know."""


def claim(what: str, name: str, place: Place) -> Claim:
    """An id, among those of its kind."""
    return Claim(what, name, place, f"{what} {name} stands already at {{}}")


def of_mailbox(mailbox: str, source: str, place: Place) -> Claim:
    """A mailbox, which two rooms may share though that is rarely meant."""
    words = "is the mailbox of another room too ({})"
    return Claim(f"mailbox of {source}", mailbox.lower(), place, words, warns=True)


def of_endpoint(endpoint: EndpointSettings, place: Place) -> Iterator[Claim]:
    """What tells a room system from all others.

    With another's user name or hook's secret, one would be given the other's list.
    """
    yield claim("endpoint", endpoint.id, place.at("id"))
    options, words = endpoint.options, "is another unit's already, at {}"
    if isinstance(options, Reads) and options.facade is not None:
        name = options.facade.username.casefold()
        yield Claim("facade", name, place.at("facade.username"), words)
    if isinstance(options, Pulls) and options.hook:
        name = f"{endpoint.kind}/{options.hook.reveal()}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        yield Claim("hook", digest, place.at("hook"), words)
