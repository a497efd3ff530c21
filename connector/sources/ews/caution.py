"""How often credentials may be sent: a wrong password must never lock the account out.

Exchange also answers 401 when it is overloaded, so one refusal of credentials that worked before
means nothing yet; two do.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from weakref import WeakKeyDictionary

from connector.errors import ConnectorError, Denied, Unavailable
from rooms.clock import Clock

REST = timedelta(minutes=30)
"""How long refused credentials are not sent again: longer than the usual time in which Active
Directory counts wrong passwords."""
TRIES = 2
"""Refusals after which credentials that worked before are held to be wrong."""

_FIX = (
    "correct username or password_file and reload; the same credentials rest for"
    f" {REST // timedelta(minutes=1)} minutes after each refusal, so that nobody is locked out"
)


class _Past:
    """What is known of some credentials, whichever connection used them."""

    def __init__(self) -> None:
        self.worked = False
        self.sure = False
        self.refusals = 0
        self.rest_until = float("-inf")
        self.fix = _FIX
        self.locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self.sent = 0
        """Grows with each refusal: answers to what was sent before it tell nothing new."""


_known: dict[bytes, _Past] = {}
"""By a digest of server and credentials: a reload of the configuration forgets no refusal."""


class Caution:
    """Lets requests with credentials through, one by one until they are known to work."""

    def __init__(self, clock: Clock, *credentials: str) -> None:
        digest = hashlib.sha256("\0".join(credentials).encode()).digest()
        self._clock = clock
        self._past = _known.setdefault(digest, _Past())

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[int]:
        """A turn to send them; what it gives is for `refused`.

        Raises:
            Denied: they were refused, and rest.
        """
        self._awake()
        if self._past.sure:
            yield self._past.sent
            return
        loop = asyncio.get_running_loop()
        async with self._past.locks.setdefault(loop, asyncio.Lock()):
            self._awake()
            yield self._past.sent

    def worked(self) -> None:
        """They were taken."""
        self._past.worked = self._past.sure = True
        self._past.refusals = 0

    def refused(self, sent: int, words: str, fix: str = "") -> ConnectorError:
        """They were refused; the error for it."""
        past = self._past
        if sent == past.sent:
            past.sent += 1
            past.sure = False
            past.refusals += 1
            past.fix = fix or _FIX
            if past.refusals >= (TRIES if past.worked else 1):
                past.rest_until = self._clock.monotonic() + REST.total_seconds()
        if past.rest_until > self._clock.monotonic():
            return self._denied(words)
        return Unavailable(
            "the server refused credentials that worked before; they are tried once more",
            reason="throttled",
            everywhere=True,
        )

    def _awake(self) -> None:
        if self._past.rest_until > self._clock.monotonic():
            raise self._denied("the server refused the credentials; they rest")

    def _denied(self, words: str) -> Denied:
        rest = self._past.rest_until - self._clock.monotonic()
        return Denied(
            words,
            reason="credentials_refused",
            fix=self._past.fix,
            retry_after=timedelta(seconds=max(rest, 0)),
            everywhere=True,
        )
