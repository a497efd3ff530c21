"""Who asks: passwords and tokens in the Authorization header, and what a 401 offers.

RFC 9110 section 11, RFC 7617 (Basic), RFC 6750 (Bearer).
"""

from base64 import b64decode
from binascii import Error

import msgspec
from aiohttp import web

from connector.simulators.exchange.call import EXCHANGE
from connector.simulators.exchange.notes import NOTES
from connector.simulators.exchange.organization import Exchange
from connector.simulators.exchange.people import User

Challenges = tuple[str, ...]


class Admitted(msgspec.Struct, frozen=True):
    """Somebody who may ask."""

    user: User
    scheme: str


def unauthorized(exchange: Exchange, challenges: Challenges | None = None) -> web.Response:
    """A 401 with what the server takes, in its order; or with the next step of a handshake."""
    response = web.Response(status=401, text="")
    for offer in challenges if challenges is not None else _offers(exchange):
        response.headers.add("WWW-Authenticate", offer)
    if exchange.modern_auth:
        words = '4000000;reason="No token was sent";error_category="oauth_not_available"'
        response.headers["x-ms-diagnostics"] = words
        response.headers["ms-diagnostics-public"] = "client_type=Modern Auth;" + words
    return response


def admit(request: web.Request) -> Admitted | web.Response:
    """Who asks, or the 401 that tells them to try again."""
    exchange = request.app[EXCHANGE]
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    known = exchange.connections.user(request.transport)
    if not scheme and known is not None and not known.locked and not known.disabled:
        return _admitted(request, known, "connection")
    if not _offered(exchange, scheme.lower()):
        return unauthorized(exchange)
    request[NOTES].auth = scheme
    step = _credentials(exchange, request, scheme.lower(), credentials)
    if isinstance(step, User):
        return _admitted(request, step, scheme)
    return unauthorized(exchange, None if step is None else (f"{scheme} {step}",))


def _admitted(request: web.Request, user: User, scheme: str) -> Admitted:
    request[NOTES].user = user.name
    request[NOTES].auth = scheme
    return Admitted(user, scheme)


def _offered(exchange: Exchange, scheme: str) -> bool:
    """Whether the server takes this."""
    offered = {offer.lower() for offer in exchange.offers}
    return scheme in offered or (scheme == "bearer" and exchange.modern_auth)


def _credentials(
    exchange: Exchange, request: web.Request, scheme: str, credentials: str
) -> User | str | None:
    """Somebody, the next token of a handshake, or nobody."""
    if scheme == "basic":
        return _basic(exchange, credentials)
    if scheme == "bearer":
        return _bearer(exchange, credentials)
    return exchange.connections.step(request.transport, credentials)


def _basic(exchange: Exchange, credentials: str) -> User | None:
    """Somebody by name and password."""
    try:
        name, _, password = b64decode(credentials, validate=True).decode().partition(":")
    except (Error, UnicodeDecodeError):
        return None
    user = exchange.people.find(name)
    return exchange.people.admit(user, right=user is not None and user.password == password)


def _bearer(exchange: Exchange, credentials: str) -> User | None:
    """Somebody by a token."""
    name = exchange.tokens.user(credentials.strip())
    return exchange.people.find(name) if name else None


def _offers(exchange: Exchange) -> Challenges:
    words: dict[str, str] = {"Basic": 'Basic realm="sim01.example.com"'}
    told = [words.get(offer, offer) for offer in exchange.offers]
    if exchange.modern_auth:
        told.append('Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers=""')
    return tuple(told)
