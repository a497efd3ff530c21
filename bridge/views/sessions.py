"""Signing in and out, over the API and by the forms of the pages."""

import asyncio
import re
from urllib.parse import quote

from aiohttp import web

from bridge.callers import Caller
from bridge.limits import client_address
from bridge.people.reception import Reception
from bridge.people.refused import Locked, Refused
from bridge.people.sessions import Session, Visitor
from bridge.views import signed_in
from bridge.views.house import COMMON, House
from bridge.views.pairing import family
from bridge.views.people import WELCOME, reception, refusals, written
from bridge.views.people_shapes import (
    PasswordOrder,
    SessionShape,
    SessionsShape,
    SignInOrder,
    WhoShape,
)
from bridge.views.web import Problem, Route, answer, body_of, too_many

HOME, LOGIN = "/admin", "/admin/login"
LONGEST = 2000
"""Characters of an address that somebody is led on to."""
_PLAIN = re.compile(r"[!-\[\]-~]*")
"""Printable ASCII without a backslash, which browsers take for a slash."""
BODY_SECONDS = 10.0
"""How long a form may take: nobody knows yet whose it is."""


def visitor(house: House, request: web.Request) -> Visitor:
    """From where somebody signs in.

    Raises:
        Problem: the address is locked out.
    """
    address = client_address(request.remote, request.headers, house.proxies)
    if address and (wait := house.limits.locked(address)):
        raise too_many(wait)
    return Visitor(address=address, browser=family(request.headers.get("User-Agent", "")))


def _by_us(house: House, request: web.Request) -> Visitor:
    """From where somebody signs in who types something here.

    Raises:
        Problem: the address is locked out, or a page elsewhere asks.
    """
    came = visitor(house, request)
    if signed_in.came_from_us(house, request) is False:
        raise Problem(403, "not_ours")
    return came


def _guessed(house: House, came: Visitor, why: Refused) -> None:
    """Wrong passwords and codes count against an address, as wrong tokens do."""
    if came.address and why.code != "local_off":
        house.limits.wrong(came.address)


# --- the API


async def who(house: House, caller: Caller, _request: web.Request) -> web.StreamResponse:
    """Who calls."""
    return answer(_who(house, caller), headers={"Cache-Control": "no-store"})


