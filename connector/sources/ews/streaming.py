"""Watching calendars: groups of streaming subscriptions, and a slow look at what changed."""

import asyncio
import random
from collections.abc import Iterable

from connector.errors import ConnectorError
from connector.sources.ews import meaning, operations, wire
from connector.sources.ews.calendar import EwsCalendar
from connector.sources.ews.group import GROUP, Group
from connector.sources.ews.line import Line
from connector.sources.ews.soap import Fault
from connector.watching import Watch
from rooms.room import Room

SENSED_EVERY = 4
"""How many safety intervals pass between two looks at what changed in a calendar."""
ROUNDS = 1000
"""Answers of SyncFolderItems after which a calendar is held to be endless."""


class StreamingCalendar(EwsCalendar):
    """Calendars whose changes the server tells."""

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._groups: dict[Group, asyncio.Task[None]] = {}

    async def watch(self, watch: Watch) -> None:
        """Tell of changes until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._stream(watch, tasks))
            tasks.create_task(Sensor(self.line, watch).run())

    async def _stream(self, watch: Watch, tasks: asyncio.TaskGroup) -> None:
        try:
            while True:
                await self._arrange(watch, tasks)
                await watch.rearranged()
        finally:
            await self._end(list(self._groups))

    async def _arrange(self, watch: Watch, tasks: asyncio.TaskGroup) -> None:
        """Watch the rooms that there are now; groups that stay as they are go on undisturbed.

        One that falls over ends the watch: its rooms would be held to be covered for ever.
        """
        wanted = {(room.id, room.mailbox) for room in watch.rooms.values()}
        await self._end([group for group in self._groups if not group.watches <= wanted])
        free = sorted(wanted.difference(*(group.watches for group in self._groups)))
        for at in range(0, len(free), GROUP):
            group = Group(self.line, watch, free[at : at + GROUP])
            self._groups[group] = tasks.create_task(group.run())

    async def _end(self, groups: Iterable[Group]) -> None:
        tasks = [self._groups.pop(group) for group in groups]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


class Sensor:
    """Looks now and then whether a calendar changed without a word: SyncFolderItems, ids only."""

    def __init__(self, line: Line, watch: Watch) -> None:
        self._line = line
        self._watch = watch
        self._unseen: set[str] = set()
        """Rooms at which the last look failed."""

    async def run(self) -> None:
        """Look at each room once in a round, spread over it."""
        while True:
            rooms = list(self._watch.rooms.values())
            span = self._watch.every.total_seconds() * SENSED_EVERY
            pause = span / (len(rooms) + 1)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load
            for room in rooms:
                await self.look(room)
                await asyncio.sleep(pause)

    async def look(self, room: Room) -> None:
        """Hint at a room whose calendar is not as its mark says."""
        mark = self._watch.mark(room.id)
        try:
            state, changed = await self._since(room, (mark or b"").decode())
        except Fault as fault:
            if fault.code == "ErrorInvalidSyncStateData" and mark is not None:
                # The server has forgotten the state: whatever changed since is not known.
                await self._watch.keep(room.id, None)
                await self.look_anew(room)
                return
            self._failing(room, meaning.of(fault))
            return
        except ConnectorError as error:
            self._failing(room, error)
            return
        if room.id in self._unseen:
            self._unseen.discard(room.id)
            self._watch.well(room=room.id)
        if changed or mark is None:
            # Ids tell no times: it may be within what is served, or beyond it.
            self._watch.hint(room.id, state.encode())
            self._watch.beyond(room.id)
        elif state.encode() != mark:
            await self._watch.keep(room.id, state.encode())

    async def look_anew(self, room: Room) -> None:
        """Begin again from nothing."""
        try:
            state, _ = await self._since(room, "")
        except Fault as fault:
            self._failing(room, meaning.of(fault))
        except ConnectorError as error:
            self._failing(room, error)
        else:
            self._watch.hint(room.id, state.encode())
            self._watch.beyond(room.id)

    def _failing(self, room: Room, error: ConnectorError) -> None:
        """Say it of the source, or of one room alone."""
        if error.everywhere:
            self._watch.failing(error)
            return
        self._unseen.add(room.id)
        self._watch.failing(error, room=room.id)

    async def _since(self, room: Room, state: str) -> tuple[str, bool]:
        """The state now, and whether anything changed since another one."""
        changed = False
        for _ in range(ROUNDS):
            told = await self._line.ask(
                operations.sync_items(room.mailbox, state),
                wire.changes,
                mailbox=room.mailbox,
                purpose="watch",
            )
            changed = changed or told.any
            if told.whole or told.state == state:
                return told.state, changed
            state = told.state
        return state, True
