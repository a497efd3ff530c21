"""Calls, and what comes for them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from connector.simulators.sip.text import Text


class Line(NamedTuple):
    """Where a message came from, and how one goes back."""

    transport: str
    host: str
    port: int
    send: Callable[[bytes], None]


class Seen(NamedTuple):
    """A request that came."""

    method: str
    uri: str
    transport: str
    text: Text


@dataclass(kw_only=True)
class Call:
    """A dialog, whoever began it."""

    id: str
    uri: str
    """The request URI: of the INVITE that was sent, or that came."""
    ours: str
    """Our From or To with our tag."""
    theirs: str
    target: str
    line: Line
    number: int = 1
    state: str = "calling"
    """`calling`, `up`, `over`."""
    direction: str = "out"
    local: str = ""
    """Our last description of media."""
    remote: str = ""
    """Theirs."""
    acked: asyncio.Event = field(default_factory=asyncio.Event)
    invite: Text | None = None
    """The last INVITE of this call."""
