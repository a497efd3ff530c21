"""What is to become of an inventory, looked at before it is done."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from bridge.settings.model import Configuration
from bridge.settings.problem import Problem
from bridge.settings.stored import Memory
from connector.secret import Secret
from rooms.inventory import Change, Document


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Changes that somebody wants, and what the appliance says of them."""

    id: str
    base: str
    """The version of the inventory that it changes."""
    document: Document
    """The inventory as it is to be."""
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    """Errors keep it from being applied; warnings are to be known."""
    configuration: Configuration | None
    """What the appliance would work by; None where it could not."""
    seen: Configuration
    """What it worked by when this was planned."""
    by: str
    why: str
    made: datetime
    undoes: int | None = None
    restores: bool = False
    """Whether it takes back what its caller did: the secrets that were there come back too."""
    secrets: Mapping[str, Secret] = {}
    """What the vault gets first, by the names there."""

    @property
    def fits(self) -> bool:
        """Whether it can be applied."""
        return self.configuration is not None


class Candidate(msgspec.Struct, kw_only=True):
    """An inventory to be read as if it were the one in force."""

    wanted: Document
    memory: Memory
    secrets: Mapping[str, Secret] = {}
    decides: bool = True

    def document(self, _site: object, /) -> Document:
        """What is to be read."""
        return self.wanted


class Planned:
    """Plans that wait to be applied: the last hundred."""

    def __init__(self) -> None:
        self._plans: dict[str, Plan] = {}

    def put(self, plan: Plan) -> None:
        """Keep one."""
        while len(self._plans) >= 100:
            del self._plans[next(iter(self._plans))]
        self._plans[plan.id] = plan

    def get(self, id_: str, by: str) -> Plan | None:
        """A plan, for who made it."""
        plan = self._plans.get(id_)
        return plan if plan is not None and plan.by == by else None

    def drop(self, id_: str) -> None:
        """It was applied."""
        self._plans.pop(id_, None)
