"""The events of a calendar: lists, single ones, and the channels that tell of changes."""

from datetime import UTC, datetime, timedelta

import msgspec
from aiohttp import web
from yarl import URL

from connector.simulators.google import listing
from connector.simulators.google.calendar import Calendar, NotThere
from connector.simulators.google.call import READ_SCOPES, WRITE_SCOPES, Call
from connector.simulators.google.channels import Channel
from connector.simulators.google.item import Item, hidden, written
from connector.simulators.google.oddities import odd_items
from connector.simulators.google.refusal import Json, Refused, invalid, not_found
from connector.simulators.google.writes import inserted, patched, removed

_EVENTS = "/calendar/v3/calendars/{calendar}/events"


class _Wanted(msgspec.Struct, kw_only=True):
    """A channel as a client describes it (the `Channel` of the discovery document)."""

    id: str
    type: str
    address: str
    token: str = ""
    expiration: str | int | None = None
    params: dict[str, str] = {}


class _Stopped(msgspec.Struct, kw_only=True):
    id: str
    resource_id: str = msgspec.field(name="resourceId")


def routes() -> list[web.RouteDef]:
    """What is answered here."""
    return [
        web.get(_EVENTS, list_events),
        web.post(_EVENTS, insert),
        web.post(f"{_EVENTS}/watch", watch),
        web.get(f"{_EVENTS}/{{event}}", get),
        web.patch(f"{_EVENTS}/{{event}}", patch),
        web.delete(f"{_EVENTS}/{{event}}", delete),
        web.get(f"{_EVENTS}/{{event}}/instances", instances),
        web.post("/calendar/v3/channels/stop", stop),
    ]


async def list_events(request: web.Request) -> web.StreamResponse:
    """A page of what a calendar holds, or of what changed in it."""
    call = Call(request)

    def make() -> Json:
        calendar = call.calendar(READ_SCOPES, "reader")
        if call.fault("sync_expired") and "syncToken" in request.query:
            raise listing.expired()
        wanted = listing.asked(request.query, calendar)
        return _page(call, calendar, wanted, listing.chosen(calendar, wanted))

    return await call.answer(make)


async def instances(request: web.Request) -> web.StreamResponse:
    """The occurrences of one series."""
    call = Call(request)

    def make() -> Json:
        calendar = call.calendar(READ_SCOPES, "reader")
        wanted = listing.asked({**request.query, "singleEvents": "true"}, calendar)
        series = _find(calendar, request).id
        found = [one for one in listing.chosen(calendar, wanted) if one.series == series]
        return _page(call, calendar, wanted, found)

    return await call.answer(make)


async def get(request: web.Request) -> web.StreamResponse:
    """One event, one series or one occurrence."""
    call = Call(request)

    def make() -> Json:
        calendar = call.calendar(READ_SCOPES, "reader")
        return _shown(call, _find(calendar, request).resource(calendar.zone))

    return await call.answer(make)


async def insert(request: web.Request) -> web.StreamResponse:
    """A new event."""
    call, body = Call(request), await _body(request)

    def make() -> Json:
        calendar = call.calendar(WRITE_SCOPES, "writer")
        token = call.authenticated(WRITE_SCOPES)
        return inserted(calendar, body, alone=token.subject == token.account)

    return await call.answer(make)


async def patch(request: web.Request) -> web.StreamResponse:
    """An event, changed in some properties."""
    call, body = Call(request), await _body(request)

    def make() -> Json:
        calendar = call.calendar(WRITE_SCOPES, "writer")
        return patched(calendar, _matching(calendar, request), body)

    return await call.answer(make)


async def delete(request: web.Request) -> web.StreamResponse:
    """An event, gone."""
    call = Call(request)

    def make() -> None:
        calendar = call.calendar(WRITE_SCOPES, "writer")
        removed(calendar, _matching(calendar, request))

    return await call.answer(make)


