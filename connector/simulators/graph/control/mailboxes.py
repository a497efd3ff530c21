"""Control of mailboxes and of the meetings in them."""

from datetime import date
from typing import Any

import msgspec
from aiohttp import web

from connector.simulators.graph import query, wire
from connector.simulators.graph.call import TENANT
from connector.simulators.graph.control import forms
from connector.simulators.graph.control.reply import reply
from connector.simulators.graph.entry import Event
from connector.simulators.graph.mailbox import Mailbox
from connector.simulators.graph.meeting import Response
from connector.simulators.graph.query import Preferences
from connector.simulators.graph.refusal import Json


class _NewMailbox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    address: str
    name: str = ""
    time_zone: str = "UTC"
    rest_enabled: bool = True


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    response: Response


class _Reach(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rest_enabled: bool


def routes() -> list[web.RouteDef]:
    """What can be done to mailboxes."""
    events = "/mailboxes/{mailbox}/events"
    return [
        web.get("/mailboxes", mailboxes),
        web.post("/mailboxes", add_mailbox),
        web.patch("/mailboxes/{mailbox}", change_mailbox),
        web.delete("/mailboxes/{mailbox}", remove_mailbox),
        web.delete("/mailboxes/{mailbox}/tokens", forget),
        web.get("/mailboxes/{mailbox}/replies", replies),
        web.get(events, list_events),
        web.post(events, add_event),
        web.get(f"{events}/{{event}}", get_event),
        web.patch(f"{events}/{{event}}", edit_event),
        web.delete(f"{events}/{{event}}", delete_event),
        web.post(f"{events}/{{event}}/cancel", cancel_event),
        web.post(f"{events}/{{event}}/respond", respond),
        web.post(f"{events}/{{event}}/refile", refile_event),
    ]


async def mailboxes(request: web.Request) -> web.Response:
    """All mailboxes."""
    return reply({"mailboxes": [_mailbox_json(one) for one in request.app[TENANT].mailboxes()]})


async def add_mailbox(request: web.Request) -> web.Response:
    """A new mailbox."""
    new = msgspec.json.decode(await request.read(), type=_NewMailbox)
    mailbox = request.app[TENANT].add_mailbox(
        new.address, name=new.name, time_zone=new.time_zone, rest_enabled=new.rest_enabled
    )
    return reply(_mailbox_json(mailbox), status=201)


async def change_mailbox(request: web.Request) -> web.Response:
    """Whether REST reaches a mailbox: one that moves on-premises, or wakes up."""
    mailbox = _mailbox(request)
    mailbox.rest_enabled = msgspec.json.decode(await request.read(), type=_Reach).rest_enabled
    return reply(_mailbox_json(mailbox))


async def remove_mailbox(request: web.Request) -> web.Response:
    """A mailbox and all it holds, gone."""
    gone = request.app[TENANT].remove_mailbox(_mailbox(request).address)
    return reply(_mailbox_json(gone))


async def forget(request: web.Request) -> web.Response:
    """No client may go on from its token of changes."""
    mailbox = _mailbox(request)
    mailbox.forget()
    return reply(_mailbox_json(mailbox))


async def replies(request: web.Request) -> web.Response:
    """What went out in its name."""
    return reply({"replies": _mailbox(request).replies})


async def list_events(request: web.Request) -> web.Response:
    """What a mailbox holds; with `start` and `end` a window of it, series expanded."""
    mailbox = _mailbox(request)
    if "start" in request.query:
        window = {"startDateTime": request.query["start"], "endDateTime": request.query["end"]}
        events = mailbox.view(*query.window(window))
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


async def refile_event(request: web.Request) -> web.Response:
    """A meeting with another default id."""
    mailbox = _mailbox(request)
    return _event(mailbox.refile(_event_id(request)), mailbox)


def _mailbox(request: web.Request) -> Mailbox:
    return request.app[TENANT].mailbox(request.match_info["mailbox"])


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
        "id": str(mailbox.id),
        "name": mailbox.name,
        "time_zone": mailbox.time_zone,
        "rest_enabled": mailbox.rest_enabled,
        "events": len(mailbox),
    }


def _event_json(event: Event, mailbox: Mailbox) -> Json:
    return wire.event(event, mailbox, Preferences())


def _event(event: Event, mailbox: Mailbox, *, status: int = 200) -> web.Response:
    return reply(_event_json(event, mailbox), status=status)
