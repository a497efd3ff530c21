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
        problems=_with_room(path, problems),
    )


def posted(
    path: str,
    serve: Handler,
    summary: str,
    *problems: str,
    scope: Scope = "rooms",
    limit: int = BODY_LIMIT,
    checks: bool = False,
) -> Route:
    """What a form does; it answers with another page to go to, or with the form once more.

    With `checks` it may also be asked what would be wrong, while somebody types.
    """
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
        query={"check": "Anything: change nothing, only say what would be wrong"} if checks else {},
        also={200: "What would be wrong, as JSON, with `check`"} if checks else {},
        problems=_with_room(path, problems),
    )


def _with_room(path: str, problems: tuple[str, ...]) -> tuple[str, ...]:
    """Codes, and that there is no such room where the path names one."""
    return tuple(dict.fromkeys(("unknown_room", *problems) if "{room}" in path else problems))
