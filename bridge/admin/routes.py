"""Routes of pages and of their forms: what all of them have in common."""

from bridge.callers import Scope
from bridge.views.route import BODY_LIMIT, Handler, Route

_SENT_TO_SIGN_IN = {303: "Nobody is signed in: to /admin/login"}


def page(
    path: str, serve: Handler, summary: str, *problems: str, scope: Scope | None = "read"
) -> Route:
    """A page to read; `problems` are the codes that it may come to."""
    return Route(
        method="GET",
        path=path,
        serve=serve,
        scope=scope,
        page=True,
        displays=False,
        summary=summary,
        answer="text/html",
        also=_SENT_TO_SIGN_IN,
        problems=problems,
    )


def posted(
    path: str,
    serve: Handler,
    summary: str,
    *problems: str,
    scope: Scope = "rooms",
    limit: int = BODY_LIMIT,
) -> Route:
    """What a form does; it answers with another page to go to, or with the form once more."""
    return Route(
        method="POST",
        path=path,
        serve=serve,
        scope=scope,
        page=True,
        displays=False,
        summary=summary,
        answer="",
        status=303,
        limit=limit,
        problems=(*(("unknown_room",) if "{room}" in path else ()), *problems),
    )
