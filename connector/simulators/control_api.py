"""What the control APIs of simulated devices share: who may use them, and what is asked."""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web

from connector.simulators import certified

Asked = TypeVar("Asked")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Span = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]

PATH = "/control"


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body of the control API: nothing that is not known."""


class Join(Given, frozen=True, kw_only=True):
    """Which meeting's Join button to press."""

    id: str


class HangUp(Given, frozen=True, kw_only=True):
    """Which call to end; 0 for the latest."""

    call: int = 0


class Reboot(Given, frozen=True, kw_only=True):
    """For how many seconds the unit is away."""

    seconds: Span = 0.0


class Clock(Given, frozen=True, kw_only=True):
    """How many seconds the unit's clock is ahead."""

    offset: Span


class Renewal(Given, frozen=True, kw_only=True):
    """Which certificate to show."""

    kind: certified.Kind = "new"


def json(value: object, status: int = 200) -> web.Response:
    """An answer."""
    body = msgspec.json.encode(value)
    return web.Response(status=status, body=body, content_type="application/json")


def refuse(status: int, error: str) -> web.Response:
    """Why something is not done."""
    return json({"error": error}, status)


async def given(request: web.Request, kind: type[Asked]) -> Asked:
    """What is asked; an empty body says nothing.

    Raises:
        msgspec.DecodeError: it is something else.
    """
    return msgspec.json.decode(await request.read() or b"{}", type=kind)


@web.middleware
async def loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only this machine control the unit: there is no password."""
    if request.path.startswith(PATH) and not _is_loopback(request.remote or ""):
        return refuse(403, "the control API answers to loopback only")
    return await handler(request)


def _is_loopback(peer: str) -> bool:
    try:
        return ip_address(peer).is_loopback
    except ValueError:
        return False
