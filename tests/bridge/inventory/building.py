"""A building in virtual time: rooms that change, devices at addresses, displays at doors."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from bridge.callers import Caller
from bridge.calling.composition import Calling
from bridge.dispatch import Dispatch
from bridge.displays.faults import Faults
from bridge.health import Health
from bridge.inventory.opening import Opening
from bridge.prepared import prepared
from bridge.settings.load import usable
from bridge.settings.model import Configuration
from bridge.views.house import House
from connector.outside import Outside
from rooms.agenda import Account, agenda_of
from rooms.endpoint_agenda import within_reach
from rooms.inventory import Edit
from rooms.model import Agenda, Window
from rooms.room import Room
from tests.bridge.inventory.keeping import OWNER, STORE
from tests.bridge.test_settings import Folder
from tests.fakes.furnished import furnished
from tests.fakes.sources import event
from tests.fakes.virtual import PatientDatabase, VirtualClock

SLOW = 0.4
"""Seconds that a device takes for a list."""


class _Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a simulated device."""

    address: str
    protocols: tuple[str, ...] = ("sip",)

    @property
    def host(self) -> str:
        """Its address."""
        return self.address

    def problems(self) -> Iterator[tuple[str, str]]:
        """None."""
        return iter(())


class Unit:
    """A connection to the device at an address."""

    def __init__(self, building: "Building", address: str) -> None:
        self._building, self._address = building, address

    async def show(self, agenda: Agenda) -> None:
        """The device takes its time, and has the list at the end of it."""
        await asyncio.sleep(SLOW)
        self._building.received(self._address, [one.title for one in agenda.bookings])


class Patient(Opening):
    """Opens databases whose threads take no virtual time."""

    def database(self, folder: Path) -> PatientDatabase:
        """The database there."""
        if self._database is None:
            folder.mkdir(exist_ok=True)
            self._database = PatientDatabase(furnished(folder / "bridge.db"))
        assert isinstance(self._database, PatientDatabase)
        return self._database


