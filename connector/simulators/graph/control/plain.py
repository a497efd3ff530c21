"""A meeting in a few plain words."""

from datetime import UTC, date, datetime, timedelta
from email.utils import parseaddr
from typing import Any

import msgspec

from connector.simulators.graph.meeting import Attendee, Online, Response, Sensitivity, ShowAs
from connector.simulators.graph.recurrence import Recurrence
from rooms.model import Person

Changes = dict[str, Any]
_AS_THEY_ARE = (
    "subject",
    "time_zone",
    "body",
    "sensitivity",
    "response",
    "show_as",
    "cancelled",
    "draft",
    "recurrence",
    "uid",
    "raw",
)


class Plain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of a meeting; what is left out stays as it is."""

    subject: str | None = None
    start: str | None = None
    """`2026-11-23` for a whole day, `2026-11-23T09:00` where the room is, or with an offset."""
    end: str | None = None
    minutes: int | None = None
    """How long it lasts, instead of `end`."""
    time_zone: str | None = None
    location: str | None = None
    locations: list[str] | None = None
    body: str | None = None
    """HTML."""
    organizer: str | None = None
    """`Ada Lovelace <ada@example.com>`, or just the address."""
    attendees: list[str] | None = None
    private: bool | None = None
    sensitivity: Sensitivity | None = None
    response: Response | None = None
    show_as: ShowAs | None = None
    cancelled: bool | None = None
    draft: bool | None = None
    join_url: str | None = None
    """The Teams link of the service's own online meeting."""
    recurrence: Recurrence | None = None
    uid: str | None = None
    raw: dict[str, Any] | None = None
    """Properties of the Graph event that replace what would be reported."""

    def changes(self) -> Changes:
        """What it says, by the names of `Meeting`."""
        given = msgspec.structs.asdict(self)
        changes: Changes = {name: given[name] for name in _AS_THEY_ARE if given[name] is not None}
        changes |= self._times()
        places = self.locations if self.location is None else [self.location]
        if places is not None:
            changes["locations"] = tuple(filter(None, places))
        if self.organizer is not None:
            changes["organizer"] = _person(self.organizer)
        if self.attendees is not None:
            changes["attendees"] = tuple(Attendee(person=_person(one)) for one in self.attendees)
        if self.private is not None:
            changes["sensitivity"] = "private" if self.private else "normal"
        if self.join_url is not None:
            changes["online"] = Online(join_url=self.join_url)
        return changes

    def _times(self) -> Changes:
        """Start and end, as far as they are said."""
        changes: Changes = {}
        if self.start is not None:
            changes["start"] = _moment(self.start)
            if self.minutes is not None:
                changes["end"] = changes["start"] + timedelta(minutes=self.minutes)
        if self.end is not None:
            changes["end"] = _moment(self.end)
        return changes


def _moment(words: str) -> datetime | date:
    """A day, a local time, or an instant."""
    try:
        return date.fromisoformat(words)
    except ValueError:
        moment = datetime.fromisoformat(words)
        return moment.astimezone(UTC) if moment.tzinfo else moment


def _person(words: str) -> Person:
    """Somebody by name and address, or by address alone."""
    name, address = parseaddr(words)
    return Person(name=name or address.partition("@")[0], address=address)
