"""What is known of one endpoint: what it was told, and how that went."""

import asyncio
import hashlib
from collections import deque
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple

import msgspec

from bridge.dispatch.status import EndpointStatus, Failure, Outcome, State
from bridge.health import Subject
from bridge.settings.model import EndpointSettings
from connector.endpoint import (
    Attended,
    Described,
    Endpoint,
    Facts,
    Hears,
    Lists,
    PhoneCall,
    Reads,
    Shows,
)
from rooms.model import Agenda

NEVER = float("-inf")


class Does(NamedTuple):
    """What endpoints of one class do by themselves or when they are asked."""

    show: bool
    list: bool
    describe: bool
    attend: bool
    hear: bool

    @property
    def asked(self) -> bool:
        """Whether anything is ever asked of it by itself."""
        return self.show or self.describe


@cache
def does(kind: type[Endpoint]) -> Does:
    """What a class of endpoints does; once for each, as protocols are slow to look through."""
    protocols = (Shows, Lists, Described, Attended, Hears)
    return Does(*(issubclass(kind, protocol) for protocol in protocols))


@dataclass(kw_only=True, slots=True, eq=False)
class Outbox:
    """One endpoint. Newest wins: there is no queue.

    There may be ten thousand of them: what few endpoints need is made when it is needed. Times
    without a zone are seconds of the monotonic clock.
    """

    settings: EndpointSettings
    endpoint: Endpoint
    held: AbstractAsyncContextManager[Endpoint]
    """Lets go of the endpoint."""
    since: datetime
    does: Does
    state: State = "unknown"
    shown: bytes | None = None
    """Digest of the list that it was told last; None where that failed."""
    shown_at: float = NEVER
    shown_time: datetime | None = None
    lost: bool = False
    """Whether it may have lost that list since."""
    repair_at: float | None = None
    """When the same list is to be shown again, though nothing changed."""
    check_at: float = NEVER
    """When it is asked next what it lists."""
    tells: bool | None = None
    """Whether it can tell what it lists; None where nobody asked yet."""
    confirmed_time: datetime | None = None
    facts: Facts | None = None
    facts_at: float = NEVER
    """When it is asked next what it is."""
    reachable: bool | None = None
    failures: int = 0
    rest_until: float = NEVER
    """It is left alone until then, whatever changes."""
    last_error: Failure | None = None
    drift: int = 0
    drifting: int = 0
    """How often of late it did not have its list."""
    drifted_at: float = NEVER
    busy: bool = False
    """Whether its turn goes on."""
    turn: asyncio.Task[None] | None = None
    """That turn."""
    again: float | None = None
    """Its turn is to be again so many seconds after this one."""
    waiting: list[asyncio.Future[None]] | None = None
    """Who waits for the end of the next push."""
    acting: asyncio.Lock | None = None
    """Held by whoever has it do something."""
    attending: asyncio.Task[None] | None = None
    attend_failures: int = 0
    connected: bool | None = None
    calls: tuple[PhoneCall, ...] | None = None
    people: bool | None = None
    """Whether it sees anybody; None where it does not tell."""
    wishing: int = 0
    """Wishes in flight."""
    wished: deque[float] | None = None
    """When wishes were passed on within the last hour."""
    insisted_at: float = NEVER
    """When a wish was one too many."""
    last_wish: Outcome | None = None
    checked_in: str = ""

    @property
    def subject(self) -> Subject:
        """As which it fails."""
        return Subject("endpoint", self.settings.id)

    @property
    def at_rest(self) -> State:
        """How it stands while nothing is known, and nothing fails."""
        if self.does.show:
            return "unknown"
        options = self.settings.options
        return "served" if isinstance(options, Reads) and options.facade else "dial_only"

    def status(self) -> EndpointStatus:
        """How it stands."""
        return EndpointStatus(
            id=self.settings.id,
            kind=self.settings.kind,
            room=self.settings.room,
            state=self.state,
            since=self.since,
            reachable=self.reachable,
            shown_at=self.shown_time,
            confirmed_at=self.confirmed_time,
            calls=self.calls,
            facts=self.facts,
            last_error=self.last_error,
            last_wish=self.last_wish,
            checked_in=self.checked_in,
            connected=self.connected,
            failures=self.failures,
            drift=self.drift,
        )


def digest_of(agenda: Agenda) -> bytes:
    """What tells two lists apart, in few bytes: there may be ten thousand endpoints."""
    listed = msgspec.msgpack.encode((agenda.bookings, agenda.buffers))
    return hashlib.blake2b(listed, digest_size=16).digest()


def has(box: Outbox, agenda: Agenda) -> bool:
    """Whether the endpoint has exactly this list, as far as can be known.

    A unit that can tell must have said so; of others it is enough that they took it.
    """
    told = box.shown == digest_of(agenda) and not box.lost
    return told and (box.state == "confirmed" or box.tells is False)
