"""What comes between a request and its answer: the log, the faults, and who may not come in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

from aiohttp import web

from connector.simulators.cisco import commands, face, login, markup, websocket
from connector.simulators.cisco.address import codec_of
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.faults import HUGE, Fault
from connector.simulators.cisco.login import NotLoggedIn

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTROL = "/control"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BROKEN = web.RequestKey("BROKEN", bool)
REASON = "Trouble on request"


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write every request down, except those of the control API."""
    if request.path.startswith(CONTROL):
        return await handler(request)
    codec_of(request)  # while the connection can still tell
    status = 500
    try:
        response = await handler(request)
        status = 0 if request.get(BROKEN) else response.status
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        if not request.get(websocket.LOGGED):
            _write_down(request, status)
    return response


def _write_down(request: web.Request, status: int) -> None:
    codec_of(request).log(
        request.method,
        request.path_qs,
        status,
        peer=request.remote or "",
        user=request.get(login.USER, ""),
    )


@web.middleware
async def suffer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let the next fault strike, before or after the unit did what it was asked."""
    if request.path.startswith(CONTROL):
        return await handler(request)
    codec = codec_of(request)
    if not codec.is_up():
        # Before the WebSocket stands what answers for it while it starts.
        return web.Response(status=502) if request.path == websocket.PATH else broken(request)
    fault = codec.faults.strike(request.path)
    if fault is None:
        return await handler(request)
    done = await handler(request) if fault.late else None
    if fault.seconds:
        await codec.sleep(fault.seconds)
    if fault.kind == "slow":
        return await handler(request) if done is None else done
    return await spoiled(request, codec, fault)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer strangers in the form that the unit is set to."""
    try:
        return await handler(request)
    except NotLoggedIn:
        return login.sign_in(codec_of(request))


async def expect(request: web.Request) -> web.StreamResponse | None:
    """Refuse `Expect: 100-continue`, or let the body come."""
    if codec_of(request).switches.refuses_expect and not request.path.startswith(CONTROL):
        _write_down(request, 417)
        return web.Response(status=417)
    if request.transport is not None:
        request.transport.write(CONTINUE)
    return None


def broken(request: web.Request) -> web.Response:
    """No answer: the connection breaks."""
    request[BROKEN] = True
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def spoiled(request: web.Request, codec: Codec, fault: Fault) -> web.Response:
    """The answer that a fault gives instead of the true one."""
    match fault.kind:
        case "status":
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            answer = web.Response(status=fault.status, headers=headers)
        case "page":
            answer = await login.page(request)
        case "sign_in":
            answer = login.sign_in(codec)
        case "error":
            answer = await _refusal(request, codec, "Error")
        case "parameter_error":
            answer = await _refusal(request, codec, "ParameterError")
        case "unknown" | "empty" | "malformed" | "huge":
            answer = _document(fault.kind)
        case "hang":
            await asyncio.Event().wait()
            answer = broken(request)
        case "slow" | "drop" | "rpc":
            answer = broken(request)
    return answer


def _document(kind: Literal["unknown", "empty", "malformed", "huge"]) -> web.Response:
    """A document with 200 that says nothing, or is none."""
    match kind:
        case "unknown":
            return face.answer("Command", {})
        case "empty":
            return web.Response(content_type="text/xml")
        case "malformed":
            return web.Response(text='<?xml version="1.0"?>\n<Command', content_type="text/xml")
        case "huge":
            return web.Response(body=_huge(), content_type="text/xml")


async def _huge() -> AsyncIterator[bytes]:
    """An answer that goes on and on."""
    piece = b"<Command>".ljust(1 << 16)
    for _ in range(0, HUGE, len(piece)):
        yield piece


async def _refusal(request: web.Request, codec: Codec, word: str) -> web.Response:
    """An error inside a 200, in the manner of the path."""
    content: markup.Tree = {"@status": word, "Reason": REASON}
    if request.path == "/putxml":
        names = await _results(request, codec)
        return face.answer("Command", dict.fromkeys(names, content))
    return face.answer("Bookings" if request.path == "/bookingsputxml" else "Status", content)


async def _results(request: web.Request, codec: Codec) -> list[str]:
    """How the results of the commands in a request are called."""
    try:
        root = markup.parse(await request.read())
    except markup.BadMarkup:
        return ["Result"]
    found = face.orders(root, codec.version)
    return [commands.result_name(order.path) for order in found] or ["Result"]
