"""What can go wrong on request, and for how long."""

import re
from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec
from aiohttp import web

from connector.simulators.graph.refusal import Json

Place = Literal["graph", "token", "delta", "subscriptions", "push", "writes", "places"]
"""`graph` stands for all of Graph; `push` is what Graph sends of itself."""


class Scene(Protocol):
    """A request as far as a fault can see it."""

    request: web.Request

    @property
    def origin(self) -> str:
        """Scheme, host and port under which the client knows the tenant."""

    def headers(self) -> dict[str, str]:
        """The headers that every answer has."""

    def http_date(self, seconds_from_now: float = 0) -> str:
        """An instant by the tenant's clock, as HTTP writes it."""

    def sample(self) -> Json:
        """An event that is in order, to be spoilt."""

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""


def _kind(name: str) -> str:
    """How a fault is called in JSON: `ForeignLink` is `foreign_link`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Fault(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag=_kind,
    forbid_unknown_fields=True,
):
    """Something that goes wrong; each kind does so at a moment of its own."""

    mailbox: str | None = None
    """The mailbox concerned; None for all."""
    times: int | None = None
    """How many requests it spoils; None until it is cleared."""
    at: Place = "graph"
    """Which part of the service is concerned."""

    async def instead(self, _scene: Scene, /) -> web.StreamResponse | None:
        """An answer in place of the real one; it may also raise `Refused`, or just take time."""
        return None

    def items(self, items: list[Json], _scene: Scene, /) -> list[Json]:
        """The events of a page, spoilt."""
        return items

    def page(self, page: Json, _scene: Scene, /) -> Json:
        """A page as a whole, spoilt."""
        return page

    def body(self, body: bytes, /) -> bytes:
        """The bytes of an answer, spoilt."""
        return body

    async def transfer(self, _body: bytes, _scene: Scene, /) -> web.StreamResponse | None:
        """An answer that was sent in a way of its own."""
        return None

    def notices(self, values: list[Json], _earlier: list[Json], /) -> list[Json]:
        """Notifications of one change, spoilt; with those of before."""
        return values

    def concerns(self, at: Place, mailbox: str, _options: Mapping[str, str], /) -> bool:
        """Whether a request is one that it spoils."""
        here = self.at == at or (self.at == "graph" and at not in {"token", "push"})
        return here and (self.mailbox is None or self.mailbox.lower() == mailbox)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that was set, and how many requests it will still spoil."""

    id: int
    fault: Fault
    left: int | None


class Faults:
    """The faults that are set now."""

    def __init__(self) -> None:
        self._standing: dict[int, Standing] = {}
        self._set = 0

    def add(self, fault: Fault) -> Standing:
        """Set a fault."""
        self._set += 1
        standing = Standing(id=self._set, fault=fault, left=fault.times)
        self._standing[standing.id] = standing
        return standing

    def all(self) -> list[Standing]:
        """All that are set, oldest first."""
        return list(self._standing.values())

    def clear(self, fault_id: int | None = None) -> None:
        """Clear one fault, or all.

        Raises:
            KeyError: there is no such fault.
        """
        if fault_id is None:
            self._standing.clear()
        else:
            del self._standing[fault_id]

    def take(self, at: Place, mailbox: str, options: Mapping[str, str]) -> list[Fault]:
        """The faults that spoil this request; each has one request less to spoil then."""
        taken = [one for one in self.all() if one.fault.concerns(at, mailbox, options)]
        for standing in taken:
            self._spend(standing)
        return [standing.fault for standing in taken]

    def _spend(self, standing: Standing) -> None:
        if standing.left is None:
            return
        if standing.left <= 1:
            del self._standing[standing.id]
        else:
            self._standing[standing.id] = msgspec.structs.replace(standing, left=standing.left - 1)
