"""Who answers at an address: its clock, the way to it, and its certificate. No credentials sent."""

import asyncio
import socket
import ssl
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Network, IPv6Network

import aiohttp
import msgspec
from yarl import URL

from connector.outside import Outside, within

SECONDS = 10.0
"""For one answer."""
TLS_PORTS = {"https": 443, "sips": 5061}
"""Where TLS begins at once, by scheme (RFC 3261 19.1.2)."""
Networks = Collection[IPv4Network | IPv6Network]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """How a web service answered."""

    date: datetime | None = None
    """What time it is there."""
    fault: str = ""
    """A code where nothing came: of the proxy, or of the way to the service."""


async def answered(outside: Outside, url: URL) -> Answered:
    """Ask a web service for anything, as the driver would reach it."""
    try:
        async with (
            asyncio.timeout(SECONDS),
            outside.http.get(
                url,
                allow_redirects=False,
                ssl=outside.tls if url.scheme == "https" else True,
                **outside.route(url),
            ) as answer,
        ):
            if answer.status == 407:  # a target without TLS: the proxy answers in its place
                return Answered(fault="proxy_denied")
            return Answered(date=_date(answer.headers.get("Date", "")))
    except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
        return Answered(fault=_fault(error))


def _fault(error: Exception) -> str:
    """A code for what kept an answer from coming; of the narrow kinds the first is meant."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return "proxy_denied" if error.status == 407 else "proxy_refuses"
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (aiohttp.ClientProxyConnectionError, "proxy_unreachable"),
        (aiohttp.ClientSSLError, "certificate_untrusted"),
        (ssl.SSLError, "certificate_untrusted"),
        (TimeoutError, "timeout"),
    )
    return next((code for kind, code in kinds if isinstance(error, kind)), "unreachable")


def _date(text: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(text)
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


async def certificate(url: URL, networks: Networks | None = None) -> bytes | None:
    """The certificate that is shown at an address (DER), whoever signed it; None without one.

    It is looked at, never trusted: nothing is sent. With `networks`, names that lead elsewhere
    are not followed.
    """
    if url.scheme not in TLS_PORTS or not url.host:
        return None
    port = url.port or TLS_PORTS[url.scheme]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # a weak certificate is to be seen, not refused
    try:
        async with asyncio.timeout(SECONDS):
            address = await _address(url.host, port, networks)
            if address is None:
                return None
            _, writer = await asyncio.open_connection(
                address, port, ssl=context, server_hostname=url.host
            )
            shown: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            return shown
    except (OSError, TimeoutError, ValueError):  # ssl.SSLError is an OSError
        return None


async def _address(host: str, port: int, networks: Networks | None) -> str | None:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    inside = [one for one in addresses if networks is None or within(one, networks)]
    return next(iter(inside), None)
