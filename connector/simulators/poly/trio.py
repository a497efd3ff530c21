"""REST of a Trio: `/api/v1`, off until a setting turns it on (endpoints.md 3.6)."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from connector.simulators.poly.address import unit_of
from connector.simulators.poly.answers import USER, BadRequest, basic, fields, json
from connector.simulators.poly.calls import Call
from connector.simulators.poly.unit import Unit

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DONE, BAD, UNREGISTERED, NOT_ALLOWED, NO_CALL = "2000", "4000", "4002", "4003", "4007"
PROTOCOLS = {"SIP": "SIP", "H323": "H323", "TEL": "SIP", "": "SIP"}
STATES = {"dialling": "Dialing", "ringing": "Ringback", "connected": "Connected"}
STATISTICS_SINCE = (5, 8)
"""The first software that survives being asked for the statistics of a call."""
MOST_CALLS = 8


def _answer(unit: Unit, code: str, data: object = None) -> web.Response:
    status: object = int(code) if unit.switches.numeric_codes else code
    return json({"Status": status} if data is None else {"data": data, "Status": status})


async def admit(request: web.Request) -> web.Response | None:
    """What somebody gets who may not ask; None for who may."""
    unit = unit_of(request)
    if not unit.switches.rest:
        return web.Response(status=404)
    given = basic(request)
    if given is not None:
        request[USER] = given[0]
        if unit.web.admits(*given, unit.now()):
            return None
    return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="Polycom"'})


async def _data(request: web.Request) -> dict[str, Any]:
    """What stands in `data`.

    Raises:
        BadRequest: nothing, or no object.
    """
    data = (await fields(request)).get("data")
    if not isinstance(data, dict):
        raise BadRequest("no data")
    return data


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A body that cannot be read is 4000 here."""
    try:
        return await handler(request)
    except BadRequest:
        if not request.path.startswith("/api/"):
            raise
        return _answer(unit_of(request), BAD)


async def dial(request: web.Request) -> web.Response:
    """`{"data": {"Dest", "Line", "Type"}}`; the answer does not say which call it is."""
    unit, data = unit_of(request), await _data(request)
    number, kind = data.get("Dest"), data.get("Type", "TEL")
    if not isinstance(number, str) or not number or kind not in PROTOCOLS:
        return _answer(unit, BAD)
    if str(data.get("Line", "1")) != "1":
        return _answer(unit, BAD)
    if not unit.switches.line_registered:
        return _answer(unit, UNREGISTERED)
    if len(unit.calls.all()) >= MOST_CALLS:
        return _answer(unit, NOT_ALLOWED)
    unit.calls.dial(number, unit.now(), protocol=PROTOCOLS[kind], audio=kind == "TEL")
    return _answer(unit, DONE)


async def _on_call(request: web.Request, act: Callable[[Unit, Call], None]) -> web.Response:
    """Do something with the call that `Ref` names."""
    unit, data = unit_of(request), await _data(request)
    call = next((one for one in unit.calls.all() if handle(one) == data.get("Ref")), None)
    if call is None:
        return _answer(unit, NO_CALL)
    act(unit, call)
    return _answer(unit, DONE)


async def end_call(request: web.Request) -> web.Response:
    """`{"data": {"Ref": "<CallHandle>"}}`."""

    def end(unit: Unit, call: Call) -> None:
        unit.calls.hang_up(call.id)

    return await _on_call(request, end)


async def nothing(request: web.Request) -> web.Response:
    """Answer or reject a call: nobody ever calls a simulated unit."""
    return await _on_call(request, lambda _unit, _call: None)


async def mute(request: web.Request) -> web.Response:
    """`{"data": {"state": "1"}}`; only in a call."""
    unit, data = unit_of(request), await _data(request)
    if data.get("state") not in {"0", "1"}:
        return _answer(unit, BAD)
    return _answer(unit, DONE if unit.calls.all() else NO_CALL)


def handle(call: Call) -> str:
    """How a Trio names a call."""
    return f"0xb53e{call.id:04x}"


def _call(unit: Unit, call: Call) -> dict[str, str]:
    now = unit.now()
    return {
        "CallHandle": handle(call),
        "Type": "Outgoing" if call.outgoing else "Incoming",
        "Protocol": call.protocol,
        "CallState": STATES[call.state(now, unit.answers)],
        "LineId": "1",
        "RemotePartyName": call.number,
        "RemotePartyNumber": call.number,
        "DurationInSeconds": str(int((now - call.started).total_seconds())),
    }


async def call_status(request: web.Request) -> web.Response:
    """The call it is in: one in version 1, a list in version 2; 4007 for none."""
    unit = unit_of(request)
    calls = [_call(unit, call) for call in unit.calls.all()]
    if not calls:
        return _answer(unit, NO_CALL)
    return _answer(unit, DONE, calls if request.path.startswith("/api/v2") else calls[-1])


async def device_info(request: web.Request) -> web.Response:
    """What it is."""
    unit = unit_of(request)
    up = unit.now() - unit.booted
    hours, seconds = divmod(up.seconds, 3600)
    return _answer(
        unit,
        DONE,
        {
            "ModelNumber": unit.family.model,
            "AttachedHardware": {},
            "FirmwareRelease": unit.software,
            "DeviceVendor": "Polycom",
            "DeviceType": "hardwareEndpoint",
            "UpTimeSinceLastReboot": f"{up.days} Day {hours}:{seconds // 60:02}:{seconds % 60:02}",
            "MACAddress": unit.serial,
        },
    )


async def statistics(request: web.Request) -> web.Response:
    """Statistics of a call, which freeze software before 5.8."""
    unit = unit_of(request)
    if not unit.calls.all():
        return _answer(unit, NO_CALL)
    if _numbers(unit.software) < STATISTICS_SINCE:
        await unit.freeze()
    streams = [{"Category": "0:Voice", "PacketsSent": "243", "PacketsLost": "1"}]
    return _answer(unit, DONE, [{"Ref": handle(unit.calls.all()[-1]), "Streams": streams}])


def _numbers(software: str) -> tuple[int, ...]:
    return tuple(int(part) for part in software.split(".") if part.isdecimal())


async def read_config(request: web.Request) -> web.Response:
    """`{"data": ["name", …]}`."""
    unit, asked = unit_of(request), (await fields(request)).get("data")
    if not isinstance(asked, list) or not all(name in unit.settings for name in asked):
        return _answer(unit, BAD)
    return _answer(unit, DONE, {name: _setting(unit, name) for name in asked})


def _setting(unit: Unit, name: str) -> dict[str, str]:
    changed = unit.settings[name] != unit.family.defaults[name]
    value = "" if unit.settings.secret(name) else unit.settings[name]
    return {"Value": value, "Source": "web" if changed else "default"}


async def config(request: web.Request) -> web.Response:
    """`{"data": {"name": "value", …}}`."""
    unit, data = unit_of(request), await _data(request)
    if not all(name in unit.settings for name in data):
        return _answer(unit, BAD)
    for name, value in data.items():
        unit.settings.set(name, str(value))
    unit.tell()
    return _answer(unit, DONE)


async def restart(request: web.Request) -> web.Response:
    """Start anew."""
    unit_of(request).reboot()
    return _answer(unit_of(request), DONE)
