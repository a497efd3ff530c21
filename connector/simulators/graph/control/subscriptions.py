"""Control of subscriptions: which there are, what was sent, and what is said about them."""

from datetime import datetime, timedelta

import msgspec
from aiohttp import web

from connector.simulators.graph.call import TENANT
from connector.simulators.graph.control.reply import reply
from connector.simulators.graph.refusal import Json
from connector.simulators.graph.subscriptions import Lifecycle, Subscription, Subscriptions


class _About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    event: Lifecycle


class _Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    minutes: int | None = None
    per_mailbox: int | None = None
    page: int | None = None


def routes() -> list[web.RouteDef]:
    """What can be done about subscriptions."""
    one = "/subscriptions/{subscription}"
    return [
        web.get("/subscriptions", subscriptions),
        web.put("/subscriptions", set_limits),
        web.delete(one, drop),
        web.post(one, tell),
        web.get("/notifications", notifications),
        web.delete("/notifications", forget),
        web.get("/hub", hub),
    ]


async def subscriptions(request: web.Request) -> web.Response:
    """Those that live, and their limits."""
    kept = request.app[TENANT].subscriptions
    return reply({"subscriptions": [_json(one) for one in kept.all()]} | _limits(kept))


async def set_limits(request: web.Request) -> web.Response:
    """Other limits for those that come."""
    kept = request.app[TENANT].subscriptions
    asked = msgspec.json.decode(await request.read(), type=_Limits)
    if asked.minutes is not None:
        kept.longest = timedelta(minutes=asked.minutes)
    kept.per_mailbox = asked.per_mailbox or kept.per_mailbox
    kept.page = asked.page or kept.page
    return reply(_limits(kept))


async def drop(request: web.Request) -> web.Response:
    """One of them gone, without a word to its owner."""
    kept = request.app[TENANT].subscriptions
    return reply(_json(kept.drop(request.match_info["subscription"])))


async def tell(request: web.Request) -> web.Response:
    """Something is said about one of them."""
    asked = msgspec.json.decode(await request.read(), type=_About)
    kept = request.app[TENANT].subscriptions
    return reply(_json(kept.tell(request.match_info["subscription"], asked.event)))


async def notifications(request: web.Request) -> web.Response:
    """The newest requests to subscribers."""
    return reply({"notifications": list(request.app[TENANT].delivery.sent)})


async def forget(request: web.Request) -> web.Response:
    """Begin to list anew."""
    request.app[TENANT].delivery.sent.clear()
    return await notifications(request)


async def hub(request: web.Request) -> web.Response:
    """What went to Event Hubs."""
    return reply({"messages": list(request.app[TENANT].delivery.hub.posted)})


def _limits(kept: Subscriptions) -> Json:
    minutes = int(kept.longest.total_seconds() // 60)
    return {"minutes": minutes, "per_mailbox": kept.per_mailbox, "page": kept.page}


def _json(one: Subscription) -> dict[str, str | bool | datetime | None]:
    return {
        "id": one.id,
        "client_id": one.client_id,
        "mailbox": one.mailbox,
        "notification_url": one.notification_url,
        "lifecycle_url": one.lifecycle_url,
        "expires": one.expires,
        "immutable": one.immutable,
    }
