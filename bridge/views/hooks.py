"""Where calendar services and room systems call.

What services tell is proven by a secret that their source knows; a room system's path is one.
"""

import asyncio
import math
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from aiohttp import web

from bridge.callers import Caller
from bridge.views.house import COMMON, House
from bridge.views.web import Problem, Route, too_many

BODY_LIMIT = 1 << 20
"""Bytes; Graph sends at most 1,000 notifications of a few hundred bytes in one request."""
BODIES_LIMIT = 32 << 20
"""Bytes of all bodies that are being read: whoever sends them has proven nothing yet."""
BODY_SECONDS = 10.0
"""How long the body may take: Graph gives up after 10 s by itself."""


class HookCall(NamedTuple):
    """What a service sent."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


class HookReply(NamedTuple):
    """What it is answered."""

    status: int
    text: str
    headers: Mapping[str, str]


class Post(Protocol):
    """Who takes what is sent, at once; None where nobody of that name or secret does."""

    def __call__(self, kind: str, whose: str, call: HookCall, /) -> HookReply | None:
        """Take one call."""


def route(post: Post) -> Route:
    """The route of all hooks."""
    bodies = Bodies()

    async def serve(_house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
        where = request.match_info
        body = await bodies.read(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = post(where["kind"], where["source"], HookCall(dict(request.query), headers, body))
        if reply is None:
            raise Problem(404, "unknown_source")
        usual = {"Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8"}
        return web.Response(
            status=reply.status,
            body=reply.text.encode(),
            headers=COMMON | usual | dict(reply.headers),
        )

    return Route(
        method="POST",
        path="/hooks/{kind}/{source}",
        serve=serve,
        scope=None,
        hook=True,
        legacy=True,
        summary="A notification of a calendar service, or what a room system posts",
        answer="text/plain",
        also={
            202: "A notification was taken, or did not prove itself and was dropped",
            204: "The same, as some services want it",
            400: "It cannot be understood",
        },
        problems=("unknown_source", "body_too_large", "bad_body"),
    )


class Bodies:
    """Reads what is posted, as far as that may be long and slow, and no more of it at a time."""

    def __init__(self) -> None:
        self._held = 0

    async def read(self, request: web.Request) -> bytes:
        """One body.

        Raises:
            Problem: it is too large or too slow, or there is too much of others.
        """
        if (request.content_length or 0) > BODY_LIMIT:
            raise Problem(413, "body_too_large")
        if request.content.is_eof():  # it is all here already
            whole = request.content.read_nowait(-1)
            if len(whole) > BODY_LIMIT:
                raise Problem(413, "body_too_large")
            return whole
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for chunk in request.content.iter_any():
                    body += chunk
                    self._held += len(chunk)
                    if len(body) > BODY_LIMIT:
                        raise Problem(413, "body_too_large")
                    if self._held > BODIES_LIMIT:
                        raise too_many(math.ceil(BODY_SECONDS))
        except TimeoutError as error:
            raise Problem(400, "bad_body", "it did not come in time") from error
        finally:
            self._held -= len(body)
        return bytes(body)
