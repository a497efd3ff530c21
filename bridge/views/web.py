"""Answers as JSON, and errors as problem JSON."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from bridge.callers import Caller
from bridge.views.house import JSON, encode
from bridge.views.route import Handler, Route
from bridge.views.shapes import ProblemShape, Shape
from bridge.views.titles import TITLES

__all__ = [
    "ANYBODY",
    "COOKIE",
    "PIN",
    "TITLES",
    "Handler",
    "Problem",
    "Route",
    "answer",
    "body_of",
    "refused",
    "too_many",
    "whole",
]

COOKIE = "roombridge_display"
PIN = "Display-Pin"
"""The header that carries what somebody typed at a door."""

ANYBODY = Caller(name="anybody", scopes=frozenset())
LARGE = web.RequestKey("large", bytes)
"""Where a request has a body that may be larger than others."""


class Problem(Exception):
    """An answer that is an error (RFC 9457)."""

    def __init__(self, status: int, code: str, detail: str = "", **headers: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def shape(self) -> ProblemShape:
        """Its words."""
        return ProblemShape(
            type=f"urn:roombridge:problem:{self.code}",
            title=TITLES[self.code],
            status=self.status,
            code=self.code,
            detail=self.detail,
        )

    def response(self) -> web.Response:
        """As it is sent."""
        body = encode(self.shape())
        headers = JSON | {"Content-Type": "application/problem+json"} | self.headers
        return web.Response(status=self.status, body=body, headers=headers)


def refused(caller: Caller) -> Problem:
    """Unknown callers are asked who they are; known ones may not."""
    if caller is ANYBODY:
        return Problem(401, "unauthorized", WWW_Authenticate='Bearer realm="roombridge"')
    return Problem(403, "forbidden")


def too_many(wait: int) -> Problem:
    """The answer to who has to wait so many seconds."""
    return Problem(429, "too_many_requests", Retry_After=str(wait))


def answer(
    shape: Shape, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A shape as JSON."""
    return web.Response(status=status, body=encode(shape), headers=JSON | dict(headers or {}))


async def whole(request: web.Request) -> bytes:
    """The body of a request, which its guard has read already."""
    large: bytes | None = request.get(LARGE)
    return await request.read() if large is None else large


async def body_of(request: web.Request, kind: type[msgspec.Struct]) -> Any:  # an instance of `kind`
    """A JSON body as a struct."""
    try:
        return msgspec.json.decode(await whole(request), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "bad_body", str(error)) from error
    except RecursionError as error:
        raise Problem(400, "bad_body", "it is nested too deep") from error


async def bytes_of(request: web.Request, *kinds: str) -> bytes:
    """A body of one of these media types: none that a form of a page elsewhere could send.

    Raises:
        Problem: `bad_body`.
    """
    if request.content_type not in kinds:
        raise Problem(400, "bad_body", f"Content-Type must be {' or '.join(kinds)}")
    return await whole(request)
