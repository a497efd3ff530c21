"""What lies outside of the served window, read when somebody asks."""

from datetime import datetime
from typing import Protocol

from rooms.model import Agenda, Window
from rooms.room import Room


class NotReadable(Exception):
    """A calendar cannot be read now; the code is one of health's."""

    def __init__(self, code: str, wait: int) -> None:
        super().__init__(code)
        self.code = code
        self.wait = wait
        """Seconds after which to ask again."""


class Beyond(Protocol):
    """Who reads calendars outside of the served window, when somebody asks."""

    def span(self, now: datetime) -> Window:
        """As far as can be asked for."""

    async def agenda(self, room: Room, span: Window) -> Agenda:
        """A room's agenda there.

        Raises:
            NotReadable: it failed; `too_many_requests`: it is asked for too often.
        """
