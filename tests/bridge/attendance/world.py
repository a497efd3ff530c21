"""A room with a calendar, in virtual time, that is given back when nobody comes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bridge.attendance.attending import Attending, Means
from bridge.attendance.composition import Presences
from bridge.attendance.desk import Desk
from bridge.attendance.keeping import Keeping
from bridge.attendance.release import GivingBack
from bridge.callers import Caller
from bridge.calling.notes import Notes
from bridge.health import Health, Subject
from bridge.tokens import Tokens
from bridge.views.house import House, Presence
from bridge.views.web import Problem
from bridge.writing.actions import Actions
from bridge.writing.attempts import Attempts
from bridge.writing.bookings import Bookings
from bridge.writing.steps import Means as WritingMeans
from connector.errors import ConnectorError
from rooms.agenda import agenda_of
from rooms.audit import Audit
from rooms.display import CheckIn
from rooms.identity import occurrence_of
from rooms.model import Event, Window
from rooms.room import Policy, Room
from rooms.store import Store
from tests.fakes.furnished import furnished
from tests.fakes.sources import event, room
from tests.fakes.virtual import NOON, PatientDatabase, VirtualClock, in_virtual_time
from tests.fakes.writing import FakeCalendars

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DOOR = Caller(name="door", scopes=frozenset(["read", "write"]), room="kestrel", token="t1")
SERVICE = Caller(name="robot", scopes=frozenset(["read", "write"]))
POLICY = CheckIn(enabled=True)


class JumpingClock(VirtualClock):
    """A clock that somebody sets, or that the machine's sleep leaves behind."""

    offset = timedelta()

    def now(self) -> datetime:
        """The time that the clock shows."""
        return super().now() + self.offset