async def sign_in(house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
    """A session by name and password."""
    desk, came = reception(house), _by_us(house, request)
    if request.content_type != "application/json":  # a page elsewhere could not send that
        raise Problem(400, "bad_body", "Content-Type must be application/json")
    await _whole(request)
    order: SignInOrder = await body_of(request, SignInOrder)
    with refusals():
        try:
            secret = await desk.sign_in(order.name, order.password, came)
        except Refused as error:
            _guessed(house, came, error)
            raise
    caller = desk.caller(secret)
    if caller is None:  # disabled in the same moment
        raise Problem(403, "wrong_password")
    response = answer(_who(house, caller), status=201)
    signed_in.remember(response, house, request, secret)
    return response


async def sign_out(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """End the session that asks."""
    desk = reception(house)
    if caller.session is None:
        raise Problem(404, "unknown_session")
    with refusals():
        await desk.sign_out(caller)
    response = web.Response(status=204, headers=COMMON)
    signed_in.forget(response, house, request)
    return response


async def set_password(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """Another password for who is signed in."""
    desk = reception(house)
    if caller.session is None:
        raise Problem(404, "unknown_session")
    order: PasswordOrder = await body_of(request, PasswordOrder)
    with refusals():
        await desk.set_password(caller, order.password, order.new)
    return web.Response(status=204, headers=COMMON)


async def every(house: House, caller: Caller, _request: web.Request) -> web.StreamResponse:
    """One's own sessions; all of them for who looks after people."""
    desk = reception(house)
    everybody = "people" in caller.scopes
    found = [one for one in desk.sessions if everybody or one.person == caller.person]
    shapes = (_session(desk, one, caller) for one in sorted(found, key=lambda one: one.created))
    return answer(SessionsShape(sessions=tuple(shapes)))


async def end(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """End one of them."""
    desk = reception(house)
    found = desk.sessions.get(request.match_info["session"])
    if found is None:
        raise Problem(404, "unknown_session")
    told = _session(desk, found, caller)
    with refusals():
        await desk.end(found.person, [found.id], caller)
    return answer(told)


def _who(house: House, caller: Caller) -> WhoShape:
    desk = house.people
    session = desk.sessions.get(caller.session) if desk and caller.session else None
    return WhoShape(
        name=caller.name,
        role=caller.role,
        scopes=tuple(sorted(caller.scopes)),
        lists=None if caller.lists is None else tuple(sorted(caller.lists)),
        person=caller.person,
        session=caller.session,
        csrf=house.csrf(caller) or None,
        ends=desk.sessions.ends(session) if desk and session else None,
    )


def _session(desk: Reception, session: Session, caller: Caller) -> SessionShape:
    account = desk.accounts.get(session.person)
    return SessionShape(
        id=session.id,
        person=session.person,
        name=account.name if account else "",
        created=session.created,
        seen=desk.sessions.seen(session),
        ends=desk.sessions.ends(session),
        address=session.address,
        browser=session.browser,
        here=session.id == caller.session,
    )


# --- forms


async def login(house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
    """Sign in, and go on to where somebody wanted."""
    form = await _form(request)
    wanted = onward(form.get("next", ""))
    back = f"&next={quote(wanted, safe='')}" if wanted != HOME else ""
    try:
        came = _by_us(house, request)
    except Problem as problem:
        if problem.code != "too_many_requests":
            raise
        return _to(f"{LOGIN}?locked={problem.headers['Retry-After']}{back}")
    try:
        with written():
            secret = await reception(house).sign_in(
                form.get("name", "")[:400], form.get("password", ""), came
            )
    except Locked as error:
        return _to(f"{LOGIN}?locked={error.wait}{back}")
    except Refused as error:
        _guessed(house, came, error)
        return _to(f"{LOGIN}?wrong=1{back}")
    await _leave(house, request)
    response = _to(wanted)
    signed_in.remember(response, house, request, secret)
    return response


async def welcome(house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
    """Set a password with a code, and be signed in."""
    form = await _form(request)
    try:
        came = _by_us(house, request)
    except Problem as problem:
        if problem.code != "too_many_requests":
            raise
        return _to(f"{WELCOME}?locked={problem.headers['Retry-After']}")
    try:
        with written():
            secret = await reception(house).welcome(
                form.get("code", "")[:100], form.get("password", ""), came
            )
    except Locked as error:
        return _to(f"{WELCOME}?locked={error.wait}")
    except Refused as error:
        if error.code == "local_off":
            return _to(LOGIN)
        if error.code != "wrong_code":
            return _to(f"{WELCOME}?weak={error.code}")
        _guessed(house, came, error)
        return _to(f"{WELCOME}?wrong=1")
    await _leave(house, request)
    response = _to(HOME)
    signed_in.remember(response, house, request, secret)
    return response


async def _leave(house: House, request: web.Request) -> None:
    """Who signs in anew is no longer who they were in this browser."""
    if (before := signed_in.signed_in(house, request)) is not None:
        with refusals():
            await reception(house).sign_out(before)


async def logout(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """Sign out, and to where somebody signs in; who came by a provider is still signed in there."""
    desk = reception(house)
    account = desk.accounts.get(caller.person or "")
    with refusals():
        await desk.sign_out(caller)
    response = _to(LOGIN if account is None or account.subject is None else f"{LOGIN}?sso=out")
    signed_in.forget(response, house, request)
    return response


def onward(wanted: str) -> str:
    """Where somebody is led on to: a page of ours, whatever a link says, else the first one."""
    path = re.split("[?#]", wanted, maxsplit=1)[0]
    segments = path.replace("%2E", ".").replace("%2e", ".").split("/")
    inside = segments[:2] == ["", "admin"] and not {"..", "."} & {*segments}
    plain = len(wanted) <= LONGEST and _PLAIN.fullmatch(wanted)
    return wanted if inside and plain and path not in {LOGIN, WELCOME} else HOME


async def _form(request: web.Request) -> dict[str, str]:
    if request.content_type != signed_in.FORM:
        raise Problem(400, "bad_body", f"Content-Type must be {signed_in.FORM}")
    return dict(signed_in.fields(await _whole(request)))


async def _whole(request: web.Request) -> bytes:
    """The body, if it comes soon."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError as error:
        raise Problem(400, "bad_body", "it did not come in time") from error


def _to(where: str) -> web.Response:
    headers = COMMON | {"Location": where, "Cache-Control": "no-store"}
    return web.Response(status=303, headers=headers)


_API = "/api/v1/session"
OF_PASSWORDS = (
    "password_too_short",
    "password_too_long",
    "password_too_common",
    "password_is_name",
)
_FORMS = (
    Route(
        method="POST",
        path=LOGIN,
        serve=login,
        scope=None,
        page=True,
        summary="Sign in by the form of the page: `name`, `password`, `next`",
        answer="",
        status=303,
        problems=("bad_body", "not_ours", "disk_failing"),
    ),
    Route(
        method="POST",
        path=WELCOME,
        serve=welcome,
        scope=None,
        page=True,
        summary="Set a password with a one-time code by the form of the page: `code`, `password`",
        answer="",
        status=303,
        problems=("bad_body", "not_ours", "disk_failing"),
    ),
    Route(
        method="POST",
        path="/admin/logout",
        serve=logout,
        scope="read",
        page=True,
        summary="Sign out by the button of the pages",
        answer="",
        status=303,
        problems=("disk_failing",),
    ),
)

ROUTES = (
    *_FORMS,
    Route(
        method="GET",
        path=_API,
        serve=who,
        scope="read",
        displays=False,
        summary="Who calls, and what they may",
        answer=WhoShape,
    ),
    Route(
        method="POST",
        path=_API,
        serve=sign_in,
        scope=None,
        summary="Sign in: a cookie, and what changes must carry",
        answer=WhoShape,
        status=201,
        body=SignInOrder,
        problems=("bad_body", "wrong_password", "local_off", "not_ours", "disk_failing"),
    ),
    Route(
        method="DELETE",
        path=_API,
        serve=sign_out,
        scope="read",
        displays=False,
        summary="Sign out",
        answer="",
        status=204,
        problems=("unknown_session", "disk_failing"),
    ),
    Route(
        method="POST",
        path=f"{_API}/password",
        serve=set_password,
        scope="read",
        displays=False,
        summary="Set another password for oneself; one's other sessions end",
        answer="",
        status=204,
        body=PasswordOrder,
        problems=(
            "bad_body",
            "unknown_session",
            "unknown_person",
            "wrong_password",
            "disk_failing",
            *OF_PASSWORDS,
        ),
    ),
    Route(
        method="GET",
        path="/api/v1/sessions",
        serve=every,
        scope="read",
        displays=False,
        summary="One's own sessions; all of them for who may `people`",
        answer=SessionsShape,
    ),
    Route(
        method="DELETE",
        path="/api/v1/sessions/{session}",
        serve=end,
        scope="read",
        displays=False,
        summary="End a session: one's own, or of somebody who may no more",
        answer=SessionShape,
        problems=("unknown_session", "disk_failing"),
    ),
)
