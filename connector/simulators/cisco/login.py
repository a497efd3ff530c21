"""Who is asking: Basic, a session, or somebody who must sign in first."""

from base64 import b64decode
from collections.abc import Iterator

from aiohttp import web

from connector.simulators.cisco.address import codec_of
from connector.simulators.cisco.codec import Codec

SIGN_IN = "/web/signin"
PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form/></body></html>"
COOKIES = ("SecureSessionId", "SessionId")
USER = web.RequestKey("USER", str)
"""Who a request says it comes from."""


class NotLoggedIn(Exception):
    """No user, a wrong password, or a user who is locked out."""


def user_of(request: web.Request) -> str:
    """The user whose session or password came with a request.

    Raises:
        NotLoggedIn: there is none.
    """
    codec = codec_of(request)
    owners = (codec.session_user(secret) for secret in _secrets(request))
    user = next((owner for owner in owners if owner), None) or _by_password(request, codec)
    request[USER] = user
    return user


def _secrets(request: web.Request) -> Iterator[str]:
    """The session secrets that came with a request."""
    return (request.cookies[name] for name in COOKIES if name in request.cookies)


def _by_password(request: web.Request, codec: Codec) -> str:
    name, password = basic(request.headers.get("Authorization", ""))
    request[USER] = name
    if not codec.log_in(name, password):
        raise NotLoggedIn
    return name


def basic(header: str) -> tuple[str, str]:
    """The name and password in a header (RFC 7617).

    Raises:
        NotLoggedIn: there are none.
    """
    scheme, _, encoded = header.partition(" ")
    try:
        text = b64decode(encoded, validate=True).decode()
    except ValueError as error:
        raise NotLoggedIn from error
    name, colon, password = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise NotLoggedIn
    return name, password


def sign_in(codec: Codec) -> web.Response:
    """What somebody gets who is not logged in, in the form that the unit is set to."""
    form = codec.switches.sign_in
    if form == "page":
        return web.Response(text=PAGE, content_type="text/html")
    if form == "redirect":
        return web.Response(status=302, headers={"Location": SIGN_IN})
    return web.Response(status=401, headers={"WWW-Authenticate": f'Basic realm="{codec.serial}"'})


async def page(_request: web.Request) -> web.Response:
    """The sign-in page itself."""
    return web.Response(text=PAGE, content_type="text/html")


async def begin(request: web.Request) -> web.Response:
    """Open a session; no source says how one too many is refused, taken as 503."""
    secret = codec_of(request).begin_session(user_of(request))
    if secret is None:
        return web.Response(status=503, text="Too many sessions")
    answer = web.Response(status=204)
    name = "SecureSessionId" if request.secure else "SessionId"
    answer.set_cookie(name, secret, path="/", secure=request.secure, httponly=True)
    return answer


async def end(request: web.Request) -> web.Response:
    """Close the session that the cookie names; 200 where there was none."""
    codec = codec_of(request)
    ended = [codec.sessions.end(secret) for secret in _secrets(request)]
    return web.Response(status=204 if any(ended) else 200)
