"""Rooms that services list, against rooms.yaml: for engineers and the command line."""

from typing import Protocol

import msgspec
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

    async def stands(_house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        told = await _told(discovery, request)
        return answer(told if caller.rooms is None else _near(told, caller))

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


def _near(told: DiscoveryShape, caller: Caller) -> DiscoveryShape:
    """What concerns the rooms that a caller knows; nobody knows whose a new room is to be."""
    sources = tuple(
        msgspec.structs.replace(
            one,
            rooms=None,
            findings=tuple(found for found in one.findings if caller.knows(found.room)),
        )
        for one in told.sources
    )
    return DiscoveryShape(sources=sources, room_lists=())


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
