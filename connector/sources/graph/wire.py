"""What Graph sends, typed; and the events that it means."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from connector.errors import Malformed
from rooms.identity import clean_uid, occurrence_of
from rooms.model import Days, Event, Person, Response, Window
from rooms.zones import zone

SELECT = (
    "id,iCalUId,subject,body,start,end,isAllDay,isCancelled,isOrganizer,isDraft,sensitivity,showAs,"
    "type,originalStart,originalStartTimeZone,responseStatus,organizer,location,locations,"
    "onlineMeeting,onlineMeetingUrl"
)


class Wire(msgspec.Struct, rename="camel", gc=False):
    """A part of an answer; whatever else it holds is passed over."""


class Moment(Wire):
    """https://learn.microsoft.com/graph/api/resources/datetimetimezone."""

    date_time: str
    time_zone: str | None = None


class Body(Wire):
    """https://learn.microsoft.com/graph/api/resources/itembody."""

    content_type: str | None = None
    content: str | None = None


class Address(Wire):
    """https://learn.microsoft.com/graph/api/resources/emailaddress."""

    name: str | None = None
    address: str | None = None


class Recipient(Wire):
    """https://learn.microsoft.com/graph/api/resources/recipient."""

    email_address: Address | None = None


class Location(Wire):
    """https://learn.microsoft.com/graph/api/resources/location."""

    display_name: str | None = None
    location_uri: str | None = None
    unique_id: str | None = None


class Answered(Wire):
    """https://learn.microsoft.com/graph/api/resources/responsestatus."""

    response: str | None = None


class OnlineMeeting(Wire):
    """https://learn.microsoft.com/graph/api/resources/onlinemeetinginfo."""

    join_url: str | None = None


class Item(Wire):
    """https://learn.microsoft.com/graph/api/resources/event: the fields that a room needs."""

    id: str
    start: Moment | None = None
    end: Moment | None = None
    i_cal_u_id: str | None = msgspec.field(default=None, name="iCalUId")
    subject: str | None = None
    body: Body | None = None
    is_all_day: bool | None = None
    is_cancelled: bool | None = None
    is_organizer: bool | None = None
    is_draft: bool | None = None
    sensitivity: str | None = None
    show_as: str | None = None
    type: str | None = None
    original_start: str | None = None
    original_start_time_zone: str | None = None
    response_status: Answered | None = None
    organizer: Recipient | None = None
    location: Location | None = None
    locations: list[Location] | None = None
    online_meeting: OnlineMeeting | None = None
    online_meeting_url: str | None = None


class Page(Wire):
    """One page of a collection."""

    value: list[Item]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")


class _Loose(Wire):
    """A page whose items are still to be read, one by one."""

    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")


class _Named(Wire):
    id: str


NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises where there is no JSON at all."""

_page = msgspec.json.Decoder(Page)
_loose = msgspec.json.Decoder(_Loose)
_item = msgspec.json.Decoder(Item)
_named = msgspec.json.Decoder(_Named)


def page(body: bytes) -> Page:
    """A page of events; an item that makes no sense loses all but its id.

    Raises:
        Malformed: this is no page of events.
    """
    try:
        return _page.decode(body)
    except msgspec.ValidationError:
        pass
    except NO_JSON as error:
        raise Malformed("the answer is not whole JSON", reason="not_json") from error
    try:
        loose = _loose.decode(body)
        return Page(value=[_readable(raw) for raw in loose.value], next_link=loose.next_link)
    except NO_JSON as error:
        raise Malformed("the answer is not a page of events", reason="wrong_shape") from error


def _readable(raw: msgspec.Raw) -> Item:
    try:
        return _item.decode(raw)
    except msgspec.ValidationError:
        return Item(id=_named.decode(raw).id)


def events(page: Page) -> Iterator[Event]:
    """The events of a page; drafts and masters of series are not in a calendar's view."""
    for item in page.value:
        if not item.is_draft and item.type != "seriesMaster":
            yield event(item)


