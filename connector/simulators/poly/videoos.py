"""REST of video units: system, settings and calls (endpoints.md 3.5)."""

from datetime import datetime
from typing import Any

from aiohttp import web

from connector.simulators.poly.address import unit_of
from connector.simulators.poly.answers import BadRequest, fields, given, json
from connector.simulators.poly.calls import Call
from connector.simulators.poly.unit import Unit

PARTS = {"DISABLED": "off", "ONLINE": "up"}
"""How `system.status.calendar` says it; anything else is down."""
STATES = {"dialling": "DIALING", "ringing": "RINGING", "connected": "CONNECTED"}
DIAL_TYPES = frozenset({"AUTO", "SIP", "H323"})


def milliseconds(instant: datetime) -> int:
    """An instant as units write it: milliseconds of the epoch."""
    return int(instant.timestamp() * 1000)


async def system(request: web.Request) -> web.Response:
    """What it is."""
    unit = unit_of(request)
    offset = unit.now().astimezone(unit.zone).utcoffset()
    return json(
        {
            "build": "366027",
            "buildType": "Release",
            "hardwareVersion": "1",
            "lanStatus": {"duplex": "FULL", "speedMbps": 1000, "state": "LAN_UP"},
            "model": unit.family.model,
            "rebootNeeded": False,
            "serialNumber": unit.serial,
            "softwareVersion": unit.software,
            "state": "AWAKE",
            "systemName": unit.name,
            "systemTime": milliseconds(unit.now()),
            "timeOffset": int(offset.total_seconds() * 1000) if offset else 0,
            "timeServerState": "TIMESERVER_UP",
            "uptime": (unit.now() - unit.booted).total_seconds(),
        }
    )


async def status(request: web.Request) -> web.Response:
    """How its parts are."""
    calendar = PARTS.get(unit_of(request).status, "down")
    return json(
        [
            {"langtag": langtag, "name": f"system.status.{name}", "stateList": [state]}
            for langtag, name, state in (
                ("LAN_NETWORK_HEADING", "ipnetwork", "up"),
                ("SIP_SERVER_HEADING", "sipserver", "up"),
                ("GATEKEEPER_HEADING", "gatekeeper", "off"),
                ("CALENDAR_SERVICE_HEADING", "calendar", calendar),
            )
        ]
    )


async def reboot(request: web.Request) -> web.Response:
    """`{"action": "reboot"}`."""
    if (await fields(request)).get("action") != "reboot":
        return json({"success": False}, 400)
    unit_of(request).reboot()
    return json({"success": True})


async def read_config(request: web.Request) -> web.Response:
    """Settings that `vars` or `names` of the body, or `name` of the query, ask for."""
    names = request.query.getall("name", [])
    if not names and request.can_read_body:
        names = _names(await fields(request))
    unit = unit_of(request)
    return json({"vars": [_told(unit, name) for name in names or unit.settings.names()]})


