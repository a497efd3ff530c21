"""What a panel says: a room's agenda at an instant, in words and without anything that ticks.

Nothing in it changes but at the moments that `next_change` names, so that a screen of electronic
ink, which flashes when it changes, changes as seldom as the room does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal, NamedTuple

from bridge.views.faces.tidy import tidy
from bridge.views.faces.wording import Wording
from bridge.views.house import AskedToCheckIn, Attendance
from bridge.views.render import Standing, seen
from rooms.model import Agenda, Booking
from rooms.room import Room

State = Literal["free", "busy", "soon", "check_in", "unknown"]

SOON = timedelta(minutes=10)
"""How long before its start a meeting is announced."""
LISTED = 8
"""Later meetings that are told at most."""
DAY = (8, 18)
"""Hours that a time line shows at least."""


class Entry(NamedTuple):
    """A meeting in words."""

    times: str
    title: str
    organizer: str
    note: str
    """How to join it, or why that cannot be done."""


class Bar(NamedTuple):
    """A meeting on the time line, in minutes of the day."""

    start: int
    end: int
    running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that is drawn."""

    state: State
    word: str
    until: str
    name: str
    place: str
    date: str
    label: str
    """Whether `entry` runs now or comes next."""
    entry: Entry | None
    later: tuple[Entry, ...]
    later_label: str
    line: tuple[Bar, ...]
    hours: tuple[int, int]
    ticks: tuple[str, ...]
    """What stands at each hour of them."""
    old: str
    """How old the data is; empty while it is not."""
    leads_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A room at an instant."""

    room: Room
    agenda: Agenda | None
    attendance: Attendance
    stale: bool
    has_systems: bool
    """Whether a room system is there to join with."""
    now: datetime

    @property
    def local(self) -> datetime:
        """Now, where the room is."""
        return self.now.astimezone(self.room.zone)

    @property
    def bookings(self) -> tuple[Booking, ...]:
        """All that is known."""
        return self.agenda.bookings if self.agenda else ()

    def midnight(self, days: int = 0) -> datetime:
        """When the room's day begins, or another one so many days later."""
        day = self.local.date() + timedelta(days=days)
        return datetime.combine(day, time(), tzinfo=self.room.zone).astimezone(UTC)


def content(scene: Scene, words: Wording) -> Content:
    """A scene in words."""
    standing = Standing(scene.agenda, scene.now)
    current = _current(scene)
    following = _following(scene)
    asked = _asked(scene, busy=standing.busy)
    state = _state(scene, standing, asked)
    shown = current or following
    first, last = _hours(scene)
    return Content(
        state=state,
        word=words(f"state.{state}"),
        until=_until(scene, standing, state, asked, words)
        if state != "unknown"
        else words("face.never_read"),
        name=tidy(scene.room.name),
        place=_place(scene.room, words),
        date=words.day(scene.local.date()),
        label=words("meeting.now" if current else "meeting.next") if shown else "",
        entry=_entry(scene, shown, words, note=True) if shown else None,
        later=tuple(_entry(scene, one, words) for one in _later(scene, shown))[:LISTED],
        later_label=words("meeting.later" if shown else "meeting.nothing_today")
        if scene.agenda
        else "",
        line=tuple(_bars(scene)),
        hours=(first, last),
        ticks=tuple(words.hour(hour % 24) for hour in range(first, last + 1)),
        old=_old(scene, words),
        leads_right=words.leads_right,
    )


def no_room(name: str, words: Wording) -> Content:
    """What is said of a room that is no longer in use."""
    return Content(
        state="unknown",
        word="",
        until=words("state.retired"),
        name=name,
        place="",
        date="",
        label="",
        entry=None,
        later=(),
        later_label="",
        line=(),
        hours=DAY,
        ticks=(),
        old="",
        leads_right=words.leads_right,
    )


def next_change(scene: Scene, stale_at: datetime | None) -> datetime:
    """The first moment at which the picture will be another one, if nothing changes before."""
    moments = [scene.midnight(1)]
    if stale_at is not None:
        moments.append(stale_at)
    for one in scene.bookings:
        moments += (one.start - SOON, one.start, one.end)
    for asked in scene.attendance.asked.values():
        moments += (asked.opens, asked.until)
    return min(one for one in moments if one > scene.now)


def _state(scene: Scene, standing: Standing, asked: AskedToCheckIn | None) -> State:
    if scene.agenda is None:
        return "unknown"
    if asked is not None:
        return "check_in"
    if standing.busy:
        return "busy"
    soon = standing.until is not None and standing.until - scene.now <= SOON
    return "soon" if soon else "free"


def _asked(scene: Scene, *, busy: bool) -> AskedToCheckIn | None:
    """What somebody must check in to now: what runs, or what comes while the room is free."""
    asked = scene.attendance.asked
    for one in scene.bookings:
        open_ = one.id in asked and asked[one.id].opens <= scene.now < asked[one.id].until
        if open_ and (one.start <= scene.now or not busy):
            return asked[one.id]
    return None


