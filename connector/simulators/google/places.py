"""The directory of resources, and who is free when.

https://developers.google.com/workspace/admin/directory/reference/rest/v1/resources.calendars,
https://developers.google.com/workspace/calendar/api/v3/reference/freebusy/query
"""

from datetime import UTC, datetime

import msgspec
from aiohttp import web

from connector.simulators.google.calendar import Calendar
from connector.simulators.google.call import FREEBUSY_SCOPES, RESOURCE_SCOPES, Call
from connector.simulators.google.item import instant, written
from connector.simulators.google.refusal import Json, Refused, invalid
from connector.simulators.google.workspace import CUSTOMER, Resource

_DIRECTORY = "/admin/directory/v1/customer/{customer}/resources"
_KIND = "admin#directory#resources"
LARGEST_PAGE = 500
MOST_CALENDARS = 50


class _Which(msgspec.Struct):
    id: str


class _Query(msgspec.Struct, kw_only=True):
    time_min: datetime = msgspec.field(name="timeMin")
    time_max: datetime = msgspec.field(name="timeMax")
    items: list[_Which] = []


def routes() -> list[web.RouteDef]:
    """What is answered here."""
    return [
        web.get(f"{_DIRECTORY}/calendars", calendars),
        web.get(f"{_DIRECTORY}/buildings", buildings),
        web.post("/calendar/v3/freeBusy", freebusy),
    ]


async def calendars(request: web.Request) -> web.StreamResponse:
    """A page of the rooms and other resources."""
    call = Call(request, "directory")

    def make() -> Json:
        _admin(call)
        found = list(call.workspace.resources.values())
        here, rest = _page(call, len(found))
        items = [_resource(one) for one in found[here]]
        head = {"kind": f"{_KIND}#calendars#calendarResourcesList", "etag": '"r"'}
        return {**head, "items": items, **rest}

    return await call.answer(make)


async def buildings(request: web.Request) -> web.StreamResponse:
    """A page of the buildings."""
    call = Call(request, "directory")

    def make() -> Json:
        _admin(call)
        found = list(call.workspace.buildings.items())
        here, rest = _page(call, len(found))
        told = [
            {
                "kind": f"{_KIND}#buildings#Building",
                "buildingId": key,
                "buildingName": name,
                "floorNames": ["1"],
            }
            for key, name in found[here]
        ]
        head = {"kind": f"{_KIND}#buildings#buildingsList", "etag": '"b"'}
        return {**head, "buildings": told, **rest}

    return await call.answer(make)


async def freebusy(request: web.Request) -> web.StreamResponse:
    """When calendars are taken; of one that is not shared, that it is not there."""
    call, body = Call(request, "freebusy"), await request.read()

    def make() -> Json:
        token = call.authenticated(FREEBUSY_SCOPES)
        try:
            query = msgspec.json.decode(body, type=_Query)
        except ValueError as error:
            raise invalid() from error
        if len(query.items) > MOST_CALENDARS:
            raise invalid("Too many calendars requested.", "tooManyCalendarsRequested")
        start, end = query.time_min.astimezone(UTC), query.time_max.astimezone(UTC)
        told: Json = {}
        for one in query.items:
            try:
                calendar = call.workspace.calendar(one.id)
            except KeyError:
                calendar = None
            if calendar is None or token.subject not in calendar.roles:
                why = {"domain": "global", "reason": "notFound"}
                told[one.id] = {"errors": [why], "busy": []}
            else:
                told[one.id] = {"busy": _busy(calendar, start, end)}
        return {
            "kind": "calendar#freeBusy",
            "timeMin": written(start),
            "timeMax": written(end),
            "calendars": told,
        }

    return await call.answer(make)


def _busy(calendar: Calendar, start: datetime, end: datetime) -> list[Json]:
    """The spans that take the room, joined where they meet."""
    spans = sorted(
        (max(instant(one.start, calendar.zone), start), min(instant(one.end, calendar.zone), end))
        for one in calendar.expanded(start, end, deleted=False)
        if one.fields.get("transparency") != "transparent" and not _declined(one.fields)
    )
    joined: list[tuple[datetime, datetime]] = []
    for begins, ends in spans:
        if joined and begins <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(ends, joined[-1][1])
        else:
            joined.append((begins, ends))
    return [{"start": written(begins), "end": written(ends)} for begins, ends in joined]


def _declined(fields: Json) -> bool:
    return any(
        one.get("self") and one.get("responseStatus") == "declined"
        for one in fields.get("attendees", [])
    )


def _admin(call: Call) -> None:
    """Refuse whoever may not read the directory."""
    token = call.authenticated(RESOURCE_SCOPES)
    customer = call.request.match_info["customer"]
    if customer not in {"my_customer", CUSTOMER}:
        raise Refused(404, "notFound", "Domain not found.")
    if token.subject not in call.workspace.admins:
        raise Refused(403, "forbidden", "Not Authorized to access this resource/api")


def _page(call: Call, count: int) -> tuple[slice, Json]:
    """Which part of a list is meant, and the token of the next one."""
    asked = call.request.query.get("maxResults", "100")
    most = min(int(asked) if asked.isdecimal() else 100, LARGEST_PAGE)
    most = min(most, call.workspace.page_limit or most)
    text = call.request.query.get("pageToken", "0")
    first = int(text) if text.isdecimal() else 0
    rest = {"nextPageToken": str(first + most)} if first + most < count else {}
    return slice(first, first + most), rest


def _resource(one: Resource) -> Json:
    return {
        "kind": f"{_KIND}#calendars#CalendarResource",
        "etags": '"c"',
        "resourceId": one.id,
        "resourceName": one.name,
        "generatedResourceName": f"{one.building}-{one.floor}-{one.name} ({one.capacity})",
        "resourceEmail": one.email,
        "resourceCategory": one.category,
        "capacity": one.capacity,
        "buildingId": one.building,
        "floorName": one.floor,
        "featureInstances": [
            {"feature": {"kind": f"{_KIND}#features#Feature", "name": name}}
            for name in one.features
        ],
    }
