"""All that is kept by the ids of rooms, and follows when these change."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from bridge.settings.model import Configuration
from rooms.changeover import Changeover, changeover, rewrite
from rooms.database import Database

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables


class Following:
    """Has rooms that are renamed take along what is theirs, and remembers those that left."""

    def __init__(self, database: Database) -> None:
        self.retired: dict[str, str] = dict(
            database.rows("SELECT room, mailbox FROM retired_rooms")
        )
        """Mailboxes of rooms that left, by id."""
        self.stills: list[Callable[[], AbstractAsyncContextManager[None]]] = []
        """What keeps others from writing of rooms meanwhile."""
        self.writes: list[Callable[[Tables, Changeover, datetime], None]] = []
        """What is written beside the tables that `rooms.changeover` knows."""
        self.follows: list[Callable[[Changeover], None]] = []
        """What follows in memory, at once."""
        self.holders: dict[str, Callable[[str], int]] = {}
        """How many of something are for a room list, by what one of them is called."""
        self.fixed: dict[str, Callable[[str], int]] = {}
        """The same of what does not follow where a list gets another id, as in bridge.yaml."""

    def change(
        self,
        before: Configuration,
        after: Configuration,
        renamed: Mapping[str, str],
        lists: Mapping[str, str] | None = None,
    ) -> Changeover:
        """What becomes of rooms; `renamed` has the new ids that somebody gave, `lists` of lists."""
        had = {room.id: room for room in before.inventory.rooms}
        has = {room.id: room for room in after.inventory.rooms}
        made = changeover(had, has, renamed, self.retired)
        return msgspec.structs.replace(made, lists=lists or {})

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Nobody begins to write of rooms meanwhile."""
        async with AsyncExitStack() as stack:
            for still in self.stills:
                await stack.enter_async_context(still())
            yield

    def write(self, tables: "Tables", change: Changeover, at: datetime) -> None:
        """On the database's thread, with what else is written then."""
        rewrite(tables, change, at)
        for write in self.writes:
            write(tables, change, at)

    def follow(self, change: Changeover) -> None:
        """It is written: nothing waits between this and the new configuration."""
        for room in (*change.came, *change.renamed.values()):
            self.retired.pop(room, None)
        self.retired.update(change.retired)
        for follow in self.follows:
            follow(change)
