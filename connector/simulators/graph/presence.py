"""Presence, set by applications and read.

https://learn.microsoft.com/graph/api/presence-setpresence,
https://learn.microsoft.com/graph/api/presence-clearpresence,
https://learn.microsoft.com/graph/api/presence-get
"""

import re
from datetime import timedelta

import msgspec
from aiohttp import web

from connector.simulators.graph.call import Call
from connector.simulators.graph.refusal import Json, Refused
from connector.simulators.graph.sessions import PAIRS

READS = {"Presence.Read.All", "Presence.ReadWrite.All"}
WRITES = {"Presence.ReadWrite.All"}
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=4)
_DURATION = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,4})M)?")


class _Set(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    session_id: str
    availability: str
    activity: str
    expiration_duration: str = "PT5M"


class _Clear(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    session_id: str


def routes() -> list[web.RouteDef]:
    """What can be done with presence."""
    users = "/v1.0/users/{mailbox}/presence"
    return [
        web.get(users, get),
        web.post(f"{users}/setPresence", set_),
        web.post(f"{users}/clearPresence", clear),
    ]


async def get(request: web.Request) -> web.StreamResponse:
    """What people see of an account."""
    call = Call(request)

    def make() -> Json:
        address = _account(call, READS)
        availability, activity = call.tenant.presences.shown(address)
        return {"availability": availability, "activity": activity}

    return await call.answer(make)


async def set_(request: web.Request) -> web.StreamResponse:
    """A session, begun or renewed."""
    call = Call(request, "writes")

    async def make() -> None:
        address, asked = _account(call, WRITES), await call.body(_Set)
        _check_session(call, asked.session_id)
        pair = asked.availability, asked.activity
        if pair not in PAIRS:
            raise Refused(400, "InvalidArgument", "Availability and activity do not fit.")
        span = _span(asked.expiration_duration)
        call.tenant.presences.set(address, asked.session_id, pair, span)

    return await call.answer(make)


async def clear(request: web.Request) -> web.StreamResponse:
    """The end of a session."""
    call = Call(request, "writes")

    async def make() -> None:
        address, asked = _account(call, WRITES), await call.body(_Clear)
        _check_session(call, asked.session_id)
        if not call.tenant.presences.clear(address, asked.session_id):
            raise Refused(404, "NotFound", "The presence session was not found.")

    return await call.answer(make)


def _account(call: Call, roles: set[str]) -> str:
    """The account in the path, for an application with one of these permissions."""
    token = call.authenticated()
    app = call.tenant.apps.get(token.client_id)
    if token.account or app is None or roles.isdisjoint(app.roles):
        raise Refused(403, "Forbidden", "Insufficient privileges to complete the operation.")
    try:
        return call.tenant.mailbox(call.request.match_info["mailbox"]).address
    except KeyError:
        raise Refused(404, "NotFound", "The user was not found.") from None


def _check_session(call: Call, session: str) -> None:
    if session.lower() != call.authenticated().client_id.lower():
        raise Refused(400, "InvalidArgument", "The session is not the application's own.")


def _span(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    hours, minutes = (int(one or 0) for one in found.groups()) if found else (0, 0)
    span = timedelta(hours=hours, minutes=minutes)
    if not SHORTEST <= span <= LONGEST:
        raise Refused(400, "InvalidArgument", "The expiration is out of range.")
    return span
