"""Cookies of displays, which no script can read."""

from aiohttp import web

from bridge.views.house import House
from bridge.views.signed_in import secure
from bridge.views.web import COOKIE

COOKIE_AGE = 400 * 86400
"""Seconds that browsers keep a cookie at most; the token's own end comes first."""
PAIRING_COOKIE = "roombridge_pairing"
PAIRING_AGE = 86400
PAIRING_PATH = "/display"


def sign_in(response: web.Response, house: House, request: web.Request, token: str) -> None:
    """Have a display show its token from now on."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_AGE,
        httponly=True,
        samesite="Strict",
        secure=secure(house, request),
    )
    response.headers["Cache-Control"] = "no-store"


def remember(response: web.Response, house: House, request: web.Request, secret: str) -> None:
    """Have an unpaired display show that a code is its own."""
    response.set_cookie(
        PAIRING_COOKIE,
        secret,
        max_age=PAIRING_AGE,
        path=PAIRING_PATH,
        httponly=True,
        samesite="Strict",
        secure=secure(house, request),
    )
    response.headers["Cache-Control"] = "no-store"
