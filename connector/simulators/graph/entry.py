"""An entry of a calendar, and the events that Graph makes of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from connector.simulators.graph import identifiers
from connector.simulators.graph.meeting import Meeting
from connector.simulators.graph.recurrence import meets
from rooms import zones

_ANY_ZONE = timedelta(days=2)
"""By so much at most the days of two places differ, and one more."""

Kind = Literal["singleInstance", "occurrence", "exception", "seriesMaster"]


class NotThere(LookupError):
    """No entry has this id, or none on this day."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What Graph calls an event: one entry, or one occurrence of a series."""

    kind: Kind
    id: str
    immutable_id: str
    series_id: str | None
    series_immutable_id: str | None
    uid: str
    change_key: str
    created: datetime
    modified: datetime
    meeting: Meeting
    zone: ZoneInfo
    start: datetime
    end: datetime
    original_start: datetime | None


@dataclass(slots=True, kw_only=True)
class Entry:
    """A single meeting, or a series and what was changed in it."""

    mailbox: UUID
    number: int
    meeting: Meeting
    zone: ZoneInfo
    """Where the meeting is."""
    seed: bytes
    created: datetime
    modified: datetime
    version: int
    folder: int = 0
    changed: dict[date, Meeting | None] = field(default_factory=dict)
    """Occurrences that differ, by their original day; None where one was deleted."""
    # Made once for each version: a calendar is read far more often than changed.
    _of_version: int = field(default=0, init=False, compare=False)
    _events: dict[date | None, Event] = field(default_factory=dict, init=False, compare=False)
    _span: tuple[datetime, datetime] | None = field(default=None, init=False, compare=False)

    def event(self, day: date | None, planned: Meeting | None = None) -> Event:
        """The entry as such, or the occurrence that was planned for a day.

        Raises:
            NotThere: it does not meet on this day.
        """
        self._refresh()
        if day not in self._events:
            self._events[day] = self._made(day, planned)
        return self._events[day]

    def _refresh(self) -> None:
        """Forget what was made of another version."""
        if self._of_version != self.version:
            self._of_version, self._events = self.version, {}
            self._span = _begin(self.meeting.start, self.zone), _begin(self.meeting.end, self.zone)

    def _made(self, day: date | None, planned: Meeting | None) -> Event:
        if day is None:
            series = self.meeting.recurrence is not None
            return self._event(self.meeting, "seriesMaster" if series else "singleInstance", None)
        kind: Kind = "exception" if day in self.changed else "occurrence"
        return self._event(planned or self.on(day), kind, day)

    def within(self, start: datetime, end: datetime) -> Iterator[Event]:
        """What overlaps a window: the single meeting, or occurrences of the series."""
        if self.meeting.recurrence is None:
            self._refresh()
            if self._span and _overlap(*self._span, start, end):
                yield self.event(None)
            return
        earliest = (start - self.meeting.length).date() - _ANY_ZONE
        for day in meets(self.meeting.recurrence, self._first):
            if day < earliest:
                continue
            if day in self.changed:
                continue
            meeting = self._planned(day)
            if _begin(meeting.start, self.zone) >= end:
                break
            if self._overlaps(meeting, start, end):
                yield self.event(day, meeting)
        for day, changed in self.changed.items():
            if changed is not None and self._overlaps(changed, start, end):
                yield self.event(day)

    def _overlaps(self, meeting: Meeting, start: datetime, end: datetime) -> bool:
        """Whether a meeting is in a window."""
        ends = _begin(meeting.end, self.zone)
        return _overlap(_begin(meeting.start, self.zone), ends, start, end)

    def planned(self, day: date) -> Event:
        """The occurrence of a day as the pattern alone has it, whatever became of it."""
        return self._event(self._planned(day), "occurrence", day)

    def on(self, day: date) -> Meeting:
        """The meeting that was planned for a day, as it is now.

        Raises:
            NotThere: there is none, or no longer.
        """
        if day in self.changed:
            changed = self.changed[day]
            if changed is None:
                raise NotThere(day.isoformat())
            return changed
        days = meets(self.meeting.recurrence, self._first) if self.meeting.recurrence else iter(())
        if next((one for one in days if one >= day), None) != day:
            raise NotThere(day.isoformat())
        return self._planned(day)

    def id(self, day: date | None = None) -> str:
        """The default id."""
        return identifiers.regular(self.mailbox, self.number, self.folder, day)

    def immutable_id(self, day: date | None = None) -> str:
        """The id that stays when the entry is moved to another folder."""
        return identifiers.immutable(self.mailbox, self.number, day)

    def _event(self, meeting: Meeting, kind: Kind, day: date | None) -> Event:
        planned = self._planned(day) if day else None
        return Event(
            kind=kind,
            id=self.id(day),
            immutable_id=self.immutable_id(day),
            series_id=self.id() if day else None,
            series_immutable_id=self.immutable_id() if day else None,
            uid=identifiers.ical_uid(self.meeting.uid, self.seed, self.created, day),
            change_key=identifiers.change_key(self.mailbox, self.version),
            created=self.created,
            modified=self.modified,
            meeting=meeting,
            zone=self.zone,
            start=_begin(meeting.start, self.zone),
            end=_begin(meeting.end, self.zone),
            original_start=_begin(planned.start, self.zone) if planned else None,
        )

    def _planned(self, day: date) -> Meeting:
        """The meeting of one day by the pattern alone: at the same local time every day."""
        start: datetime | date = day
        if isinstance(self.meeting.start, datetime):
            local = self.meeting.start.astimezone(self.zone).time()
            start = datetime.combine(day, local, self.zone).astimezone(UTC)
        return msgspec.structs.replace(
            self.meeting, start=start, end=start + self.meeting.length, recurrence=None
        )

    @property
    def _first(self) -> date:
        """The local day on which a series begins."""
        if isinstance(self.meeting.start, datetime):
            return self.meeting.start.astimezone(self.zone).date()
        return self.meeting.start


def where(meeting: Meeting, otherwise: str) -> ZoneInfo:
    """The zone of a meeting; another one where its name says nothing."""
    try:
        return zones.zone(meeting.time_zone)
    except KeyError:
        return zones.zone(otherwise)


def settled(meeting: Meeting, zone: ZoneInfo, zone_name: str) -> Meeting:
    """A meeting whose local times have become instants."""
    return msgspec.structs.replace(
        meeting,
        start=_instant(meeting.start, zone),
        end=_instant(meeting.end, zone),
        time_zone=meeting.time_zone or zone_name,
    )


def _instant(moment: datetime | date, zone: ZoneInfo) -> datetime | date:
    """An instant in UTC; a day stays a day."""
    if not isinstance(moment, datetime):
        return moment
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _begin(moment: datetime | date, zone: ZoneInfo) -> datetime:
    """An instant as it is, a day as its first instant there."""
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), zone).astimezone(UTC)


def _overlap(begins: datetime, ends: datetime, start: datetime, end: datetime) -> bool:
    """Whether something is in a window; what has no length is where it begins."""
    return begins < end and (ends > start or begins == ends >= start)