def event(item: Item) -> Event:
    """The event that an item means."""
    organizer = item.organizer.email_address if item.organizer else None
    body = item.body or Body()
    return Event(
        id=item.id,
        uid=clean_uid(item.i_cal_u_id or ""),
        occurrence=_occurrence(item.original_start),
        when=_when(item),
        subject=item.subject or "",
        organizer=Person(name=organizer.name or "", address=organizer.address or "")
        if organizer
        else Person(),
        # A value that is not known yet is treated as private: showing too little mends itself.
        private=(item.sensitivity or "normal") not in {"normal", "personal"},
        cancelled=bool(item.is_cancelled),
        own=bool(item.is_organizer),
        response=_response(item),
        blocks=item.show_as != "free",
        locations=_locations(item),
        online_url=(item.online_meeting.join_url if item.online_meeting else None)
        or item.online_meeting_url
        or "",
        body=body.content or "",
        html=(body.content_type or "").lower() == "html",
    )


def _occurrence(original_start: str | None) -> str:
    """Which occurrence of its series an item is."""
    if not original_start:
        return ""
    try:
        return occurrence_of(datetime.fromisoformat(original_start))
    except (ValueError, OverflowError):
        return original_start


def _response(item: Item) -> Response:
    """What the room answered; without an answer the room's calendar decides."""
    answer = item.response_status.response if item.response_status else None
    match answer:
        case "accepted" | "organizer":
            return Response.ACCEPTED
        case "declined":
            return Response.DECLINED
        case None | "none":
            return Response.TENTATIVE if item.show_as == "tentative" else Response.ACCEPTED
        case _:
            return Response.TENTATIVE


def _locations(item: Item) -> tuple[str, ...]:
    """Every place named once: join links hide in names, addresses and ids of places."""
    named: list[str] = []
    for place in (item.location, *(item.locations or ())):
        if place is not None:
            for text in (place.display_name, place.location_uri, place.unique_id):
                if text and text not in named:
                    named.append(text)
    return tuple(named)


def _when(item: Item) -> Window | Days | None:
    """When an item is, or None where its times make no sense."""
    if item.start is None or item.end is None:
        return None
    try:
        if item.is_all_day:
            first = _day(item.start, item.original_start_time_zone)
            after = _day(item.end, item.original_start_time_zone)
            return Days(first=first, after=max(after, first + timedelta(days=1)))
        start, end = item.start, item.end
        return _span(start.date_time, start.time_zone, end.date_time, end.time_zone)
    except (ValueError, OverflowError, KeyError):
        return None


@lru_cache(maxsize=4096)  # meetings are at the same few times in all rooms
def _span(start: str, start_zone: str | None, end: str, end_zone: str | None) -> Window:
    begins, ends = _instant(start, start_zone or "UTC"), _instant(end, end_zone or "UTC")
    return Window(start=begins, end=max(begins, ends))


def instant(moment: Moment) -> datetime:
    """An instant in UTC. Fractions come with seven digits."""
    return _instant(moment.date_time, moment.time_zone or "UTC")


@lru_cache(maxsize=4096)  # meetings begin at the same few instants in all rooms
def _instant(text: str, where: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC if where == "UTC" else zone(where))
    return time.astimezone(UTC)


def _day(moment: Moment, original_zone: str | None) -> date:
    """The floating date of an all-day event.

    It stands as midnight in whatever zone the answer is in. Where a server shifted it with the
    zone all the same, its midnight is found again in the zone the event was made in.
    """
    time = datetime.fromisoformat(moment.date_time)
    if time.hour or time.minute:
        shifted = instant(moment).astimezone(zone(original_zone or "UTC"))
        if not (shifted.hour or shifted.minute):
            return shifted.date()
    return time.date()


def error_code(body: bytes) -> str:
    """Graph's own code in an error answer, or nothing; its message may name people."""
    try:
        answer: Any = msgspec.json.decode(body)
        code = answer["error"]["code"]
    except (*NO_JSON, KeyError, TypeError):
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[\w.]{1,80}", code) else ""
