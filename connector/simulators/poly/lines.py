"""A CLI session: lines in, lines out, whatever carries them (endpoints.md 3.4)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress

from connector.simulators.poly import commands
from connector.simulators.poly.calls import Call
from connector.simulators.poly.unit import Unit

END = "\r\r\n"
PROMPT = "-> "
EARLY = 5
"""Lines of the greeting that come at once."""
GREETING_LIMIT = 0.2
"""Seconds after which the rest comes even if nothing was asked."""


def greeting(unit: Unit) -> list[str]:
    """What a unit says first: thirteen lines and more."""
    product = unit.family.model
    return [
        f"Hi, my name is : {unit.name if unit.switches.named else ''}",
        "Here is what I know about myself:",
        f"Model: {product}",
        f"Serial Number: {unit.serial}",
        f"Software Version: {unit.software}",
        "Build Information: simulated",
        "Time In Last Call: 0:00:00",
        "Total Time In Calls: 0:00:00",
        f"Total Calls: {len(unit.calls.dialled)}",
        "SNTP Time Service: auto",
        f"Local Time is: {unit.now().astimezone(unit.zone):%d %b %Y %H:%M:%S}",
        "Network Interface: NONE",
        "IP Video Number: 127.0.0.1",
        "ISDN Video Number:",
        "MP Enabled: false",
    ]


class Session:
    """One person or program at the CLI."""

    def __init__(self, unit: Unit, write: Callable[[str], None], *, way: str, user: str) -> None:
        self.unit = unit
        self.write = write
        self.way = way
        self.user = user
        self.peer = ""
        self.notices: set[str] = set()
        """What it wants to be told of: `calendarmeetings`, `callstatus`, `callstate`."""
        self._late: list[str] = []

    def say(self, *lines: str) -> None:
        """Send lines."""
        for line in lines:
            self.write(line + END)

    async def talk(self, typed: AsyncIterator[str]) -> None:
        """Greet, then answer until nothing more is typed."""
        unit = self.unit
        unit.calls.watchers.append(self._call_changed)
        unit.changed.append(self._changed)
        self._greet()
        rest = asyncio.create_task(self._finish_greeting())
        try:
            async for line in typed:
                if not await self._answer(line.strip()):
                    return
        finally:
            rest.cancel()
            with suppress(asyncio.CancelledError):
                await rest
            unit.calls.watchers.remove(self._call_changed)
            unit.changed.remove(self._changed)

    def _greet(self) -> None:
        lines = greeting(self.unit)
        early = EARLY if self.unit.switches.interleaved else len(lines)
        self.say(*lines[:early])
        self._late = lines[early:]
        if not self._late:
            self.write(PROMPT)

    async def _finish_greeting(self) -> None:
        await self.unit.sleep(GREETING_LIMIT)
        if self._late:
            self.say(*self._take_late())
            self.write(PROMPT)

    def _take_late(self) -> list[str]:
        late, self._late = self._late, []
        return late

    async def _answer(self, line: str) -> bool:
        """Answer one line; false where the session is over."""
        unit = self.unit
        if unit.switches.echo:
            self.say(line)
        if not line:
            self.write(PROMPT)
            return True
        word = line.split(maxsplit=1)[0]
        unit.note(self.way, word, peer=self.peer, user=self.user)
        if word in {"exit", "quit"}:
            return False
        fault = unit.faults.strike(f"cli {line}")
        reply: Iterable[str] = ()
        if fault is None or fault.late or fault.kind == "slow":
            reply = list(commands.run(self, line))
        if fault is not None:
            await unit.sleep(fault.seconds)
            if fault.kind == "drop":
                return False
            if fault.kind == "silent":
                return True
            if fault.kind != "slow":
                reply = [f"error: {fault.reason}"]
        self.say(*_mixed(self._take_late(), list(reply)))
        self.write(PROMPT)
        return unit.is_up()

    def _changed(self) -> None:
        if "calendarmeetings" in self.notices:
            self.say("notification:calendarmeetings:changed")

    def _call_changed(self, call: Call, ended: bool) -> None:
        if "callstate" in self.notices:
            self.say(*commands.call_states(call, ended=ended))
        if "callstatus" in self.notices:
            self.say(commands.call_notice(self.unit, call, ended=ended))


def _mixed(late: list[str], reply: list[str]) -> list[str]:
    """The rest of the greeting and a reply, by turns; the reply's own order is kept."""
    mixed: list[str] = []
    while late or reply:
        mixed += [late.pop(0)] if late else []
        mixed += [reply.pop(0)] if reply else []
    return mixed
