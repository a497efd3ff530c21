"""People who look at pages: where they sign in, and how problems are told to them."""

from collections.abc import Callable
from urllib.parse import quote

from aiohttp import hdrs, web

from bridge.views.shapes import ProblemShape

SIGN_IN = "/admin/login"
"""Where people sign in."""

ProblemPage = Callable[[web.Request, ProblemShape], web.Response]
"""Makes the page of a problem."""


def to_sign_in(request: web.Request) -> web.HTTPSeeOther:
    """Where those are sent who have not signed in; after it they see what they wanted to.

    What they wanted to change is not done then: they come to the first page.
    """
    looks = request.method in {hdrs.METH_GET, hdrs.METH_HEAD}
    wanted = request.raw_path if looks else "/admin"
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return web.HTTPSeeOther(f"{SIGN_IN}?next={quote(wanted, safe='/')}", headers=headers)
