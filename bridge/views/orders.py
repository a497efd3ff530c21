"""What orders of callers have in common: who can have sent them, and which are one and the same."""

from aiohttp import web

from bridge.views.web import Problem

KEY = "Idempotency-Key"
LONGEST_KEY = 255


def must_be_ours(request: web.Request) -> None:
    """Let pass what only our own pages and services can have sent.

    A page elsewhere may have a browser post forms here, with a display's cookie, but not JSON
    (Fetch, "CORS-safelisted request-header").

    Raises:
        Problem: `bad_body`.
    """
    if request.content_type != "application/json":
        raise Problem(400, "bad_body", "Content-Type must be application/json")


def key_of(request: web.Request) -> str:
    """The key that is the same for every try of one order; empty for none.

    Raises:
        Problem: `bad_body`.
    """
    key = request.headers.get(KEY, "").strip()
    if len(key) > LONGEST_KEY:
        raise Problem(400, "bad_body", f"{KEY} has at most {LONGEST_KEY} characters")
    return key
