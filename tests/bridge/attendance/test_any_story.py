"""Whatever happens: nobody who came, was not asked or could not be seen loses the room."""

import asyncio
import itertools
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bridge.views.house import Presence
from connector.errors import Denied, Unavailable
from rooms.display import CheckIn
from rooms.model import Window
from tests.bridge.attendance.world import MINUTE, World, past
from tests.fakes.furnished import furnished
from tests.fakes.virtual import NOON, PatientDatabase, VirtualLoop

FAILURES = [
    Unavailable("busy", reason="throttled"),
    Denied("no", reason="access_denied"),
    Unavailable("changed", reason="changed_meanwhile"),
]
LOST = Unavailable("no answer", reason="timeout")
GRACE = 10.0
HAPPENINGS = ["nothing", "come", "use", "jump", "restart", "unread"]


class Office(RuleBasedStateMachine):
    """A bridge, a calendar and people, by the minute."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.loop = VirtualLoop()
        self.world = World(PatientDatabase(furnished(Path(self.folder.name) / "bridge.db")))
        self.numbers = itertools.count()
        self.came: set[tuple[str, datetime]] = set()
        """Events that somebody checked in to, and their starts."""
        self.booked: dict[str, datetime] = {}
        """When each event was booked, or moved last."""
        self.booked_for: dict[str, datetime] = {}
        """When each event begins."""
        self.seen = 0
        self.loop.run_until_complete(self._start())

    async def _start(self) -> None:
        self.closing = asyncio.Event()
        self.open = asyncio.create_task(self._opened())
        await self._run()

    async def _opened(self) -> None:
        async with self.world.database.running():
            await self.closing.wait()

    async def _run(self) -> None:
        self.stop = asyncio.Event()
        self.bridge = asyncio.create_task(self._running())
        self.world.watched = past(self._now())
        await asyncio.sleep(1)

    async def _running(self) -> None:
        async with self.world.running(CheckIn(enabled=True, ahead=2 * MINUTE, by_call=False)):
            await self.stop.wait()

    def teardown(self) -> None:
        async def end() -> None:
            self.stop.set()
            await self.bridge
            self.closing.set()
            await self.open

        self.loop.run_until_complete(end())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()

    def _now(self) -> datetime:
        return NOON + timedelta(seconds=self.loop.time()) + self.world.clock.offset

    def _pick(self, data: Any) -> str | None:
        names = sorted(self.booked)
        return data.draw(st.sampled_from(names)) if names else None

    @rule(ahead=st.integers(1, 20), length=st.integers(12, 60))
    def book(self, ahead: int, length: int) -> None:
        """Somebody books."""
        name = f"m{next(self.numbers)}"
        self.world.book(name, round(past(self._now())) + ahead, length)
        self.booked[name] = self._now()
        self.booked_for[name] = self._starts(name)

    def _starts(self, name: str) -> datetime:
        when = self.world.calendars.events[name].when
        assert isinstance(when, Window)
        return when.start

    @rule(
        ahead=st.integers(3, 15),
        length=st.integers(15, 60),
        after=st.floats(-3, 9.9),
        what=st.sampled_from(HAPPENINGS),
        by=st.sampled_from([-30, -5, 5, 30]),
    )
    def meet(self, ahead: int, length: int, after: float, what: str, by: int) -> None:
        """Somebody books, something happens about the start, and the grace passes."""
        self.read(well=True)
        self.use("free")
        self.book(ahead, length)
        name = max(self.booked, key=lambda one: int(one[1:]))
        self.wait(max(0.1, past(self.booked_for[name]) + after - past(self._now())))
        self.wait(1 / 60)  # what was just being given back cannot be stopped
        match what:
            case "come":
                self._come(name)
            case "jump":
                self.jump(by)
            case "restart":
                self.restart(abs(by) / 10)
            case "unread":
                self.read(well=False)
            case "use":
                self.use("in_use")
            case _:
                pass
        self._miss(name)

    @rule(data=st.data(), ahead=st.integers(1, 20))
    def move(self, data: Any, ahead: int) -> None:
        """Somebody moves a meeting."""
        name = self._pick(data)
        if name and name in self.world.calendars.events:
            when = self.world.calendars.events[name].when
            assert isinstance(when, Window)
            length = round((when.end - when.start) / MINUTE)
            self.world.book(name, round(past(self._now())) + ahead, length)
            self.booked[name] = self._now()
            self.booked_for[name] = self._starts(name)
            self.came -= {one for one in self.came if one[0] == name}

    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        """Somebody cancels."""
        name = self._pick(data)
        if name:
            self.world.calendars.events.pop(name, None)
            self.booked.pop(name)

    @rule(data=st.data())
    def check_in(self, data: Any) -> None:
        """Somebody comes, if the calendar still shows the meeting there."""
        name = self._pick(data)
        if name:
            self._come(name)

    def _come(self, name: str) -> None:
        agenda = self.world.store.agenda("kestrel")
        shown = [one for one in agenda.bookings if one.title == name.title()] if agenda else []
        if shown:
            code = self.loop.run_until_complete(self.world.check_in(name))
            if not code:
                self.came.add((name, shown[0].start))

    @rule(minutes=st.floats(0.1, 25))
    def wait(self, minutes: float) -> None:
        """Time passes."""
        self.loop.run_until_complete(asyncio.sleep(minutes * 60))

    def _miss(self, name: str) -> None:
        left = past(self.booked_for[name]) + GRACE + 0.2 - past(self._now())
        self.wait(min(max(left, 0.1), 60.0))

    def use(self, state: Any) -> None:
        """The room is used, or not."""
        self.world.presence = Presence(state, self._now())

    def read(self, well: bool) -> None:
        """The service answers, or does not."""
        self.world.reads_well = well

    @rule(
        failures=st.lists(st.sampled_from([None, *FAILURES]), max_size=3),
        lost=st.lists(st.sampled_from([None, LOST]), max_size=2),
    )
    def fail(self, failures: list[Any], lost: list[Any]) -> None:
        """The next changes fail, and of the next ones nobody hears."""
        self.world.calendars.fails, self.world.calendars.loses = failures, lost

    def jump(self, minutes: int) -> None:
        """Somebody sets the clock."""
        self.world.clock.offset += minutes * MINUTE
        self.world.watched = past(self._now())

    def restart(self, minutes: float) -> None:
        """The bridge is away for a while."""

        async def away() -> None:
            self.stop.set()
            await self.bridge
            await asyncio.sleep(minutes * 60)
            await self._run()

        self.loop.run_until_complete(away())

    @invariant()
    def nobody_is_thrown_out(self) -> None:
        """Every release was right when it was done."""
        for name, start, at, well, watched in self.world.releases[self.seen :]:
            assert well, "not while it is used, nor by an old calendar"
            when = past(start)
            assert (name, start) not in self.came
            assert when + GRACE <= at + 1e-6, "not before the grace is over"
            assert watched + GRACE <= at + 0.5, "not before the bridge watched for so long"
            assert past(self.booked.get(name, start)) <= when, "known before it began"
        self.seen = len(self.world.releases)

    @invariant()
    def nothing_is_given_back_twice(self) -> None:
        """Each booking is released once at each of its times."""
        done = [(name, start) for name, start, *_ in self.world.releases]
        assert len(done) == len(set(done))


TestOffice = Office.TestCase
TestOffice.settings = settings(
    max_examples=25,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
