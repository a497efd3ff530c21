"""A room's calendar as the text that services write of it (RFC 5545): one component a meeting."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MAILBOX = "kestrel@example.com"
RESPONSES = {"accepted": "ACCEPTED", "tentative": "TENTATIVE", "declined": "DECLINED"}


def escaped(text: str) -> str:
    """A text value."""
    for sign in "\\;,":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", "\\n")


def stamp(name: str, moment: datetime | date, zone: str = "") -> str:
    """A property that is a date or a time."""
    if not isinstance(moment, datetime):
        return f"{name};VALUE=DATE:{moment:%Y%m%d}"
    if zone:
        with contextlib.suppress(KeyError, ValueError):  # nonsense: it is written in UTC
            moment = moment.astimezone(ZoneInfo(zone))
        told = f'"{zone}"' if ":" in zone else zone
        return f"{name};TZID={told}:{moment:%Y%m%dT%H%M%S}"
    year = f"{moment.year:04}"
    return f"{name}:{year}{moment.astimezone(UTC):%m%dT%H%M%SZ}"


@dataclass
class Entry:
    """A meeting."""

    uid: str
    subject: str
    start: datetime | date
    end: datetime | date
    mailbox: str
    more: dict[str, Any] = field(default_factory=dict)
    sequence: int = 0
    left_out: list[datetime] = field(default_factory=list)
    changed: dict[datetime, dict[str, Any]] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Its components."""
        zone = self.more.get("zone", "")
        yield from self._component(self.subject, self.start, self.end, daily=True)
        for original, told in self.changed.items():
            assert isinstance(self.start, datetime)
            start = told.get("start") or original
            end = start + (self.end - self.start)
            yield from self._component(
                told.get("subject") or self.subject,
                start,
                end,
                stamp("RECURRENCE-ID", original, zone),
            )

    def _component(
        self, subject: str, start: Any, end: Any, *extra: str, daily: bool = False
    ) -> Iterator[str]:
        more = self.more
        zone = more.get("zone", "")
        yield "BEGIN:VEVENT"
        yield f"UID:{self.uid}"
        yield f"SEQUENCE:{self.sequence}"
        yield "DTSTAMP:20261101T000000Z"
        yield stamp("DTSTART", start, zone)
        yield stamp("DTEND", end, zone)
        yield f"SUMMARY:{escaped(subject)}"
        if not more.get("own"):
            yield 'ORGANIZER;CN="Ada Lovelace":mailto:ada@example.com'
            answer = RESPONSES[more.get("response", "accepted")]
            yield f"ATTENDEE;CUTYPE=ROOM;PARTSTAT={answer}:mailto:{self.mailbox}"
        if text := more.get("text"):
            yield f"DESCRIPTION:{escaped(text)}"
        if location := more.get("location"):
            yield f"LOCATION:{escaped(location)}"
        if more.get("private"):
            yield "CLASS:PRIVATE"
        if more.get("cancelled"):
            yield "STATUS:CANCELLED"
        if daily and "daily" in more:
            yield f"RRULE:FREQ=DAILY;COUNT={more['daily']}"
            yield from (stamp("EXDATE", moment, zone) for moment in self.left_out)
        yield from extra
        yield "END:VEVENT"


def folded(line: str) -> str:
    """A line of at most 75 octets and its continuations (RFC 5545 §3.1)."""
    octets = line.encode()
    if len(octets) <= 75:
        return line
    parts = [octets[:75], *(octets[at : at + 74] for at in range(75, len(octets), 74))]
    # Characters may be cut in two, as some programs do; whoever reads joins lines first.
    return "\r\n ".join(part.decode("latin-1") for part in parts)


def calendar(*components: str) -> bytes:
    """A whole calendar of components, whose lines stand as they are."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//EN", *components]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


class Almanac:
    """Kestrel's meetings; the contract's `Calendar`, apart from where they are found."""

    def __init__(self) -> None:
        self.mailbox: str | None = MAILBOX
        self.entries: dict[str, Entry] = {}
        self._made = 0

    def add(self, subject: str, start: datetime | date, end: datetime | date, **more: Any) -> str:
        self._made += 1
        uid = f"meeting-{self._made}@example.com"
        self.entries[uid] = Entry(uid, subject, start, end, self.mailbox or MAILBOX, more)
        return uid

    def change_occurrence(
        self,
        series: str,
        number: int,
        *,
        start: datetime | None = None,
        subject: str | None = None,
        cancelled: bool = False,
    ) -> None:
        entry = self.entries[series]
        assert isinstance(entry.start, datetime)
        original = entry.start + timedelta(days=number)
        if cancelled:
            entry.left_out.append(original)
        else:
            entry.changed[original] = {"start": start, "subject": subject}
        entry.sequence += 1

    def move(self, meeting: str, start: datetime) -> None:
        entry = self.entries[meeting]
        assert isinstance(entry.start, datetime)
        assert isinstance(entry.end, datetime)
        entry.start, entry.end = start, start + (entry.end - entry.start)
        entry.sequence += 1

    def remove(self, meeting: str) -> None:
        del self.entries[meeting]

    def readdress(self, mailbox: str) -> None:
        self.mailbox = mailbox

    def abolish(self) -> None:
        self.mailbox = None

    def text(self) -> bytes:
        """All of it as one calendar."""
        return calendar(*(line for entry in self.entries.values() for line in entry.lines()))

    def object(self, uid: str) -> bytes:
        """One meeting as a calendar of its own."""
        return calendar(*self.entries[uid].lines())