async def config(request: web.Request) -> web.Response:
    """Set what comes with a value, read what comes without."""
    unit, asked = unit_of(request), await fields(request)
    for one in _vars(asked):
        if "value" in one and one["name"] in unit.settings:
            unit.settings.set(one["name"], _text(one["value"]))
    unit.tell()
    return json({"vars": [_told(unit, name) for name in _names(asked)]})


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _vars(asked: dict[str, Any]) -> list[dict[str, Any]]:
    found = asked.get("vars", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadRequest("vars is no list of objects")
    if not all(isinstance(one.get("name"), str) for one in found):
        raise BadRequest("a variable has no name")
    return found


def _names(asked: dict[str, Any]) -> list[str]:
    names = asked.get("names", [])
    if not isinstance(names, list):
        raise BadRequest("names is no list")
    return [one["name"] for one in _vars(asked)] + [str(name) for name in names]


def _told(unit: Unit, name: str) -> dict[str, Any]:
    """A setting; no document has the word for one that is not there."""
    if name not in unit.settings:
        return {"name": name, "result": "NOTFOUND", "value": ""}
    secret = unit.settings.secret(name)
    return {
        "name": name,
        "result": "NOERROR",
        "value": "" if secret else unit.settings[name],
        "isEditable": True,
        "isHidden": False,
        "isSecure": secret,
    }


def _href(call: Call) -> str:
    return f"/rest/conferences/{call.conference}/connections/{call.id}"


def _connection(unit: Unit, call: Call) -> dict[str, Any]:
    return {
        "href": _href(call),
        "id": call.id,
        "address": call.number,
        "callType": call.protocol,
        "direction": "OUTGOING" if call.outgoing else "INCOMING",
        "isVideo": not call.audio,
        "rate": call.rate,
        "startTime": milliseconds(call.started),
        "state": STATES[call.state(unit.now(), unit.answers)],
    }


def _conference(unit: Unit, calls: tuple[Call, ...]) -> dict[str, Any]:
    return {
        "href": f"/rest/conferences/{calls[0].conference}",
        "id": calls[0].conference,
        "startTime": milliseconds(calls[0].started),
        "connections": [_connection(unit, call) for call in calls],
        "terminals": [
            {"id": call.id, "address": call.number, "name": call.number, "systemID": "far end"}
            for call in calls
        ],
    }


def _calls(request: web.Request) -> tuple[Call, ...]:
    """The calls of the conference that the path names.

    Raises:
        web.HTTPNotFound: there is no such conference.
    """
    wanted = request.match_info["id"]
    found = tuple(call for call in unit_of(request).calls.all() if str(call.conference) == wanted)
    if not found:
        raise web.HTTPNotFound
    return found


def _call(request: web.Request) -> Call:
    wanted = request.match_info["connection"]
    for call in _calls(request):
        if str(call.id) == wanted:
            return call
    raise web.HTTPNotFound


async def conferences(request: web.Request) -> web.Response:
    """What it is in: an empty list when idle."""
    unit = unit_of(request)
    calls = unit.calls.all()
    return json([_conference(unit, calls)] if calls else [])


async def conference(request: web.Request) -> web.Response:
    """One conference."""
    return json(_conference(unit_of(request), _calls(request)))


async def dial(request: web.Request) -> web.Response:
    """`{"address", "rate", "dialType"}`."""
    unit, asked = unit_of(request), await fields(request)
    address, kind = asked.get("address"), asked.get("dialType", "AUTO")
    if not isinstance(address, str) or not address or kind not in DIAL_TYPES:
        return json({"success": False, "reason": "InvalidParameter"}, 400)
    rate = asked.get("rate", 0)
    call = unit.calls.dial(
        address, unit.now(), protocol=kind, rate=rate if isinstance(rate, int) else 0
    )
    return json([_connection(unit, call)])


async def leave(request: web.Request) -> web.Response:
    """Hang up a whole conference."""
    for call in _calls(request):
        unit_of(request).calls.hang_up(call.id)
    return json({"success": True})


async def connection(request: web.Request) -> web.Response:
    """One connection."""
    return json(_connection(unit_of(request), _call(request)))


async def act(request: web.Request) -> web.Response:
    """`{"action": "hangup"}` or `"answer"`."""
    call, action = _call(request), (await fields(request)).get("action")
    if action not in {"hangup", "answer"}:
        return json({"success": False, "reason": "InvalidParameter"}, 400)
    if action == "hangup":
        unit_of(request).calls.hang_up(call.id)
    return json({"success": True})


async def audio(request: web.Request) -> web.Response:
    """`{"action": "playDTMF", "dtmfChar": "1"}`: one tone."""
    asked = await fields(request)
    digit = asked.get("dtmfChar", "")
    one_tone = isinstance(digit, str) and len(digit) == 1 and digit in "0123456789*#"
    if asked.get("action") != "playDTMF" or not one_tone:
        return json({"success": False, "reason": "InvalidParameter"}, 400)
    if not unit_of(request).calls.tone(digit):
        return json({"success": False, "reason": "NotInCall"}, 400)
    return json({"success": True})


async def mute(request: web.Request) -> web.Response:
    """`true` or `false`."""
    return json({"success": True, "result": await given(request, bool)})
