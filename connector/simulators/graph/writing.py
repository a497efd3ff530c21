"""Writing to calendars: booking, changing, cancelling, answering.

https://learn.microsoft.com/graph/api/user-post-events,
https://learn.microsoft.com/graph/api/event-update,
https://learn.microsoft.com/graph/api/event-cancel,
https://learn.microsoft.com/graph/api/event-decline
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from aiohttp import web

from connector.simulators.graph import calendars, wire
from connector.simulators.graph.call import Call
from connector.simulators.graph.control.event import GraphEvent
from connector.simulators.graph.entry import Event
from connector.simulators.graph.faults.writes import Contested
from connector.simulators.graph.mailbox import Mailbox, Reply
from connector.simulators.graph.meeting import Meeting, Response
from connector.simulators.graph.refusal import Json, Refused
from rooms.model import Person

_NOT_OURS = ("organizer", "uid", "response", "cancelled", "draft", "online")
"""What whoever writes has no say in."""
_ANSWERS: dict[str, Response] = {
    "accept": "accepted",
    "tentativelyaccept": "tentativelyAccepted",
    "decline": "declined",
}


class _Written(GraphEvent, frozen=True, kw_only=True):
    """An event as a client writes it."""

    transaction_id: str | None = None
    response_requested: bool | None = None
    allow_new_time_proposals: bool | None = None
    is_reminder_on: bool | None = None
    reminder_minutes_before_start: int | None = None

    def changes(self) -> dict[str, Any]:
        """What it says, by the names of `Meeting`."""
        try:
            said = super().changes()
        except KeyError as error:
            message = f"The following TimeZone value is not supported: '{error.args[0]}'."
            raise Refused(400, "TimeZoneNotSupportedException", message) from error
        except ValueError:
            raise _invalid() from None
        return {name: value for name, value in said.items() if name not in _NOT_OURS}


class _Words(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What goes with an answer or a cancellation."""

    comment: str = ""
    send_response: bool = True


def routes() -> list[web.RouteDef]:
    """What can be written."""
    found = []
    for users in ("/v1.0/users/{mailbox}", "/v1.0/users/{mailbox}/calendar"):
        one = f"{users}/events/{{event}}"
        found += [
            web.post(f"{users}/events", create),
            web.patch(one, update),
            web.delete(one, delete),
            web.post(f"{one}/cancel", cancel),
            web.post(f"{one}/{{answer:(?i:accept|tentativelyAccept|decline)}}", respond),
        ]
    return found


async def create(request: web.Request) -> web.StreamResponse:
    """A booking, organised by the mailbox itself; once for each `transactionId`."""
    call = Call(request, "writes")

    async def make() -> Json:
        mailbox, asked = call.mailbox(writing=True), await call.body(_Written)
        changes = asked.changes()
        if not {"start", "end"} <= changes.keys():
            raise _invalid()
        if asked.transaction_id and (known := mailbox.by_transaction(asked.transaction_id)):
            return _entity(call, mailbox, known)
        meeting = Meeting(
            **changes,
            organizer=Person(name=mailbox.name, address=mailbox.address),
            response="organizer",
            transaction_id=asked.transaction_id or "",
        )
        _check_order(meeting.start, meeting.end)
        made = mailbox.add(meeting)
        if contested := call.struck(Contested):
            _contest(mailbox, made, earlier=contested.earlier)
        return _entity(call, mailbox, made)

    return await call.answer(make, status=201)


async def update(request: web.Request) -> web.StreamResponse:
    """An event, changed; of an invitation only the own copy, and nobody is told."""
    call = Call(request, "writes")

    async def make() -> Json:
        mailbox, changes = call.mailbox(writing=True), (await call.body(_Written)).changes()
        event = _current(call, mailbox)
        old = event.meeting
        _check_order(changes.get("start", old.start), changes.get("end", old.end))
        return _entity(call, mailbox, mailbox.edit(event.id, **changes))

    return await call.answer(make)


async def delete(request: web.Request) -> web.StreamResponse:
    """An event, gone; nobody is told."""
    call = Call(request, "writes")

    def make() -> None:
        mailbox = call.mailbox(writing=True)
        mailbox.delete(_current(call, mailbox).id)

    return await call.answer(make, status=204)


async def cancel(request: web.Request) -> web.StreamResponse:
    """A meeting of the mailbox's own, called off: its guests are told, and it is gone."""
    call = Call(request, "writes")

    def check(mailbox: Mailbox, event: Event) -> None:
        if not wire.organises(mailbox, event.meeting):
            words = "You need to be an organizer to cancel a meeting."
            raise Refused(400, "ErrorInvalidRequest", f"Your request can't be completed. {words}")

    return await _tell(call, "cancelled", check)


async def respond(request: web.Request) -> web.StreamResponse:
    """An invitation, answered; one that is declined leaves the calendar."""
    call = Call(request, "writes")
    answer = _ANSWERS[request.match_info["answer"].lower()]

    def check(mailbox: Mailbox, event: Event) -> None:
        if wire.organises(mailbox, event.meeting):
            words = "You can't respond to this meeting because you're the meeting organizer."
            raise Refused(400, "ErrorInvalidRequest", f"Your request can't be completed. {words}")

    return await _tell(call, answer, check)


async def _tell(
    call: Call, what: Response | Literal["cancelled"], check: Callable[[Mailbox, Event], None]
) -> web.StreamResponse:
    """Cancel or answer, and let the others know."""

    async def make() -> None:
        mailbox, words = call.mailbox(writing=True), await _words(call)
        event = calendars.find(call, mailbox)
        check(mailbox, event)
        match what:
            case "cancelled" | "declined":
                mailbox.delete(event.id)
            case _:
                mailbox.respond(event.id, what)
        if words.send_response:
            told = event.meeting.organizer.address
            mailbox.replies.append(Reply(what, event.id, told, words.comment))

    return await call.answer(make, status=202)


async def _words(call: Call) -> _Words:
    """What goes with an answer; a request may have no body at all."""
    return await call.body(_Words) if call.request.can_read_body else _Words()


def _current(call: Call, mailbox: Mailbox) -> Event:
    """The event in the path, unless it is no longer as the client knows it."""
    event = calendars.find(call, mailbox)
    wanted = call.request.headers.get("If-Match", "*")
    if wanted not in {"*", f'W/"{event.change_key}"'}:
        message = (
            "The send or update operation could not be performed because the change key passed "
            "in the request does not match the current change key for the item."
        )
        raise Refused(412, "ErrorIrresolvableConflict", message)
    return event


def _check_order(start: object, end: object) -> None:
    """Refuse what ends before it starts, or lasts days at one end and hours at the other."""
    both_days = not isinstance(start, datetime) and not isinstance(end, datetime)
    both_instants = isinstance(start, datetime) and isinstance(end, datetime)
    if not (both_days or both_instants) or start > end:  # type: ignore[operator] # of one kind
        raise _invalid()


def _invalid() -> Refused:
    message = "At least one property failed validation."
    return Refused(400, "ErrorPropertyValidationFailure", message)


def _contest(mailbox: Mailbox, made: Event, *, earlier: bool) -> None:
    """Somebody else's booking of the same time, a second before or after."""
    rival = Meeting(subject="Rival", start=made.start, end=made.end)
    mailbox.add(rival, created=made.created + timedelta(seconds=-1 if earlier else 1))


def _entity(call: Call, mailbox: Mailbox, event: Event) -> Json:
    context = f"{call.origin}/v1.0/$metadata#users('{mailbox.id}')/events/$entity"
    return {"@odata.context": context} | wire.event(event, mailbox, call.preferences)
