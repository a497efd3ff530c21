"""The control API: what a person or a test does to the workspace while it runs.

It has no authentication, so it answers to this machine only.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import msgspec
from aiohttp import web

from connector.simulators.google.calendar import Calendar, Role
from connector.simulators.google.call import WORKSPACE
from connector.simulators.google.faults import Fault
from connector.simulators.google.item import Item
from connector.simulators.google.refusal import Json, Refused
from connector.simulators.google.workspace import Workspace

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _NewRoom(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    address: str
    name: str = ""
    time_zone: str = "UTC"
    building: str = ""
    floor: str = ""
    capacity: int = 0
    features: list[str] = []
    shared_with: list[str] = []
    role: Role = "reader"


class _Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    address: str
    role: Role | None = "reader"


class _Channels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    drop_share: float | None = None
    delay: float | None = None
    plain_http: bool | None = None
    life_seconds: float | None = None


class _Clock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    offset_seconds: float


def application(workspace: Workspace) -> web.Application:
    """The routes below `/control`."""
    app = web.Application(middlewares=[_loopback_only, _in_plain_words])
    app[WORKSPACE] = workspace
    events = "/calendars/{calendar}/events"
    app.add_routes(
        [
            web.get("/calendars", calendars),
            web.post("/calendars", add_room),
            web.delete("/calendars/{calendar}", remove_room),
            web.post("/calendars/{calendar}/share", share),
            web.delete("/calendars/{calendar}/sync-tokens", expire),
            web.get(events, list_events),
            web.post(events, add_event),
            web.patch(f"{events}/{{event}}", edit_event),
            web.delete(f"{events}/{{event}}", delete_event),
            web.get("/faults", faults),
            web.post("/faults", set_fault),
            web.delete("/faults", clear_faults),
            web.get("/requests", requests),
            web.delete("/requests", forget_requests),
            web.get("/channels", channels),
            web.patch("/channels", change_channels),
            web.delete("/tokens", revoke_tokens),
            web.put("/clock", set_clock),
        ]
    )
    return app


@web.middleware
async def _loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn strangers away."""
    if not ip_address(request.remote or "::").is_loopback:
        return _reply({"error": "the control API answers to loopback only"}, status=403)
    return await handler(request)


