"""Content lines (RFC 5545 §3.1) and what they stand in; only what a room needs is kept."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

from connector.errors import Malformed

ENTRIES = 100_000
"""Entries of one text."""
TEXT = 256 << 10
"""Characters of one property; invitations are a few thousand."""
HEAD = 4 << 10
"""Characters of a property's name and parameters."""
ZONES = 200
"""Definitions of time zones in one text."""
ZONE_LINES = 400
"""Lines of one such definition; those that list every year since 1900 have three hundred."""
DEPTH = 8
"""How deep components stand in one another; four is usual."""

_MARK = re.compile('[":]')
_PARAMETER = re.compile(r';([A-Za-z0-9\-]+)=((?:"[^"]*"|[^";])*)')
_ESCAPE = re.compile(r"\\([\\;,nN])")

WANTED = frozenset(
    {
        *("UID", "RECURRENCE-ID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED"),
        *("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE"),
        *("SUMMARY", "DESCRIPTION", "X-ALT-DESC", "LOCATION", "URL", "CONFERENCE"),
        *("STATUS", "CLASS", "TRANSP", "ORGANIZER", "ATTENDEE"),
        *("X-MICROSOFT-CDO-BUSYSTATUS", "X-MICROSOFT-CDO-ALLDAYEVENT"),
        *("X-MICROSOFT-SKYPETEAMSMEETINGURL", "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK"),
        *("X-GOOGLE-CONFERENCE", "X-ZOOM-MEETING-URL"),
    }
)
"""Properties that are read; `ATTENDEE` matters for the room itself only."""

_TIMES = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE"})


@dataclass(frozen=True, slots=True)
class Line:
    """A property."""

    name: str
    parameters: dict[str, str]
    value: str
    """As it stands, escapes and all."""

    @property
    def text(self) -> str:
        """The value as text (RFC 5545 §3.3.11)."""
        return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value)


@dataclass(slots=True)
class Calendar:
    """The parts of a text that matter."""

    events: list[list[Line]] = field(default_factory=list)
    zones: dict[str, str] = field(default_factory=dict)
    """VTIMEZONE components as text, by TZID."""


def cut(text: bytes) -> Calendar:
    """The entries and zones of a calendar, or of several one after the other.

    Raises:
        Malformed: this is no calendar, or not a whole one.
    """
    begun = False
    cutter = _Cutter()
    for line in _unfolded(text):
        if not begun and line.strip("\ufeff \t"):
            begun = True
            if line.strip("\ufeff \t").upper() != "BEGIN:VCALENDAR":
                raise _no_calendar()
        cutter.take(line.lstrip("\ufeff"))
    if not begun:
        raise _no_calendar()
    if cutter.within:
        raise _cut_short()
    return cutter.calendar


def _unfolded(text: bytes) -> Iterator[str]:
    """Whole lines; folds may cut characters in two, so lines are joined before they are decoded.

    Line by line: a call that takes a whole feed apart would hold up every other thread.
    """
    parts: list[bytes] = []
    for raw in BytesIO(text):
        for line in raw.rstrip(b"\r\n").split(b"\r"):
            if line[:1] in {b" ", b"\t"} and parts:
                parts.append(line[1:])
                continue
            if parts:
                yield b"".join(parts).decode("utf-8", "replace")
            parts = [line]
    if parts:
        yield b"".join(parts).decode("utf-8", "replace")


def _no_calendar() -> Malformed:
    return Malformed("something else than a calendar came", reason="not_calendar")


class _Cutter:
    """Goes through the lines and knows which components the present one stands in."""

    def __init__(self) -> None:
        self.calendar = Calendar()
        self.within: list[str] = []
        self._zone: list[str] = []
        self._event: list[str] = []

    def take(self, line: str) -> None:
        """The next line.

        Raises:
            Malformed: components are not closed in order, or too many.
        """
        low = line.strip().upper()
        if low.startswith("BEGIN:"):
            self.within.append(low[6:])
            if len(self.within) > DEPTH or len(self.calendar.events) > ENTRIES:
                raise Malformed("the calendar has too many events", reason="too_many_events")
        elif self.within[-1:] == ["VEVENT"] and not low.startswith("END:"):
            self._event.append(line)
        if self.within[1:2] == ["VTIMEZONE"] and len(self._zone) <= ZONE_LINES:
            self._zone.append(line)
        if low.startswith("END:"):
            self._close(low[4:])

    def _close(self, name: str) -> None:
        if not self.within or self.within.pop() != name:
            raise _cut_short()
        if name == "VEVENT":
            self.calendar.events.append(list(_properties(self._event)))
            self._event = []
        elif name == "VTIMEZONE":
            _add_zone(self.calendar, self._zone)
            self._zone = []


def _cut_short() -> Malformed:
    return Malformed("the calendar ends before its end, or is not in order", reason="cut_short")


def _add_zone(calendar: Calendar, lines: list[str]) -> None:
    """Keep a zone's definition where it is of a bearable size."""
    if len(lines) > ZONE_LINES or len(calendar.zones) >= ZONES:
        return
    for line in lines:
        if line.upper().startswith("TZID") and (found := property_of(line)):
            calendar.zones[found.value.strip()] = "\r\n".join(lines)
            return


def _properties(lines: list[str]) -> Iterator[Line]:
    """The wanted properties; lines that are no property continue the one before them.

    Some programs forget to fold or to escape; what is a property begins with a known kind of name.
    """
    whole: list[str] = []
    for line in lines:
        name = re.match(r"[A-Za-z][A-Za-z0-9\-]*(?=[:;])", line)
        if name and (name[0].isupper() or name[0].upper() in WANTED):
            whole.append(line)
        elif whole and len(whole[-1]) < TEXT:
            whole[-1] += f"\n{line}"
    for line in whole:
        if re.split("[:;]", line, maxsplit=1)[0].upper() in WANTED and (found := property_of(line)):
            yield found


def property_of(line: str) -> Line | None:
    """The property that a line is, or None where it is none."""
    name = re.split("[:;]", line[:HEAD], maxsplit=1)[0].strip().upper()
    # Names of zones hold colons and come without quotes; times hold none.
    colon = line[:HEAD].rfind(":") if name in _TIMES else _colon(line[:HEAD])
    if colon < 0:
        return None
    head = line[:colon]
    return Line(
        name=name,
        parameters={key.upper(): value.strip('"') for key, value in _PARAMETER.findall(head)},
        value=line[colon + 1 :][:TEXT],
    )


def _colon(line: str) -> int:
    """Where the value begins: behind the first colon that is not in quotes."""
    quoted = False
    for found in _MARK.finditer(line):
        if found[0] == '"':
            quoted = not quoted
        elif not quoted:
            return found.start()
    return line.find(":")
