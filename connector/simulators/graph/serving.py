"""The tenant as a web application: login service, Graph, control API."""

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from connector.simulators.graph import (
    calendars,
    control,
    entra,
    places,
    presence,
    schedule,
    subscribing,
    writing,
)
from connector.simulators.graph.call import TENANT, mailbox_name
from connector.simulators.graph.journal import Asked
from connector.simulators.graph.tenant import Tenant

_BROKEN_OFF = 0


def app(tenant: Tenant) -> web.Application:
    """Everything a tenant answers."""
    application = web.Application(middlewares=[_remember])
    application[TENANT] = tenant
    application.cleanup_ctx.append(_carry_notifications)
    application.add_routes(subscribing.routes())
    application.add_routes(writing.routes())
    application.add_routes(places.routes())
    application.add_routes(presence.routes())
    application.add_routes(schedule.routes())
    application.add_routes(calendars.routes())
    application.add_routes(entra.routes())
    application.add_subapp("/control", control.application(tenant))
    return application


async def _carry_notifications(application: web.Application) -> AsyncIterator[None]:
    """Tell subscribers, as long as the tenant is served."""
    async with application[TENANT].delivery.open():
        yield


@web.middleware
async def _remember(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Note every request that is not one of control, whatever becomes of it."""
    status = _BROKEN_OFF
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as error:
        status = error.status
        raise
    else:
        return response
    finally:
        if not request.path.startswith("/control/"):
            _note(request, status)


def _note(request: web.Request, status: int) -> None:
    tenant = request.app[TENANT]
    asked = Asked(
        time=tenant.now(),
        method=request.method,
        path=request.path,
        query=request.query_string,
        prefer=", ".join(request.headers.getall("Prefer", [])),
        mailbox=mailbox_name(request),
        status=status,
        peer=request.remote or "",
    )
    tenant.journal.add(asked)
