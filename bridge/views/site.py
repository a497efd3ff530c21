"""The web application: every route behind its guard."""

import re
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import hdrs, web

from bridge.views.guard import admitted, guarded, told
from bridge.views.house import House
from bridge.views.route import BODY_LIMIT
from bridge.views.web import Problem, Route

_EXCHANGE = ("/ews/", "/autodiscover/")
"""Below these clients of Exchange look for more than there is, with other credentials than ours."""


def site(house: House, routes: Iterable[Route]) -> web.Application:
    """An application that serves these routes, and says in our words what it does not serve."""
    app = web.Application(client_max_size=BODY_LIMIT)
    for route in routes:
        handler = guarded(house, route)
        if route.method == hdrs.METH_GET:
            # HEAD comes with GET, but of a stream there is no end to tell the length of.
            endless = route.answer == "text/event-stream"
            app.router.add_get(route.path, handler, allow_head=not endless)
        else:
            app.router.add_route(route.method, route.path, handler)
        if route.signs:
            app.router.add_route(route.method, _any_case(route.path), handler)
    known = tuple(app.router.resources())
    app.router.add_route(hdrs.METH_ANY, "/{rest:.*}", _elsewhere(house, known))
    return app


def _any_case(path: str) -> str:
    """A pattern of the router's for a path in any case of letters."""
    return f"/{{path:(?i:{re.escape(path[1:])})}}"


def _elsewhere(
    house: House,
    known: tuple[web.AbstractResource, ...],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        page = request.path.startswith("/admin/")
        try:
            signs = request.path.lower().startswith(_EXCHANGE)
            admitted(house, request, None, signs=signs)
        except Problem as problem:
            return told(house, request, problem, page=page)
        offered: set[str] = set()
        for resource in known:
            _, methods = await resource.resolve(request)
            offered |= methods
        if offered:
            allow = ", ".join(sorted(offered))
            found = Problem(405, "method_not_allowed", Allow=allow)
        else:
            found = Problem(404, "not_found")
        return told(house, request, found, page=page)

    return handle
