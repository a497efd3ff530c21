"""Room systems: their certificates, and where no appliance runs one try to sign in."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from yarl import URL

from bridge.doctor import certificates
from bridge.doctor.finding import Finding, finding
from bridge.findings import advice_of
from bridge.health import Subject
from bridge.settings.model import EndpointSettings
from connector import load
from connector.checkup import Tried
from connector.errors import ConnectorError, Denied
from connector.outside import Outside
from connector.peer import Networks, certificate

AT_A_TIME = 32
Doubts = Callable[[str], Sequence[str]]
"""What the running appliance has to say of a room system, as codes of findings."""


def nothing(_name: str) -> Sequence[str]:
    """No appliance runs: nothing is known."""
    return ()


async def units(
    endpoints: Iterable[EndpointSettings],
    outside: Outside,
    networks: Networks,
    *,
    attempt: bool,
    doubts: Doubts = nothing,
) -> list[Finding]:
    """What is wrong with room systems, a few at a time.

    Without `attempt` no password is sent: the running appliance knows already whether they take
    it, and a wrong one that is tried again may lock the user out. Its `doubts` are told instead.
    """
    places = asyncio.Semaphore(AT_A_TIME)

    async def one(settings: EndpointSettings) -> list[Finding]:
        async with places:
            found = await _shown(settings, outside, networks)
            subject = Subject("endpoint", settings.id)
            found += [
                finding(subject, code, f"{advice_of(code).words}") for code in doubts(settings.id)
            ]
            return [*found, *(await _attempted(settings, outside) if attempt else ())]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(settings)) for settings in endpoints]
    return [found for task in tasks for found in task.result()]


async def _shown(settings: EndpointSettings, outside: Outside, networks: Networks) -> list[Finding]:
    url = getattr(settings.options, "url", None)
    shown = await certificate(url, networks) if isinstance(url, URL) else None
    if shown is None:
        return []
    return await certificates.judged(
        Subject("endpoint", settings.id),
        shown,
        outside.clock.now(),
        whose="peer",
        where=settings.options.host,
    )


async def _attempted(settings: EndpointSettings, outside: Outside) -> list[Finding]:
    driver = load.endpoint(settings.kind)
    try:
        async with driver.connect(settings.options, outside) as endpoint:
            if isinstance(endpoint, Tried):
                await endpoint.attempt()
    except ConnectorError as error:
        denied = isinstance(error, Denied)
        code = "endpoint_denied" if denied else "endpoint_unreachable"
        words = f"{advice_of(code).words}: {error}"
        return [finding(Subject("endpoint", settings.id), code, words, error.fix)]
    return []