class Building:
    """An appliance without a network, as far as rooms, room systems and displays go."""

    acknowledge = notice = ""
    Options = _Settings

    def __init__(self, folder: Path) -> None:
        self.folder = Folder(folder)
        self.file = self.folder.write("bridge.yaml", STORE + "listen: {address: 127.0.0.1}\n")
        self.showing: dict[str, list[str]] = {}
        """What the device at each address lists."""
        self.history: list[tuple[str, list[str]]] = []
        """What devices were shown, in order."""
        self.wrong: list[str] = []
        """What reached a device that it was not for."""
        self.allowed: list[dict[str, list[str]]] = [{}]
        """Mailboxes by address, of the inventories that are in force."""
        self.doors: dict[str, str] = {}
        """Mailboxes of the rooms that displays were paired with, by their tokens."""
        self.clock = VirtualClock()

    @asynccontextmanager
    async def connect(self, options: _Settings, _outside: Outside) -> AsyncIterator[Unit]:
        """As a driver does."""
        yield Unit(self, options.address)

    def received(self, address: str, titles: list[str]) -> None:
        """A device has a list from now on."""
        self.showing[address] = titles
        self.history.append((address, titles))
        known = {mailbox for one in self.allowed for mailbox in one.get(address, ())}
        if not {*titles} <= known:
            self.wrong.append(f"{address} was shown {titles}, is of {known}")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From a start to a stop; a disk stays what it is in between."""
        async with AsyncExitStack() as stack:
            opening = await asyncio.to_thread(Patient)
            configuration, _ = await asyncio.to_thread(usable, self.file, stored=opening)
            self.made = made = await asyncio.to_thread(prepared, configuration, self.clock, opening)
            self.configuration = configuration
            await stack.enter_async_context(made.database.running())
            health = Health(self.clock)
            self.house = House(
                store=made.store,
                health=health,
                clock=self.clock,
                tokens=made.tokens,
                started=self.clock.now(),
                retired=made.following.retired,
            )
            nothing: Any = None  # devices are no network
            outside = Outside(http=nothing, sockets=nothing, clock=self.clock)
            units = Dispatch(outside, store=made.store, health=health, clock=self.clock)
            self.calling = Calling(made, units, health, self.house, outside)
            self.faults = Faults(made.database, made.audit, health, self.clock)
            made.following.stills.append(self.faults.still)
            made.following.follows.append(self.faults.follow)
            await self.faults.load()
            made.keeper.attach(lambda: self.configuration, lambda: None, self.adopt)
            await stack.enter_async_context(self.calling.running())
            await self.adopt(configuration)
            yield

    async def adopt(self, configuration: Configuration) -> None:
        """As the appliance does."""
        mailboxes = {room.id: room.mailbox for room in configuration.inventory.rooms}
        now: dict[str, list[str]] = {}
        for one in configuration.inventory.endpoints:  # two may be one device, which is then both's
            now.setdefault(one.options.address, []).append(mailboxes[one.room])
        self.allowed.append(now)
        self.configuration = configuration
        self.house.rooms = {room.id: room for room in configuration.inventory.rooms}
        self.made.store.adopt(configuration.inventory.rooms)
        await self.calling.adopt(configuration)
        self.faults.adopt(self.house.rooms)
        self.allowed = [now]

    # --- what people and calendars do

    async def apply(self, edit: Edit) -> int:
        """Change the inventory; the number of the change."""
        keeper = self.made.keeper
        plan = await keeper.plan(edit, OWNER)
        assert plan.fits, plan.problems
        return (await keeper.apply(plan, OWNER)).seq

    async def undo(self, seq: int) -> int:
        """Take a change back."""
        keeper = self.made.keeper
        plan = await keeper.undo(seq, OWNER)
        return (await keeper.apply(plan, OWNER)).seq

    async def read(self, rooms: Sequence[Room]) -> None:
        """Calendars are read, perhaps for rooms that were others when that began."""
        now = self.clock.now()
        window = Window.around(now, timedelta(days=1), timedelta(days=7))
        for room in rooms:
            events = [event(room.mailbox, now + timedelta(hours=1), subject=room.mailbox)]
            agenda, _ = agenda_of(room, events, window=window, as_of=now)
            if await self.made.store.replace(room, agenda, Account()):
                self.calling.changed(room.id)

    async def pair(self, room: str) -> str:
        """A display at a room's door; its token."""
        paired = self.made.paired
        display, token = await paired.add(
            name="Door", room=room, browser="", address="", actor="test"
        )
        await paired.handed(display)
        self.doors[token] = self.house.rooms[room].mailbox
        return token

    def caller(self, token: str) -> Caller | None:
        """Who shows a token."""
        return self.made.tokens.caller(token)

    # --- what must hold

    def check(self) -> None:
        """Nothing of a room is anywhere else."""
        assert not self.wrong
        here = {room.mailbox: room.id for room in self.house.rooms.values()}
        for room in self.house.rooms.values():
            agenda = self.made.store.agenda(room.id)
            titles = {one.title for one in agenda.bookings} if agenda else set()
            assert titles <= {room.mailbox}
        for token, mailbox in self.doors.items():
            caller = self.caller(token)
            if caller is not None and mailbox in here:
                assert caller.room == here[mailbox]
            elif caller is not None:
                assert caller.room not in self.house.rooms

    def settled(self) -> None:
        """Each device shows its room."""
        self.check()
        (now,) = self.allowed
        for endpoint in self.configuration.inventory.endpoints:
            if len(now[endpoint.options.address]) > 1:
                continue
            room = self.house.rooms[endpoint.room]
            agenda = self.made.store.agenda(room.id)
            if agenda is not None:
                near = within_reach(agenda, self.clock.now())
                wanted = [one.title for one in near.bookings]
                assert self.showing.get(endpoint.options.address) == wanted
