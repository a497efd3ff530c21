"""What people write into a calendar: meetings, who comes, and how often."""

from datetime import date, datetime, timedelta
from typing import Any, Literal

import msgspec

from connector.simulators.graph.recurrence import Recurrence
from rooms.model import Person

Response = Literal[
    "none", "organizer", "tentativelyAccepted", "accepted", "declined", "notResponded"
]
ShowAs = Literal["free", "tentative", "busy", "oof", "workingElsewhere", "unknown"]
Sensitivity = Literal["normal", "personal", "private", "confidential"]
AttendeeType = Literal["required", "optional", "resource"]

SHOWN_AFTER: dict[Response, ShowAs] = {
    "none": "tentative",
    "organizer": "busy",
    "tentativelyAccepted": "tentative",
    "accepted": "busy",
    "declined": "free",
    "notResponded": "tentative",
}


class Attendee(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was invited, and what they answered."""

    person: Person
    type: AttendeeType = "required"
    response: Response = "none"


class Online(msgspec.Struct, frozen=True, kw_only=True):
    """The online meeting that the service itself attached: Teams, never another vendor's."""

    join_url: str
    conference_id: str | None = None
    toll_number: str | None = None
    provider: str = "teamsForBusiness"


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a calendar as its organizer wrote it.

    An all-day meeting has dates instead of instants; its end is the day after the last one. An
    instant without a zone is local time where the meeting is.
    """

    subject: str = ""
    start: datetime | date
    end: datetime | date
    time_zone: str = ""
    """As the organizer's calendar named it, Windows or IANA; empty for the mailbox's own."""
    organizer: Person = Person(name="Ada Lovelace", address="ada@example.com")
    attendees: tuple[Attendee, ...] = ()
    locations: tuple[str, ...] = ()
    """Empty for the room itself."""
    body: str = ""
    """HTML, a fragment or a whole page."""
    response: Response = "accepted"
    show_as: ShowAs | None = None
    """What follows from the response where it is not given."""
    sensitivity: Sensitivity = "normal"
    importance: Literal["low", "normal", "high"] = "normal"
    categories: tuple[str, ...] = ()
    cancelled: bool = False
    draft: bool = False
    hide_attendees: bool = False
    online: Online | None = None
    recurrence: Recurrence | None = None
    uid: str = ""
    """The iCalendar UID, where copies in several mailboxes share one."""
    transaction_id: str = ""
    """What a client called its request to make it."""
    raw: dict[str, Any] = {}
    """Properties of the Graph event that replace what would be reported: anything at all."""

    @property
    def all_day(self) -> bool:
        """Whether it lasts whole days."""
        return not isinstance(self.start, datetime)

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start
