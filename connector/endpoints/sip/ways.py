"""Where a unit, its meetings and their other elements are reached."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Literal

import aiohttp

from connector.endpoints.sip.errors import changed, unreachable
from connector.errors import Malformed
from connector.http import untrusted
from connector.outside import Outside
from connector.sip import address
from connector.sip.message import NotSip
from connector.sip.stack import Stack, Target
from connector.sip.transport import Changed, Flow, Name

Place = tuple[str, int | None]
"""A host, and its port where it is not the usual one."""
_NAMES: dict[str, Name] = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}
_PORTS: dict[Name, int] = {"UDP": 5060, "TCP": 5060, "TLS": 5061}


class Ways:
    """The elements that one unit's calls need."""

    __slots__ = ("_name", "_outside", "_proxy", "_unit", "stack")

    def __init__(
        self,
        stack: Stack,
        outside: Outside,
        transport: Literal["udp", "tcp", "tls"],
        unit: Place,
        proxy: Place,
    ) -> None:
        self.stack = stack
        self._outside = outside
        self._name: Name = _NAMES[transport]
        self._unit = unit
        self._proxy = proxy

    @property
    def by_proxy(self) -> bool:
        """Whether meetings are reached by a proxy of the site."""
        return bool(self._proxy[0])

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Flow]:
        """The way to the unit, or to what it belongs to.

        Raises:
            Unavailable, Malformed: there is none, or it cannot be trusted.
        """
        async with self._open(self._name, *self._unit) as flow:
            yield flow

    @asynccontextmanager
    async def meeting(self, uri: str) -> AsyncIterator[Flow]:
        """The way to a meeting: by the proxy, or directly.

        Raises:
            Unavailable, Malformed: there is none that may be used.
        """
        if self.by_proxy:
            async with self._open(self._name, *self._proxy) as flow:
                yield flow
            return
        parts = address.uri(uri)
        try:
            port = parts.port or _PORTS[self._name]
            await self._outside.address(parts.host, port)
        except OSError as error:
            raise Malformed(
                "the bridge cannot call the meeting itself: it is outside endpoint_networks or has"
                " no address",
                reason="unsupported",
                fix="name the PBX or SIP proxy by which meetings are called (`proxy`), or allow"
                " REFER at the unit",
            ) from error
        async with self._open(self._name, parts.host, parts.port) as flow:
            yield flow

    async def follow(self, held: AsyncExitStack, uri: str, flow: Flow) -> Flow:
        """The way to where a dialog leads; the one in use where that is the same, or not allowed.

        A PBX that does not stay in the path leads to the unit itself (RFC 3261 §12.2.1.1).
        """
        with suppress(NotSip, OSError, Changed, KeyError):
            parts = address.uri(uri)
            name = _NAMES.get(parts.transport.lower(), flow.name)
            if name != flow.name or name == "TLS":
                return flow  # it was reached as it was configured: so it stays
            port = parts.port or _PORTS[name]
            found = await self._outside.address(parts.host, port)
            target = Target(name=name, address=found, port=port, host=parts.host)
            return await held.enter_async_context(self.stack.reach(target))
        return flow

    @asynccontextmanager
    async def _open(self, name: Name, host: str, port: int | None) -> AsyncIterator[Flow]:
        port = port or _PORTS[name]
        tls: ssl.SSLContext | aiohttp.Fingerprint | None = None
        if name == "TLS":
            tls = self._outside.tls
        async with AsyncExitStack() as held:
            try:
                found = await self._outside.address(host, port)
                target = Target(name=name, address=found, port=port, host=host)
                flow = await held.enter_async_context(self.stack.reach(target, tls))
            except Changed as error:
                raise changed() from error
            except ssl.SSLError as error:
                raise untrusted(error) from error
            except (OSError, TimeoutError) as error:
                raise unreachable() from error
            yield flow
