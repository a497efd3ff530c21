"""Faults at random: what services and networks do in a month."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connector.simulators.graph import Tenant
from connector.simulators.graph.faults import kinds

Make = Callable[[dict[str, Any]], kinds.AnyFault]

KINDS: tuple[Make, ...] = (
    lambda scope: kinds.Status(status=503, **scope),
    lambda scope: kinds.Status(status=429, retry_after=20, **scope),
    lambda scope: kinds.Status(status=429, **scope),
    lambda scope: kinds.Status(status=500, **scope),
    lambda scope: kinds.Status(status=404, **scope),
    lambda scope: kinds.Status(status=403, **scope),
    lambda scope: kinds.Dropped(**scope),
    lambda scope: kinds.Truncated(**scope),
    lambda scope: kinds.InvalidJson(**scope),
    lambda scope: kinds.Portal(**scope),
    lambda scope: kinds.Redirect(**scope),
    lambda scope: kinds.EndlessPages(**scope),
    lambda scope: kinds.ForeignLink(**scope),
    lambda scope: kinds.Empty(**scope),
    lambda scope: kinds.TokenLost(upon="any", **scope),
    lambda scope: kinds.Muddle(**scope),
    lambda scope: kinds.Orphans(**scope),
    lambda scope: kinds.Lost(**scope),
    lambda scope: kinds.Lost(**scope),
    lambda scope: kinds.Repeated(**scope),
    lambda scope: kinds.WrongClientState(**scope),
    lambda scope: kinds.UnknownSubscription(**scope),
)


@dataclass
class Trouble:
    """Sets faults and takes them away again."""

    tenant: Tenant
    rng: random.Random
    faults: int = 0

    def strike(self, mailboxes: list[str]) -> timedelta:
        """Something goes wrong from now on; for how long."""
        self.faults += 1
        rng = self.rng
        if rng.random() < 0.1:
            self.tenant.revoke_tokens()
        if rng.random() < 0.1:
            self.forget_subscriptions()
        everywhere = rng.random() < 0.3
        scope = {} if everywhere else {"mailbox": rng.choice(mailboxes)}
        self.tenant.faults.add(rng.choice(KINDS)(scope))
        return timedelta(minutes=rng.randint(1, 90))

    def forget_subscriptions(self) -> None:
        """The service loses half of its subscriptions and does not say so."""
        for subscription in self.tenant.subscriptions.all():
            if self.rng.random() < 0.5:
                self.tenant.subscriptions.drop(subscription.id)

    def end(self) -> None:
        """All is well again."""
        self.tenant.faults.clear()
