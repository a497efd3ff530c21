"""Series become occurrences (RFC 5545 §3.8.5), within measure and one series at a time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar
from icalendar import Event as Component
from icalendar.prop import vRecur
from msgspec.structs import replace

from connector.errors import Malformed
from connector.icalendar.entry import Entry, Moment
from connector.icalendar.rules import read_rule, steps
from rooms.identity import occurrence_of
from rooms.model import Days, Event, Window

ALL_STEPS = 600_000
"""Steps of all series of one calendar: a few seconds."""

_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What the libraries raise over a series that makes no sense."""
_PLACE = "X-PLACE"
_ANYWHERE = ZoneInfo("UTC")


class Budget:
    """How much more recurrence one calendar may cost."""

    def __init__(self) -> None:
        self._left = ALL_STEPS

    def spend(self, steps: int) -> None:
        """Take steps away.

        Raises:
            Malformed: it recurs without measure.
        """
        self._left -= steps
        if self._left < 0:
            raise Malformed("the calendar recurs without measure", reason="too_many_events")


def occurrences(entries: Iterable[Entry], span: Window, budget: Budget) -> Iterator[Event]:
    """Every event that may touch a span; the caller looks more closely."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.event.uid, []).append(entry)
    for group in groups.values():
        yield from _group(group, span, budget)


def _group(group: list[Entry], span: Window, budget: Budget) -> Iterator[Event]:
    """The events of one UID: of each version the latest, and the series expanded."""
    master: Entry | None = None
    changed: dict[str, Entry] = {}
    for entry in sorted(group, key=lambda entry: entry.rank):
        if entry.lost:
            yield replace(entry.event, id=f"{entry.event.id}#", occurrence="unknown", when=None)
        elif entry.original is None:
            master = entry
        else:
            changed[_name(entry.original, group)] = entry
    if master is None or not master.recurs:
        if master is not None:
            yield _timed(master, master.start, "")
        yield from (_timed(entry, entry.start, name) for name, entry in changed.items())
        return
    try:
        yield from _expanded(master, changed, span, budget)
    except _BROKEN:
        yield replace(master.event, when=None)
        yield from (_timed(entry, entry.start, name) for name, entry in changed.items())


def _name(original: Moment, group: Sequence[Entry]) -> str:
    """The name of the occurrence that an entry stands for.

    Some programs name it by its day where the series has a time, or the other way round.
    """
    for master in group:
        if master.original is None and master.start is not None and not master.lost:
            return occurrence_of(_like(original, master.start))
    return occurrence_of(original)


def _like(moment: Moment, start: Moment) -> Moment:
    """A moment as the series counts: days, or instants at its time of day."""
    if not isinstance(start, datetime):
        return moment.date() if isinstance(moment, datetime) else moment
    if isinstance(moment, datetime):
        return moment.astimezone(start.tzinfo)
    return datetime.combine(moment, start.timetz())


def _timed(entry: Entry, start: Moment | None, occurrence: str) -> Event:
    """An entry at a time; None where its times make no sense."""
    when: Window | Days | None = None
    try:
        if isinstance(start, datetime):
            begins = start.astimezone(UTC)
            when = Window(start=begins, end=begins + entry.length)
        elif start is not None:
            when = Days(first=start, after=start + entry.length)
            when.window(_ANYWHERE)
    except (OverflowError, ValueError):
        when = None
    event = entry.event
    name = f"{event.id}#{occurrence}" if occurrence else event.id
    return replace(event, id=name, occurrence=occurrence, when=when)


def _expanded(
    master: Entry, changed: dict[str, Entry], span: Window, budget: Budget
) -> Iterator[Event]:
    """The occurrences of a series around a span.

    Raises:
        ValueError and others of its kind: the series makes no sense, or has no measure.
        Malformed: all series together have none.
    """
    if master.start is None:
        raise ValueError
    rules = [read_rule(text, master.start) for text in master.rules]
    wide = Window(start=span.start - timedelta(days=1), end=span.end + timedelta(days=1))
    budget.spend(sum(steps(rule, master.start, wide) for rule in rules))
    calendar = Calendar()
    left_out = [_left_out(moment, master.start) for moment in master.left_out]
    placed = [master, *changed.values()]
    for place, entry in enumerate(placed):
        if entry.start is None and entry.original is not None:
            yield _timed(entry, None, _name(entry.original, [master]))
            left_out.append(_like(entry.original, master.start))
        elif place:
            calendar.add_component(_component(entry, master, place))
    calendar.add_component(_recurring(master, rules, left_out))
    query = recurring_ical_events.of(calendar)
    for found in query.between(wide.start, wide.end):
        entry = placed[int(str(found[_PLACE]))]
        start: Moment = found["DTSTART"].dt
        yield _timed(entry, start, occurrence_of(_original(entry, master, start)))


def _less(later: Moment, earlier: Moment) -> timedelta:
    """The difference of wall clocks, or of days."""
    if isinstance(later, datetime) and isinstance(earlier, datetime):
        return later.replace(tzinfo=None) - earlier.replace(tzinfo=None)
    return date(later.year, later.month, later.day) - date(earlier.year, earlier.month, earlier.day)


def _original(entry: Entry, master: Entry, start: Moment) -> Moment:
    """When an occurrence would be, had nobody moved it."""
    if entry is master or entry.original is None or entry.start is None or master.start is None:
        return start
    original = _like(entry.original, master.start)
    if not entry.onward:
        return original
    return _like(start, master.start) - _less(_like(entry.start, master.start), original)


def _component(entry: Entry, master: Entry, place: int) -> Component:
    """What the library has to know of an entry that has times, and which one it is."""
    start = entry.start
    if start is None:
        raise ValueError
    if entry.onward and master.start is not None:
        start = _like(start, master.start)
    component = Component()
    component.add("UID", "series")
    component.add(_PLACE, str(place))
    component.add("DTSTART", start)
    component.add("DTEND", start + entry.length)
    component.add("SEQUENCE", place)
    if entry.original is not None and master.start is not None:
        parameters = {"RANGE": "THISANDFUTURE"} if entry.onward else {}
        component.add("RECURRENCE-ID", _like(entry.original, master.start), parameters)
    return component


def _recurring(master: Entry, rules: list[dict[str, str]], left_out: list[Moment]) -> Component:
    start = master.start
    if start is None:
        raise ValueError
    component = _component(master, master, 0)
    for rule in rules:
        text = ";".join(f"{key}={value}" for key, value in rule.items())
        component.add("RRULE", vRecur.from_ical(text))
    if master.extra:
        component.add("RDATE", [_like(moment, start) for moment in master.extra])
    if left_out:
        component.add("EXDATE", left_out)
    return component


def _left_out(moment: Moment, start: Moment) -> Moment:
    """A day stays a day: it leaves out whatever begins on it."""
    return _like(moment, start) if isinstance(moment, datetime) else moment
