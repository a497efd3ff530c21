"""Trouble on request: what a unit does wrong, how often, and to whom."""

from typing import Annotated, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal[
    "status",
    "page",
    "sign_in",
    "error",
    "parameter_error",
    "unknown",
    "empty",
    "slow",
    "drop",
    "hang",
    "rpc",
    "malformed",
    "huge",
]
MESSAGES = {"error", "parameter_error", "slow", "drop", "hang", "rpc", "malformed", "huge"}
"""What can befall a message on an open WebSocket or a line of a terminal."""


HUGE = 33 << 20
"""Bytes of an answer that nobody should read to its end."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong."""

    kind: Kind
    """`status`: an HTTP status. `page`: a web page with 200. `sign_in`: as if nobody were logged
    in. `error`, `parameter_error`: that result with 200. `unknown`: an empty `<Command/>`.
    `empty`: 200 and no body. `slow`: the true answer, late. `drop`: the connection breaks.
    `hang`: nothing comes any more, and the connection stays. `rpc`: an error of JSON-RPC, on the
    WebSocket only. `malformed`: an answer that ends before it is one. `huge`: one that does not
    end before `HUGE`."""
    times: Annotated[int, msgspec.Meta(ge=1)] | None = 1
    """How many requests it strikes; None: all until it is cleared."""
    path: str = ""
    """Strikes only paths that begin so."""
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 503
    """For `status`."""
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    """How long the unit waits first."""
    late: bool = False
    """Whether the unit does what it was asked before the trouble begins."""
    retry_after: str = ""
    """For `status`: this header."""
    code: int = -31997
    """For `rpc`: which error; -31997 says that the unit is not ready."""


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

    def strike(self, path: str, *, message: bool = False) -> Fault | None:
        """The first fault that concerns a path, counted.

        Messages are what comes over a connection that is already open, named by paths like
        `/ws/xGet` and `ssh/xCommand Dial`.
        """
        for place, fault in enumerate(self._ahead):
            fits = fault.kind in MESSAGES if message else fault.kind != "rpc"
            if fits and path.startswith(fault.path):
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
