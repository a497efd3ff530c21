"""What a unit proves itself with, beside what is pinned in the configuration (EP-03)."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from yarl import URL

from bridge.settings.model import EndpointSettings
from bridge.views.endpoint_shapes import PresentedShape
from connector import lines
from connector.errors import ConnectorError
from connector.fingerprint import fingerprint_bytes
from connector.outside import Outside
from connector.peer import Networks, certificate

UNREADABLE = "parts that cannot be read"
"""Said of a certificate with extensions, keys or signatures that nobody knows."""
Look = Callable[[Outside, str, int], Awaitable[str]]


async def presented(
    settings: EndpointSettings, outside: Outside, networks: Networks
) -> PresentedShape:
    """Look at a unit's certificate and key; nobody signs in, and nothing is trusted."""
    url = getattr(settings.options, "url", None)
    shown = await certificate(url, networks) if isinstance(url, URL) else None
    key = await _host_key(settings, outside)
    # On a thread: reading certificates imports a library that takes its time.
    return await asyncio.to_thread(_shape, settings, shown, key)


async def _host_key(settings: EndpointSettings, outside: Outside) -> str | None:
    """The fingerprint of its SSH host key, where it is talked to over SSH."""
    trust = getattr(settings.options, "ssh", None)
    look: Look | None = getattr(lines, "presented", None)
    if trust is None or look is None:
        return None
    try:
        return await look(outside, settings.options.host, trust.port)
    except ConnectorError:
        return None


class _Certificate(NamedTuple):
    """What there is to say of a certificate."""

    fingerprint: str | None = None
    ends: datetime | None = None
    names: tuple[str, ...] = ()
    weakness: str = ""


def _certificate(der: bytes) -> _Certificate:
    """As much as can be read: it is a stranger's, and may break every rule."""
    from connector.certificates import expires, facts, weakness  # noqa: PLC0415 - see above

    try:
        said, weak = facts(der), weakness(der)
    except ValueError:
        pin = f"sha256:{hashlib.sha256(der).hexdigest()}"
        ends = None
        with suppress(ValueError):
            ends = expires(der)
        return _Certificate(pin, ends, weakness=UNREADABLE)
    return _Certificate(said.fingerprint, said.expires, tuple(said.names), weak)


def _shape(settings: EndpointSettings, shown: bytes | None, key: str | None) -> PresentedShape:
    said = _certificate(shown) if shown else _Certificate()
    pins = [
        (getattr(getattr(settings.options, part, None), "fingerprint", ""), what)
        for part, what in (("tls", said.fingerprint), ("ssh", key))
    ]
    judged = [_same(pinned, what) for pinned, what in pins if pinned and what]
    return PresentedShape(
        endpoint=settings.id,
        certificate=said.fingerprint,
        ends=said.ends,
        names=said.names,
        weakness=said.weakness,
        host_key=key,
        pinned=pins[0][0],
        host_key_pinned=pins[1][0],
        matches=all(judged) if judged else None,
    )


def _same(pinned: str, shown: str) -> bool:
    """Whether they are the same: of certificates however they are written, of keys exactly."""
    try:
        return fingerprint_bytes(pinned) == fingerprint_bytes(shown)
    except ValueError:
        return pinned == shown
