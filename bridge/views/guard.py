"""Requests guarded: who calls, and whether they may."""

import asyncio
import base64
import logging
import socket
from collections.abc import Awaitable, Callable

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
from bridge.views.house import House
from bridge.views.route import BODY_LIMIT
from bridge.views.signed_in import FORM, FORM_WITH_FILES, HEADER, proven, signed_in
from bridge.views.touch import Touch
from bridge.views.visitors import to_sign_in
from bridge.views.web import (
    ANYBODY,
    COOKIE,
    LARGE,
    PIN,
    Problem,
    Route,
    refused,
    too_many,
    whole,
)
from rooms.audit import calling
from rooms.display import Offer

log = logging.getLogger(__name__)

BODY_SECONDS = 30.0
"""How long a body may take."""
_ONLY_LOOKS: frozenset[Scope] = frozenset(["read", "join"])
_LOOKING = frozenset([hdrs.METH_GET, hdrs.METH_HEAD])
"""What a caller at the appliance may do without credentials: any page could make it post."""


def guarded(house: House, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The route's handler behind its guard."""
    serve, scope = route.serve, route.scope

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            caller = admitted(
                house, request, scope, hook=route.hook, signs=route.signs, basic=route.basic
            )
            with calling(caller.name, origin(house, request)):
                caller = await _let_in(house, route, caller, request)
                return await serve(house, caller, request)
        except Problem as refusal:
            problem = refusal
            if route.basic and problem.code == "unauthorized":
                problem.headers["WWW-Authenticate"] += ', Basic realm="roombridge"'
        except web.HTTPRequestEntityTooLarge:
            problem = Problem(413, "body_too_large")
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as error:  # noqa: BLE001 - told as a problem, logged without its message
            log.error("%s %s: %s", route.method, route.path, fault(error))
            problem = Problem(500, "unexpected")
        return told(house, request, problem, page=route.page)

    return handle


def told(house: House, request: web.Request, problem: Problem, *, page: bool) -> web.Response:
    """A problem as who asked can read it: people get a page."""
    if not page or house.problem_page is None:
        return problem.response()
    answer = house.problem_page(request, problem.shape())
    answer.headers.update(problem.headers)
    return answer


def _find(house: House, route: Route, caller: Caller, request: web.Request) -> None:
    """What is outside of the lists that somebody looks after does not exist for them.

    Raises:
        Problem: `unknown_room`, `unknown_list`, `unknown_endpoint`.
    """
    if caller.rooms is None or not route.finds:
        return
    where = request.match_info
    for room in (where.get("room"), request.query.get("room")):
        if room is not None and not caller.knows(room):
            raise Problem(404, "unknown_room")
    if where.get("list") not in {None, *(caller.lists or ())}:
        raise Problem(404, "unknown_list")
    endpoint = where.get("endpoint")
    near = (name for room in caller.rooms for name in house.room_endpoints(room))
    if endpoint is not None and endpoint not in near:
        raise Problem(404, "unknown_endpoint")


async def _prove(house: House, caller: Caller, request: web.Request) -> None:
    """Let a change pass that somebody who is signed in wanted.

    Raises:
        Problem: a page elsewhere may have sent it.
    """
    if not proven(house, caller, request, await whole(request)):
        raise Problem(403, "not_ours")


async def _let_in(house: House, route: Route, caller: Caller, request: web.Request) -> Caller:
    """Let a caller in who may, as who they are once their body is there.

    Raises:
        HTTPSeeOther: it is a page, and nobody is signed in.
        Problem: everybody else, with why not.
    """
    if route.page and route.scope is not None and caller.person is None:
        raise to_sign_in(request)
    _find(house, route, caller, request)
    if route.scope is not None:
        _permit(route, caller, request.method)
        if request.can_read_body:
            caller = await _after_body(house, route, request)
        if caller.session is not None and request.method not in _LOOKING:
            await _prove(house, caller, request)
    if route.offer is not None and caller.room is not None:
        await _pass(house, caller, request, route.offer, route.asks)
    return caller


async def _after_body(house: House, route: Route, request: web.Request) -> Caller:
    """Who calls, once all of the body is there; nothing is decided before that.

    It comes as slowly as a caller wants: whose token was revoked meanwhile is nobody any more, and
    what a room offers and asks for is what it does then.

    Raises:
        Problem: the caller may not any more, or the body is too slow.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            if route.limit > BODY_LIMIT:
                request[LARGE] = await _large(request, route.limit)
            else:
                await request.read()
    except TimeoutError as error:
        raise Problem(400, "bad_body", "it did not come in time") from error
    caller = (subscribed if route.basic else identified)(house, request)
    _find(house, route, caller, request)
    _permit(route, caller, request.method)
    return caller


async def _large(request: web.Request, limit: int) -> bytes:
    """A body that may be larger than others.

    Raises:
        Problem: it is larger than that.
    """
    body = bytearray()
    while chunk := await request.content.readany():
        body += chunk
        if len(body) > limit:
            raise Problem(413, "body_too_large")
    return bytes(body)


def origin(house: House, request: web.Request) -> str:
    """From where a request comes, for the audit log: an address, or `control`."""
    address = client_address(request.remote, request.headers, house.proxies)
    return address or request.remote or "control"


def _permit(route: Route, caller: Caller, method: str) -> None:
    """Let a caller pass who may.

    Raises:
        Problem: everybody else, with why not.
    """
    barred = (caller.room is not None and not route.displays) or (
        caller.lists is not None and route.whole
    )
    if route.scope not in caller.scopes or barred:
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
    # Nor is anybody sent away who signed in before somebody beside them guessed.
    if (
        (shown or scope is not None)
        and (wait := house.limits.locked(address))
        and (shown or signed_in(house, request) is None)
    ):
        raise too_many(wait)
    caller = who(house, request, address)
    if hook:  # apart from what the address asks otherwise
        wait = house.limits.count(f"{group(address)} hook", HOOK_LIMIT)
    elif (key := caller.token or caller.session) is None:
        wait = house.limits.count(group(address), ADDRESS_LIMIT)
    else:
        limit = SERVICE_LIMIT if caller.room is None else DISPLAY_LIMIT
        wait = house.limits.count(key, limit)
    if wait:
        raise too_many(wait)
    return caller


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
    person = signed_in(house, request)
    if person is not None and not _of_display(request):
        return person
    if cookie := request.cookies.get(COOKIE):
        return _holder(house, cookie, address) or person or ANYBODY
    if not house.proxied and is_loopback(request.remote, request.host, request.headers):
        return LOOPBACK
    return ANYBODY


def _of_display(request: web.Request) -> bool:
    """Whether a browser that somebody signed in with also is a display, which wants to act.

    Its page knows nothing of sessions: what it sends proves itself as what displays send.
    """
    changes = request.method not in _LOOKING
    of_form = request.content_type in {FORM, FORM_WITH_FILES}
    return COOKIE in request.cookies and changes and not of_form and HEADER not in request.headers


def _holder(house: House, token: str, address: str | None) -> Caller | None:
    """Whose token was shown; None where it is not good, which is written down."""
    caller = house.tokens.caller(token)
    if caller is not None:
        if caller.display is not None:
            house.came(caller)
        return house.placed(caller)
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
