"""Small servers that speak as the reference says Yealink units do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import encode_basic_auth, web

from connector.endpoints import yealink
from connector.outside import Outside
from tests.connector.tcp_unit import listening

Place = Callable[[str], str]
"""What is configured of where a unit listens."""


@dataclass
class RoomSystem:
    r"""A VC unit: TCP 6024, `\r\n`, no login; refusals begin with `error:`."""

    states: list[str] = field(default_factory=lambda: ["idle"])
    heard: list[str] = field(default_factory=list)
    silent: bool = False
    refuses: str = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b'version "model:VC800" "firmware:63.345.0.20" "hardware:63.0" "productId:0"\r\n'
        )
        while line := (await reader.readline()).decode():
            self.heard.append(line)
            for told in self.answers(line.removesuffix("\r\n")):
                writer.write(f"{told}\r\n".encode())
            await writer.drain()

    def answers(self, command: str) -> list[str]:
        name, _, _ = command.partition(" ")
        if self.silent or name == "gendial":
            return []
        if self.refuses and name == self.refuses:
            return ["error: command has illegal parameters"]
        if name == "dial":
            self.states = ["outgoing"]
            return ["mute near get off", 'incoming "talking" "idle"']
        if command == "button hangup":
            self.states = ["finished"]
            return []
        known = {
            "sysstatus get": f"sysstatus {' '.join(self.states)}",
            "version": 'version "model:VC800" "firmware:63.345.0.20"',
        }
        return [known.get(command, "error: command not found")]


@asynccontextmanager
async def room_system_at(
    outside: Outside, unit: RoomSystem, place: Place = str
) -> AsyncIterator[yealink.RoomSystem]:
    async with listening(unit.talk) as port:
        options = yealink.Options(address=place(f"127.0.0.1:{port}"))
        assert not list(options.problems())
        async with yealink.connect(options, outside) as endpoint:
            assert isinstance(endpoint, yealink.RoomSystem)
            yield endpoint


@dataclass
class Phone:
    """A phone that takes Action URIs from whoever it allows."""

    status: int = 200
    login: tuple[str, str] | None = None
    queries: list[str] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)
    """The keys that somebody with the right login pressed."""
    refused: int = 0
    """How many logins were wrong."""

    async def servlet(self, request: web.Request) -> web.Response:
        self.queries.append(request.raw_path.partition("?")[2])
        given = request.headers.get("Authorization")
        if self.login is not None and given != encode_basic_auth(*self.login):
            self.refused += 1
            return web.Response(status=401)
        self.pressed.append(request.raw_path.partition("?key=")[2])
        return web.Response(status=self.status)


@asynccontextmanager
async def phone_at(
    outside: Outside, phone: Phone, place: Place = str, **more: Any
) -> AsyncIterator[yealink.Phone]:
    app = web.Application()
    app.add_routes([web.get("/servlet", phone.servlet)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        address = place(f"http://127.0.0.1:{port}")
        options = yealink.Options(address=address, family="phone", **more)
        assert not list(options.problems())
        async with yealink.connect(options, outside) as endpoint:
            assert isinstance(endpoint, yealink.Phone)
            yield endpoint
    finally:
        await runner.cleanup()
