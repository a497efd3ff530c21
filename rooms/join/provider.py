"""What is known of a meeting platform: data, not code."""

from typing import Literal

import msgspec


class Link(msgspec.Struct, frozen=True):
    """One form of a platform's join link."""

    name: str
    hosts: str
    """Host names apart by spaces. Each stands for its subdomains too, `=host` for itself alone,
    `meet*` for any host that begins so, `*` for any host."""
    path: str
    """A regular expression over what follows the host; with `*`, over all after `://`.

    It must end where a part of the link ends. Groups: `id`, `name` (of a person's room), `key`
    (tells meetings apart), `passcode`, `alias` (a SIP address or its user part).
    """
    rank: int = 0
    """Of several links to one meeting, one with the lowest rank is shown."""
    schemes: str = "http https"
    holds: str = ""
    """What a link to any host must hold, in lower case."""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting platform."""

    name: str
    title: str
    links: tuple[Link, ...] = ()
    words: tuple[str, ...] = ()
    """How an invitation without a readable link names the platform, in lower case."""
    digits: tuple[int, int] = (0, 0)
    """How many digits a printed meeting id has, from and to; (0, 0) where it has none."""
    sip_hosts: tuple[str, ...] = ()
    """Hosts whose addresses lead to this platform; `*.host` for subdomains only."""
    sip: str = ""
    """How to dial a meeting: of `{id}`, `{alias}`, and `{host}`, the host of the link."""
    gateways: tuple[str, ...] = ()
    """H.323 addresses that are dialled where the invitation prints none."""
    route: Literal["compose", "printed", "none", "closed"] = "none"
    """Whether a room can be let in: by an address composed here, only by one that the invitation
    prints, or not at all."""
    needs: str = ""
    """What the host must have for a room system to be let in."""
    access_code_is_id: bool = False
    """Whether an *access code* is the meeting id rather than a passcode."""
