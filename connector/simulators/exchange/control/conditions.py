"""Control of everything around the mailboxes: faults, the journal, subscriptions, the clock."""

from datetime import datetime, timedelta

import msgspec
from aiohttp import web

from connector.simulators.exchange.call import EXCHANGE
from connector.simulators.exchange.faults.kinds import AnyFault
from connector.simulators.exchange.organization import Exchange, Scheme
from connector.simulators.graph.control.reply import reply
from connector.simulators.graph.refusal import Json


class _Clock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    offset_seconds: float = 0
    now: datetime | None = None


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set; what is left out stays."""

    offers: tuple[Scheme, ...] | None = None
    modern_auth: bool | None = None
    lockout_after: int | None = None
    heartbeat: float | None = None
    backends: int | None = None
    anchor_required: bool | None = None
    hanging_limit: int | None = None
    concurrency_limit: int | None = None
    subscription_limit: int | None = None
    find_limit: int | None = None
    silent: bool | None = None
    repeats: int | None = None


def routes() -> list[web.RouteDef]:
    """What can be done to the server."""
    return [
        web.get("/faults", faults),
        web.post("/faults", set_fault),
        web.delete("/faults", clear_faults),
        web.delete("/faults/{fault}", clear_fault),
        web.get("/requests", requests),
        web.delete("/requests", forget_requests),
        web.get("/counters", counters),
        web.get("/subscriptions", subscriptions),
        web.delete("/subscriptions", drop_subscriptions),
        web.post("/restart", restart),
        web.post("/failover/{mailbox}", failover),
        web.get("/settings", settings),
        web.patch("/settings", change_settings),
        web.get("/clock", clock),
        web.put("/clock", set_clock),
    ]


async def faults(request: web.Request) -> web.Response:
    """The faults that are set."""
    return reply({"faults": request.app[EXCHANGE].faults.all()})


async def set_fault(request: web.Request) -> web.Response:
    """A new fault."""
    fault = msgspec.json.decode(await request.read(), type=AnyFault)
    return reply(request.app[EXCHANGE].faults.add(fault), status=201)


async def clear_faults(request: web.Request) -> web.Response:
    """No more faults."""
    request.app[EXCHANGE].faults.clear()
    return await faults(request)


async def clear_fault(request: web.Request) -> web.Response:
    """One fault less."""
    request.app[EXCHANGE].faults.clear(int(request.match_info["fault"]))
    return await faults(request)


async def requests(request: web.Request) -> web.Response:
    """The newest requests, of one `mailbox` or `operation` where it is named."""
    query = request.query
    asked = request.app[EXCHANGE].journal.requests(query.get("mailbox"), query.get("operation"))
    return reply({"requests": asked})


async def forget_requests(request: web.Request) -> web.Response:
    """Begin to count anew."""
    request.app[EXCHANGE].journal.clear()
    return await counters(request)


async def counters(request: web.Request) -> web.Response:
    """How many requests there were."""
    return reply(request.app[EXCHANGE].journal.counts)


async def subscriptions(request: web.Request) -> web.Response:
    """All subscriptions, and how many streams are open."""
    listed = [
        {"id": one.id, "way": one.way, "mailbox": one.mailbox.address, "user": one.user}
        for one in request.app[EXCHANGE].subscriptions.all()
    ]
    streams = len(request.app[EXCHANGE].subscriptions.streams)
    return reply({"subscriptions": listed, "streams": streams})


async def drop_subscriptions(request: web.Request) -> web.Response:
    """Subscriptions lost: those of one `mailbox`, or all."""
    dropped = request.app[EXCHANGE].subscriptions.drop(request.query.get("mailbox"))
    return reply({"dropped": dropped})


async def restart(request: web.Request) -> web.Response:
    """The server starts anew."""
    request.app[EXCHANGE].restart()
    return reply({"restarted": True})


async def failover(request: web.Request) -> web.Response:
    """A mailbox goes to another server; `?moving=1` for a mailbox move."""
    moving = "moving" in request.query
    times = int(request.query.get("times", "3"))
    request.app[EXCHANGE].fail_over(request.match_info["mailbox"], times=times, moving=moving)
    return reply({"refusals": times})


async def settings(request: web.Request) -> web.Response:
    """How the server is set."""
    return reply(_settings_json(request.app[EXCHANGE]))


async def change_settings(request: web.Request) -> web.Response:
    """Another way to be set."""
    exchange = request.app[EXCHANGE]
    wanted = msgspec.json.decode(await request.read(), type=_Settings)
    places: dict[str, object] = {
        "lockout_after": exchange.people,
        "silent": exchange.subscriptions,
        "repeats": exchange.subscriptions,
    }
    for name, value in msgspec.structs.asdict(wanted).items():
        if value is not None:
            setattr(places.get(name, exchange), name, value)
    return await settings(request)


async def clock(request: web.Request) -> web.Response:
    """What time it is at the server."""
    exchange = request.app[EXCHANGE]
    return reply({"now": exchange.now(), "offset_seconds": exchange.offset.total_seconds()})


async def set_clock(request: web.Request) -> web.Response:
    """Another time, by its distance from the true one or by itself."""
    exchange = request.app[EXCHANGE]
    wanted = msgspec.json.decode(await request.read(), type=_Clock)
    if wanted.now is not None:
        exchange.offset += wanted.now - exchange.now()
    else:
        exchange.offset = timedelta(seconds=wanted.offset_seconds)
    return await clock(request)


def _settings_json(exchange: Exchange) -> Json:
    return {
        "offers": exchange.offers,
        "modern_auth": exchange.modern_auth,
        "lockout_after": exchange.people.lockout_after,
        "heartbeat": exchange.heartbeat,
        "backends": exchange.backends,
        "anchor_required": exchange.anchor_required,
        "hanging_limit": exchange.hanging_limit,
        "concurrency_limit": exchange.concurrency_limit,
        "subscription_limit": exchange.subscription_limit,
        "find_limit": exchange.find_limit,
        "silent": exchange.subscriptions.silent,
        "repeats": exchange.subscriptions.repeats,
    }
