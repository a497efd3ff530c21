"""How much callers may ask, and who is locked out for guessing tokens or passwords."""

import logging
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from rooms.clock import Clock

log = logging.getLogger(__name__)

Network = IPv4Network | IPv6Network

TRIES, TRIES_WITHIN = 10, 60.0
"""So many wrong tokens in so many seconds lock an address out."""
FIRST_LOCK, LONGEST_LOCK = 60.0, 900.0
"""Seconds; each lock-out lasts twice as long as the one before."""
FORGIVEN_AFTER = 3600.0
"""Seconds without a wrong token after which an address begins anew."""

SPAN = 10.0
"""Seconds over which requests are counted."""
SERVICE_LIMIT, DISPLAY_LIMIT, ADDRESS_LIMIT = 1000, 300, 1000
"""Requests in a span: of a service's token, of a display's, of an address without a token."""
HOOK_LIMIT = 5000
"""Notifications in a span from one address: Graph and Google send from few, and one a change."""

KEPT = 10_000
"""Addresses that are remembered; beyond them newcomers share one count."""
_NEWCOMERS = "newcomers"


@dataclass(slots=True)
class _Strikes:
    """Wrong tokens of one address."""

    tries: int = 0
    since: float = 0.0
    last: float = 0.0
    locks: int = 0
    until: float = 0.0


class Limits:
    """Counts wrong tokens and requests; costs next to nothing while nobody misbehaves."""

    def __init__(
        self,
        clock: Clock,
        *,
        tries: int = TRIES,
        within: float = TRIES_WITHIN,
        forgiven_after: float = FORGIVEN_AFTER,
    ) -> None:
        self._clock = clock
        self._tries = tries
        self._within = within
        self._forgiven_after = forgiven_after
        self._strikes: OrderedDict[str, _Strikes] = OrderedDict()
        self._counts: dict[str, int] = {}
        self._ends = 0.0
        self.refused: dict[tuple[Literal["lock_out", "rate"]], int] = {}
        """Requests that were refused, by why."""

    def locked(self, address: str) -> int:
        """Seconds for which an address is still locked out; 0 where it is not."""
        if not self._strikes:
            return 0
        strikes = self._strikes.get(group(address))
        if strikes is None or (left := strikes.until - self._clock.monotonic()) <= 0:
            return 0
        self._refuse("lock_out")
        return math.ceil(left)

    def wrong(self, address: str) -> None:
        """An address showed a token that never was one, or a wrong password."""
        now = self._clock.monotonic()
        self._forgive(now)
        key = group(address)
        strikes = self._strikes.setdefault(key, _Strikes(since=now))
        self._strikes.move_to_end(key)
        strikes.last = now
        if now - strikes.since > self._within:
            strikes.tries, strikes.since = 0, now
        strikes.tries += 1
        if strikes.tries >= self._tries:
            span = min(FIRST_LOCK * 2**strikes.locks, LONGEST_LOCK)
            strikes.tries, strikes.since, strikes.until = 0, now, now + span
            strikes.locks += 1
            log.warning("%s is locked out for %d s: too many wrong tokens or passwords", key, span)

    def right(self, address: str) -> None:
        """They knew it after all: earlier wrong ones count no more."""
        self._strikes.pop(group(address), None)

    def count(self, key: str, limit: int) -> int:
        """Count one request; the seconds to wait where it is one too many, else 0."""
        now = self._clock.monotonic()
        if now >= self._ends:
            self._ends = now + SPAN
            self._counts.clear()
            self._forgive(now)
        counts = self._counts
        seen = counts.get(key, 0)
        if not seen and len(counts) >= KEPT:
            key = _NEWCOMERS
            seen = counts.get(key, 0)
        if seen >= limit:
            self._refuse("rate")
            return math.ceil(self._ends - now)
        counts[key] = seen + 1
        return 0

    def _forgive(self, now: float) -> None:
        """Forget the oldest: those long quiet, and those for whom there is no room."""
        while self._strikes:
            key, strikes = next(iter(self._strikes.items()))
            if len(self._strikes) <= KEPT and now - strikes.last < self._forgiven_after:
                return
            del self._strikes[key]

    def _refuse(self, why: Literal["lock_out", "rate"]) -> None:
        self.refused[why,] = self.refused.get((why,), 0) + 1


@lru_cache(maxsize=4096)
def group(address: str) -> str:
    """What counts as one address: IPv4 as it is, IPv6 by its /64, which one machine has alone."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is None:
            return str(ip_network((int(ip) >> 64 << 64, 64)))
        ip = ip.ipv4_mapped
    return str(ip)


def client_address(
    remote: str | None, headers: Mapping[str, str], proxies: Sequence[Network]
) -> str | None:
    """The address whose doing a request is; None where none is to be limited.

    Those are loopback and the control socket, and a reverse proxy that does not say for whom it
    asks: to lock it out would lock out everybody. Only what trusted proxies added is believed: the
    last hop in the header that is none of them.
    """
    if not remote:
        return None
    if not proxies:
        return None if _is_loopback(remote) else remote
    if not inside(remote, proxies):
        return remote
    found = None
    for hop in reversed(_hops(headers)):
        address = _address(hop)
        if address is None:
            break
        found = address
        if not inside(address, proxies):
            break
    return found


def _hops(headers: Mapping[str, str]) -> list[str]:
    """For whom each proxy asked, the nearest last."""
    if listed := headers.get("X-Forwarded-For"):
        return listed.split(",")
    elements = headers.get("Forwarded", "").split(",")
    pairs = [dict(pair.strip().partition("=")[::2] for pair in one.split(";")) for one in elements]
    named = [{name.lower(): value for name, value in pair.items()} for pair in pairs]
    return [pair.get("for", "") for pair in named]


def _address(hop: str) -> str | None:
    """The IP address of a hop: bare, or with a port; None for names and other inventions."""
    text = hop.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _is_loopback(remote: str) -> bool:
    try:
        return ip_address(remote.partition("%")[0]).is_loopback
    except ValueError:
        return False


def inside(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address lies in one of the networks; what is none lies nowhere."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in network for network in networks)
