"""Whether a room is used, from all that tells of it, in virtual time."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.health import Health
from bridge.occupancy.presence import SILENT, Occupancy
from bridge.settings.model import EndpointSettings
from bridge.tokens import Tokens
from bridge.views.house import Attendance, House
from connector.endpoint import PhoneCall
from rooms.agenda import Account, agenda_of
from rooms.audit import Audit
from rooms.model import Window
from rooms.room import Room
from rooms.store import Store
from tests.fakes.endpoints import FakeOptions
from tests.fakes.furnished import furnished
from tests.fakes.sources import event, room
from tests.fakes.virtual import NOON, PatientDatabase, VirtualClock, in_virtual_time

HOUR = timedelta(hours=1)
CALL = (PhoneCall(id="1", state="connected"),)
RINGING = (PhoneCall(id="1", state="ringing"), PhoneCall(id="2", state="dialling"))


class World:
    """A room with a codec and a panel."""

    def __init__(self, database: PatientDatabase) -> None:
        self.clock = VirtualClock()
        self.database = database
        self.store = Store(database)
        self.tokens = Tokens(database, Audit(database), self.clock)
        self.store.adopt([room()])
        self.told: list[str] = []
        self.seen: list[tuple[str, str, datetime]] = []

    def begin(self) -> None:
        """Whatever needs the loop's time."""
        self.house = House(
            store=self.store,
            health=Health(self.clock),
            clock=self.clock,
            tokens=self.tokens,
            started=self.clock.now(),
            rooms={"kestrel": room()},
        )
        self.occupancy = Occupancy(self.house, self.clock, self._tell)
        self.occupancy.on_presence.append(lambda *seen: self.seen.append(seen))
        self.house.presence = self.occupancy.presence
        self.adopt("codec", "panel")

    def _tell(self, name: str) -> None:
        self.told.append(self.house.presence(name).state)

    def adopt(self, *names: str) -> None:
        self.occupancy.adopt(
            EndpointSettings(id=name, kind="fake", room="kestrel", options=FakeOptions())
            for name in names
        )

    @property
    def state(self) -> str:
        return self.house.presence("kestrel").state

    async def meet(self, *starts: datetime, of: Room | None = None) -> list[str]:
        """Put meetings of an hour into the calendar; their ids."""
        of = of or room()
        self.store.adopt([*self.house.rooms.values()])
        window = Window(start=NOON - 24 * HOUR, end=NOON + 24 * HOUR)
        events = [event(f"meeting {start:%H}", start, minutes=60) for start in starts]
        agenda, _ = agenda_of(of, events, window=window, as_of=NOON)
        await self.store.replace(of, agenda, Account())
        return [one.id for one in agenda.bookings]


def played(tmp_path: Path, story: Any) -> None:
    """Run a story to its end."""
    database = PatientDatabase(furnished(tmp_path / "bridge.db"))
    world = World(database)

    async def play() -> None:
        async with database.running():
            world.begin()
            running = asyncio.create_task(world.occupancy.run())
            await story(world)
            running.cancel()

    work: Coroutine[Any, Any, None] = play()
    in_virtual_time(work)


def test_a_call_outweighs_people_and_people_an_empty_room(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        occupancy = world.occupancy
        assert world.house.presence("kestrel").since is None
        occupancy.called("codec", ())
        assert world.state == "unknown", "an idle codec is no empty room"
        occupancy.saw("codec", False)
        assert world.state == "free"
        occupancy.saw("panel", True)
        assert world.state == "in_use"
        await asyncio.sleep(60)
        occupancy.called("codec", CALL)
        assert world.house.presence("kestrel") == ("in_call", NOON + timedelta(minutes=1))
        occupancy.called("codec", RINGING)
        assert world.state == "in_use"
        occupancy.saw("panel", None)
        assert world.state == "free"
        assert world.told == ["free", "in_use", "in_call", "in_use", "free"]
        assert [state for _, state, _ in world.seen] == world.told
        assert len(set(map(id, [world.house.presence("kestrel") for _ in range(3)]))) == 1

    played(tmp_path, story)


def test_a_system_that_falls_silent_is_believed_for_a_while_and_then_nothing_is_known(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        occupancy = world.occupancy
        occupancy.called("codec", CALL)
        occupancy.saw("codec", True)
        occupancy.called("codec", None)
        occupancy.saw("codec", None)
        await asyncio.sleep(SILENT - 1)
        assert world.state == "in_call", "a connection that is made anew does not flicker"
        occupancy.called("codec", CALL)
        occupancy.called("codec", None)
        await asyncio.sleep(SILENT - 1)
        assert world.state == "in_call"
        await asyncio.sleep(2)
        assert world.state == "unknown"
        occupancy.saw("panel", False)
        assert world.state == "unknown", "whom the silent one sees nobody knows"
        occupancy.called("codec", ())
        assert world.state == "free"

    played(tmp_path, story)


def test_who_checked_in_uses_the_room_until_the_meeting_ends(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        first, second = await world.meet(NOON - HOUR / 2, NOON + 2 * HOUR)
        world.occupancy.saw("codec", False)
        world.house.attendance = lambda _: Attendance(checked_in=frozenset([first, second]))
        world.occupancy.look("kestrel")
        assert world.state == "in_use"
        assert [state for _, state, _ in world.seen] == ["free"], "check-ins are told by others"
        await asyncio.sleep(30 * 60 + 1)
        assert world.state == "free"
        assert world.told == ["free", "in_use", "free"]

    played(tmp_path, story)


def test_the_fault_of_one_room_ends_nothing_and_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(world: World) -> None:
        def hear(_room: str, state: str, _at: datetime) -> None:
            if state == "unknown" and not caplog.records:
                raise ValueError(state)
            world.told.append(f"heard {state}")

        world.occupancy.on_presence.insert(0, hear)
        world.occupancy.called("codec", CALL)
        world.occupancy.called("codec", None)
        await asyncio.sleep(SILENT + 90)
        assert world.state == "unknown"
        assert world.told[0] == "heard in_call"

    played(tmp_path, story)
    assert "presence by unit codec: ValueError" in caplog.text


def test_what_is_configured_no_more_says_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.occupancy.called("codec", CALL)
        world.adopt("codec")
        assert world.state == "in_call"
        world.adopt("panel")
        assert world.state == "unknown"
        world.occupancy.called("codec", CALL)
        world.occupancy.saw("gone", True)
        assert world.state == "unknown"
        world.occupancy.called("panel", CALL)
        world.house.rooms = {}
        world.adopt()
        assert world.state == "unknown"

    played(tmp_path, story)
