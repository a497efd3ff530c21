"""The control API: look at a simulated unit, be the person in its room, make trouble."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web

from connector.simulators.cisco import address, person
from connector.simulators.cisco.address import codec_of, place_of
from connector.simulators.cisco.codec import Codec, NotJoinable
from connector.simulators.cisco.faults import Fault
from connector.simulators.cisco.users import ROLES, User

_Asked = TypeVar("_Asked")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Span = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]


class _Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body of the control API: nothing that is not known."""


class Join(_Given, frozen=True, kw_only=True):
    """Which booking's Join button to press."""

    id: str


class HangUp(_Given, frozen=True, kw_only=True):
    """Which call to end; 0 for the latest."""

    call: int = 0


class Reboot(_Given, frozen=True, kw_only=True):
    """For how many seconds the unit is away."""

    seconds: Span = 0.0


class Software(_Given, frozen=True, kw_only=True):
    """Which version to run."""

    version: str


class Clock(_Given, frozen=True, kw_only=True):
    """How many seconds the unit's clock is ahead."""

    offset: Span


class Login(_Given, frozen=True, kw_only=True):
    """A user's password and roles."""

    password: str
    roles: tuple[str, ...] = ROLES


class Renewal(_Given, frozen=True, kw_only=True):
    """Which certificate to show."""

    kind: address.Kind = "new"


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


def _json(value: Any, status: int = 200) -> web.Response:
    body = msgspec.json.encode(value)
    return web.Response(status=status, body=body, content_type="application/json")


def _refuse(status: int, error: str) -> web.Response:
    return _json({"error": error}, status)


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
    codec = codec_of(request)
    place = place_of(request)
    return _json(
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
    return _json(codec_of(request).screen())


async def bookings(request: web.Request) -> web.Response:
    """The list as the unit holds it, and the last push as it came."""
    codec = codec_of(request)
    last = codec.received[-1] if codec.received else None
    return _json({"bookings": codec.bookings, "updated": codec.updated, "push": last})


async def requests(request: web.Request) -> web.Response:
    """The latest requests, oldest first."""
    return _json({"requests": list(codec_of(request).requests)})


async def forget_requests(request: web.Request) -> web.Response:
    """Begin the log anew."""
    codec_of(request).requests.clear()
    return _json({})


async def join(request: web.Request) -> web.Response:
    """Touch a Join button."""
    asked = await _given(request, Join)
    return _json(codec_of(request).press_join(asked.id))


async def hang_up(request: web.Request) -> web.Response:
    """End a call."""
    asked = await _given(request, HangUp)
    call = codec_of(request).calls.hang_up(asked.call)
    return _json(call) if call else _refuse(409, "there is no such call")


async def reboot(request: web.Request) -> web.Response:
    """Restart the unit."""
    asked = await _given(request, Reboot)
    codec_of(request).reboot(timedelta(seconds=asked.seconds))
    return _json({})


async def faults(request: web.Request) -> web.Response:
    """The trouble that lies ahead."""
    return _json({"faults": codec_of(request).faults.all()})


async def add_fault(request: web.Request) -> web.Response:
    """Ask for trouble."""
    codec_of(request).faults.add(await _given(request, Fault))
    return await faults(request)


async def clear_faults(request: web.Request) -> web.Response:
    """Work again."""
    codec_of(request).faults.clear()
    return await faults(request)


async def renew(request: web.Request) -> web.Response:
    """Show another certificate."""
    asked = await _given(request, Renewal)
    place = place_of(request)
    if place.context is None:
        return _refuse(409, "this unit is not served with TLS")
    await place.renew(asked.kind, keep=request.transport)
    answer = _json({"fingerprint": place.fingerprint})
    answer.force_close()
    return answer


async def renew_host_key(request: web.Request) -> web.Response:
    """Show another key over SSH."""
    place = place_of(request)
    try:
        await place.renew_host_key()
    except ValueError as error:
        return _refuse(409, str(error))
    return _json({"host_key": place.host_key})


async def switch(request: web.Request) -> web.Response:
    """Behave differently."""
    codec = codec_of(request)
    try:
        codec.switch(**await _given(request, dict[str, bool | int | str]))
    except ValueError as error:
        return _refuse(400, str(error))
    return _json(codec.switches)


async def configure(request: web.Request) -> web.Response:
    """Change settings, each named by its path."""
    codec = codec_of(request)
    for path, value in (await _given(request, dict[str, str])).items():
        try:
            codec.configure(path, value)
        except (KeyError, ValueError):
            return _refuse(400, f"{path} is no setting of this version, or not with this value")
    return _json({path: codec.configuration[path] for path in _paths(codec)})


async def upgrade(request: web.Request) -> web.Response:
    """Run another version."""
    asked = await _given(request, Software)
    try:
        codec_of(request).upgrade(asked.version)
    except ValueError as error:
        return _refuse(400, str(error))
    return await overview(request)


async def set_clock(request: web.Request) -> web.Response:
    """Put the unit's clock ahead, or back."""
    codec = codec_of(request)
    codec.offset = timedelta(seconds=(await _given(request, Clock)).offset)
    return _json({"now": codec.now()})


async def set_user(request: web.Request) -> web.Response:
    """Create a user, or change a password."""
    asked = await _given(request, Login)
    user = User(password=asked.password, roles=asked.roles)
    codec_of(request).users.set(request.match_info["name"], user)
    return _json({"users": codec_of(request).users.names()})


async def remove_user(request: web.Request) -> web.Response:
    """Take a user away."""
    codec_of(request).users.remove(request.match_info["name"])
    return _json({"users": codec_of(request).users.names()})
