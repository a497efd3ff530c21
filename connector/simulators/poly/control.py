"""The control API: look at a simulated unit, be the person in its room, make trouble."""

from datetime import timedelta

import msgspec
from aiohttp import web

from connector.simulators.control_api import (
    Clock,
    Given,
    Handler,
    HangUp,
    Join,
    Reboot,
    Renewal,
    given,
    json,
    refuse,
)
from connector.simulators.poly.address import place_of, unit_of
from connector.simulators.poly.faults import Fault
from connector.simulators.poly.meetings import Meeting, NotJoinable, Status


class CalendarSettings(Given, frozen=True, kw_only=True):
    """Where the unit reads its calendar."""

    server: str
    username: str
    password: str
    mailbox: str = ""
    domain: str = ""


class Standing(Given, frozen=True, kw_only=True):
    """How the unit says that it finds its calendar; null for the truth."""

    status: Status | None


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
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what the control API cannot do into words."""
    try:
        return await handler(request)
    except msgspec.DecodeError as error:
        return refuse(400, str(error))
    except NotJoinable as error:
        return refuse(409, f"no Join button is lit for {error}")


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
    unit_of(request).hold(await given(request, list[Meeting]))
    return await meetings(request)


async def settings(request: web.Request) -> web.Response:
    """The settings by the family's own names, without the password."""
    known = unit_of(request).settings
    return json({name: known[name] for name in known.names() if not known.secret(name)})


async def configure(request: web.Request) -> web.Response:
    """Change settings."""
    unit, asked = unit_of(request), await given(request, dict[str, str])
    for name, value in asked.items():
        if name not in unit.settings:
            return refuse(400, f"{name} is no setting of this family")
        unit.settings.set(name, value)
    unit.tell()
    return await settings(request)


async def calendar(request: web.Request) -> web.Response:
    """Set up the calendar, as a person does at the unit."""
    asked = await given(request, CalendarSettings)
    unit_of(request).configure(
        asked.server, asked.username, asked.password, asked.mailbox, asked.domain
    )
    return await settings(request)


async def stand(request: web.Request) -> web.Response:
    """Say that the calendar is found so."""
    unit = unit_of(request)
    unit.stand((await given(request, Standing)).status)
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
        return refuse(409, "this unit reads no calendar")
    await reader.poll()
    return await meetings(request)


async def join(request: web.Request) -> web.Response:
    """Touch a Join button."""
    return json(unit_of(request).press_join((await given(request, Join)).id))


async def hang_up(request: web.Request) -> web.Response:
    """End a call."""
    call = unit_of(request).calls.hang_up((await given(request, HangUp)).call)
    return json(call) if call else refuse(409, "there is no such call")


async def reboot(request: web.Request) -> web.Response:
    """Restart the unit."""
    asked = await given(request, Reboot)
    unit_of(request).reboot(timedelta(seconds=asked.seconds))
    return json({})


async def faults(request: web.Request) -> web.Response:
    """The trouble that lies ahead."""
    return json({"faults": unit_of(request).faults.all()})


async def add_fault(request: web.Request) -> web.Response:
    """Ask for trouble."""
    unit_of(request).faults.add(await given(request, Fault))
    return await faults(request)


async def clear_faults(request: web.Request) -> web.Response:
    """Work again."""
    unit_of(request).faults.clear()
    return await faults(request)


async def renew(request: web.Request) -> web.Response:
    """Show another certificate."""
    asked, place = await given(request, Renewal), place_of(request)
    if place.context is None:
        return refuse(409, "this unit is not served with TLS")
    await place.renew(asked.kind)
    answer = json({"fingerprint": place.fingerprint})
    answer.force_close()
    return answer


async def switch(request: web.Request) -> web.Response:
    """Behave differently."""
    unit = unit_of(request)
    try:
        unit.switch(**await given(request, dict[str, bool | str | float]))
    except ValueError as error:
        return refuse(400, str(error))
    return json(unit.switches)


async def set_clock(request: web.Request) -> web.Response:
    """Put the unit's clock ahead, or back."""
    unit = unit_of(request)
    unit.offset = timedelta(seconds=(await given(request, Clock)).offset)
    return json({"now": unit.now()})
