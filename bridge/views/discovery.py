"""Rooms that services list, against the inventory: told, asked for, decided about."""

from typing import Protocol

from aiohttp import web

from bridge.callers import Caller
from bridge.views.decision_shapes import DecidedShape, DecisionOrder
from bridge.views.discovery_shapes import DiscoveryShape
from bridge.views.house import House
from bridge.views.orders import must_be_ours
from bridge.views.web import Problem, Route, answer, body_of

LARGE = 4 << 20
"""Bytes of a decision: ten thousand ids take a fifth of a million."""
_SOURCE = {"source": "Only this source"}


class Discovering(Protocol):
    """Who asks services for their rooms. A name that is no source's is a KeyError."""

    async def stands(self, source: str | None, caller: Caller, /) -> DiscoveryShape:
        """What is known of one source, or of all, as far as it concerns the caller."""

    async def go(self, source: str | None, /) -> None:
        """Ask one source now, or all."""

    def begin(self, source: str | None, /) -> None:
        """Have one source asked, or all, and come back at once."""


class Deciding(Protocol):
    """Who approves and rejects."""

    async def decide(self, order: DecisionOrder, caller: Caller, /) -> DecidedShape:
        """What comes of it. May raise Problem."""


def routes(discovery: Discovering, deciding: Deciding) -> tuple[Route, ...]:
    """What was found, to look now, and to decide."""

    async def stands(_house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        return answer(await _told(discovery, caller, request))

    async def look(_house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        source = request.query.get("source")
        waits = request.query.get("wait") != "false"
        try:
            if waits:
                await discovery.go(source)
            else:
                discovery.begin(source)
        except KeyError as error:
            raise Problem(404, "unknown_source") from error
        told = await _told(discovery, caller, request)
        return answer(told, status=200 if waits else 202)

    return (
        Route(
            method="GET",
            path="/api/v1/discovery",
            serve=stands,
            scope="read",
            displays=False,
            summary="Rooms that services list, where they and the inventory do not agree",
            answer=DiscoveryShape,
            query=_SOURCE,
            problems=("unknown_source",),
        ),
        Route(
            method="POST",
            path="/api/v1/discovery",
            serve=look,
            scope="control",
            summary="Ask services for their rooms now",
            answer=DiscoveryShape,
            also={202: "They are asked; how far that is stands in `progress`"},
            query={**_SOURCE, "wait": "`false`: come back at once"},
            problems=("unknown_source",),
        ),
        _deciding(deciding),
    )


def _deciding(deciding: Deciding) -> Route:
    async def decide(_house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        must_be_ours(request)
        order = await body_of(request, DecisionOrder)
        return answer(await deciding.decide(order, caller))

    return Route(
        method="POST",
        path="/api/v1/discovery/decisions",
        serve=decide,
        scope="rooms",
        displays=False,
        summary="Approve or reject what is proposed",
        answer=DecidedShape,
        body=DecisionOrder,
        limit=LARGE,
        problems=(
            *("bad_body", "unknown_proposal", "discovery_doubted", "discovery_unconfirmed"),
            *("not_approvable", "inventory_in_files", "changed_meanwhile", "inventory_unfit"),
            *("not_yours", "disk_failing"),
        ),
    )


async def _told(discovery: Discovering, caller: Caller, request: web.Request) -> DiscoveryShape:
    try:
        return await discovery.stands(request.query.get("source"), caller)
    except KeyError as error:
        raise Problem(404, "unknown_source") from error
