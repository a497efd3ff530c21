"""Requests guarded and answered: who calls, what they may, and errors as problem JSON."""

import asyncio
import base64
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import hdrs, web

from bridge.callers import LOOPBACK, Caller, Scope, control, is_loopback
from bridge.limits import (
    ADDRESS_LIMIT,
    DISPLAY_LIMIT,
    HOOK_LIMIT,
    SERVICE_LIMIT,
    client_address,
    group,
)
from bridge.logs import fault
from bridge.views.house import JSON, House, Touch, encode
from bridge.views.shapes import ProblemShape, Shape
from rooms.display import Offer

log = logging.getLogger(__name__)

COOKIE = "roombridge_display"
PIN = "Display-Pin"
"""The header that carries what somebody typed at a door."""

Handler = Callable[[House, Caller, web.Request], Awaitable[web.StreamResponse]]

ANYBODY = Caller(name="anybody", scopes=frozenset())
BODY_SECONDS = 30.0
"""How long a body may take."""
_ONLY_LOOKS: frozenset[Scope] = frozenset(["read", "join"])
_LOOKING = frozenset([hdrs.METH_GET, hdrs.METH_HEAD])
"""What a caller at the appliance may do without credentials: any page could make it post."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one path: what serves it, who may ask, and what OpenAPI says of it."""

    method: str
    path: str
    serve: Handler
    scope: Scope | None
    """None: open to everybody."""
    cookie: bool = True
    """Whether a display's cookie will do; otherwise the token itself must be shown."""
    hook: bool = False
    """Whether services call it, who prove themselves in their own way: many may come from one
    address."""
    signs: bool = False
    """Whether room systems call it, who sign in by Basic or NTLM; it asks them itself, and is
    found in any case of letters."""
    basic: bool = False
    """Whether a token that may only look may also come as the password of Basic: programs that
    subscribe to calendars can show it in no other way."""
    displays: bool = True
    """Whether a display may ask; what is about the appliance is not for rooms."""
    summary: str
    answer: type[msgspec.Struct] | str
    """The shape of a good answer, or its media type; empty for no body."""
    instead: tuple[type[msgspec.Struct], ...] = ()
    """Other shapes that it may have."""
    status: int = 200
    body: type[msgspec.Struct] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of a request that mean something to it."""
    also: Mapping[int, str] = field(default_factory=dict)
    """Other statuses of a good answer, and when they come."""
    offer: Offer | None = None
    """What a room's policy must offer for its display to ask; others are not bound by it."""
    asks: tuple[Offer, ...] = ()
    """Where the PIN is asked for one of these too, it is asked for this."""
    legacy: bool = False
    """Whether the listener for old units offers it too."""
    problems: tuple[str, ...] = ()
    """Codes beside the ones that every route has."""


