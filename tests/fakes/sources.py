"""A calendar source that answers what it is told to."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

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
