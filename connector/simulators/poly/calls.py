"""Calls that a unit pretends to make."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec

State: TypeAlias = Literal["dialling", "ringing", "connected"]
Changed: TypeAlias = Callable[["Call", bool], None]
"""Told of a call, and whether it ended."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call; whoever is dialled answers after a while."""

    id: int
    conference: int
    number: str
    protocol: str = "SIP"
    rate: int = 1024
    audio: bool = False
    outgoing: bool = True
    meeting: str = ""
    """The id of the meeting it was dialled from."""
    started: datetime

    def state(self, now: datetime, answers: timedelta) -> State:
        """How far it is; its other end answers after that time."""
        passed = now - self.started
        if passed >= answers:
            return "connected"
        return "ringing" if passed >= answers / 2 else "dialling"


class Calls:
    """The calls of one unit, by their number."""

    def __init__(self) -> None:
        self._calls: dict[int, Call] = {}
        self._last = 0
        self._conference = -1
        self.watchers: list[Changed] = []
        self.tones: list[str] = []
        """Every tone that was sent into a call."""
        self.dialled: list[Call] = []
        """Every call that was ever made."""

    def all(self) -> tuple[Call, ...]:
        """Every call, oldest first."""
        return tuple(self._calls.values())

    def get(self, number: int) -> Call | None:
        """One call."""
        return self._calls.get(number)

    def dial(
        self,
        number: str,
        now: datetime,
        *,
        protocol: str = "",
        rate: int = 0,
        audio: bool = False,
        meeting: str = "",
    ) -> Call:
        """A new call; it joins the conference that is on."""
        self._last += 1
        if not self._calls:
            self._conference += 1
        call = Call(
            id=self._last,
            conference=self._conference,
            number=number,
            protocol=protocol.upper() if protocol.lower() in {"sip", "h323"} else "SIP",
            rate=rate or 1024,
            audio=audio,
            meeting=meeting,
            started=now,
        )
        self._calls[call.id] = call
        self.dialled.append(call)
        self._tell(call, ended=False)
        return call

    def hang_up(self, number: int = 0) -> Call | None:
        """End a call, 0 for the latest one; None where there is no such call."""
        call = self._calls.pop(number or max(self._calls, default=0), None)
        if call is not None:
            self._tell(call, ended=True)
        return call

    def hang_up_all(self) -> int:
        """End every call; how many there were."""
        ended = [self.hang_up() for _ in self.all()]
        return len(ended)

    def tone(self, digit: str) -> bool:
        """Send a tone; false without a call."""
        if self._calls:
            self.tones.append(digit)
        return bool(self._calls)

    def _tell(self, call: Call, *, ended: bool) -> None:
        for watcher in tuple(self.watchers):
            watcher(call, ended)
