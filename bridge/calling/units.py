"""What is needed of those who look after room systems, and how what they fail with is told."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from bridge.dispatch.dispatch import ACTION_LIMIT
from bridge.dispatch.status import EndpointStatus
from connector.endpoint import Endpoint
from connector.errors import ConnectorError, Denied

T = TypeVar("T")

_ASKED = frozenset({"endpoint_busy", "endpoint_unreachable", "endpoint_unsupported"})


class Refused(Exception):
    """It is not done; the code is a problem's, the words are for people."""

    def __init__(self, code: str, words: str = "", *, again: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.words = words
        self.again = again
        """Whether the same was refused a moment ago: nothing was asked of anybody."""

    @property
    def worth_noting(self) -> bool:
        """Whether a room system was asked; what was refused before that changes nothing."""
        return self.code in _ASKED and not self.again


class Units(Protocol):
    """Who looks after room systems. A name that is none's is a KeyError."""

    def status(self, name: str) -> EndpointStatus:
        """How one stands, without asking it."""

    def endpoint(self, name: str) -> Endpoint:
        """What its driver offers, to see what it can do; nothing is asked of it directly."""

    async def push(self, name: str) -> None:
        """Show it its list now, also where it refused the login; wait for the end of that.

        Raises:
            ConnectorError: it failed.
        """

    async def act(
        self, name: str, what: Callable[[Any], Awaitable[T]], *, seconds: float = ACTION_LIMIT
    ) -> T:
        """Have it do something: one thing at a time, never after it refused the password.

        Raises:
            ConnectorError: it failed.
        """


def refusal(error: ConnectorError) -> Refused:
    """What a room system failed with, as a problem."""
    words = f"{error}; {error.fix}" if error.fix else str(error)
    if isinstance(error, Denied):
        return Refused("endpoint_denied", words)
    code = "endpoint_unsupported" if error.reason == "unsupported" else "endpoint_unreachable"
    return Refused(code, words)
