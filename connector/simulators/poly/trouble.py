"""What comes between a request and its answer: the log, the faults, and how many at once."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from connector.simulators.poly.address import unit_of
from connector.simulators.poly.answers import USER, BadRequest, json
from connector.simulators.poly.faults import Fault
from connector.simulators.poly.unit import Unit

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTROL = "/control"
BROKEN = web.RequestKey("BROKEN", bool)
PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form/></body></html>"


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write every request down, except those of the control API."""
    if request.path.startswith(CONTROL):
        return await handler(request)
    unit, peer = unit_of(request), request.remote or ""
    status = 0
    try:
        response = await handler(request)
        status = 0 if request.get(BROKEN) else response.status
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        said = f"{request.method} {request.path_qs}"
        unit.note("rest", said, status, peer, request.get(USER, ""))
    return response


@web.middleware
async def suffer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let the next fault strike, before or after the unit did what it was asked."""
    if request.path.startswith(CONTROL):
        return await handler(request)
    unit = unit_of(request)
    if not unit.is_up():
        return broken(request)
    if unit.frozen:
        await unit.freeze()
        return broken(request)
    fault = unit.faults.strike(request.path)
    if fault is None:
        return await handler(request)
    done = await handler(request) if fault.late else None
    if fault.seconds:
        await unit.sleep(fault.seconds)
    if fault.kind == "slow":
        return await handler(request) if done is None else done
    return _spoiled(request, unit, fault)


def _spoiled(request: web.Request, unit: Unit, fault: Fault) -> web.Response:
    """The answer that a fault gives instead of the true one."""
    match fault.kind:
        case "status":
            answer = web.Response(status=fault.status)
        case "page":
            answer = web.Response(text=PAGE, content_type="text/html")
        case "reason":
            refusal = {"success": False, "reason": fault.reason}
            answer = json(refusal, unit.switches.error_status)
        case "code":
            answer = json({"Status": fault.code})
        case "ended":
            unit.sessions.end_all()
            answer = web.Response(status=403)
        case "empty":
            answer = web.Response(content_type="application/json")
        case _:
            answer = broken(request)
    return answer


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a body that cannot be read into 400."""
    try:
        return await handler(request)
    except BadRequest as error:
        return json({"success": False, "error": str(error)}, 400)


class Turns:
    """How many REST requests are under way, and whose turn it is."""

    def __init__(self) -> None:
        self.under_way = 0
        self.lock = asyncio.Lock()


TURNS = web.AppKey("TURNS", Turns)


@web.middleware
async def take_turns(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count what goes on at once; a Trio works on one request only (EP-26)."""
    if request.path.startswith(CONTROL):
        return await handler(request)
    turns, unit = request.config_dict[TURNS], unit_of(request)
    turns.under_way += 1
    unit.most_at_once = max(unit.most_at_once, turns.under_way)
    try:
        if unit.family.rest != "trio":
            return await handler(request)
        if unit.switches.parallel == "refuse" and turns.lock.locked():
            return web.Response(status=403)
        async with turns.lock:
            return await handler(request)
    finally:
        turns.under_way -= 1


def broken(request: web.Request) -> web.Response:
    """No answer: the connection breaks."""
    request[BROKEN] = True
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
