"""CLI commands about the calendar: its state, its meetings, its settings (endpoints.md 3.4)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from connector.simulators.poly.families import TRUTHS
from connector.simulators.poly.meetings import Meeting
from connector.simulators.poly.unit import Unit

ILLEGAL = "error: command has illegal parameters"
LONGEST = timedelta(days=31)
FLAGS = frozenset({"calendarregisterwithserver", "calendarplaytone", "calendarshowpvtmeetings"})
"""Commands that take `yes` or `no`, without `set`."""
CHOICES = {
    "calendarprotocol": frozenset({"auto", "tls"}),
    "calendarremindertime": frozenset({"none", "1", "5", "10", "15", "30"}),
}
"""Commands that take one of these, without `set`."""


def status(unit: Unit, words: list[str]) -> Iterator[str]:
    """`calendarstatus get`."""
    if words != ["get"]:
        yield ILLEGAL
        return
    yield f"calendarstatus {'established' if unit.status == 'ONLINE' else 'unavailable'}"


def meetings(unit: Unit, words: list[str], *, admin: bool) -> Iterator[str]:
    """`calendarmeetings list "start" ["end"]`, `calendarmeetings info "id"`."""
    match words:
        case ["list", start, *end] if len(end) <= 1:
            yield from _list(unit, start, end[0] if end else "", admin=admin)
        case ["info", identity]:
            found = unit.meeting(identity)
            yield from _info(unit, found, admin=admin) if found else iter([ILLEGAL])
        case _:
            yield ILLEGAL


def _list(unit: Unit, start: str, end: str, *, admin: bool) -> Iterator[str]:
    first = _instant(unit, start)
    last = _instant(unit, end) if end else first and _midnight(first) + timedelta(days=1)
    if first is None or last is None or last - first > LONGEST:
        yield ILLEGAL
        return
    if end and ":" not in end.removeprefix("today").removeprefix("tomorrow"):
        last += timedelta(days=1)
    yield "calendarmeetings list begin"
    for one in unit.meetings:
        if one.end > first and one.start < last and not one.canceled:
            subject = _field(unit.title(one, admin=admin))
            yield f"meeting|{one.id}|{_local(unit, one.start)}|{_local(unit, one.end)}|{subject}"
    yield "calendarmeetings list end"


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def _instant(unit: Unit, text: str) -> datetime | None:
    """`YYYY-MM-DD:HH:MM`, `today[:HH:MM]` or `tomorrow[:HH:MM]` in the unit's time zone."""
    day, _, time = text.partition(":")
    today = _midnight(unit.now().astimezone(unit.zone))
    try:
        base = {"today": today, "tomorrow": today + timedelta(days=1)}.get(day)
        if base is None:
            base = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=unit.zone)
        if not time:
            return base
        clock = datetime.strptime(time, "%H:%M").replace(tzinfo=unit.zone)
    except ValueError:
        return None
    return base.replace(hour=clock.hour, minute=clock.minute)


def _local(unit: Unit, instant: datetime) -> str:
    return f"{instant.astimezone(unit.zone):%Y-%m-%d:%H:%M}"


def _field(text: str) -> str:
    """A text as it fits between bars."""
    return " ".join(text.replace("|", " ").split())


def _info(unit: Unit, meeting: Meeting, *, admin: bool) -> Iterator[str]:
    hidden = meeting.private and not admin and not unit.settings.shows_private()
    yield "calendarmeetings info start"
    yield f"id|{meeting.id}"
    dialable = "dialable" if meeting.numbers else "nondialable"
    public = "private" if meeting.private else "public"
    span = f"{_local(unit, meeting.start)}|{_local(unit, meeting.end)}"
    yield f"{span}|{dialable}|{public}"
    yield f"organizer|{_field(meeting.organizer)}"
    yield f"location|{'' if hidden else _field(meeting.location)}"
    yield f"subject|{_field(unit.title(meeting, admin=admin))}"
    for one in meeting.numbers:
        kind = "video" if one.video else "audio"
        yield f"dialingnumber|{kind}|{one.number}{'|' + one.protocol if one.protocol else ''}"
    yield f"meetingpassword|{_field(meeting.password) or 'none'}"
    if not hidden:
        yield from (f"attendee|{_field(name)}" for name in meeting.required + meeting.optional)
    yield "calendarmeetings info end"


def setting(unit: Unit, command: str, words: list[str]) -> Iterator[str]:
    """A command that reads or sets one setting of the calendar."""
    name = unit.family.commands[command]
    value = _wanted(command, words)
    if value is None and words != ["get"]:
        yield ILLEGAL
        return
    if value is not None:
        flag = command in FLAGS
        own = (unit.family.on if value == "yes" else unit.family.off) if flag else value
        unit.settings.set(name, own)
        unit.tell()
    if unit.settings.secret(name):
        yield command if value is not None else ILLEGAL
        return
    said = unit.settings[name]
    if command in FLAGS:
        said = "yes" if said.lower() in TRUTHS else "no"
    yield f"{command} {said}".rstrip()


def _wanted(command: str, words: list[str]) -> str | None:
    """What a setting shall be; None where nothing is to be set, or not so."""
    match words:
        case ["set", value] if command not in FLAGS and command not in CHOICES:
            return value
        case ["set"] if command not in FLAGS and command not in CHOICES:
            return ""
        case [value] if command in FLAGS and value in {"yes", "no"}:
            return value
        case [value] if value in CHOICES.get(command, ()):
            return value
        case _:
            return None