class Noting(FakeCalendars):
    """Notes when each event was declined."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world = world

    async def decline(self, room: Room, event: Event, *, series: bool, text: str = "") -> None:
        """As ever."""
        before = len(self.done)
        try:
            await super().decline(room, event, series=series, text=text)
        finally:
            if len(self.done) > before and isinstance(event.when, Window):
                now, world = self.world.clock.now(), self.world
                used = world.presence.state in {"in_use", "in_call"}
                well = not used and not world.house.stale(world.store.kept("kestrel"), now)
                world.releases.append((event.id, event.when.start, past(now), well, world.watched))


class World:
    """Kestrel, its calendar, and everybody who comes or does not."""

    def __init__(self, database: PatientDatabase) -> None:
        self.database = database
        self.clock = JumpingClock()
        self.calendars = Noting(self)
        self.calendars.now = self.clock.now
        self.store = Store(database)
        self.health = Health(self.clock)
        audit = Audit(database)
        self.notes = Notes(audit, self.clock)
        self.house = House(
            store=self.store,
            health=self.health,
            clock=self.clock,
            tokens=Tokens(database, audit, self.clock),
            started=NOON,
        )
        self.presence = Presence()
        self.house.presence = lambda _room: self.presence
        self.reads_well = True
        self.every = 60.0
        """Seconds between two reads."""
        self.changes: list[str] = []
        means = WritingMeans(
            rooms=self,
            writers=self.calendars,
            store=self.store,
            health=self.health,
            audit=audit,
            clock=self.clock,
        )
        self.bookings = Bookings(means)
        self.actions = Actions(self.bookings, Attempts(database, self.clock), self.clock)
        self.releases: list[tuple[str, datetime, float, bool, float]] = []
        """What was declined: the event, its start, when that was, in minutes past noon, whether
        the room was in no use and its calendar read of late, and what `watched` was."""
        self.watched = 0.0
        """Since when the bridge watches without a break, in minutes past noon by its own clock."""
        self.tasks: set[asyncio.Task[None]] = set()
        self.room = room()

    def begin(self) -> None:
        """Whatever lives in memory only, as after a start."""
        self.keeping = Keeping(self.database)
        self.attending = Attending(
            Means(
                house=self.house,
                keeping=self.keeping,
                notes=self.notes,
                release=GivingBack(self.actions),
                hint=self.hint,
                changed=self.changes.append,
            )
        )
        self.house.attendance = self.attending.attendance
        self.presences = Presences(self.attending, self.clock)
        self.actions.done[:] = [self.presences.acted]
        self.desk = Desk(self.house, self.attending, self.keeping)

    @asynccontextmanager
    async def running(self, policy: CheckIn = POLICY, **more: Any) -> AsyncIterator[None]:
        """The bridge runs, by this policy."""
        self.begin()
        async with self.attending.running():
            self.adopt(policy, **more)
            reader = asyncio.create_task(self._reading())
            try:
                yield
            finally:
                reader.cancel()
                await asyncio.wait([reader, *self.tasks])

    def adopt(self, policy: CheckIn = POLICY, **more: Any) -> Room:
        """Another policy."""
        usual: dict[str, Any] = {"writes": "full", "check_in": policy}
        self.room = room(policy=Policy(**usual | more))
        self.house.rooms = {"kestrel": self.room}
        self.attending.adopt((self.room,))
        return self.room

    async def _reading(self) -> None:
        """As a lane does it, every minute."""
        while True:
            await self.read()
            await asyncio.sleep(self.every)

    def reached(self, _source: str) -> FakeCalendars:
        """As the one who reads."""
        return self.calendars

    def hint(self, _room: str) -> None:
        """As the same."""
        task = asyncio.create_task(self.read())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def read(self) -> None:
        """A read of the calendar, unless the service is away."""
        if not self.reads_well:
            return
        now = self.clock.now()
        window = Window.around(now, DAY, 7 * DAY)
        try:
            events = await self.calendars.fetch(self.room, window)
        except ConnectorError:
            return
        agenda, account = agenda_of(self.room, events, window=window, as_of=now)
        known = self.store.agenda("kestrel")
        changed = known is None or known.bookings != agenda.bookings
        if changed:
            await self.store.replace(self.room, agenda, account)
        else:
            self.store.confirm(self.room, now, window)
        self.bookings.heard("kestrel")
        self.attending.heard("kestrel", changed=changed)

    async def until(self, minutes: float) -> None:
        """Sleep until so many minutes past noon, and let what is due then be done."""
        due = NOON + minutes * MINUTE
        await asyncio.sleep(max(0.0, (due - VirtualClock.now(self.clock)).total_seconds()))

    def book(self, name: str = "review", at: float = 180, minutes: int = 60, **more: Any) -> Event:
        """Somebody else invites the room, so many minutes past noon."""
        made = event(name, NOON + at * MINUTE, minutes, **more)
        self.calendars.add(made)
        return made

    def series(self, days: int, at: float = 180, name: str = "daily") -> Sequence[Event]:
        """Somebody else invites the room daily."""
        return [
            self.book(
                f"{name}-{day}",
                at + day * 24 * 60,
                uid=f"uid-{name}",
                occurrence=occurrence_of(NOON + at * MINUTE + day * DAY),
            )
            for day in range(days)
        ]

    def id(self, name: str = "review") -> str:
        """The id of the booking of a name."""
        agenda = self.store.agenda("kestrel")
        assert agenda is not None
        return next(one.id for one in agenda.bookings if one.title == name.title())

    def asked(self) -> dict[str, tuple[float, float, bool]]:
        """By title, from when until when somebody must check in, in minutes past noon."""
        agenda = self.store.agenda("kestrel")
        titles = {one.id: one.title for one in agenda.bookings} if agenda else {}
        asked = self.house.attendance("kestrel").asked
        return {
            titles.get(name, "?"): (past(one.opens), past(one.until), one.releases)
            for name, one in asked.items()
        }

    def shown(self) -> list[str]:
        """The ids of what the room shows."""
        agenda = self.store.agenda("kestrel")
        return [one.id for one in agenda.bookings] if agenda else []

    async def check_in(self, name: str = "review", caller: Caller = DOOR) -> str:
        """Somebody checks in; the code of why not, or nothing."""
        try:
            shape = await self.desk.check_in(self.room, self.id(name), caller)
        except Problem as problem:
            return problem.code
        assert shape.done == "checked_in"
        return ""

    @property
    def given_back(self) -> list[str]:
        """What was declined or cancelled, in order."""
        return [name for what, name in self.calendars.done if what in {"decline", "cancel"}]

    def troubles(self) -> list[str]:
        """What whoever looks after the appliance is told."""
        return [one.code for one in self.health.of(Subject("attendance", "kestrel"))]

    async def told(self) -> list[tuple[str, str | None, str | None, str | None]]:
        """The report: outcome, how, why exempt and why kept, in order of time."""
        report = await self.desk.report(self.room)
        return [(one.outcome, one.how, one.exempt, one.kept_because) for one in report.bookings]

    async def audited(self, action: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Who did it to what, and more of it."""
        query = "SELECT actor, object, detail FROM audit WHERE action = ?"
        rows = await self.database.change(lambda db: db.execute(query, [action]).fetchall())
        return [(actor, what, msgspec.json.decode(detail)) for actor, what, detail in rows]


def past(instant: datetime) -> float:
    """Minutes past noon."""
    return (instant - NOON) / MINUTE


Story = Callable[[World], Coroutine[Any, Any, None]]
Play = Callable[[Story], World]


def player(tmp_path: Path) -> Play:
    """Plays one story in virtual time."""
    database = PatientDatabase(furnished(tmp_path / "bridge.db"))

    def played(story: Story) -> World:
        world = World(database)

        async def run() -> None:
            async with database.running():
                await story(world)

        in_virtual_time(run())
        return world

    return played
