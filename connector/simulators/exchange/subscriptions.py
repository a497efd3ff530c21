"""Subscriptions: what happened in a folder since a client last heard of it."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from aiohttp import web

from connector.simulators.exchange import identifiers
from connector.simulators.exchange.mailbox import Change, Happened, Mailbox
from connector.simulators.exchange.markup import Xml, instant, tag
from connector.simulators.exchange.refusal import Refused

Way = Literal["Streaming", "Pull", "Push"]
_KEPT = 1000
"""Events that wait for a client; then the oldest are missed."""


@dataclass(slots=True)
class Subscription:
    """Interest in the calendar of one mailbox."""

    id: str
    way: Way
    mailbox: Mailbox
    events: frozenset[str]
    """`CreatedEvent`, `ModifiedEvent`, `DeletedEvent`, `StatusEvent` …"""
    user: str
    life: timedelta
    heard: datetime
    """When the client last asked for it."""
    url: str = ""
    backend: int = 1
    """The mailbox server on which it lives."""
    watermark: int = 0
    marks: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))
    waiting: deque[Xml] = field(default_factory=lambda: deque(maxlen=_KEPT))
    told: str = ""
    """The watermark of the last event that was told."""
    first: str = ""

    def __post_init__(self) -> None:
        self.first = self.told = self.mark()

    def mark(self) -> str:
        """The watermark as clients see it."""
        return identifiers.watermark(self.mailbox.id, self.watermark)

    def take(self, most: int = _KEPT) -> list[Xml]:
        """Events that wait, oldest first."""
        taken = [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]
        for _ in taken:
            self.told = self.marks.popleft()
        return taken


class Subscriptions:
    """All subscriptions of a server."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._all: dict[str, Subscription] = {}
        self._stirred: set[asyncio.Event] = set()
        self.generation = 0
        """Rises when the server starts anew: streams of an older one are closed."""
        self.streams: list[tuple[str, web.Request]] = []
        """Open streams, and whose they are."""
        self.silent = False
        """Whether events get lost without a word."""
        self.repeats = 1
        """How many times each event is told."""

    def all(self) -> list[Subscription]:
        """Every subscription."""
        return list(self._all.values())

    def add(
        self, way: Way, mailbox: Mailbox, events: Iterable[str], user: str, life: timedelta
    ) -> Subscription:
        """A new subscription."""
        made = Subscription(
            id=identifiers.subscription(uuid4()),
            way=way,
            mailbox=mailbox,
            events=frozenset(events),
            user=user,
            life=life,
            heard=self._now(),
        )
        self._all[made.id] = made
        return made

    def get(self, subscription_id: str) -> Subscription:
        """A subscription that lives.

        Raises:
            Refused: there is none, or no longer.
        """
        found = self._all.get(subscription_id)
        if found is None:
            raise Refused("ErrorSubscriptionNotFound")
        if self._now() - found.heard > found.life:
            del self._all[subscription_id]
            raise Refused("ErrorSubscriptionNotFound")
        return found

    def remove(self, subscription_id: str) -> None:
        """End a subscription."""
        del self._all[self.get(subscription_id).id]
        self.stir()

    def drop(self, mailbox: str | None = None) -> int:
        """Lose subscriptions, of one mailbox or all with their streams; how many there were."""
        gone = [
            one.id
            for one in self._all.values()
            if mailbox is None or one.mailbox.address.lower() == mailbox.lower()
        ]
        for subscription_id in gone:
            del self._all[subscription_id]
        self.generation += mailbox is None
        self.stir()
        return len(gone)

    def notify(self, mailbox: Mailbox, happened: Happened, change: Change) -> None:
        """Tell of a change: one event of the item, and one of its folder."""
        if self.silent:
            return
        for subscription in self._all.values():
            if subscription.mailbox is mailbox:
                for _ in range(self.repeats):
                    self._tell(subscription, happened, change)
        self.stir()

    def stir(self) -> None:
        """Wake every stream, to look whether something concerns it."""
        for event in self._stirred:
            event.set()

    def listen(self) -> asyncio.Event:
        """An event that is set whenever something happened; `forget` it in the end."""
        event = asyncio.Event()
        self._stirred.add(event)
        return event

    def forget(self, event: asyncio.Event) -> None:
        """Somebody listens no longer."""
        self._stirred.discard(event)

    def _tell(self, subscription: Subscription, happened: Happened, change: Change) -> None:
        mailbox = subscription.mailbox
        item = tag("t:ItemId", Id=change.item, ChangeKey=change.change_key)
        folder = identifiers.folder(mailbox.id, "calendar")
        parts: list[tuple[str, Xml, Xml]] = [
            (
                f"{happened}Event",
                item,
                tag("t:ParentFolderId", Id=folder, ChangeKey="AQAAAA=="),
            ),
            (
                "ModifiedEvent",
                tag("t:FolderId", Id=folder, ChangeKey="AQAAAA=="),
                tag(
                    "t:ParentFolderId",
                    Id=identifiers.folder(mailbox.id, "msgfolderroot"),
                    ChangeKey="AQAAAA==",
                ),
            ),
        ]
        for name, concerned, parent in parts:
            if name not in subscription.events:
                continue
            subscription.watermark += 1
            subscription.marks.append(subscription.mark())
            subscription.waiting.append(
                tag(
                    f"t:{name}",
                    tag("t:Watermark", subscription.mark())
                    if subscription.way != "Streaming"
                    else Xml(""),
                    tag("t:TimeStamp", instant(self._now())),
                    concerned,
                    parent,
                )
            )
