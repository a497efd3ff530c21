"""Writing, put together: what opens calendars for it, what does it, and where callers ask."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from bridge.health import Health
from bridge.prepared import Prepared
from bridge.settings.model import Configuration
from bridge.sync import Sync
from bridge.views import bookings
from bridge.views.web import Route
from bridge.writing.actions import Actions
from bridge.writing.attempts import Attempts
from bridge.writing.bookings import Bookings
from bridge.writing.steps import Means
from bridge.writing.wishes import Wishes
from bridge.writing.writers import Writers
from rooms import join
from rooms.room import Room


class Writing:
    """All that changes calendars; while no policy allows that, nothing here can."""

    def __init__(
        self, made: Prepared, sync: Sync, health: Health, rules: Callable[[], join.Rules]
    ) -> None:
        self._writers = Writers(sync.outside)
        self.outside = sync.outside
        """How a source reaches its service; what is sent counts to its budget."""
        sync.on_withheld = self._writers.close
        means = Means(
            rooms=sync,
            writers=self._writers,
            store=made.store,
            health=health,
            audit=made.audit,
            clock=made.clock,
        )
        self._bookings = Bookings(means, rules)
        attempts = Attempts(made.database, made.clock)
        actions = Actions(self._bookings, attempts, made.clock)
        self.routes: Sequence[Route] = bookings.routes(actions)
        self.actions = actions
        """Does what callers want done in rooms."""
        self.able = self._writers.able
        """Tells whether what holds a room's calendar can be written to at all."""
        self.hint = sync.hint
        """Has a room read again."""
        self._rooms: Mapping[str, Room] = {}
        self.wishes = Wishes(actions, self._room)
        """Does what people want at a room system."""
        self.heard = self._bookings.heard
        """Tells that a room was read well."""
        self.purge = attempts.purge
        """Forgets answers that are a day old."""

    def _room(self, name: str) -> Room | None:
        return self._rooms.get(name)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep what is open for writing until the end."""
        async with self._writers.running():
            yield

    async def adopt(self, configuration: Configuration) -> None:
        """Write where this configuration allows it, and nowhere else."""
        self._rooms = {room.id: room for room in configuration.inventory.rooms}
        await self._writers.adopt(configuration)
