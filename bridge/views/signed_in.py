"""People who signed in: their cookie, and the proof that a form is one of ours.

The cookie is one that no script reads, that comes with no request of another site, and that no
other host can set (RFC 6265bis §4.1.3.2). That a request is meant, and not made by a page
elsewhere, is proven twice: by what browsers say of where it comes from (Fetch Metadata, or
`Origin`), and by a value that only our own pages can read.
"""

import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from aiohttp import hdrs, web

from bridge.callers import Caller
from bridge.views.house import House

SECURE, PLAIN = "__Host-roombridge", "roombridge_session"
"""The cookie, by TLS and on loopback without it."""
HEADER, FIELD = "X-CSRF-Token", "csrf"
"""What carries the proof: of a script, or of a form."""
FORM, FORM_WITH_FILES = "application/x-www-form-urlencoded", "multipart/form-data"
FIELDS = 1000
"""Fields of a form: on one page three hundred rooms can be ticked."""
_LOOKED_INTO = 2048
"""Bytes of a form with files: the proof stands first."""
_FIRST_PART = re.compile(rb'\A--[^\r\n]+\r\n[^\r\n]*name="csrf"\r\n\r\n([\w=-]{1,100})\r\n')


def secure(house: House, request: web.Request) -> bool:
    """Whether a caller came by TLS, to us or to the proxy before us."""
    passed_on = request.headers.get("X-Forwarded-Proto", "") if house.proxied else ""
    return request.secure or passed_on.strip().lower() == "https"


def signed_in(house: House, request: web.Request) -> Caller | None:
    """Who is signed in; None where nobody is, or not any more."""
    secret = _secret(house, request)
    caller = house.people.caller(secret) if house.people is not None and secret else None
    return house.placed(caller) if caller is not None else None


def remember(response: web.StreamResponse, house: House, request: web.Request, secret: str) -> None:
    """Have a browser show the secret of its new session until it is closed."""
    by_tls = secure(house, request)
    name = SECURE if by_tls else PLAIN
    response.set_cookie(name, secret, path="/", httponly=True, samesite="Strict", secure=by_tls)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"


def forget(response: web.StreamResponse, house: House, request: web.Request) -> None:
    """Have a browser forget its session, and what it kept of our pages."""
    by_tls = secure(house, request)
    name = SECURE if by_tls else PLAIN
    response.del_cookie(name, path="/", httponly=True, samesite="Strict", secure=by_tls)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"


def came_from_us(house: House, request: web.Request) -> bool | None:
    """Whether a page of ours made this request; None where nothing tells."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return None
    ours = {request.host.lower(), urlsplit(house.public_url).netloc.lower()} - {""}
    return urlsplit(origin).netloc.lower() in ours


def proven(house: House, caller: Caller, request: web.Request, body: bytes) -> bool:
    """Whether a change was asked for by a page of the very session that it comes with."""
    shown = request.headers.get(HEADER)
    if shown is None and request.content_type == FORM:
        shown = fields(body).get(FIELD)
    elif shown is None and request.content_type == FORM_WITH_FILES:
        first = _FIRST_PART.match(body[:_LOOKED_INTO])
        shown = first[1].decode() if first else None
    expected = house.csrf(caller)
    if not shown or not expected or not came_from_us(house, request):
        return False
    return hmac.compare_digest(shown.encode(errors="replace"), expected.encode())


def fields(body: bytes) -> Mapping[str, str]:
    """The fields of a form; of one that comes twice, the last."""
    text = body.decode(errors="replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS))
    except ValueError:
        return {}


def _secret(house: House, request: web.Request) -> str:
    return request.cookies.get(SECURE if secure(house, request) else PLAIN, "")
