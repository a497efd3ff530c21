"""An entry of a calendar, and the resource that Google makes of it.

https://developers.google.com/workspace/calendar/api/v3/reference/events
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from connector.simulators.google import repeating
from connector.simulators.google.refusal import Json


@dataclass(slots=True, kw_only=True)
class Item:
    """A meeting, a series, an occurrence of one, or what is left of them."""

    id: str
    start: datetime | date
    """Instants in UTC; days for what lasts whole days."""
    end: datetime | date
    zone: str
    """IANA name: where a series keeps its time of day."""
    fields: Json = field(default_factory=dict)
    """Whatever else the resource holds, as Google writes it."""
    raw: Json = field(default_factory=dict)
    """What replaces the truth in answers: anything at all."""
    rules: tuple[str, ...] = ()
    series: str = ""
    original: datetime | date | None = None
    created: datetime
    updated: datetime
    version: int = 0
    cancelled: bool = False

    @property
    def all_day(self) -> bool:
        """Whether it lasts whole days."""
        return not isinstance(self.start, datetime)

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        if isinstance(self.start, datetime) and isinstance(self.end, datetime):
            return self.end - self.start
        return timedelta(days=self.end.toordinal() - self.start.toordinal())

    @property
    def etag(self) -> str:
        """Its version, as a header names it."""
        return f'"{self.version:016d}"'

    @property
    def uid(self) -> str:
        """The iCalendar UID: one for a series and all its occurrences."""
        return str(self.fields.get("iCalUID") or f"{self.series or self.id}@google.com")

    def occurrences(self, before: datetime) -> Iterator["Item"]:
        """What a series plans before an instant, at the same local time every day."""
        zone = ZoneInfo(self.zone)
        first = self.start.astimezone(zone).date() if isinstance(self.start, datetime) else None
        for day in repeating.days(self.rules, first or self.start):
            one = self.planned(day)
            if instant(one.start, zone) >= before:
                return
            yield one

    def planned(self, day: date) -> "Item":
        """The occurrence of one local day, by the rule alone."""
        start: datetime | date = day
        if isinstance(self.start, datetime):
            zone = ZoneInfo(self.zone)
            local = datetime.combine(day, self.start.astimezone(zone).time(), zone)
            start = local.astimezone(UTC)
        return replace(
            self,
            id=f"{self.id}_{stamp(start)}",
            start=start,
            end=start + self.length,
            rules=(),
            series=self.id,
            original=start,
        )

    def resource(self, zone: ZoneInfo) -> Json:
        """The event as Google tells it, its times in a zone."""
        told: Json = {
            "kind": "calendar#event",
            "etag": self.etag,
            "id": self.id,
            "status": "cancelled" if self.cancelled else "confirmed",
        }
        if self.series and self.original is not None:
            told["recurringEventId"] = self.series
            told["originalStartTime"] = moment(self.original, zone, self.zone)
        if self.cancelled:
            return told
        told |= {
            "htmlLink": f"https://www.google.com/calendar/event?eid={self.id}",
            "created": written(self.created),
            "updated": written(self.updated, milliseconds=True),
            "iCalUID": self.uid,
            "start": moment(self.start, zone, self.zone),
            "end": moment(self.end, zone, self.zone),
            "sequence": 0,
            "reminders": {"useDefault": True},
            "eventType": "default",
        }
        if self.rules:
            told["recurrence"] = list(self.rules)
        return {**told, **self.fields, **self.raw}


_TOLD_OF_PRIVATE = {
    "kind",
    "etag",
    "id",
    "status",
    "iCalUID",
    "recurringEventId",
    "originalStartTime",
    "start",
    "end",
    "recurrence",
    "visibility",
    "transparency",
}


def hidden(told: Json) -> Json:
    """A private event as readers see it: that it is, not what it is.

    https://developers.google.com/workspace/calendar/api/v3/reference/acl (role `reader`)
    """
    if told.get("visibility", "default") not in {"private", "confidential"}:
        return told
    return {key: value for key, value in told.items() if key in _TOLD_OF_PRIVATE}


def instant(moment: datetime | date, zone: ZoneInfo) -> datetime:
    """An instant as it is, a day as its first instant there."""
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), zone).astimezone(UTC)


def stamp(moment: datetime | date) -> str:
    """How the id of an occurrence ends: when it was planned to begin."""
    if isinstance(moment, datetime):
        return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{moment:%Y%m%d}"


def moment(when: datetime | date, zone: ZoneInfo, own: str) -> Json:
    """A time as Google writes it: a date alone, or an instant in the zone that was asked for."""
    if not isinstance(when, datetime):
        return {"date": when.isoformat()}
    return {"dateTime": written(when.astimezone(zone)), "timeZone": own}


def written(when: datetime, *, milliseconds: bool = False) -> str:
    """RFC 3339, with Z where that is the offset."""
    text = when.isoformat(timespec="milliseconds" if milliseconds else "seconds")
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def fresh_id(calendar: str, number: int) -> str:
    """An id as Google makes them: 26 characters of base32hex."""
    return f"{int(sha256(f'{calendar}/{number}'.encode()).hexdigest(), 16):x}"[:26].zfill(26)
