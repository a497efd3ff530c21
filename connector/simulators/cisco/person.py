"""The control API, second part: the person at the unit, who calls it, and where it posts."""

from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web

from connector.simulators.cisco import commands
from connector.simulators.cisco.actions import Result
from connector.simulators.cisco.address import codec_of
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.queries import branch
from connector.simulators.cisco.values import plain

_Asked = TypeVar("_Asked")

ROLES = ("Admin", "Integrator", "User")


class _Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body of the control API: nothing that is not known."""


class Told(_Given, frozen=True, kw_only=True):
    """A command, as words with spaces between, and what comes with it."""

    path: str
    parameters: dict[str, str] = {}


class Happening(_Given, frozen=True, kw_only=True):
    """An event such as `Standby/Reset`, and what it says."""

    path: str
    content: dict[str, str] = {}


class Ringing(_Given, frozen=True, kw_only=True):
    """Who calls."""

    number: str
    protocol: str = ""


class Which(_Given, frozen=True, kw_only=True):
    """Which call; 0 for the latest."""

    call: int = 0


class People(_Given, frozen=True, kw_only=True):
    """How many are in the room."""

    count: Annotated[int, msgspec.Meta(ge=0)]


class Authority(_Given, frozen=True, kw_only=True):
    """A certificate (PEM) to trust; nothing for those of the system."""

    pem: str = ""


def routes() -> list[web.RouteDef]:
    """The paths of this part."""
    return [
        web.post("/control/command", command),
        web.post("/control/event", event),
        web.post("/control/ring", ring),
        web.post("/control/answer", answer),
        web.put("/control/people", people),
        web.get("/control/feedback", feedback),
        web.put("/control/authority", trust),
    ]


def touch(codec: Codec, words: str, **parameters: str) -> Result:
    """Let the person at the unit do something: `touch(codec, "Bookings Book", Duration="30")`."""
    path = commands.spelled(codec.version, words.split())
    order = commands.ordered(codec.version, path, parameters.items())
    return commands.execute(codec, order, ROLES)


async def _given(request: web.Request, kind: type[_Asked]) -> _Asked:
    return msgspec.json.decode(await request.read() or b"{}", type=kind)


def _json(value: Any, status: int = 200) -> web.Response:
    body = msgspec.json.encode(value)
    return web.Response(status=status, body=body, content_type="application/json")


async def command(request: web.Request) -> web.Response:
    """Do what a person at the unit does."""
    asked = await _given(request, Told)
    result = touch(codec_of(request), asked.path, **asked.parameters)
    content = branch(result.content) or {}
    return _json({"status": result.status, **plain(content)}, 200 if result.status == "OK" else 409)


async def event(request: web.Request) -> web.Response:
    """Tell of something that has happened."""
    asked = await _given(request, Happening)
    codec_of(request).news.event(asked.path, **asked.content)
    return _json({})


async def ring(request: web.Request) -> web.Response:
    """Call the unit."""
    asked = await _given(request, Ringing)
    codec = codec_of(request)
    return _json(codec.calls.ring(asked.number, codec.now(), protocol=asked.protocol))


async def answer(request: web.Request) -> web.Response:
    """Take a call that the unit makes, or that it gets."""
    asked = await _given(request, Which)
    call = codec_of(request).calls.connect(asked.call)
    return _json(call) if call else _json({"error": "no such call rings"}, 409)


async def people(request: web.Request) -> web.Response:
    """Let people come and go."""
    codec_of(request).count((await _given(request, People)).count)
    return _json({})


async def feedback(request: web.Request) -> web.Response:
    """Where the unit posts, and what it posted last."""
    codec = codec_of(request)
    return _json({"slots": codec.slots.all(), "posts": list(codec.posted)})


async def trust(request: web.Request) -> web.Response:
    """Trust one more authority when posting."""
    codec_of(request).authority = (await _given(request, Authority)).pem
    return _json({})
