"""The control API: look at a simulated unit, be the person in its room, make trouble."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web

from connector.simulators.poly import address
from connector.simulators.poly.address import place_of, unit_of
from connector.simulators.poly.answers import json
from connector.simulators.poly.faults import Fault
from connector.simulators.poly.meetings import Meeting, NotJoinable, Status

_Asked = TypeVar("_Asked")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Span = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]


class _Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body of the control API: nothing that is not known."""


class Join(_Given, frozen=True, kw_only=True):
    """Which meeting's Join button to press."""

    id: str


class HangUp(_Given, frozen=True, kw_only=True):
    """Which call to end; 0 for the latest."""

    call: int = 0


class Reboot(_Given, frozen=True, kw_only=True):
    """For how many seconds the unit is away."""

    seconds: Span = 0.0


class Clock(_Given, frozen=True, kw_only=True):
    """How many seconds the unit's clock is ahead."""

    offset: Span


class CalendarSettings(_Given, frozen=True, kw_only=True):
    """Where the unit reads its calendar."""

    server: str
    username: str
    password: str
    mailbox: str = ""
    domain: str = ""


class Standing(_Given, frozen=True, kw_only=True):
    """How the unit says that it finds its calendar; null for the truth."""

    status: Status | None


class Renewal(_Given, frozen=True, kw_only=True):
    """Which certificate to show."""

    kind: address.Kind = "new"


def routes() -> list[web.RouteDef]:
    """Every path of the control API."""
    return [
        web.get("/control", overview),
        web.get("/control/screen", screen),
        web.get("/control/meetings", meetings),
        web.put("/control/meetings", hold),
        web.get("/control/settings", settings),
        web.patch("/control/settings", configure),
        web.put("/control/calendar", calendar),
        web.put("/control/status", stand),
        web.get("/control/requests", requests),
        web.delete("/control/requests", forget_requests),
        web.post("/control/poll", poll),
        web.post("/control/join", join),
        web.post("/control/hangup", hang_up),
        web.post("/control/reboot", reboot),
        web.get("/control/faults", faults),
        web.post("/control/faults", add_fault),
        web.delete("/control/faults", clear_faults),
        web.post("/control/certificate", renew),
        web.patch("/control/switches", switch),
        web.put("/control/clock", set_clock),
    ]


@web.middleware
async def loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only this machine control the unit: there is no password."""
    if request.path.startswith("/control") and not _is_loopback(request.remote or ""):
        return _refuse(403, "the control API answers to loopback only")
    return await handler(request)


def _is_loopback(peer: str) -> bool:
    try:
        return ip_address(peer).is_loopback
    except ValueError:
        return False


def _refuse(status: int, error: str) -> web.Response:
    return json({"error": error}, status)


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what the control API cannot do into words."""
    try:
        return await handler(request)
    except msgspec.DecodeError as error:
        return _refuse(400, str(error))
    except NotJoinable as error:
        return _refuse(409, f"no Join button is lit for {error}")


async def _given(request: web.Request, kind: type[_Asked]) -> _Asked:
    return msgspec.json.decode(await request.read() or b"{}", type=kind)


async def overview(request: web.Request) -> web.Response:
    """The unit at a glance."""
    unit, place = unit_of(request), place_of(request)
    return json(
        {
            "family": unit.kind,
            "model": unit.family.model,
            "software": unit.software,
            "serial": unit.serial,
            "now": unit.now(),
            "offset": unit.offset.total_seconds(),
            "up": unit.is_up(),
            "frozen": unit.frozen,
            "fingerprint": place.fingerprint or None,
            "calendar": unit.status,
            "synced": unit.synced,
            "switches": unit.switches,
            "sessions": len(unit.sessions),
            "locked": {
                "web": unit.web.locked(unit.now()),
                "terminal": unit.terminal.locked(unit.now()),
            },
            "most_at_once": unit.most_at_once,
            "tones": "".join(unit.calls.tones),
        }
    )


