"""REST of video units: logging in and out, and who may ask (endpoints.md 3.5)."""

from aiohttp import web

from connector.simulators.poly.address import unit_of
from connector.simulators.poly.answers import USER, basic, fields, json
from connector.simulators.poly.logins import Session
from connector.simulators.poly.unit import Unit

COOKIE = "session_id"
TOKEN_COOKIE = "XSRF-TOKEN"  # noqa: S105 - a cookie's name
TOKEN_HEADER = "x-xsrf-token"  # noqa: S105 - a header's name


def _refused(unit: Unit, reason: str) -> web.Response:
    return json({"success": False, "reason": reason}, unit.switches.error_status)


async def begin(request: web.Request) -> web.Response:
    """Log in: `{"user", "password", "action": "Login"}`."""
    unit = unit_of(request)
    if _session(request) is not None:
        return _refused(unit, "SessionAlreadyActive")
    asked = await fields(request)
    name, password = asked.get("user"), asked.get("password")
    if unit.web.locked(unit.now()):
        return _refused(unit, "SessionPortLockout")
    if asked.get("action", "Login") != "Login" or not isinstance(name, str):
        return _refused(unit, "SessionRequestInvalid")
    request[USER] = name
    if not isinstance(password, str) or not unit.web.admits(name, password, unit.now()):
        return _refused(unit, "SessionRequestInvalid")
    session = unit.sessions.begin(name, unit.now())
    answer = json(
        {
            "success": True,
            "session": {"sessionId": session.id, "userId": name, "role": _role(name)},
            "loginStatus": {"loginResult": "NOLOCKOUT"},
        }
    )
    answer.set_cookie(COOKIE, session.id, path="/", secure=request.secure, httponly=True)
    if unit.switches.xsrf:
        answer.set_cookie(TOKEN_COOKIE, session.xsrf, path="/", secure=request.secure)
    return answer


def _role(name: str) -> str:
    return "USER" if name == "user" else "ADMIN"


async def end(request: web.Request) -> web.Response:
    """Log out."""
    unit = unit_of(request)
    if not unit.sessions.end(request.cookies.get(COOKIE, "")):
        return _refused(unit, "SessionNoActiveSession")
    answer = json({"success": True})
    answer.del_cookie(COOKIE)
    return answer


async def state(request: web.Request) -> web.Response:
    """The session that a request belongs to."""
    session = _session(request)
    if session is None:
        return _refused(unit_of(request), "SessionNoActiveSession")
    return json({"success": True, "session": {"sessionId": session.id, "userId": session.user}})


def _session(request: web.Request) -> Session | None:
    unit = unit_of(request)
    return unit.sessions.get(request.cookies.get(COOKIE, ""), unit.now())


def admit(request: web.Request) -> web.Response | None:
    """What somebody gets who may not ask; None for who may."""
    unit = unit_of(request)
    switches = unit.switches
    session = _session(request) if switches.session else None
    if session is not None:
        request[USER] = session.user
        proven = not switches.xsrf or request.headers.get(TOKEN_HEADER) == session.xsrf
        if not proven:
            return web.Response(status=403)
    if switches.basic == "ignored" or (switches.basic == "allowed" and session is not None):
        return None if session is not None else web.Response(status=403)
    if not _by_password(request, unit):
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="Poly"'})
    alone = switches.basic == "allowed" or not switches.session
    return None if session is not None or alone else web.Response(status=403)


def _by_password(request: web.Request, unit: Unit) -> bool:
    given = basic(request)
    if given is None:
        return False
    request[USER] = given[0]
    return unit.web.admits(*given, unit.now())
