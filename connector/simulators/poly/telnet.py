"""The CLI over plain TCP, as telnet clients reach it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from connector.simulators.poly.lines import END, Session
from connector.simulators.poly.typed import lines, plain
from connector.simulators.poly.unit import Unit

TRIES = 3
"""Wrong passwords in one connection before it ends."""


class Telnet:
    """The connections of one unit."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._open: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Open the port."""
        return await asyncio.start_server(self._met, host, port)

    async def close(self) -> None:
        """End all connections."""
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this is one
        self._open.add(task)
        try:
            with suppress(ConnectionError):
                await self._talk(reader, writer)
        finally:
            self._open.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        unit = self.unit

        async def read(most: int) -> str:
            received = await reader.read(most)
            # Nothing but negotiation is no end.
            return plain(received) or "\n" if received else ""

        def write(text: str) -> None:
            writer.write(text.encode())

        if not unit.is_up() or not unit.switches.telnet:
            return
        typed = lines(read)
        user = await self._user(typed, writer)
        if user is None:
            return
        session = Session(unit, write, way="telnet", user=user)
        session.peer = str(writer.get_extra_info("peername")[0])
        await session.talk(typed)

    async def _user(self, typed: AsyncIterator[str], writer: asyncio.StreamWriter) -> str | None:
        """Who logged in; None for nobody."""
        unit = self.unit
        prompts = unit.switches.prompts
        if prompts == "none":
            return unit.family.user
        for _ in range(TRIES):
            name = unit.family.user
            if prompts == "user":
                name = await _ask(typed, writer, "Username: ")
            password = await _ask(typed, writer, "Password: ")
            if unit.terminal.admits(name, password, unit.now()):
                unit.note("telnet", "login", 1, user=name)
                return name
            unit.note("telnet", "login", user=name)
            writer.write(f"Login incorrect{END}".encode())
            if unit.terminal.locked(unit.now()):
                return None
        return None


async def _ask(typed: AsyncIterator[str], writer: asyncio.StreamWriter, words: str) -> str:
    """What is typed after a prompt; empty lines are no answer."""
    writer.write(words.encode())
    async for line in typed:
        if line:
            return line
    raise ConnectionResetError