async def watch(request: web.Request) -> web.StreamResponse:
    """A channel on a calendar."""
    call, body = Call(request, "channels"), await request.read()

    def make() -> Json:
        calendar = call.calendar(READ_SCOPES, "reader")
        token = call.authenticated(READ_SCOPES)
        try:
            wanted = msgspec.json.decode(body, type=_Wanted)
            address = URL(wanted.address)
        except ValueError as error:
            raise invalid("Required parameter is missing.", "required") from error
        if wanted.type not in {"web_hook", "webhook"}:
            raise invalid("Unknown channel type.", "invalid")
        uri = request.url.origin().join(URL(request.path.removesuffix("/watch")))
        channel = call.workspace.channels.open(
            Channel(
                id=wanted.id,
                calendar=calendar.address,
                address=address,
                token=wanted.token,
                account=token.account,
                expires=_ends(call, wanted),
                resource_uri=f"{uri}?alt=json",
            )
        )
        return _channel(channel)

    return await call.answer(make)


async def stop(request: web.Request) -> web.StreamResponse:
    """A channel, closed."""
    call, body = Call(request, "channels"), await request.read()

    def make() -> None:
        token = call.authenticated(READ_SCOPES)
        try:
            given = msgspec.json.decode(body, type=_Stopped)
        except ValueError as error:
            raise invalid("Required parameter is missing.", "required") from error
        call.workspace.channels.stop(given.id, given.resource_id, token.account)

    return await call.answer(make)


def _ends(call: Call, wanted: _Wanted) -> datetime:
    """When a channel ends: as asked, but never later than the workspace's own limit."""
    now, channels = call.workspace.now(), call.workspace.channels
    latest = now + channels.life
    if wanted.expiration is not None:
        asked = datetime.fromtimestamp(int(wanted.expiration) / 1000, UTC)
    elif (seconds := wanted.params.get("ttl", "")).isdecimal():
        asked = now + timedelta(seconds=int(seconds))
    else:
        asked = latest
    return min(asked, latest)


def _channel(channel: Channel) -> Json:
    told = {
        "kind": "api#channel",
        "id": channel.id,
        "resourceId": channel.resource_id,
        "resourceUri": channel.resource_uri,
        "expiration": str(int(channel.expires.timestamp() * 1000)),
    }
    return told | ({"token": channel.token} if channel.token else {})


def _page(call: Call, calendar: Calendar, wanted: listing.Asked, found: list[Item]) -> Json:
    """One page of a list, and where the next one is."""
    size = min(wanted.most, call.workspace.page_limit or wanted.most)
    if call.fault("empty_page") and wanted.offset == 0:
        size = 0
    here = found[wanted.offset : wanted.offset + size]
    items = [_shown(call, one.resource(wanted.zone)) for one in here]
    if call.fault("odd_items"):
        items += odd_items(calendar.address)
    page: Json = {
        "kind": "calendar#events",
        "etag": f'"p{calendar.version}"',
        "summary": calendar.name,
        "updated": written(call.workspace.now(), milliseconds=True),
        "timeZone": wanted.zone.key,
        "accessRole": call.role,
        "defaultReminders": [],
        "items": items,
    }
    after = wanted.offset + size
    if after < len(found) or (call.fault("empty_page") and not size):
        # An empty page leads on to the same place, so it needs a token that differs.
        page["nextPageToken"] = listing.next_page(calendar, wanted, after)
    elif call.fault("endless_pages"):
        page["nextPageToken"] = listing.next_page(calendar, wanted, len(found))
    elif not wanted.by_start and not call.fault("no_sync_token"):
        page["nextSyncToken"] = listing.next_sync(calendar, wanted)
    return page


def _shown(call: Call, told: Json) -> Json:
    """An event as far as it may be seen."""
    return hidden(told) if call.role == "reader" else told


def _find(calendar: Calendar, request: web.Request) -> Item:
    """The event in the path."""
    try:
        return calendar.get(request.match_info["event"])
    except NotThere:
        raise not_found() from None


def _matching(calendar: Calendar, request: web.Request) -> Item:
    """The event in the path, if it is the version that the client means.

    https://developers.google.com/workspace/calendar/api/guides/version-resources
    """
    item = _find(calendar, request)
    wanted = request.headers.get("If-Match", "*")
    if wanted not in {"*", item.etag} and not item.cancelled:
        raise Refused(412, "conditionNotMet", "Precondition Failed")
    return item


async def _body(request: web.Request) -> Json:
    try:
        body = msgspec.json.decode(await request.read())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
