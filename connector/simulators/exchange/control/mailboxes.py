"""Control of mailboxes and of the meetings in them; meetings are written as Graph writes them."""

from datetime import date, datetime
from typing import Any

import msgspec
from aiohttp import web

from connector.simulators.exchange.call import EXCHANGE
from connector.simulators.exchange.mailbox import Mailbox
from connector.simulators.graph import wire
from connector.simulators.graph.control import forms
from connector.simulators.graph.control.reply import reply
from connector.simulators.graph.entry import Event
from connector.simulators.graph.meeting import Response
from connector.simulators.graph.query import Preferences
from connector.simulators.graph.refusal import Json


class _NewMailbox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    address: str
    name: str = ""
    time_zone: str = "UTC"
    attendant: bool = False
    hidden: bool = False


class _NewList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    address: str
    rooms: list[str]
    name: str = ""


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    response: Response


class _Nature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    attendant: bool | None = None
    hidden: bool | None = None


def routes() -> list[web.RouteDef]:
    """What can be done to mailboxes and lists of rooms."""
    events = "/mailboxes/{mailbox}/events"
    return [
        web.get("/mailboxes", mailboxes),
        web.post("/mailboxes", add_mailbox),
        web.patch("/mailboxes/{mailbox}", change_mailbox),
        web.delete("/mailboxes/{mailbox}", remove_mailbox),
        web.get(events, list_events),
        web.post(events, add_event),
        web.get(f"{events}/{{event}}", get_event),
        web.patch(f"{events}/{{event}}", edit_event),
        web.delete(f"{events}/{{event}}", delete_event),
        web.post(f"{events}/{{event}}/cancel", cancel_event),
        web.post(f"{events}/{{event}}/respond", respond),
        web.get("/room-lists", room_lists),
        web.post("/room-lists", add_room_list),
        web.delete("/room-lists/{list}", remove_room_list),
    ]


async def mailboxes(request: web.Request) -> web.Response:
    """All mailboxes."""
    return reply({"mailboxes": [_mailbox_json(one) for one in request.app[EXCHANGE].mailboxes()]})


async def add_mailbox(request: web.Request) -> web.Response:
    """A new mailbox."""
    new = msgspec.json.decode(await request.read(), type=_NewMailbox)
    mailbox = request.app[EXCHANGE].add_mailbox(**msgspec.structs.asdict(new))
    return reply(_mailbox_json(mailbox), status=201)


async def change_mailbox(request: web.Request) -> web.Response:
    """A mailbox with or without an attendant, hidden or not."""
    mailbox = _mailbox(request)
    wanted = msgspec.json.decode(await request.read(), type=_Nature)
    if wanted.attendant is not None:
        mailbox.attendant = wanted.attendant
    if wanted.hidden is not None:
        mailbox.hidden = wanted.hidden
    return reply(_mailbox_json(mailbox))


async def remove_mailbox(request: web.Request) -> web.Response:
    """A mailbox and all it holds, gone."""
    return reply(_mailbox_json(request.app[EXCHANGE].remove_mailbox(_mailbox(request).address)))


async def list_events(request: web.Request) -> web.Response:
    """What a mailbox holds; with `start` and `end` a window of it, series expanded."""
    mailbox = _mailbox(request)
    if "start" in request.query:
        start, end = (datetime.fromisoformat(request.query[name]) for name in ("start", "end"))
        if start.tzinfo is None or end.tzinfo is None:
            raise ValueError("start and end need an offset, or Z")
        events = mailbox.view(start, end)
    else:
        events = mailbox.entries()
    return reply({"events": [_event_json(event, mailbox) for event in events]})


async def add_event(request: web.Request) -> web.Response:
    """A new meeting or series."""
    mailbox = _mailbox(request)
    return _event(mailbox.add(forms.meeting(await _body(request))), mailbox, status=201)


async def get_event(request: web.Request) -> web.Response:
    """A meeting, a series or one occurrence."""
    mailbox = _mailbox(request)
    return _event(mailbox.get(_event_id(request)), mailbox)


async def edit_event(request: web.Request) -> web.Response:
    """A meeting, changed."""
    mailbox, event_id = _mailbox(request), _event_id(request)
    edits = forms.edits(await _body(request), mailbox.get(event_id).meeting)
    return _event(mailbox.edit(event_id, **edits), mailbox)


async def delete_event(request: web.Request) -> web.Response:
    """A meeting, a series or one occurrence, gone."""
    mailbox = _mailbox(request)
    return _event(mailbox.delete(_event_id(request)), mailbox)


async def cancel_event(request: web.Request) -> web.Response:
    """A meeting that its organizer cancelled."""
    mailbox = _mailbox(request)
    return _event(mailbox.cancel(_event_id(request)), mailbox)


async def respond(request: web.Request) -> web.Response:
    """A meeting, answered."""
    mailbox = _mailbox(request)
    answer = msgspec.json.decode(await request.read(), type=_Answer)
    return _event(mailbox.respond(_event_id(request), answer.response), mailbox)


async def room_lists(request: web.Request) -> web.Response:
    """All lists of rooms."""
    return reply({"room_lists": list(request.app[EXCHANGE].room_lists.values())})


async def add_room_list(request: web.Request) -> web.Response:
    """A list of rooms, new or replaced."""
    new = msgspec.json.decode(await request.read(), type=_NewList)
    made = request.app[EXCHANGE].add_room_list(new.address, new.rooms, name=new.name)
    return reply(made, status=201)


async def remove_room_list(request: web.Request) -> web.Response:
    """A list of rooms, gone."""
    return reply(request.app[EXCHANGE].room_lists.pop(request.match_info["list"].lower()))


def _mailbox(request: web.Request) -> Mailbox:
    return request.app[EXCHANGE].mailbox(request.match_info["mailbox"])


def _event_id(request: web.Request) -> str:
    """The id in the path; with `on`, that of the occurrence planned for a day."""
    event_id = request.match_info["event"]
    if "on" not in request.query:
        return event_id
    return _mailbox(request).on(event_id, date.fromisoformat(request.query["on"])).id


async def _body(request: web.Request) -> Json:
    return msgspec.json.decode(await request.read(), type=dict[str, Any])


def _mailbox_json(mailbox: Mailbox) -> Json:
    return {
        "address": mailbox.address,
        "name": mailbox.name,
        "time_zone": mailbox.time_zone,
        "attendant": mailbox.attendant,
        "hidden": mailbox.hidden,
        "events": len(mailbox),
    }


def _event_json(event: Event, mailbox: Mailbox) -> Json:
    return wire.event(event, mailbox, Preferences())


def _event(event: Event, mailbox: Mailbox, *, status: int = 200) -> web.Response:
    return reply(_event_json(event, mailbox), status=status)