class Problem(Exception):
    """An answer that is an error (RFC 9457)."""

    def __init__(self, status: int, code: str, detail: str = "", **headers: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def shape(self) -> ProblemShape:
        """Its words."""
        return ProblemShape(
            type=f"urn:roombridge:problem:{self.code}",
            title=TITLES[self.code],
            status=self.status,
            code=self.code,
            detail=self.detail,
        )

    def response(self) -> web.Response:
        """As it is sent."""
        body = encode(self.shape())
        headers = JSON | {"Content-Type": "application/problem+json"} | self.headers
        return web.Response(status=self.status, body=body, headers=headers)


TITLES = {
    "unauthorized": "Say who you are: a bearer token, or from the appliance itself",
    "forbidden": "This caller may not do that",
    "unknown_room": "There is no such room",
    "unknown_booking": "There is no such booking in this room",
    "unknown_source": "There is no such calendar source",
    "unknown_list": "There is no such list of rooms",
    "unknown_token": "There is no such token in force",
    "unknown_code": "No display shows this code, or not any more",
    "unknown_display": "There is no such paired display",
    "not_found": "There is nothing here",
    "method_not_allowed": "This method is not offered here",
    "bad_time": "A time is not RFC 3339",
    "bad_body": "The body is not what is expected",
    "body_too_large": "The body is too large",
    "not_readable_now": "The calendar cannot be read now, beyond what is kept of it",
    "too_many_requests": "Too many requests, or too many wrong tokens: wait",
    "key_reused": "This Idempotency-Key belongs to another request",
    "not_offered": "This room's display does not offer that",
    "pin_required": "This needs the PIN of the display",
    "pin_wrong": "The PIN is wrong",
    "unknown_fault": "Nobody reported such a fault of this room",
    "bad_query": "A parameter of the query is not what is expected",
    "writes_not_allowed": "The policy of this room does not allow it",
    "source_cannot_write": "Calendars of this kind can only be read",
    "room_taken": "The room is taken then",
    "booking_changed": "The booking was changed in between: read the agenda and decide again",
    "booking_over": "The booking is over",
    "check_in_off": "Nobody is asked to check in here",
    "check_in_not_open": "It is too early to check in to this booking",
    "booking_not_running": "The booking has not begun",
    "whole_day": "Days as a whole have no end that could be moved",
    "other_organizer": "Somebody else organised it: the room cannot change when it ends",
    "unknown_endpoint": "There is no such room system",
    "no_endpoint": "No system of this room can dial this meeting",
    "no_join": "This booking cannot be joined",
    "join_not_open": "This booking cannot be joined yet, or not any more",
    "endpoint_busy": "The room system is in another call",
    "endpoint_unreachable": "The room system cannot be reached, or did not understand",
    "endpoint_denied": "The room system refuses the bridge; nothing more is tried",
    "endpoint_unsupported": "The room system cannot do that",
    "not_provisionable": "The configuration lacks what the room system would be told",
    "source_unavailable": "The calendar service cannot be reached or is busy; nothing was changed",
    "source_refused": "The calendar service refuses; nothing was changed",
    "outcome_unknown": "Nobody knows whether it was done",
    "disk_failing": "The database cannot be written, so that nothing is changed",
    "unexpected": "A fault of the bridge itself",
}
"""Every problem there is."""


def guarded(house: House, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The route's handler behind its guard."""
    serve, scope = route.serve, route.scope

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            caller = admitted(
                house, request, scope, hook=route.hook, signs=route.signs, basic=route.basic
            )
            if scope is not None:
                _permit(route, caller, request.method)
                if request.can_read_body:
                    caller = await _after_body(house, route, request)
            if route.offer is not None and caller.room is not None:
                await _pass(house, caller, request, route.offer, route.asks)
            return await serve(house, caller, request)
        except Problem as problem:
            if route.basic and problem.code == "unauthorized":
                problem.headers["WWW-Authenticate"] += ', Basic realm="roombridge"'
            return problem.response()
        except web.HTTPRequestEntityTooLarge:
            return Problem(413, "body_too_large").response()
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as error:  # noqa: BLE001 - told as a problem, logged without its message
            log.error("%s %s: %s", route.method, route.path, fault(error))
            return Problem(500, "unexpected").response()

    return handle


async def _after_body(house: House, route: Route, request: web.Request) -> Caller:
    """Who calls, once all of the body is there; nothing is decided before that.

    It comes as slowly as a caller wants: whose token was revoked meanwhile is nobody any more, and
    what a room offers and asks for is what it does then.

    Raises:
        Problem: the caller may not any more, or the body is too slow.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            await request.read()
    except TimeoutError as error:
        raise Problem(400, "bad_body", "it did not come in time") from error
    caller = (subscribed if route.basic else identified)(house, request)
    _permit(route, caller, request.method)
    return caller


def _permit(route: Route, caller: Caller, method: str) -> None:
    """Let a caller pass who may.

    Raises:
        Problem: everybody else, with why not.
    """
    if route.scope not in caller.scopes or (caller.room is not None and not route.displays):
        raise refused(caller)
    if caller is LOOPBACK and method not in _LOOKING:
        raise refused(ANYBODY)


async def _pass(
    house: House,
    caller: Caller,
    request: web.Request,
    offer: Offer,
    asks: tuple[Offer, ...],
) -> None:
    """Let a display pass that wants what its room's policy offers.

    Raises:
        Problem: it does not, or the PIN is missing or wrong.
    """
    room = house.rooms.get(request.match_info["room"])
    if room is None or room.id != caller.room:  # its route refuses it
        return
    if house.gate is None:
        raise Problem(403, "not_offered")
    acts = request.method not in _LOOKING
    touch = Touch(offer=offer, asks=asks, pin=request.headers.get(PIN), acts=acts)
    await house.gate(caller, room, touch)


def refused(caller: Caller) -> Problem:
    """Unknown callers are asked who they are; known ones may not."""
    if caller is ANYBODY:
        return Problem(401, "unauthorized", WWW_Authenticate='Bearer realm="roombridge"')
    return Problem(403, "forbidden")


def admitted(
    house: House,
    request: web.Request,
    scope: Scope | None,
    *,
    hook: bool = False,
    signs: bool = False,
    basic: bool = False,
) -> Caller:
    """Who calls, unless they are locked out or ask too much."""
    who = subscribed if basic else identified
    address = client_address(request.remote, request.headers, house.proxies)
    if signs:  # who they are is asked later, in another way
        if address and (wait := house.limits.count(f"{group(address)} reader", ADDRESS_LIMIT)):
            raise too_many(wait)
        return ANYBODY
    if address is None:
        return who(house, request)
    shown = hdrs.AUTHORIZATION in request.headers or COOKIE in request.cookies
    # What is open to everybody stays open: a lock-out must not look like an outage.
    if (shown or scope is not None) and (wait := house.limits.locked(address)):
        raise too_many(wait)
    caller = who(house, request, address)
    if hook:  # apart from what the address asks otherwise
        wait = house.limits.count(f"{group(address)} hook", HOOK_LIMIT)
    elif caller.token is None:
        wait = house.limits.count(group(address), ADDRESS_LIMIT)
    else:
        limit = SERVICE_LIMIT if caller.room is None else DISPLAY_LIMIT
        wait = house.limits.count(caller.token, limit)
    if wait:
        raise too_many(wait)
    return caller


def too_many(wait: int) -> Problem:
    """The answer to who has to wait so many seconds."""
    return Problem(429, "too_many_requests", Retry_After=str(wait))


def subscribed(house: House, request: web.Request, address: str | None = None) -> Caller:
    """Who calls, by a token that came as the password of Basic (RFC 7617), or in any other way.

    Whoever keeps a password sends it again by itself: one that may change anything is refused.
    """
    login = request.headers.get(hdrs.AUTHORIZATION, "")
    if login[:6].lower() != "basic ":
        return identified(house, request, address)
    caller = _holder(house, _password(login[6:]), address)
    if caller is None:
        raise refused(ANYBODY)
    if not caller.scopes <= _ONLY_LOOKS:
        raise Problem(403, "forbidden", "as a password only a token that may do no more than read")
    return caller


def identified(house: House, request: web.Request, address: str | None = None) -> Caller:
    """Who calls. A token that is shown must be good, even where none is needed.

    Wrong ones count against the address, but not those that were good once: a display whose token
    has ended asks on, and guesses nothing.
    """
    login = request.headers.get(hdrs.AUTHORIZATION)
    if login is not None:
        scheme, token = login[:7], login[7:].strip()
        if scheme.lower() != "bearer ":
            if address is not None and house.tokens.known(token) is None:
                house.limits.wrong(address)
            raise refused(ANYBODY)
        if (caller := _holder(house, token, address)) is None:
            raise refused(ANYBODY)
        return caller
    transport = request.transport
    peer: socket.socket | None = transport.get_extra_info("socket") if transport else None
    if peer is not None and peer.family == socket.AF_UNIX:
        return control(peer)
    if cookie := request.cookies.get(COOKIE):
        return _holder(house, cookie, address) or ANYBODY
    if not house.proxied and is_loopback(request.remote, request.host, request.headers):
        return LOOPBACK
    return ANYBODY


def _holder(house: House, token: str, address: str | None) -> Caller | None:
    """Whose token was shown; None where it is not good, which is written down."""
    caller = house.tokens.caller(token)
    if caller is not None:
        if caller.display is not None:
            house.came(caller)
        return caller
    ended = house.tokens.known(token)
    if ended is not None:
        house.came_late(ended)
    elif address is not None:
        house.limits.wrong(address)
    return None


def _password(credentials: str) -> str:
    """The password of Basic; empty where there is none. The user name may be anything."""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def answer(
    shape: Shape, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A shape as JSON."""
    return web.Response(status=status, body=encode(shape), headers=JSON | dict(headers or {}))


async def body_of(request: web.Request, kind: type[msgspec.Struct]) -> Any:  # an instance of `kind`
    """A JSON body as a struct."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "bad_body", str(error)) from error
