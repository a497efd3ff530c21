"""What a unit proves itself with, beside what is pinned in the configuration (EP-03)."""

import asyncio
from collections.abc import Awaitable, Callable

from yarl import URL

from bridge.settings.model import EndpointSettings
from bridge.views.endpoint_shapes import PresentedShape
from connector.fingerprint import fingerprint_bytes
from connector.peer import Networks, certificate

HostKey = Callable[[EndpointSettings], Awaitable[str | None]]
"""Looks at a unit's SSH host key."""


async def no_host_key(_settings: EndpointSettings) -> str | None:
    """None of the units here speaks SSH."""
    return None


async def presented(
    settings: EndpointSettings, networks: Networks, host_key: HostKey
) -> PresentedShape:
    """Look at a unit's certificate and key; nothing is sent to it, and nothing trusted."""
    url = getattr(settings.options, "url", None)
    shown = await certificate(url, networks) if isinstance(url, URL) else None
    key = await host_key(settings)
    # On a thread: reading certificates imports a library that takes its time.
    return await asyncio.to_thread(_shape, settings, shown, key)


def _shape(settings: EndpointSettings, shown: bytes | None, key: str | None) -> PresentedShape:
    from connector.certificates import facts, fingerprint, weakness  # noqa: PLC0415 - see above

    pinned = settings.options.tls.fingerprint if hasattr(settings.options, "tls") else ""
    said = facts(shown) if shown else None
    print_ = fingerprint(shown) if shown else None
    return PresentedShape(
        endpoint=settings.id,
        certificate=print_,
        ends=said.expires if said else None,
        names=tuple(said.names) if said else (),
        weakness=weakness(shown) if shown else "",
        host_key=key,
        pinned=pinned,
        matches=fingerprint_bytes(print_) == fingerprint_bytes(pinned)
        if print_ and pinned
        else None,
    )
