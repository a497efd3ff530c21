"""What HTTP requests share: JSON out, JSON in, and who says to be who."""

from base64 import b64decode
from typing import Any, TypeVar

import msgspec
from aiohttp import web

USER = web.RequestKey("USER", str)
"""Who a request says it comes from."""
Asked = TypeVar("Asked")


class BadRequest(Exception):
    """The body is not what the path takes."""


def json(value: object, status: int = 200) -> web.Response:
    """An answer."""
    body = msgspec.json.encode(value)
    return web.Response(status=status, body=body, content_type="application/json")


async def given(request: web.Request, kind: type[Asked]) -> Asked:
    """The body of a request.

    Raises:
        BadRequest: it is not of that kind.
    """
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as error:
        raise BadRequest(str(error)) from error


async def fields(request: web.Request) -> dict[str, Any]:
    """A JSON object.

    Raises:
        BadRequest: it is none.
    """
    return await given(request, dict[str, Any])


def basic(request: web.Request) -> tuple[str, str] | None:
    """The name and password in the header (RFC 7617); None where there is no such header."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return name, password