def _until(
    scene: Scene,
    standing: Standing,
    state: State,
    asked: AskedToCheckIn | None,
    words: Wording,
) -> str:
    def told(moment: datetime) -> str:
        return words.time(moment.astimezone(scene.room.zone))

    if asked is not None:
        return words("state.check_in_asked", time=told(asked.until))
    if state == "soon" and (following := _following(scene)):
        return _entry(scene, following, words).times
    end = scene.midnight(1)
    until = standing.until
    if until is None or until == end or (state == "free" and until > end):
        return words("state.rest_of_day")
    if until < end:
        return words("state.until", time=told(until))
    local = until.astimezone(scene.room.zone)
    if until < scene.midnight(2):
        return words("state.until_day_time", day=words.weekday(local), time=words.time(local))
    return words("state.until_day", day=words.day(local.date()))


def _current(scene: Scene) -> Booking | None:
    """The meeting that takes the room; a short one before one of the whole day."""
    running = [one for one in scene.bookings if one.takes_room and one.start <= scene.now < one.end]
    return next((one for one in running if not one.all_day), running[0] if running else None)


def _following(scene: Scene) -> Booking | None:
    """The next meeting today; what does not take the room is not announced."""
    end = scene.midnight(1)
    later = (one for one in scene.bookings if scene.now < one.start < end and not one.all_day)
    return next((one for one in later if one.takes_room), None)


def _later(scene: Scene, shown: Booking | None) -> Iterator[Booking]:
    """What else there is today."""
    end = scene.midnight(1)
    for one in scene.bookings:
        if one is not shown and one.end > scene.now and one.start < end:
            yield one


def _entry(scene: Scene, one: Booking, words: Wording, *, note: bool = False) -> Entry:
    times = words("meeting.all_day")
    if not one.all_day:
        start, end = (moment.astimezone(scene.room.zone) for moment in (one.start, one.end))
        told = [words.time(start), words.time(end)]
        if start.date() < scene.local.date():
            told[0] = f"{words.weekday(start)} {told[0]}"
        if one.end > scene.midnight(1):
            told[1] = f"{words.weekday(end)} {told[1]}"
        times = words("meeting.from_to", start=told[0], end=told[1])
    shown = seen(one, scene.room, "open")
    return Entry(
        times=times,
        title=tidy(shown.title) or words("meeting.untitled"),
        organizer=tidy(shown.organizer),
        note=_note(scene, one, words) if note else "",
    )


def _note(scene: Scene, one: Booking, words: Wording) -> str:
    """How to join, or why not; in a room without a system there is nothing to say."""
    if not scene.has_systems or one.no_join_reason == "no_online_meeting":
        return ""
    if one.can_join:
        return words("face.join_hint")
    key = f"reasons.{one.no_join_reason}"
    return words(key) if one.no_join_reason and words.has(key) else ""


def _place(room: Room, words: Wording) -> str:
    floor = words("meeting.floor", floor=room.floor) if room.floor.isdecimal() else room.floor
    return " · ".join(filter(None, [tidy(room.building), tidy(floor)]))


def _old(scene: Scene, words: Wording) -> str:
    if not scene.stale or scene.agenda is None:
        return ""
    as_of = scene.agenda.as_of.astimezone(scene.room.zone)
    time = words.time(as_of)
    told = words("badge.as_of_day", day=words.day(as_of.date()), time=time)
    if as_of.date() == scene.local.date():
        told = words("badge.as_of", time=time)
    return f"{told} · {words('board.old')}"


def _minute(scene: Scene, moment: datetime) -> int:
    """The minute of the room's day on its wall clock; what lies outside of the day, at its edge."""
    if moment <= scene.midnight():
        return 0
    if moment >= scene.midnight(1):
        return 24 * 60
    local = moment.astimezone(scene.room.zone)
    return local.hour * 60 + local.minute


def _bars(scene: Scene) -> Iterator[Bar]:
    """What takes the room today. What clocks set back show twice is drawn once."""
    for one in scene.bookings:
        if one.takes_room and one.start < scene.midnight(1) and one.end > scene.midnight():
            start, end = _minute(scene, one.start), _minute(scene, one.end)
            yield Bar(start, max(start, end), running=one.start <= scene.now < one.end)


def _hours(scene: Scene) -> tuple[int, int]:
    """The hours that a time line shows: those of work, and more where there are meetings."""
    bars = [one for one in _bars(scene) if one.end - one.start < 24 * 60]
    first = min([DAY[0], *(one.start // 60 for one in bars)])
    last = max([DAY[1], *(-(-one.end // 60) for one in bars)])
    return first, last
