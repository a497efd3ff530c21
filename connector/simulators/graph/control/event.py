"""A meeting in Graph's own JSON: the part of it that can be written here."""

from datetime import date, datetime
from typing import Any, Literal

import msgspec

from connector.simulators.graph import text
from connector.simulators.graph.meeting import (
    Attendee,
    AttendeeType,
    Online,
    Response,
    Sensitivity,
    ShowAs,
)
from connector.simulators.graph.recurrence import Index, Pattern, Recurrence, Weekday
from rooms import zones
from rooms.model import Person


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A part of the JSON."""


class _Time(_Part, frozen=True, kw_only=True):
    date_time: str
    time_zone: str = "UTC"

    def moment(self, *, all_day: bool) -> datetime | date:
        """An instant, or a day."""
        moment = datetime.fromisoformat(self.date_time)
        if all_day:
            return moment.date()
        return moment if moment.tzinfo else moment.replace(tzinfo=zones.zone(self.time_zone))


class _Address(_Part, frozen=True, kw_only=True):
    name: str = ""
    address: str = ""


class _Recipient(_Part, frozen=True, kw_only=True):
    email_address: _Address

    def person(self) -> Person:
        """Who it is."""
        return Person(name=self.email_address.name, address=self.email_address.address)


class _Status(_Part, frozen=True, kw_only=True):
    response: Response = "none"
    time: str = ""


class _Attendee(_Recipient, frozen=True, kw_only=True):
    type: AttendeeType = "required"
    status: _Status = _Status()


class _Body(_Part, frozen=True, kw_only=True):
    content_type: Literal["text", "html", "Text", "HTML"] = "html"
    content: str = ""

    def html(self) -> str:
        """The body as it is kept."""
        return self.content if self.content_type.lower() == "html" else text.from_text(self.content)


class _Place(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    display_name: str = ""


class _Online(_Part, frozen=True, kw_only=True):
    join_url: str
    conference_id: str | None = None
    toll_number: str | None = None


class _Pattern(_Part, frozen=True, kw_only=True):
    type: Pattern
    interval: int = 1
    days_of_week: tuple[Weekday, ...] = ()
    day_of_month: int = 0
    month: int = 0
    index: Index = "first"
    first_day_of_week: Weekday = "sunday"


class _Range(_Part, frozen=True, kw_only=True):
    type: Literal["endDate", "numbered", "noEnd"] = "noEnd"
    start_date: date | None = None
    end_date: date | None = None
    number_of_occurrences: int = 0
    recurrence_time_zone: str = ""


class _Series(_Part, frozen=True, kw_only=True):
    pattern: _Pattern
    range: _Range = _Range()

    def recurrence(self) -> Recurrence:
        """How often, in our words."""
        return Recurrence(
            type=self.pattern.type,
            interval=self.pattern.interval,
            days=self.pattern.days_of_week,
            day_of_month=self.pattern.day_of_month,
            month=self.pattern.month,
            index=self.pattern.index,
            first_day=self.pattern.first_day_of_week,
            until=self.range.end_date if self.range.type == "endDate" else None,
            count=self.range.number_of_occurrences if self.range.type == "numbered" else None,
        )


class GraphEvent(_Part, frozen=True, kw_only=True):
    """What is said of an event; what is left out stays as it is."""

    subject: str | None = None
    body: _Body | None = None
    start: _Time | None = None
    end: _Time | None = None
    is_all_day: bool = False
    location: _Place | None = None
    locations: list[_Place] | None = None
    organizer: _Recipient | None = None
    attendees: list[_Attendee] | None = None
    sensitivity: Sensitivity | None = None
    show_as: ShowAs | None = None
    importance: Literal["low", "normal", "high"] | None = None
    categories: tuple[str, ...] | None = None
    is_cancelled: bool | None = None
    is_draft: bool | None = None
    hide_attendees: bool | None = None
    response_status: _Status | None = None
    is_online_meeting: bool | None = None
    online_meeting: _Online | None = None
    online_meeting_provider: str | None = None
    recurrence: _Series | None = None
    uid: str | None = msgspec.field(default=None, name="iCalUId")

    def changes(self) -> dict[str, Any]:
        """What it says, by the names of `Meeting`."""
        places = [self.location] if self.locations is None and self.location else self.locations
        changes = {
            "subject": self.subject,
            "body": self.body and self.body.html(),
            "start": self.start and self.start.moment(all_day=self.is_all_day),
            "end": self.end and self.end.moment(all_day=self.is_all_day),
            "time_zone": self.start and self.start.time_zone,
            "locations": None if places is None else tuple(p.display_name for p in places),
            "organizer": self.organizer and self.organizer.person(),
            "attendees": None if self.attendees is None else tuple(map(_guest, self.attendees)),
            "sensitivity": self.sensitivity,
            "show_as": self.show_as,
            "importance": self.importance,
            "categories": self.categories,
            "cancelled": self.is_cancelled,
            "draft": self.is_draft,
            "hide_attendees": self.hide_attendees,
            "response": self.response_status and self.response_status.response,
            "online": self.online_meeting and self._online(self.online_meeting),
            "recurrence": self.recurrence and self.recurrence.recurrence(),
            "uid": self.uid,
        }
        return {name: value for name, value in changes.items() if value is not None}

    def _online(self, online: _Online) -> Online:
        return Online(
            join_url=online.join_url,
            conference_id=online.conference_id,
            toll_number=online.toll_number,
            provider=self.online_meeting_provider or "teamsForBusiness",
        )


def _guest(attendee: _Attendee) -> Attendee:
    """Somebody who was invited."""
    return Attendee(person=attendee.person(), type=attendee.type, response=attendee.status.response)
