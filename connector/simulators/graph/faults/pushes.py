"""Faults of what Graph sends of itself: notifications of changes."""

from uuid import uuid4

from connector.simulators.graph.faults import Fault, Place
from connector.simulators.graph.refusal import Json


class Lost(Fault, frozen=True, kw_only=True):
    """Nobody is told."""

    at: Place = "push"

    def notices(self, _values: list[Json], _earlier: list[Json], /) -> list[Json]:
        """Nothing."""
        return []


class Repeated(Fault, frozen=True, kw_only=True):
    """Each notification comes several times."""

    at: Place = "push"
    copies: int = 2

    def notices(self, values: list[Json], _earlier: list[Json], /) -> list[Json]:
        """Each so often."""
        return [value for value in values for _ in range(self.copies)]


class Replayed(Fault, frozen=True, kw_only=True):
    """Notifications of before come again with the new one."""

    at: Place = "push"
    count: int = 10

    def notices(self, values: list[Json], earlier: list[Json], /) -> list[Json]:
        """The last so many, then the new ones."""
        return earlier[-self.count :] + values


class WrongClientState(Fault, frozen=True, kw_only=True):
    """Notifications that do not know what the subscriber chose."""

    at: Place = "push"
    state: str | None = "forged"

    def notices(self, values: list[Json], _earlier: list[Json], /) -> list[Json]:
        """The same with another state."""
        return [value | {"clientState": self.state} for value in values]


class UnknownSubscription(Fault, frozen=True, kw_only=True):
    """Notifications of a subscription that nobody made."""

    at: Place = "push"

    def notices(self, values: list[Json], _earlier: list[Json], /) -> list[Json]:
        """The same in another name."""
        return [value | {"subscriptionId": str(uuid4())} for value in values]


class Flood(Fault, frozen=True, kw_only=True):
    """A great many notifications of one change."""

    at: Place = "push"
    values: int = 10_000

    def notices(self, values: list[Json], _earlier: list[Json], /) -> list[Json]:
        """So many."""
        return (values * (self.values // max(1, len(values)) + 1))[: self.values]


class Delayed(Fault, frozen=True, kw_only=True):
    """Notifications that come late."""

    at: Place = "push"
    seconds: float = 60


class OddProof(Fault, frozen=True, kw_only=True):
    """An address is asked to repeat what would do harm elsewhere."""

    at: Place = "subscriptions"
    token: str = "<script>alert(1)</script>\r\nSet-Cookie: a=b"  # noqa: S105 - to be repeated
