"""Requests of others and their answers, remembered for as long as the same may come again."""

import asyncio
from collections.abc import Iterator

from connector.sip.transaction import Server

MOST = 10_000
"""Requests that are remembered."""
OF_ONE = 1_000
"""And of one address. A source over UDP may be forged, so that the oldest make room: whoever asks
now is answered, however much was asked before."""

Key = tuple[str, str, str]
"""Branch, sender and method (RFC 3261 §17.2.3)."""


class Remembered:
    """Forgets what is older than so many seconds, and the oldest where it is too much."""

    def __init__(self, seconds: float, *, most: int = MOST, of_one: int = OF_ONE) -> None:
        self._seconds = seconds
        self._most = most
        self._of_one = of_one
        self._all: dict[Key, tuple[float, Server]] = {}
        """By age, the oldest first."""
        self._of: dict[str, dict[Key, None]] = {}
        """The keys of each address, the oldest first."""
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Server]:
        return iter([server for _, server in self._all.values()])

    def get(self, key: Key) -> Server | None:
        """What was asked before."""
        found = self._all.get(key)
        return found[1] if found else None

    def add(self, key: Key, server: Server) -> None:
        """Remember a request that was not asked before."""
        mine = self._of.setdefault(server.flow.peer, {})
        if len(mine) >= self._of_one:
            self._forget(next(iter(mine)))
        elif len(self._all) >= self._most:
            self._forget(next(iter(self._all)))
        self._of.setdefault(server.flow.peer, {})[key] = None
        self._all[key] = asyncio.get_running_loop().time(), server
        if self._timer is None:
            self._wait(self._seconds)

    def close(self) -> None:
        """Remember nothing any more."""
        for server in self:
            server.confirmed()
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._age)

    def _age(self) -> None:
        """Forget what is too old: one timer for all."""
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._all:
            key, (at, _) = next(iter(self._all.items()))
            if at + self._seconds > now:
                self._wait(at + self._seconds - now)
                return
            self._forget(key)

    def _forget(self, key: Key) -> None:
        _, server = self._all.pop(key)
        server.confirmed()  # its answer is sent no more
        mine = self._of[server.flow.peer]
        del mine[key]
        if not mine:
            del self._of[server.flow.peer]