@web.middleware
async def _in_plain_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What was asked for, or one sentence on why not."""
    try:
        return await handler(request)
    except LookupError as error:
        return _reply({"error": f"not here: {error.args[0]}"}, status=404)
    except (Refused, ValueError, TypeError) as error:
        return _reply({"error": str(error)}, status=400)


async def calendars(request: web.Request) -> web.Response:
    """All calendars."""
    found = request.app[WORKSPACE].calendars()
    return _reply({"calendars": [_calendar_json(one) for one in found]})


async def add_room(request: web.Request) -> web.Response:
    """A new room."""
    new = msgspec.structs.asdict(msgspec.json.decode(await request.read(), type=_NewRoom))
    made = request.app[WORKSPACE].add_room(new.pop("address"), **new)
    return _reply(_calendar_json(made), status=201)


async def remove_room(request: web.Request) -> web.Response:
    """A room and its calendar, gone."""
    gone = request.app[WORKSPACE].remove_room(_calendar(request).address)
    return _reply(_calendar_json(gone))


async def share(request: web.Request) -> web.Response:
    """A calendar shared with somebody, or with `role` null no longer."""
    calendar = _calendar(request)
    given = msgspec.json.decode(await request.read(), type=_Share)
    calendar.share(given.address, given.role)
    return _reply(_calendar_json(calendar))


async def expire(request: web.Request) -> web.Response:
    """All sync tokens of a calendar worthless."""
    _calendar(request).expire_sync_tokens()
    return _reply({})


async def list_events(request: web.Request) -> web.Response:
    """What a calendar holds; meetings and series as such."""
    calendar = _calendar(request)
    return _reply({"events": [one.resource(calendar.zone) for one in calendar.items()]})


async def add_event(request: web.Request) -> web.Response:
    """A new meeting: `summary`, `start`, `end`, `repeat`, and whatever a resource holds."""
    calendar, given = _calendar(request), await _body(request)
    event_id = calendar.add(
        str(given.pop("summary", "")),
        _moment(given.pop("start"), calendar),
        _moment(given.pop("end"), calendar),
        **given,
    )
    return _reply(calendar.get(event_id).resource(calendar.zone), status=201)


async def edit_event(request: web.Request) -> web.Response:
    """A meeting, series or occurrence, changed."""
    calendar, given = _calendar(request), await _body(request)
    for key in ("start", "end"):
        if key in given:
            given[key] = _moment(given[key], calendar)
    if "response" in given:
        calendar.respond(request.match_info["event"], str(given.pop("response")))
    return _event(calendar.edit(request.match_info["event"], **given), calendar)


async def delete_event(request: web.Request) -> web.Response:
    """A meeting, series or occurrence, gone."""
    calendar = _calendar(request)
    return _event(calendar.delete(request.match_info["event"]), calendar)


async def faults(request: web.Request) -> web.Response:
    """The faults that are set."""
    return _reply({"faults": request.app[WORKSPACE].faults.all()})


async def set_fault(request: web.Request) -> web.Response:
    """A new fault."""
    fault = msgspec.json.decode(await request.read(), type=Fault)
    return _reply(request.app[WORKSPACE].faults.add(fault), status=201)


async def clear_faults(request: web.Request) -> web.Response:
    """No more faults."""
    request.app[WORKSPACE].faults.clear()
    return _reply({"faults": []})


async def requests(request: web.Request) -> web.Response:
    """The newest requests, of one `calendar` where it is named."""
    journal = request.app[WORKSPACE].journal
    asked = journal.requests(request.query.get("calendar"))
    return _reply({"requests": asked, "by_status": journal.by_status})


async def forget_requests(request: web.Request) -> web.Response:
    """Begin to count anew."""
    request.app[WORKSPACE].journal.clear()
    return _reply({})


async def channels(request: web.Request) -> web.Response:
    """The channels that live, and the calls that were made."""
    there = request.app[WORKSPACE].channels
    told = [
        {"id": one.id, "calendar": one.calendar, "expires": one.expires, "messages": one.number}
        for one in there.all()
    ]
    return _reply({"channels": told, "delivered": there.delivered, "dropped": there.dropped})


async def change_channels(request: web.Request) -> web.Response:
    """How channels behave from now on."""
    given = msgspec.json.decode(await request.read(), type=_Channels)
    there = request.app[WORKSPACE].channels
    for name in ("drop_share", "delay", "plain_http"):
        if getattr(given, name) is not None:
            setattr(there, name, getattr(given, name))
    if given.life_seconds is not None:
        there.life = timedelta(seconds=given.life_seconds)
    return await channels(request)


async def revoke_tokens(request: web.Request) -> web.Response:
    """All access tokens worthless."""
    return _reply({"revoked": request.app[WORKSPACE].revoke_tokens()})


async def set_clock(request: web.Request) -> web.Response:
    """How far the workspace's clock is from the true time."""
    given = msgspec.json.decode(await request.read(), type=_Clock)
    workspace = request.app[WORKSPACE]
    workspace.offset = timedelta(seconds=given.offset_seconds)
    return _reply({"now": workspace.now()})


def _moment(words: Any, calendar: Calendar) -> datetime | date:
    """A day, a local time where the room is, or an instant."""
    try:
        return date.fromisoformat(words)
    except ValueError:
        when = datetime.fromisoformat(words)
        return (when if when.tzinfo else when.replace(tzinfo=calendar.zone)).astimezone(UTC)


def _calendar(request: web.Request) -> Calendar:
    return request.app[WORKSPACE].calendar(request.match_info["calendar"])


async def _body(request: web.Request) -> Json:
    return msgspec.json.decode(await request.read(), type=dict[str, Any])


def _calendar_json(calendar: Calendar) -> Json:
    return {
        "address": calendar.address,
        "name": calendar.name,
        "time_zone": calendar.time_zone,
        "events": len(calendar),
        "roles": calendar.roles,
    }


def _event(item: Item, calendar: Calendar) -> web.Response:
    return _reply(item.resource(calendar.zone))


def _reply(value: object, *, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json"
    )
