"""Control of everything around the mailboxes: faults, the journal, applications, the clock."""

from datetime import datetime, timedelta

import msgspec
from aiohttp import web

from connector.simulators.graph.call import TENANT
from connector.simulators.graph.control.reply import reply
from connector.simulators.graph.faults.kinds import AnyFault


class _NewApp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    client_id: str
    secret: str | None = None
    secret_expires: datetime | None = None
    certificate: str | None = None
    scope: list[str] | None = None
    roles: list[str] | None = None
    writes: bool = False
    public: bool = False


class _Clock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    offset_seconds: float = 0
    now: datetime | None = None


def routes() -> list[web.RouteDef]:
    """What can be done to the tenant."""
    return [
        web.get("/faults", faults),
        web.post("/faults", set_fault),
        web.delete("/faults", clear_faults),
        web.delete("/faults/{fault}", clear_fault),
        web.get("/requests", requests),
        web.delete("/requests", forget_requests),
        web.get("/counters", counters),
        web.post("/apps", register_app),
        web.delete("/tokens", revoke_tokens),
        web.get("/clock", clock),
        web.put("/clock", set_clock),
    ]


async def faults(request: web.Request) -> web.Response:
    """The faults that are set."""
    return reply({"faults": request.app[TENANT].faults.all()})


async def set_fault(request: web.Request) -> web.Response:
    """A new fault."""
    fault = msgspec.json.decode(await request.read(), type=AnyFault)
    return reply(request.app[TENANT].faults.add(fault), status=201)


async def clear_faults(request: web.Request) -> web.Response:
    """No more faults."""
    request.app[TENANT].faults.clear()
    return await faults(request)


async def clear_fault(request: web.Request) -> web.Response:
    """One fault less."""
    request.app[TENANT].faults.clear(int(request.match_info["fault"]))
    return await faults(request)


async def requests(request: web.Request) -> web.Response:
    """The newest requests, of one `mailbox` where it is named."""
    asked = request.app[TENANT].journal.requests(request.query.get("mailbox"))
    return reply({"requests": asked})


async def forget_requests(request: web.Request) -> web.Response:
    """Begin to count anew."""
    request.app[TENANT].journal.clear()
    return await counters(request)


async def counters(request: web.Request) -> web.Response:
    """How many requests there were."""
    return reply(request.app[TENANT].journal.counts)


async def register_app(request: web.Request) -> web.Response:
    """An application, registered or replaced."""
    new = msgspec.json.decode(await request.read(), type=_NewApp)
    app = request.app[TENANT].register_app(**msgspec.structs.asdict(new))
    scope = None if app.scope is None else sorted(app.scope)
    return reply({"client_id": app.client_id, "scope": scope}, status=201)


async def revoke_tokens(request: web.Request) -> web.Response:
    """All tokens worthless, or those of one `client_id`."""
    revoked = request.app[TENANT].revoke_tokens(request.query.get("client_id"))
    return reply({"revoked": revoked})


async def clock(request: web.Request) -> web.Response:
    """What time it is in the tenant."""
    tenant = request.app[TENANT]
    return reply({"now": tenant.now(), "offset_seconds": tenant.offset.total_seconds()})


async def set_clock(request: web.Request) -> web.Response:
    """Another time, by its distance from the true one or by itself."""
    tenant = request.app[TENANT]
    wanted = msgspec.json.decode(await request.read(), type=_Clock)
    if wanted.now is not None:
        tenant.offset += wanted.now - tenant.now()
    else:
        tenant.offset = timedelta(seconds=wanted.offset_seconds)
    return await clock(request)
