"""The control API: what a person or a test does to the tenant while it runs.

It has no authentication, so it answers to this machine only.
"""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from aiohttp import web

from connector.simulators.graph.call import TENANT
from connector.simulators.graph.control import conditions, mailboxes, people, places, subscriptions
from connector.simulators.graph.control.reply import reply
from connector.simulators.graph.tenant import Tenant

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(tenant: Tenant) -> web.Application:
    """The routes below `/control`."""
    app = web.Application(middlewares=[_loopback_only, _in_plain_words])
    app[TENANT] = tenant
    app.add_routes(mailboxes.routes())
    app.add_routes(conditions.routes())
    app.add_routes(people.routes())
    app.add_routes(places.routes())
    app.add_routes(subscriptions.routes())
    return app


@web.middleware
async def _loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn strangers away."""
    if not ip_address(request.remote or "::").is_loopback:
        return reply({"error": "the control API answers to loopback only"}, status=403)
    return await handler(request)


@web.middleware
async def _in_plain_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What was asked for, or one sentence on why not."""
    try:
        return await handler(request)
    except LookupError as error:
        return reply({"error": f"not here: {error.args[0]}"}, status=404)
    except (ValueError, TypeError) as error:
        return reply({"error": str(error)}, status=400)
