"""The calendar part of Graph v1.0 that is simulated."""

from datetime import UTC, datetime
from functools import cache
from urllib.parse import quote

from aiohttp import web

from connector.simulators.graph import delta, query, wire
from connector.simulators.graph.call import Call
from connector.simulators.graph.entry import Event, NotThere
from connector.simulators.graph.identifiers import Malformed
from connector.simulators.graph.mailbox import Mailbox
from connector.simulators.graph.query import DEFAULT_PAGE, LARGEST_PAGE, Preferences, Query
from connector.simulators.graph.refusal import Json, Refused

# Paths of Graph are not case-sensitive; these are the spellings in use.
_VIEW = "{view:[cC]alendar[vV]iew}"
_NOT_SELECTABLE = {"createddatetime", "lastmodifieddatetime"}
_ALWAYS = {"id", "@odata.etag"}


def routes() -> list[web.RouteDef]:
    """What Graph answers here; anything else is a segment it does not know."""
    users = "/v1.0/users/{mailbox}"
    return [
        web.get(f"{users}/{_VIEW}", view),
        web.get(f"{users}/calendar/{_VIEW}", view),
        web.get(f"{users}/{_VIEW}/delta", delta.delta),
        web.get(f"{users}/calendar/{_VIEW}/delta", delta.delta),
        web.get(f"{users}/events", entries),
        web.get(f"{users}/calendar/events", entries),
        web.get(f"{users}/events/{{event}}", one),
        web.get(f"{users}/calendar/events/{{event}}", one),
        web.get(f"{users}/events/{{event}}/instances", instances),
        web.get(f"{users}/calendar/events/{{event}}/instances", instances),
        web.route("*", "/v1.0/{tail:.*}", unknown),
    ]


async def view(request: web.Request) -> web.StreamResponse:
    """A window of a calendar, series expanded (user-list-calendarview)."""
    call = Call(request)

    def make() -> Json:
        mailbox = call.mailbox()
        asked, (start, end) = query.query(request.query), query.window(request.query)
        return _page(call, mailbox, asked, mailbox.view(start, end), "calendarView")

    return await call.answer(make)


async def entries(request: web.Request) -> web.StreamResponse:
    """Single meetings and series as such (user-list-events)."""
    call = Call(request)

    def make() -> Json:
        mailbox = call.mailbox()
        asked = query.query(request.query)
        return _page(call, mailbox, asked, mailbox.entries(), "events")

    return await call.answer(make)


async def one(request: web.Request) -> web.StreamResponse:
    """One event by its id (event-get)."""
    call = Call(request)

    def make() -> Json:
        mailbox = call.mailbox()
        asked = query.query(request.query)
        _check(asked)
        event = wire.event(find(call, mailbox), mailbox, call.preferences)
        (event,) = call.spoil([event]) or [event]
        context = _context(call, mailbox, asked, "events")
        return {"@odata.context": f"{context}/$entity"} | _selected(event, asked)

    return await call.answer(make)


async def instances(request: web.Request) -> web.StreamResponse:
    """The occurrences of one series in a window (event-list-instances)."""
    call = Call(request)

    def make() -> Json:
        mailbox = call.mailbox()
        asked, (start, end) = query.query(request.query), query.window(request.query)
        series = find(call, mailbox)
        events = [event for event in mailbox.view(start, end) if event.series_id == series.id]
        what = f"events('{quote(series.id, safe='')}')/instances"
        return _page(call, mailbox, asked, events, what)

    return await call.answer(make)


async def unknown(request: web.Request) -> web.StreamResponse:
    """Anything else."""
    call = Call(request)
    segment = request.match_info["tail"].rpartition("/")[2]

    def make() -> Json:
        call.authenticated()
        if request.method != "GET":
            raise Refused(405, "Request_BadRequest", "The simulator cannot do that.")
        raise Refused(400, "BadRequest", f"Resource not found for the segment '{segment}'.")

    return await call.answer(make)


def find(call: Call, mailbox: Mailbox) -> Event:
    """The event in the path."""
    try:
        return mailbox.get(call.request.match_info["event"])
    except Malformed:
        raise Refused(400, "ErrorInvalidIdMalformed", "Id is malformed.") from None
    except NotThere:
        message = "The specified object was not found in the store."
        raise Refused(404, "ErrorItemNotFound", message) from None


def _page(call: Call, mailbox: Mailbox, asked: Query, events: list[Event], what: str) -> Json:
    """One page of a list, and where the next one is."""
    wanted = call.preferences
    _check(asked)
    ordered = _ordered(events, asked)
    size = min(asked.top or wanted.page or DEFAULT_PAGE, wanted.page or LARGEST_PAGE, LARGEST_PAGE)
    here = ordered[asked.skip : asked.skip + size]
    items = call.spoil([wire.event(event, mailbox, wanted) for event in here])
    page: Json = {"@odata.context": _context(call, mailbox, asked, what)}
    if asked.count:
        page["@odata.count"] = len(ordered)
    page["value"] = [_selected(item, asked) for item in items]
    if asked.skip + size < len(ordered):
        page["@odata.nextLink"] = query.next_link(call.request, asked.skip + size)
    return page


def _ordered(events: list[Event], asked: Query) -> list[Event]:
    """The events in the order that was asked for."""
    match asked.order:
        case "start":
            return sorted(events, key=lambda event: event.start, reverse=asked.descending)
        case "end":
            return sorted(events, key=lambda event: event.end, reverse=asked.descending)
        case "subject":
            return sorted(events, key=lambda event: event.meeting.subject, reverse=asked.descending)
        case None:
            return events


def _check(asked: Query) -> None:
    """Refuse to select what no event has."""
    for name in asked.select:
        if name.lower() not in _properties():
            kind = "Microsoft.OutlookServices.Event"
            message = f"Could not find a property named '{name}' on type '{kind}'."
            raise Refused(400, "RequestBroker--ParseUri", message)


@cache
def _properties() -> frozenset[str]:
    """The properties of events."""
    sample = wire.sample(datetime(2026, 1, 1, tzinfo=UTC), Preferences())
    return frozenset(name.lower() for name in sample) | {"originalstart", "calendar"}


def _selected(event: Json, asked: Query) -> Json:
    """The properties that were asked for. Two of them Exchange never selects."""
    if not asked.select:
        return event
    names = {name.lower() for name in asked.select} - _NOT_SELECTABLE
    return {
        name: value for name, value in event.items() if name in _ALWAYS or name.lower() in names
    }


def _context(call: Call, mailbox: Mailbox, asked: Query, what: str) -> str:
    """Where the metadata of an answer is described."""
    chosen = f"({','.join(asked.select)})" if asked.select else ""
    return f"{call.origin}/v1.0/$metadata#users('{mailbox.id}')/{what}{chosen}"
