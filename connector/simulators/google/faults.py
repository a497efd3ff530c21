"""What can go wrong on request, and for how long."""

from typing import Literal

import msgspec

Kind = Literal[
    "status",
    "slow",
    "portal",
    "redirect",
    "truncated",
    "invalid_json",
    "dropped",
    "oversized",
    "no_sync_token",
    "empty_page",
    "endless_pages",
    "odd_items",
    "sync_expired",
]
Place = Literal["events", "channels", "directory", "freebusy", "token"]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that goes wrong."""

    kind: Kind
    at: Place = "events"
    """Which part of Google is concerned."""
    calendar: str | None = None
    """The calendar concerned; None for all."""
    times: int | None = None
    """How many requests it spoils; None until it is cleared."""
    status: int = 503
    reason: str = "backendError"
    """Google's code; at the token endpoint OAuth's `error`."""
    domain: str = "global"
    message: str = "Backend Error"
    retry_after: str = ""
    """The header's value: seconds or a date."""
    seconds: float = 0.0
    """How long a slow answer takes."""
    mebibytes: int = 64

    def concerns(self, at: Place, calendar: str) -> bool:
        """Whether a request is one that it spoils."""
        return self.at == at and (self.calendar is None or self.calendar.lower() == calendar)


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

    def take(self, at: Place, calendar: str) -> list[Fault]:
        """The faults that spoil this request; each has one request less to spoil then."""
        taken = [one for one in self.all() if one.fault.concerns(at, calendar)]
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
