"""REST of video units: the calendar as they read it (endpoints.md 3.5)."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from connector.simulators.poly.address import unit_of
from connector.simulators.poly.answers import fields, json
from connector.simulators.poly.meetings import Meeting, NotJoinable
from connector.simulators.poly.unit import Unit
from connector.simulators.poly.videoos import milliseconds


async def status(request: web.Request) -> web.Response:
    """How it finds its calendar."""
    return json({"status": unit_of(request).status})


async def meetings(request: web.Request) -> web.Response:
    """The meetings between `start` and `end` (seconds of the epoch), the first `number` of them."""
    unit = unit_of(request)
    try:
        start, end = (_instant(request.query.get(name, "")) for name in ("start", "end"))
        number = int(request.query.get("number") or 0)
    except (ValueError, OverflowError, OSError):
        return json({"success": False, "reason": "InvalidParameter"}, 400)
    start = start or unit.now()
    found = [one for one in unit.meetings if one.end > start and (not end or one.start < end)]
    return json([_told(unit, one) for one in found[: number or None]])


def _instant(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text), UTC) if text else None


def _told(unit: Unit, meeting: Meeting) -> dict[str, Any]:
    hidden = meeting.private and not unit.settings.shows_private()
    return {
        "id": meeting.id,
        "subject": unit.title(meeting),
        "organizer": meeting.organizer,
        "location": "" if hidden else meeting.location,
        "body": "" if hidden else meeting.body,
        "startTime": milliseconds(meeting.start),
        "duration": int((meeting.end - meeting.start).total_seconds() // 60),
        "canDial": meeting.dial is not None and not meeting.canceled,
        "canceled": meeting.canceled,
        "inCall": any(call.meeting == meeting.id for call in unit.calls.all()),
        "privateMeeting": meeting.private,
        "recurring": meeting.recurring,
        "requiredAttendees": list(meeting.required),
        "optionalAttendees": list(meeting.optional),
        "actions": ["DIAL"] if meeting.dial else [],
        "lastSyncTime": milliseconds(unit.synced) if unit.synced else 0,
    }


async def meeting(request: web.Request) -> web.Response:
    """One meeting."""
    return json(_told(unit_of(request), _wanted(request)))


def _wanted(request: web.Request) -> Meeting:
    found = unit_of(request).meeting(request.match_info["id"])
    if found is None:
        raise web.HTTPNotFound
    return found


async def join(request: web.Request) -> web.Response:
    """Dial what a meeting says."""
    unit, wanted = unit_of(request), _wanted(request)
    try:
        call = unit.press_join(wanted.id)
    except NotJoinable:
        return json({"success": False, "reason": "MeetingNotDialable"}, 400)
    href = f"/rest/conferences/{call.conference}/connections/{call.id}"
    return json([{"href": href, "id": call.id}])


async def discover(request: web.Request) -> web.Response:
    """Find the calendar server by an e-mail address, and use it."""
    unit, asked = unit_of(request), await fields(request)
    email, password = asked.get("email"), asked.get("password")
    if not isinstance(email, str) or not isinstance(password, str) or unit.discovery is None:
        return json({"success": False, "reason": "DiscoveryFailed"}, 400)
    user = asked.get("username") or email
    server = await unit.discovery(email, str(user), password)
    if not server:
        return json({"success": False, "reason": "DiscoveryFailed"}, 400)
    unit.configure(server, str(user), password, email, str(asked.get("userdomain") or ""))
    return json({"success": True})
