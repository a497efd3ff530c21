"""A calendar source that answers what it is told to."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from connector.watching import Watch
from rooms.model import Event, Window
from rooms.room import Room
from tests.fakes.virtual import NOON


class FakeSource:
    """Answers with events or errors by room; the last answer of a list stays."""

    def __init__(self, **answers: Sequence[Sequence[Event] | Exception]) -> None:
        self._answers = {room: list(told) for room, told in answers.items()}
        self.reads: list[tuple[float, str]] = []
        self.seconds = 0.0
        self.inside = 0
        self.most_inside = 0

    def answer(self, room: str, *told: Sequence[Event] | Exception) -> None:
        """What a room is answered from now on."""
        self._answers[room] = list(told)

    def times(self, room: str) -> list[float]:
        """When a room was read."""
        return [at for at, name in self.reads if name == room]

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        """The next answer."""
        self.reads.append((asyncio.get_running_loop().time(), room.id))
        self.inside += 1
        self.most_inside = max(self.inside, self.most_inside)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.inside -= 1
        told = self._answers.get(room.id) or [()]
        answer = told.pop(0) if len(told) > 1 else told[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class TellingSource(FakeSource):
    """One that tells of changes: it covers every room, until it is told to fail."""

    def __init__(self, **answers: Sequence[Sequence[Event] | Exception]) -> None:
        super().__init__(**answers)
        self.watch_: Watch | None = None
        self.begun: list[float] = []
        self._ends: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def watch(self, watch: Watch, /) -> None:
        """Cover the rooms until `end`."""
        self.begun.append(asyncio.get_running_loop().time())
        self.watch_ = watch
        for name in watch.rooms:
            watch.covered(name, by=True)
        watch.well()
        error = await self._ends.get()
        if error is not None:
            raise error

    def end(self, error: Exception | None = None) -> None:
        """Watching ends."""
        self._ends.put_nowait(error)

    def tell(self, name: str, mark: bytes | None = None) -> None:
        """A room changed."""
        assert self.watch_ is not None
        self.watch_.hint(name, mark)


def room(name: str = "kestrel", **more: Any) -> Room:
    """A room."""
    usual: dict[str, Any] = {
        "id": name,
        "name": name.title(),
        "mailbox": f"{name}@example.com",
        "source": "m365",
        "time_zone": "Europe/London",
    }
    return Room(**{**usual, **more})


def event(
    name: str = "standup",
    start: datetime = NOON + timedelta(hours=1),
    minutes: int = 30,
    **more: Any,
) -> Event:
    """A meeting."""
    usual: dict[str, Any] = {
        "id": name,
        "uid": f"uid-{name}",
        "when": Window(start=start, end=start + timedelta(minutes=minutes)),
        "subject": name.title(),
    }
    return Event(**{**usual, **more})
