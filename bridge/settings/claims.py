"""What only one entry of an inventory may have."""

import hashlib
from collections.abc import Iterator

from bridge.settings.model import EndpointSettings
from connector.endpoint import Pulls, Reads
from rooms.model import Value


class Claim(Value, frozen=True):
    """Something that only one entry may have."""

    what: str
    name: str
    key: str
    """The setting of the entry that claims it."""
    words: str = "{0.what} {0.name} stands already at {1}"
    """Said of the second claim, which is {0}; {1} is where the first one stands."""
    warns: bool = False
    """Whether two may have it, though somebody should know."""


def claim(what: str, name: str) -> Claim:
    """An id, among those of its kind."""
    return Claim(what, name, "id")


def of_mailbox(mailbox: str, source: str) -> Claim:
    """A mailbox, which two rooms may share though that is rarely meant."""
    words = "is the mailbox of another room too ({1})"
    return Claim(f"mailbox of {source}", mailbox.lower(), "mailbox", words, True)


def of_endpoint(endpoint: EndpointSettings) -> Iterator[Claim]:
    """What tells a room system from all others.

    With another's user name or hook's secret, one would be given the other's list.
    """
    yield claim("endpoint", endpoint.id)
    options, words = endpoint.options, "is another unit's already, at {1}"
    if isinstance(options, Reads) and options.facade is not None:
        name = options.facade.username.casefold()
        yield Claim("facade", name, "facade.username", words)
    if isinstance(options, Pulls) and options.hook:
        name = f"{endpoint.kind}/{options.hook.reveal()}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        yield Claim("hook", digest, "hook", words)
