"""What a unit proves itself with, beside what is pinned in the configuration (EP-03)."""

import asyncio
from collections.abc import Awaitable, Callable

from yarl import URL

from bridge.settings.model import EndpointSettings
from bridge.views.endpoint_shapes import PresentedShape
from connector import lines
from connector.errors import ConnectorError
from connector.fingerprint import fingerprint_bytes
from connector.outside import Outside
from connector.peer import Networks, certificate

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


def _shape(settings: EndpointSettings, shown: bytes | None, key: str | None) -> PresentedShape:
    from connector.certificates import facts, weakness  # noqa: PLC0415 - see above

    said = facts(shown) if shown else None
    pins = [
        (getattr(getattr(settings.options, part, None), "fingerprint", ""), what)
        for part, what in (("tls", said.fingerprint if said else None), ("ssh", key))
    ]
    judged = [_same(pinned, what) for pinned, what in pins if pinned and what]
    return PresentedShape(
        endpoint=settings.id,
        certificate=said.fingerprint if said else None,
        ends=said.expires if said else None,
        names=tuple(said.names) if said else (),
        weakness=weakness(shown) if shown else "",
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
