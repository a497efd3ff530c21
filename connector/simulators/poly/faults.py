"""Trouble on request: what a unit does wrong, how often, and to whom."""

from typing import Annotated, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal[
    "status", "page", "reason", "code", "ended", "empty", "slow", "drop", "silent", "error"
]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong."""

    kind: Kind
    """`status`: an HTTP status. `page`: a web page with 200. `reason`: the REST error `reason`.
    `code`: the Trio's `code` with 200. `ended`: 403, the session is over. `empty`: 200 and no body.
    `slow`: the true answer, late. `drop`: the connection breaks. `silent`: no answer on the CLI.
    `error`: the CLI's `error: ` and `reason`."""
    times: Annotated[int, msgspec.Meta(ge=1)] | None = 1
    """How many requests it strikes; None: all until it is cleared."""
    path: str = ""
    """Strikes only what begins so: `/rest/conferences`, `cli dial`, `ews ntlm`."""
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 503
    """For `status`."""
    reason: str = "SessionRequestInvalid"
    """For `reason` and `error`."""
    code: str = "5000"
    """For `code`."""
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    """How long the unit waits first."""
    late: bool = False
    """Whether the unit does what it was asked before the trouble begins."""


class Faults:
    """The trouble that lies ahead, in the order in which it was asked for."""

    def __init__(self) -> None:
        self._ahead: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put one more at the end."""
        self._ahead.append(fault)

    def all(self) -> tuple[Fault, ...]:
        """What is still to come; `times` counts down."""
        return tuple(self._ahead)

    def clear(self) -> None:
        """Work again."""
        self._ahead.clear()

    def strike(self, what: str) -> Fault | None:
        """The first fault that concerns this request, counted; none without a place to strike."""
        for place, fault in enumerate(self._ahead):
            if what.startswith(fault.path or ("/", "cli")):
                self._count(place, fault)
                return fault
        return None

    def _count(self, place: int, fault: Fault) -> None:
        """One request less to strike."""
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._ahead[place]
        else:
            self._ahead[place] = msgspec.structs.replace(fault, times=fault.times - 1)
