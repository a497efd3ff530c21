"""Who wants to be told of changes, and what they are told.

https://learn.microsoft.com/graph/api/resources/subscription,
https://learn.microsoft.com/graph/outlook-change-notifications-overview
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from connector.simulators.graph.changes import Change
from connector.simulators.graph.delivery import Delivery
from connector.simulators.graph.entry import Event
from connector.simulators.graph.faults import Fault
from connector.simulators.graph.faults.pushes import Delayed
from connector.simulators.graph.mailbox import Mailbox
from connector.simulators.graph.refusal import Json

SHORTEST = timedelta(minutes=45)
"""Whatever ends sooner is made to last so long."""
LONGEST = timedelta(minutes=10_080)
PER_MAILBOX = 1_000
PAGE = 100
"""Subscriptions on one page of a list."""
_REMEMBERED = 100
"""Notifications that can be replayed."""

Lifecycle = Literal["reauthorizationRequired", "subscriptionRemoved", "missed"]


class Striking(Protocol):
    """Says what goes wrong with what is sent to a mailbox's subscribers."""

    def __call__(self, mailbox: str, /) -> list[Fault]:
        """The faults, each with one occasion less from now on."""


@dataclass(slots=True, kw_only=True)
class Subscription:
    """One wish to be told."""

    id: str
    client_id: str
    mailbox: str
    """The address."""
    resource: str
    """As it was asked for."""
    change_types: frozenset[str]
    notification_url: str
    lifecycle_url: str | None
    client_state: str | None
    expires: datetime
    immutable: bool
    """Which kind of id is told."""
    tls: str = "v1_2"


class Subscriptions:
    """All of them, until they expire by the tenant's clock."""

    longest = LONGEST
    """How far ahead a subscription may end; the pages of different years differ."""
    per_mailbox = PER_MAILBOX
    page = PAGE

    def __init__(
        self,
        tenant_id: str,
        now: Callable[[], datetime],
        striking: Striking,
        delivery: Delivery,
    ) -> None:
        self._tenant_id = tenant_id
        self._now = now
        self._striking = striking
        self._delivery = delivery
        self._by_id: dict[str, Subscription] = {}
        self._by_mailbox: dict[str, dict[str, Subscription]] = {}
        self._told: deque[Json] = deque(maxlen=_REMEMBERED)

    def all(self, client_id: str | None = None) -> list[Subscription]:
        """Those that live, of one application or of all."""
        found = [one for one in list(self._by_id.values()) if self._lives(one)]
        return [one for one in found if client_id in {None, one.client_id}]

    def of(self, mailbox: str) -> list[Subscription]:
        """Those that concern a mailbox."""
        here = self._by_mailbox.get(mailbox.lower())
        return [one for one in list(here.values()) if self._lives(one)] if here else []

    def add(self, subscription: Subscription) -> None:
        """One more."""
        self._by_id[subscription.id] = subscription
        self._by_mailbox.setdefault(subscription.mailbox, {})[subscription.id] = subscription

    def get(self, subscription_id: str) -> Subscription:
        """One of them.

        Raises:
            KeyError: there is none, or no longer.
        """
        one = self._by_id[subscription_id]
        if not self._lives(one):
            raise KeyError(subscription_id)
        return one

    def drop(self, subscription_id: str) -> Subscription:
        """Take one away, and tell nobody.

        Raises:
            KeyError: there is none.
        """
        gone = self.get(subscription_id)
        self._forget(gone)
        return gone

    def _lives(self, one: Subscription) -> bool:
        """Whether a subscription has not expired; one that did is forgotten."""
        if one.expires > self._now():
            return True
        self._forget(one)
        return False

    def _forget(self, one: Subscription) -> None:
        del self._by_id[one.id]
        del self._by_mailbox[one.mailbox][one.id]

    def tell(self, subscription_id: str, event: Lifecycle) -> Subscription:
        """Something about the subscription itself; one that is removed is gone with that.

        Raises:
            KeyError: there is none.
        """
        one = self.get(subscription_id)
        if event == "subscriptionRemoved":
            self.drop(one.id)
        if one.lifecycle_url is not None:
            self._delivery.post(one.lifecycle_url, [{"lifecycleEvent": event} | self._about(one)])
        return one

    def changed(self, mailbox: Mailbox, change: Change) -> None:
        """Tell everybody who wanted to know."""
        concerned = [one for one in self.of(mailbox.address) if change.kind in one.change_types]
        if not concerned:
            return
        event = _event(mailbox, change)
        faults = self._striking(mailbox.address.lower())
        delay = sum(fault.seconds for fault in faults if isinstance(fault, Delayed))
        for one in concerned:
            values = [self._about(one) | _news(mailbox, change, event, immutable=one.immutable)]
            for fault in faults:
                values = fault.notices(values, list(self._told))
            self._told.extend(values)
            self._delivery.post(one.notification_url, values, delay)

    def _about(self, one: Subscription) -> Json:
        """What every notification says of its subscription."""
        return {
            "subscriptionId": one.id,
            "subscriptionExpirationDateTime": one.expires.isoformat(),
            "clientState": one.client_state,
            "tenantId": self._tenant_id,
        }


def _event(mailbox: Mailbox, change: Change) -> Event:
    """The event that changed; the series where one occurrence of it was deleted."""
    entry = mailbox.entry(change.number, change.version) or change.before
    if entry is None:  # no change is without either
        raise LookupError(change.number)
    kept = change.day is not None and entry.changed.get(change.day) is not None
    return entry.event(change.day if kept else None)


def _news(mailbox: Mailbox, change: Change, event: Event, *, immutable: bool) -> Json:
    """What a notification says of the change: which event, and nothing that is in it."""
    event_id = event.immutable_id if immutable else event.id
    path = f"Users/{mailbox.id}/Events/{event_id}"
    return {
        "changeType": change.kind,
        "resource": path,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Event",
            "@odata.id": path,
            "@odata.etag": f'W/"{event.change_key}"',
            "id": event_id,
        },
    }
