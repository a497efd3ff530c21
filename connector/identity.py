"""The access token: in memory only, renewed early, one request in flight."""

import asyncio
import random
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from connector.errors import ConnectorError
from connector.outside import Outside
from connector.source import Credential

EARLY = 0.8
"""The share of a token's life after which it is renewed."""
RETRY = 30.0
"""Seconds between tries to renew a token that still works."""


class Granted(NamedTuple):
    """An access token and its life in seconds."""

    token: str
    seconds: float


class Way(Protocol):
    """How an identity comes to its tokens."""

    async def obtain(self) -> Granted:
        """A new token.

        Raises:
            Unavailable, Denied, Malformed: there is none.
        """

    def credentials(self) -> Sequence[Credential]:
        """What it proves itself with."""


class Identity:
    """The token of one identity, whichever way it comes.

    Keeping and renewing it is done here, so that a refused token can be dropped and every waiting
    room shares one request and one answer.
    """

    def __init__(self, outside: Outside, way: Way, waiting: Sequence[Credential] = ()) -> None:
        self._outside = outside
        self._waiting = waiting
        self._way = way
        self._token: str | None = None
        self._renew_at = self._expires_at = 0.0
        self._request: asyncio.Task[str] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._request is not None and not self._request.done():
            self._request.cancel()
            await asyncio.wait([self._request])
        self._token = None

    async def token(self) -> str:
        """A token that works, as far as is known.

        Raises:
            Denied: the service refuses this identity.
            Unavailable, Malformed: no answer, or none that makes sense.
        """
        now = self._outside.clock.monotonic()
        if self._token is not None and now < self._renew_at:
            return self._token
        try:
            return await self._requested()
        except ConnectorError:
            if self._token is None or now >= self._expires_at:
                raise
            self._renew_at = now + RETRY
            return self._token

    def refused(self, token: str) -> None:
        """Drop a token that the service did not take, unless it was renewed meanwhile."""
        if self._token == token:
            self._token = None

    def credentials(self) -> Sequence[Credential]:
        """What the identity proves itself with, and what waits for another use."""
        return (*self._way.credentials(), *self._waiting)

    async def _requested(self) -> str:
        """The answer to the one request in flight; whoever gives up waiting does not end it."""
        if self._request is None or self._request.done():
            self._request = asyncio.create_task(self._renewed())
            # Whoever waits sees the error; without a waiter left it must not be reported as lost.
            self._request.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._request)

    async def _renewed(self) -> str:
        started = self._outside.clock.monotonic()
        self._outside.meter.count("sign_in")
        granted = await self._way.obtain()
        spread = random.uniform(0.9, 1.0)  # noqa: S311 - spreads load, protects nothing
        self._token = granted.token
        self._renew_at = started + granted.seconds * EARLY * spread
        self._expires_at = started + granted.seconds
        return granted.token
