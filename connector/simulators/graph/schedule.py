"""`getSchedule`: when others are free.

https://learn.microsoft.com/graph/api/calendar-getschedule
"""

from datetime import datetime, timedelta

import msgspec
from aiohttp import web

from connector.simulators.graph import wire
from connector.simulators.graph.call import Call
from connector.simulators.graph.entry import Event
from connector.simulators.graph.mailbox import Mailbox
from connector.simulators.graph.meeting import SHOWN_AFTER
from connector.simulators.graph.query import zone
from connector.simulators.graph.refusal import Json, Refused

MOST = 20
LONGEST = timedelta(days=62)
_FREE, _SHOWN = "0", {"tentative": "1", "busy": "2", "oof": "3"}
_HOURS: Json = {
    "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
    "startTime": "08:00:00.0000000",
    "endTime": "17:00:00.0000000",
}


class _Moment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    date_time: datetime
    time_zone: str = "UTC"

    def instant(self) -> datetime:
        """The moment, in its own zone unless it has an offset."""
        there = zone(self.time_zone)
        return self.date_time if self.date_time.tzinfo else self.date_time.replace(tzinfo=there)


class _Asked(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    schedules: list[str]
    start_time: _Moment
    end_time: _Moment
    availability_view_interval: int = 30


def routes() -> list[web.RouteDef]:
    """Where it is asked."""
    names = "{action:(?i:(?:microsoft[.]graph[.])?getSchedule)}"
    return [web.post(f"/v1.0/users/{{mailbox}}/calendar/{names}", get_schedule)]


async def get_schedule(request: web.Request) -> web.StreamResponse:
    """When up to twenty mailboxes are taken; an error of one is part of the answer."""
    call = Call(request)

    async def make() -> Json:
        call.mailbox()
        asked = await call.body(_Asked)
        start, end = asked.start_time.instant(), asked.end_time.instant()
        _check(asked, start, end)
        step = timedelta(minutes=asked.availability_view_interval)
        what = "Collection(microsoft.graph.scheduleInformation)"
        return {
            "@odata.context": f"{call.origin}/v1.0/$metadata#{what}",
            "value": [_schedule(call, name, (start, end), step) for name in asked.schedules],
        }

    return await call.answer(make)


def _check(asked: _Asked, start: datetime, end: datetime) -> None:
    """Refuse what is too much at once."""
    if not 1 <= len(asked.schedules) <= MOST:
        message = f"The number of schedules has to be between 1 and {MOST}."
        raise Refused(400, "ErrorInvalidParameter", message)
    if not timedelta() < end - start < LONGEST:
        message = f"The requested time duration has to be less than {LONGEST.days} days."
        raise Refused(400, "ErrorTimeIntervalTooBig", message)
    if not 5 <= asked.availability_view_interval <= 1440:
        message = "The availability view interval has to be between 5 and 1440 minutes."
        raise Refused(400, "ErrorInvalidMergedFreeBusyInterval", message)


def _schedule(call: Call, name: str, window: tuple[datetime, datetime], step: timedelta) -> Json:
    """One mailbox, or why it cannot be told."""
    try:
        mailbox = call.tenant.mailbox(name)
    except KeyError:
        message = "Unable to resolve e-mail address to an Active Directory object."
        return _error(name, "ErrorMailRecipientNotFound", message)
    if not mailbox.rest_enabled:
        message = "The mailbox cannot be reached."
        return _error(name, "ErrorMailboxLogonFailed", message)
    start, end = window
    events = [one for one in mailbox.view(start, end) if not one.meeting.cancelled]
    slots = []
    while start < end:
        slots.append(_slot(mailbox, events, start, min(start + step, end)))
        start += step
    return {
        "scheduleId": name,
        "availabilityView": "".join(slots),
        "scheduleItems": [_item(call, mailbox, one) for one in events],
        "workingHours": _HOURS | {"timeZone": {"name": mailbox.time_zone}},
    }


def _slot(mailbox: Mailbox, events: list[Event], start: datetime, end: datetime) -> str:
    """How a mailbox is taken in a span: as much as any event there says."""
    shown = [_shown(mailbox, one) for one in events if one.start < end and one.end > start]
    return max((_SHOWN.get(one, _FREE) for one in shown), default=_FREE)


def _item(call: Call, mailbox: Mailbox, event: Event) -> Json:
    """An event without what makes it one: no id, no text, no link."""
    meeting = event.meeting
    private = meeting.sensitivity in {"private", "confidential"}
    item: Json = {
        "isPrivate": private,
        "status": _shown(mailbox, event),
        "start": wire.moment(event.start, call.preferences),
        "end": wire.moment(event.end, call.preferences),
    }
    if not private:
        places = "; ".join(meeting.locations) or mailbox.name
        item |= {"subject": meeting.subject, "location": places}
    return item


def _shown(mailbox: Mailbox, event: Event) -> str:
    own = wire.organises(mailbox, event.meeting)
    return event.meeting.show_as or SHOWN_AFTER["organizer" if own else event.meeting.response]


def _error(name: str, code: str, message: str) -> Json:
    return {
        "scheduleId": name,
        "availabilityView": "",
        "scheduleItems": [],
        "workingHours": None,
        "error": {"message": message, "responseCode": code},
    }
