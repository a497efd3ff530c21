"""The workspace as a web application: token endpoint, Calendar, directory, control API."""

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from connector.simulators.google import control, events, places
from connector.simulators.google.call import WORKSPACE, Call, calendar_name
from connector.simulators.google.journal import Asked
from connector.simulators.google.token import grant
from connector.simulators.google.workspace import Workspace

_BROKEN_OFF = 0


def app(workspace: Workspace) -> web.Application:
    """Everything a workspace answers."""
    application = web.Application(middlewares=[_remember])
    application[WORKSPACE] = workspace
    application.add_routes(events.routes())
    application.add_routes(places.routes())
    application.router.add_post("/token", token)
    application.add_subapp("/control", control.application(workspace))
    application.cleanup_ctx.append(_calls)
    return application


async def token(request: web.Request) -> web.StreamResponse:
    """An access token for a signed assertion."""
    call = Call(request, "token")
    form = {key: str(value) for key, value in (await request.post()).items()}
    return await call.answer(lambda: grant(call.workspace, form, str(request.url.with_query(None))))


async def _calls(application: web.Application) -> AsyncIterator[None]:
    yield
    await application[WORKSPACE].channels.close()


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
    workspace = request.app[WORKSPACE]
    workspace.journal.add(
        Asked(
            time=workspace.now(),
            method=request.method,
            path=request.path,
            query=request.query_string,
            calendar=calendar_name(request),
            status=status,
            peer=request.remote or "",
        )
    )
