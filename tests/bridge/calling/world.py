"""A room with systems that dial, in virtual time, with the real dispatcher, store and database."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from bridge.callers import Caller
from bridge.calling.auto_join import AutoJoin
from bridge.calling.desk import Desk
from bridge.calling.joining import Joining
from bridge.calling.notes import Notes
from bridge.calling.wishes import Wishes
from bridge.dispatch import Dispatch
from bridge.health import Health, Subject
from bridge.settings.model import Configuration, EndpointSettings, Inventory, Site
from bridge.writing.attempts import Attempts
from connector import load
from rooms.agenda import Account, agenda_of
from rooms.audit import Audit
from rooms.model import Event, Window
from rooms.room import AutoJoin as When
from rooms.room import Policy
from rooms.store import Store
from tests.fakes.diallers import FakeDialler, FakeDiallers
from tests.fakes.endpoints import FakeOptions
from tests.fakes.furnished import furnished
from tests.fakes.sources import event, room
from tests.fakes.virtual import NOON, PatientDatabase, VirtualClock, in_virtual_time

MINUTE = timedelta(minutes=1)
ZOOM = "https://zoom.us/j/91234567890?pwd=x sip:91234567890.123456@zoomcrc.com"
CALL = event("call", NOON + 10 * MINUTE, body=ZOOM)
"""From ten past noon, for as long as events of the fakes are."""
NEXT = event("next", NOON + 70 * MINUTE, body="sip:other@example.com")
SECRET = event("secret", NOON + 10 * MINUTE, body=ZOOM, private=True)
TALK = event("talk", NOON + 10 * MINUTE, body="no link")
DISPLAY = Caller(name="door", scopes=frozenset(["read", "write"]), room="kestrel", token="t1")


class World:
    """One room, its systems, and everybody who has them dial."""

    def __init__(self, database: PatientDatabase, drivers: dict[str, FakeDiallers]) -> None:
        self.clock = VirtualClock()
        self.health = Health(self.clock)
        self.store = Store(database)
        self.database = database
        self.drivers = drivers
        outside: Any = None  # the fakes have nothing to reach
        self.dispatch = Dispatch(outside, store=self.store, health=self.health, clock=self.clock)
        self.notes = Notes(Audit(database), self.clock)
        self.room = room()
        self.begin()

    def begin(self) -> None:
        """Whatever lives in memory only, as after a start."""
        self.joining = Joining(self.dispatch, self.store, self.clock)
        self.auto = AutoJoin(
            self.joining,
            Attempts(self.database, self.clock),
            self.notes,
            store=self.store,
            health=self.health,
            clock=self.clock,
            stale=lambda agenda: self.clock.now() - agenda.as_of > timedelta(days=1),
        )
        self.wishes = Wishes(self.joining, self.notes, self.clock, self.auto.taken)
        self.desk = Desk(self.dispatch, self.joining, self.notes, self.health, self.clock)

    def codec(self, kind: str = "fake") -> FakeDialler:
        """The system of a kind that was made last."""
        return self.drivers[kind].made[-1]

    async def adopt(self, *kinds: str, auto: When | None = None, **site: Any) -> None:
        """Give the room systems of these kinds, in this order."""
        if auto is not None:
            policy: Policy = msgspec.structs.replace(self.room.policy, auto_join=auto)
            self.room = msgspec.structs.replace(self.room, policy=policy)
        settings = tuple(
            EndpointSettings(id=kind, kind=kind, room="kestrel", options=FakeOptions())
            for kind in kinds or ("fake",)
        )
        inventory = Inventory(rooms=(self.room,), endpoints=settings)
        self.store.adopt([self.room])
        await self.dispatch.adopt(settings)
        self.joining.adopt(settings)
        self.desk.adopt(Configuration(file=Path(), site=Site(**site), inventory=inventory))
        self.auto.adopt((self.room,))

    async def keep(self, *events: Event) -> list[str]:
        """Keep an agenda; the ids of its bookings."""
        now = self.clock.now()
        window = Window.around(now, timedelta(days=1), timedelta(days=7))
        agenda, _ = agenda_of(self.room, events, window=window, as_of=now)
        if await self.store.replace(self.room, agenda, Account()):
            self.auto.changed("kestrel")
        return [one.id for one in agenda.bookings]

    async def until(self, minutes: float) -> None:
        """Sleep until so many minutes past noon."""
        due = NOON + minutes * MINUTE
        await asyncio.sleep(max(0.0, (due - self.clock.now()).total_seconds()))

    def troubles(self) -> list[str]:
        """What is said of joining by itself."""
        return [one.code for one in self.health.of(Subject("auto_join", "kestrel"))]

    async def audited(self) -> list[tuple[str, str, str, str]]:
        """Who did what to what, and more of it."""
        return await self.database.change(
            lambda db: [*db.execute("SELECT actor, action, object, detail FROM audit").fetchall()]
        )


Story = Callable[[World], Coroutine[Any, Any, None]]
Play = Callable[[Story], World]


def player(tmp_path: Path, monkeypatch: Any) -> Play:
    """Plays stories in virtual time."""
    drivers = {kind: FakeDiallers() for kind in ("fake", "other", "sip")}
    monkeypatch.setattr(load, "endpoint", lambda kind: drivers[kind])
    database = PatientDatabase(furnished(tmp_path / "bridge.db"))

    def played(story: Story) -> World:
        world = World(database, drivers)

        async def run() -> None:
            async with database.running(), world.dispatch.running():
                await story(world)

        in_virtual_time(run())
        return world

    return played
