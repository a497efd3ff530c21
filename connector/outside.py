"""What all drivers share to reach the outside world."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Collection, Hashable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp.abc import ResolveResult
from yarl import URL

from connector.fingerprint import fingerprint_bytes
from connector.keep import Keep
from connector.meter import Meter
from connector.secret import Secret
from rooms.clock import Clock

CONNECT_LIMIT = 10.0
"""Seconds to reach a host, its TLS handshake included."""


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """A web proxy between the appliance and a calendar service."""

    url: str
    """`http://proxy.example.com:3128`, without a login."""
    username: str = ""
    """Where the proxy asks for a login (Basic)."""
    password: Secret | None = None
    """Its password."""
    bypass: tuple[str, ...] = ()
    """Hosts that are reached directly; `.example.com` stands for a domain and all below it."""

    def passes_by(self, host: str) -> bool:
        """Whether a host is reached directly."""
        return any(
            host == name.lstrip(".") or (name.startswith(".") and host.endswith(name))
            for name in self.bypass
        )


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """Which certificate of a service is trusted, where the usual authorities do not tell."""

    ca_file: Path | None = None
    """PEM: authorities that are trusted here besides the system's and the global `ca_file`."""
    fingerprint: str = ""
    """`sha256:` and the SHA-256 of the one certificate that is trusted, in hex; no authority is
    asked then."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        try:
            fingerprint_bytes(self.fingerprint)
        except ValueError as error:
            yield "fingerprint", str(error)
        if self.fingerprint and self.ca_file is not None:
            yield "ca_file", "must not stand beside a fingerprint: no authority is asked then"


@dataclass(frozen=True, kw_only=True)
class Outside:
    """HTTP sessions, one TLS policy and one clock for every driver.

    A TLS context takes most of a mebibyte and a session several kibibytes: with thousands of
    endpoints they are shared.
    """

    http: aiohttp.ClientSession
    """For `ask`; whoever uses it otherwise says that redirects are not to be followed."""
    sockets: aiohttp.ClientSession
    """For WebSockets, over the same connections: no redirect is followed there either."""
    clock: Clock
    ca_file: Path | None = None
    trust: Trust = Trust()  # noqa: RUF009 - it is frozen
    """What this connection trusts of its own."""
    proxy: Proxy | None = None
    keep: Keep | None = None
    """Where this driver keeps secrets of its own; None where there is no vault."""
    meter: Meter = field(default_factory=Meter)
    """Counts what this source asks of its service."""
    networks: Collection[IPv4Network | IPv6Network] | None = None
    """Where addresses must lie; None for anywhere."""
    hook: URL | None = None
    """Where this device can post to, its secret included; None where it cannot be reached from
    there. Never logged."""
    contexts: dict[tuple[Path, ...], ssl.SSLContext] = field(default_factory=dict, repr=False)
    """TLS contexts by the files that they trust besides the system's."""
    shared: dict[Hashable, Any] = field(default_factory=dict, repr=False)
    """What the endpoints of one kind hold together, such as a socket; whoever uses it last closes
    it."""

    def route(self, url: URL) -> dict[str, Any]:
        """How aiohttp reaches an address: directly, or through the proxy."""
        if self.proxy is None or self.proxy.passes_by(url.host or ""):
            return {}
        address = URL(self.proxy.url)
        if self.proxy.username:
            password = self.proxy.password.reveal() if self.proxy.password else ""
            # In the address, as `proxy_headers` go with https targets only.
            address = address.with_user(self.proxy.username).with_password(password)
        return {"proxy": address}

    async def address(self, host: str, port: int) -> str:
        """The IP address of a host, for connections that are not HTTP.

        Raises:
            OSError: it has none, or none inside `networks`.
        """
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for *_, address in found:
            if self.networks is None or within(str(address[0]), self.networks):
                return str(address[0])
        raise OSError(None, "the name leads outside endpoint_networks")

    @cached_property
    def tls(self) -> ssl.SSLContext | aiohttp.Fingerprint:
        """What aiohttp verifies a service by: its authority, or the one fingerprint.

        Always the same object: aiohttp uses a connection again only under what opened it.
        """
        pinned = fingerprint_bytes(self.trust.fingerprint)
        return self.context if pinned is None else aiohttp.Fingerprint(pinned)

    @property
    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or later, verified against the system's authorities and the site's own.

        One for all that trust the same files.
        """
        files = tuple(file for file in (self.ca_file, self.trust.ca_file) if file is not None)
        context = self.contexts.get(files)
        if context is None:
            context = ssl.create_default_context()
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            for file in files:
                context.load_verify_locations(file)
            self.contexts[files] = context
        return context


@asynccontextmanager
async def open_outside(
    clock: Clock,
    *,
    ca_file: Path | None = None,
    networks: Collection[IPv4Network | IPv6Network] | None = None,
) -> AsyncIterator[Outside]:
    """Open the shared session for as long as the drivers live.

    Cookies are not kept: one service's must never reach another. With `networks`, names that lead
    elsewhere are not followed.
    """
    resolver = None if networks is None else _Within(networks)
    connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, resolver=resolver)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_LIMIT)
    straight = aiohttp.TraceConfig()
    straight.on_request_redirect.append(_stay)
    # Being watched costs a request a sixth of its time: those of `ask` need no watching.
    async with (
        aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        ) as http,
        aiohttp.ClientSession(
            connector=connector,
            connector_owner=False,
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[straight],
        ) as sockets,
    ):
        yield Outside(http=http, sockets=sockets, clock=clock, ca_file=ca_file, networks=networks)


async def _stay(
    _session: aiohttp.ClientSession, _context: object, told: aiohttp.TraceRequestRedirectParams
) -> None:
    """Follow no redirect: it may lead anywhere, an address in it past the networks too.

    `ask` follows none by itself, but who opens a WebSocket cannot say so.
    """
    answer = told.response
    answer.close()
    raise aiohttp.WSServerHandshakeError(
        answer.request_info, answer.history, status=answer.status, headers=answer.headers
    )


class _Within(aiohttp.ThreadedResolver):
    """Names resolved to the site's own networks only."""

    def __init__(self, networks: Collection[IPv4Network | IPv6Network]) -> None:
        super().__init__()
        self._networks = networks

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host that lie inside the networks."""
        found = await super().resolve(host, port, family)
        inside = [one for one in found if within(one["host"], self._networks)]
        if not inside:
            raise OSError(None, "the name leads outside endpoint_networks")
        return inside


def within(address: str, networks: Collection[IPv4Network | IPv6Network]) -> bool:
    """Whether an IP address lies in one of the networks."""
    ip = ip_address(address)
    return any(ip in network for network in networks)
