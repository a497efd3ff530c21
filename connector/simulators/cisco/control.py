"""The control API: look at a simulated unit, be the person in its room, make trouble."""

from datetime import timedelta

import msgspec
from aiohttp import web

from connector.simulators.cisco import person
from connector.simulators.cisco.address import codec_of, place_of
from connector.simulators.cisco.codec import Codec, NotJoinable
from connector.simulators.cisco.faults import Fault
from connector.simulators.cisco.users import ROLES, User
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


class Software(Given, frozen=True, kw_only=True):
    """Which version to run."""

    version: str


class Login(Given, frozen=True, kw_only=True):
    """A user's password and roles."""

    password: str
    roles: tuple[str, ...] = ROLES


def routes() -> list[web.RouteDef]:
    """Every path of the control API."""
    return [
        web.get("/control", overview),
        web.get("/control/screen", screen),
        web.get("/control/bookings", bookings),
        web.get("/control/requests", requests),
        web.delete("/control/requests", forget_requests),
        web.post("/control/join", join),
        web.post("/control/hangup", hang_up),
        web.post("/control/reboot", reboot),
        web.get("/control/faults", faults),
        web.post("/control/faults", add_fault),
        web.delete("/control/faults", clear_faults),
        web.post("/control/certificate", renew),
        web.post("/control/hostkey", renew_host_key),
        web.patch("/control/switches", switch),
        web.patch("/control/configuration", configure),
        web.put("/control/version", upgrade),
        web.put("/control/clock", set_clock),
        web.put("/control/users/{name}", set_user),
        web.delete("/control/users/{name}", remove_user),
        *person.routes(),
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
    codec = codec_of(request)
    place = place_of(request)
    return json(
        {
            "version": codec.version.text,
            "serial": codec.serial,
            "now": codec.now(),
            "offset": codec.offset.total_seconds(),
            "up": codec.is_up(),
            "fingerprint": place.fingerprint or None,
            "switches": codec.switches,
            "configuration": {path: codec.configuration[path] for path in _paths(codec)},
            "users": codec.users.names(),
            "locked": codec.users.locked(codec.now()),
            "sessions": len(codec.sessions),
        }
    )


def _paths(codec: Codec) -> list[str]:
    return sorted(codec.configuration.settings)


async def screen(request: web.Request) -> web.Response:
    """What a person in the room sees."""
    return json(codec_of(request).screen())


async def bookings(request: web.Request) -> web.Response:
    """The list as the unit holds it, and the last push as it came."""
    codec = codec_of(request)
    last = codec.received[-1] if codec.received else None
    return json({"bookings": codec.bookings, "updated": codec.updated, "push": last})


async def requests(request: web.Request) -> web.Response:
    """The latest requests, oldest first."""
    return json({"requests": list(codec_of(request).requests)})


async def forget_requests(request: web.Request) -> web.Response:
    """Begin the log anew."""
    codec_of(request).requests.clear()
    return json({})


async def join(request: web.Request) -> web.Response:
    """Touch a Join button."""
    asked = await given(request, Join)
    return json(codec_of(request).press_join(asked.id))


async def hang_up(request: web.Request) -> web.Response:
    """End a call."""
    asked = await given(request, HangUp)
    call = codec_of(request).calls.hang_up(asked.call)
    return json(call) if call else refuse(409, "there is no such call")


async def reboot(request: web.Request) -> web.Response:
    """Restart the unit."""
    asked = await given(request, Reboot)
    codec_of(request).reboot(timedelta(seconds=asked.seconds))
    return json({})


async def faults(request: web.Request) -> web.Response:
    """The trouble that lies ahead."""
    return json({"faults": codec_of(request).faults.all()})


async def add_fault(request: web.Request) -> web.Response:
    """Ask for trouble."""
    codec_of(request).faults.add(await given(request, Fault))
    return await faults(request)


async def clear_faults(request: web.Request) -> web.Response:
    """Work again."""
    codec_of(request).faults.clear()
    return await faults(request)


async def renew(request: web.Request) -> web.Response:
    """Show another certificate."""
    asked = await given(request, Renewal)
    place = place_of(request)
    if place.context is None:
        return refuse(409, "this unit is not served with TLS")
    await place.renew(asked.kind, keep=request.transport)
    answer = json({"fingerprint": place.fingerprint})
    answer.force_close()
    return answer


async def renew_host_key(request: web.Request) -> web.Response:
    """Show another key over SSH."""
    place = place_of(request)
    try:
        await place.renew_host_key()
    except ValueError as error:
        return refuse(409, str(error))
    return json({"host_key": place.host_key})


async def switch(request: web.Request) -> web.Response:
    """Behave differently."""
    codec = codec_of(request)
    try:
        codec.switch(**await given(request, dict[str, bool | int | str]))
    except ValueError as error:
        return refuse(400, str(error))
    return json(codec.switches)


async def configure(request: web.Request) -> web.Response:
    """Change settings, each named by its path."""
    codec = codec_of(request)
    for path, value in (await given(request, dict[str, str])).items():
        try:
            codec.configure(path, value)
        except (KeyError, ValueError):
            return refuse(400, f"{path} is no setting of this version, or not with this value")
    return json({path: codec.configuration[path] for path in _paths(codec)})


async def upgrade(request: web.Request) -> web.Response:
    """Run another version."""
    asked = await given(request, Software)
    try:
        codec_of(request).upgrade(asked.version)
    except ValueError as error:
        return refuse(400, str(error))
    return await overview(request)


async def set_clock(request: web.Request) -> web.Response:
    """Put the unit's clock ahead, or back."""
    codec = codec_of(request)
    codec.offset = timedelta(seconds=(await given(request, Clock)).offset)
    return json({"now": codec.now()})


async def set_user(request: web.Request) -> web.Response:
    """Create a user, or change a password."""
    asked = await given(request, Login)
    user = User(password=asked.password, roles=asked.roles)
    codec_of(request).users.set(request.match_info["name"], user)
    return json({"users": codec_of(request).users.names()})


async def remove_user(request: web.Request) -> web.Response:
    """Take a user away."""
    codec_of(request).users.remove(request.match_info["name"])
    return json({"users": codec_of(request).users.names()})
