"""Answers as JSON, and errors as problem JSON."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from bridge.callers import Caller
from bridge.views.house import JSON, encode
from bridge.views.route import Handler, Route
from bridge.views.shapes import ProblemShape, Shape

__all__ = [
    "ANYBODY",
    "COOKIE",
    "PIN",
    "TITLES",
    "Handler",
    "Problem",
    "Route",
    "answer",
    "body_of",
    "refused",
    "too_many",
]

COOKIE = "roombridge_display"
PIN = "Display-Pin"
"""The header that carries what somebody typed at a door."""

ANYBODY = Caller(name="anybody", scopes=frozenset())


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
    "not_ours": "A page elsewhere may have sent this: load the page anew, and do it again",
    "wrong_password": "Name or password is wrong",
    "wrong_code": "This code is wrong, used or too old: have another one made",
    "password_too_short": "The password is too short",
    "password_too_long": "The password is too long",
    "password_too_common": "The password is too easy to guess",
    "password_is_name": "The password is little more than a name",
    "unknown_person": "There is no such account",
    "unknown_session": "There is no such session in force",
    "name_taken": "Somebody has this name already",
    "last_owner": "Somebody must be able to let others in: this is the last owner",
    "beyond_oneself": "Nobody can give more than they have, or change who may more",
    "lists_not_for_role": "Only viewers and facilities staff are for some room lists only",
    "person_disabled": "This account is disabled",
    "changed_meanwhile": "It was changed meanwhile: read it again, and decide again",
    "if_match_needed": "Say with If-Match which version you have read",
    "unexpected": "A fault of the bridge itself",
}
"""Every problem there is."""


def refused(caller: Caller) -> Problem:
    """Unknown callers are asked who they are; known ones may not."""
    if caller is ANYBODY:
        return Problem(401, "unauthorized", WWW_Authenticate='Bearer realm="roombridge"')
    return Problem(403, "forbidden")


def too_many(wait: int) -> Problem:
    """The answer to who has to wait so many seconds."""
    return Problem(429, "too_many_requests", Retry_After=str(wait))


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