async def screen(request: web.Request) -> web.Response:
    """What a person in the room sees."""
    return json(unit_of(request).screen())


async def meetings(request: web.Request) -> web.Response:
    """The meetings as the unit holds them."""
    unit = unit_of(request)
    return json({"meetings": unit.meetings, "synced": unit.synced})


async def hold(request: web.Request) -> web.Response:
    """Hold these meetings, as if they had been read."""
    unit_of(request).hold(await _given(request, list[Meeting]))
    return await meetings(request)


async def settings(request: web.Request) -> web.Response:
    """The settings by the family's own names, without the password."""
    known = unit_of(request).settings
    return json({name: known[name] for name in known.names() if not known.secret(name)})


async def configure(request: web.Request) -> web.Response:
    """Change settings."""
    unit, asked = unit_of(request), await _given(request, dict[str, str])
    for name, value in asked.items():
        if name not in unit.settings:
            return _refuse(400, f"{name} is no setting of this family")
        unit.settings.set(name, value)
    unit.tell()
    return await settings(request)


async def calendar(request: web.Request) -> web.Response:
    """Set up the calendar, as a person does at the unit."""
    asked = await _given(request, CalendarSettings)
    unit_of(request).configure(
        asked.server, asked.username, asked.password, asked.mailbox, asked.domain
    )
    return await settings(request)


async def stand(request: web.Request) -> web.Response:
    """Say that the calendar is found so."""
    unit = unit_of(request)
    unit.stand((await _given(request, Standing)).status)
    return json({"calendar": unit.status})


async def requests(request: web.Request) -> web.Response:
    """The latest requests, oldest first."""
    return json({"requests": list(unit_of(request).requests)})


async def forget_requests(request: web.Request) -> web.Response:
    """Begin the log anew."""
    unit_of(request).requests.clear()
    return json({})


async def poll(request: web.Request) -> web.Response:
    """Read the calendar now."""
    reader = place_of(request).reader
    if reader is None:
        return _refuse(409, "this unit reads no calendar")
    await reader.poll()
    return await meetings(request)


async def join(request: web.Request) -> web.Response:
    """Touch a Join button."""
    return json(unit_of(request).press_join((await _given(request, Join)).id))


async def hang_up(request: web.Request) -> web.Response:
    """End a call."""
    call = unit_of(request).calls.hang_up((await _given(request, HangUp)).call)
    return json(call) if call else _refuse(409, "there is no such call")


async def reboot(request: web.Request) -> web.Response:
    """Restart the unit."""
    asked = await _given(request, Reboot)
    unit_of(request).reboot(timedelta(seconds=asked.seconds))
    return json({})


async def faults(request: web.Request) -> web.Response:
    """The trouble that lies ahead."""
    return json({"faults": unit_of(request).faults.all()})


async def add_fault(request: web.Request) -> web.Response:
    """Ask for trouble."""
    unit_of(request).faults.add(await _given(request, Fault))
    return await faults(request)


async def clear_faults(request: web.Request) -> web.Response:
    """Work again."""
    unit_of(request).faults.clear()
    return await faults(request)


async def renew(request: web.Request) -> web.Response:
    """Show another certificate."""
    asked, place = await _given(request, Renewal), place_of(request)
    if place.context is None:
        return _refuse(409, "this unit is not served with TLS")
    await place.renew(asked.kind)
    answer = json({"fingerprint": place.fingerprint})
    answer.force_close()
    return answer


async def switch(request: web.Request) -> web.Response:
    """Behave differently."""
    unit = unit_of(request)
    try:
        unit.switch(**await _given(request, dict[str, bool | str | float]))
    except ValueError as error:
        return _refuse(400, str(error))
    return json(unit.switches)


async def set_clock(request: web.Request) -> web.Response:
    """Put the unit's clock ahead, or back."""
    unit = unit_of(request)
    unit.offset = timedelta(seconds=(await _given(request, Clock)).offset)
    return json({"now": unit.now()})
