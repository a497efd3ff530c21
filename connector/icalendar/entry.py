"""One VEVENT (RFC 5545 §3.6.1): its times, its place in a series, and the event that it means."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from icalendar.prop import vDuration

from connector.icalendar.lines import Calendar, Line
from connector.icalendar.words import base
from connector.icalendar.zones import Zones
from rooms.identity import clean_uid
from rooms.model import Event
from rooms.room import Room

DATES = 5000
"""Dates that a series names by itself, or leaves out; a daily one of ten years has fewer."""

_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z)?)?")
_NO_YEARS = {"0000", "0001", "9999"}
"""Years that some zones do not have; programs write them for *never*."""

Moment = date | datetime
"""A whole day, or an aware instant."""
Property = dict[str, list[Line]]


class Setting:
    """Whose calendar is read: it decides floating times, and whose answer counts."""

    def __init__(self, room: Room, defined: dict[str, str]) -> None:
        self.mailbox = room.mailbox.lower()
        self.zone: tzinfo = room.zone
        self.zones = Zones(defined)


@dataclass(slots=True, kw_only=True)
class Entry:
    """A VEVENT; `start` is None where its times make no sense."""

    event: Event
    """What it means, without its times."""
    start: Moment | None
    length: timedelta
    original: Moment | None
    """Which occurrence it stands for (RECURRENCE-ID)."""
    lost: bool
    """Whether it stands for an occurrence, and nobody can tell for which."""
    onward: bool
    """Whether for all later ones too (RANGE=THISANDFUTURE)."""
    rules: list[str] = field(default_factory=list)
    extra: list[Moment] = field(default_factory=list)
    left_out: list[Moment] = field(default_factory=list)
    rank: tuple[int, str, int]
    """Of two versions the higher one counts: SEQUENCE, then when it was written, then its place."""

    @property
    def recurs(self) -> bool:
        """Whether it is the master of a series."""
        return bool(self.rules or self.extra)


def entries(calendar: Calendar, setting: Setting) -> Iterator[Entry]:
    """The entries of a calendar. One without a UID is named after its start and title."""
    nameless: Counter[str] = Counter()
    for place, lines in enumerate(calendar.events):
        told: Property = {}
        for line in lines:
            told.setdefault(line.name, []).append(line)
        uid = clean_uid(_first(told, "UID").strip()[:1024])
        if not uid:
            name = _name(told)
            nameless[name] += 1
            uid = f"{name}-{nameless[name]}"
        yield _entry(uid, told, setting, place)


def _name(told: Property) -> str:
    """A name for what has none: the same at each read, until it is moved or renamed."""
    words = "\0".join(_first(told, name) for name in ("DTSTART", "SUMMARY", "RECURRENCE-ID"))
    return f"unnamed-{hashlib.sha256(words.encode()).hexdigest()[:24]}"


def _first(told: Property, name: str) -> str:
    return told[name][0].value if name in told else ""


def _entry(uid: str, told: Property, setting: Setting, place: int) -> Entry:
    sequence = _first(told, "SEQUENCE").strip()
    written = _first(told, "LAST-MODIFIED") or _first(told, "DTSTAMP")
    try:
        start, length = _span(told, setting)
    except OverflowError:
        start, length = None, timedelta()
    named = told["RECURRENCE-ID"][0] if "RECURRENCE-ID" in told else None
    original = _moment(named, named.value, setting) if named else None
    return Entry(
        event=base(uid, told, setting.mailbox),
        start=start,
        length=length,
        original=original,
        lost=named is not None and original is None,
        onward=named is not None and named.parameters.get("RANGE") == "THISANDFUTURE",
        rules=[line.value.strip().upper() for line in told.get("RRULE", ())][:4],
        extra=list(_moments(told.get("RDATE", []), setting)),
        left_out=list(_moments(told.get("EXDATE", []), setting)),
        # Sequence numbers that are none occur; such an entry is as old as can be.
        rank=(int(sequence) if re.fullmatch(r"\d{1,9}", sequence) else 0, written, place),
    )


def _span(told: Property, setting: Setting) -> tuple[Moment | None, timedelta]:
    """When an entry begins and how long it lasts; an end before the start counts as none."""
    if "DTSTART" not in told:
        return None, timedelta()
    start = _moment(told["DTSTART"][0], told["DTSTART"][0].value, setting)
    if start is None:
        return None, timedelta()
    days = not isinstance(start, datetime)
    shortest = timedelta(days=1) if days else timedelta()
    if "DTEND" in told:
        end = _moment(told["DTEND"][0], told["DTEND"][0].value, setting)
        if end is None:
            return None, timedelta()
        length = _between(start, end)
    elif "DURATION" in told:
        length = _duration(_first(told, "DURATION"))
        if isinstance(start, datetime) and length % timedelta(days=1) == timedelta():
            # Days go by the calendar, hours by the clock (RFC 5545 §3.3.6).
            length = _between(start, start + length)
    else:
        length = shortest
    if days:
        return start, max(timedelta(days=length.days), shortest)
    if isinstance(start, datetime) and _whole_days(told, start, length):
        return start.date(), timedelta(days=max(1, round(length / timedelta(days=1))))
    return start, max(length, shortest)


def _between(start: Moment, end: Moment) -> timedelta:
    """How long it is, in real time: some days have 23 hours."""
    if isinstance(start, datetime) and isinstance(end, datetime):
        return end.astimezone(UTC) - start.astimezone(UTC)
    return _day(end) - _day(start)


def _day(moment: Moment) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _whole_days(told: Property, start: datetime, length: timedelta) -> bool:
    """Whether Outlook says that what goes from midnight to midnight is a matter of days."""
    return (
        _first(told, "X-MICROSOFT-CDO-ALLDAYEVENT").strip().upper() == "TRUE"
        and start.hour == start.minute == 0
        and length >= timedelta(hours=23)
    )


def _duration(text: str) -> timedelta:
    try:
        length: timedelta = vDuration.from_ical(text.strip())  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, OverflowError):
        return timedelta()
    return length


def _moments(lines: list[Line], setting: Setting) -> Iterator[Moment]:
    """Dates of a series; of a period (RFC 5545 §3.3.9) its start."""
    count = 0
    for line in lines:
        for value in line.value[: DATES * 40].split(","):
            if (moment := _moment(line, value.partition("/")[0], setting)) is not None:
                yield moment
            count += 1
            if count >= DATES:
                return


def _moment(line: Line, value: str, setting: Setting) -> Moment | None:
    """A date, or a time in the zone it is told in: its own, UTC, or where the room is."""
    found = _TIME.fullmatch(value.strip())
    if not found or found[1] in _NO_YEARS:
        return None
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
        if found[4] is None:
            return day
        second = min(int(found[6] or 0), 59)  # a leap second
        time = datetime.combine(day, datetime.min.time()).replace(
            hour=int(found[4]), minute=int(found[5]), second=second
        )
    except ValueError:
        return None
    where: tzinfo | None = UTC
    if not found[7]:
        name = line.parameters.get("TZID")
        where = setting.zones.find(name) if name else setting.zone
    return None if where is None else time.replace(tzinfo=where)
