"""Rooms that services list, against rooms.yaml: for engineers and the command line."""

from typing import Protocol

from aiohttp import web

from bridge.callers import Caller
from bridge.views.discovery_shapes import DiscoveryShape
from bridge.views.house import House
from bridge.views.web import Problem, Route, answer


class Discovering(Protocol):
    """Who asks services for their rooms. A name that is no source's is a KeyError."""

    async def stands(self, source: str | None, /) -> DiscoveryShape:
        """What is known of one source, or of all."""

    async def go(self, source: str | None, /) -> None:
        """Ask one source now, or all."""


def routes(discovery: Discovering) -> tuple[Route, Route]:
    """What was found, and to look now."""

    async def stands(_house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
        return answer(await _told(discovery, request))

    async def look(_house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
        return answer(await _told(discovery, request, asking=True))

    return (
        Route(
            method="GET",
            path="/api/v1/discovery",
            serve=stands,
            scope="read",
            displays=False,
            summary="Rooms that services list, where they and rooms.yaml do not agree",
            answer=DiscoveryShape,
            query={"source": "Only this source"},
            problems=("unknown_source",),
        ),
        Route(
            method="POST",
            path="/api/v1/discovery",
            serve=look,
            scope="control",
            summary="Ask services for their rooms now",
            answer=DiscoveryShape,
            query={"source": "Only this source"},
            problems=("unknown_source",),
        ),
    )


async def _told(
    discovery: Discovering, request: web.Request, *, asking: bool = False
) -> DiscoveryShape:
    source = request.query.get("source")
    try:
        if asking:
            await discovery.go(source)
        return await discovery.stands(source)
    except KeyError as error:
        raise Problem(404, "unknown_source") from error
