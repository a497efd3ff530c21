"""Small servers that speak as the reference says TANDBERG MXP does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import encode_basic_auth, web
from lxml import etree

from connector.endpoints import tandberg
from connector.outside import Outside
from tests.connector.tcp_unit import listening

Place = Callable[[str], str]
"""What is configured of where a unit listens."""


@dataclass
class Mxp:
    """What an MXP does, whichever way it is told."""

    login: tuple[str, str] | None = None
    result: str = "OK"
    body: bytes | None = None
    status: int = 200
    calls: list[str] = field(default_factory=list)
    dialled: list[str] = field(default_factory=list)
    refused: int = 0
    """How many logins were wrong."""
    tones: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    as_elements: bool = False

    async def putxml(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        root = etree.fromstring(await request.read())
        command = root[0]
        values = {str(node.tag): node.text or "" for node in command}
        self.do(str(command.tag).lower(), *values.values())
        answer = f'<Command><{command.tag}Result item="1" status="{self.result}"/></Command>'
        return web.Response(body=self.body or answer.encode(), content_type="text/xml")

    async def getxml(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        if request.query["location"] == "Status/SystemUnit":
            text = (
                "<Status><SystemUnit><ProductType>TANDBERG MXP</ProductType>"
                "<Software><Version>F9.3.1</Version></Software></SystemUnit></Status>"
            )
        else:
            text = "<Status>" + "".join(self._call(n) for n in range(11)) + "</Status>"
        return web.Response(body=self.body or text.encode(), content_type="text/xml")

    def _call(self, number: int) -> str:
        on = number < len(self.calls)
        state, way = ("Synced", "Outgoing") if on else ("Disconnected", "")
        if self.as_elements:
            return (
                f'<Call item="{number}"><Status>{state}</Status><Direction>{way}</Direction></Call>'
            )
        return f'<Call item="{number}" status="{state}" direction="{way}"/>'

    def _refusal(self, request: web.Request) -> web.Response | None:
        self.asked.append(request.path)
        given = request.headers.get("Authorization")
        if self.login is not None and given != encode_basic_auth(*self.login):
            self.refused += 1
            return web.Response(status=401)
        return web.Response(status=self.status) if self.status != 200 else None

    def do(self, name: str, *values: str) -> None:
        if self.result != "OK":
            return
        if name == "dial":
            self.calls.append(values[0])
            self.dialled.append(values[0])
        elif name == "disconnectcall":
            self.calls.clear()
        elif name == "dtmfsend":
            self.tones.append(values[0])

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The command line, with a login where there is one."""
        if self.login is not None:
            writer.write(b"\r\nlogin: ")
            name = (await reader.readline()).decode().strip()
            writer.write(b"Password: ")
            word = (await reader.readline()).decode().strip()
            self.asked.append("login")
            if (name, word) != self.login:
                self.refused += 1
                writer.write(b"\r\nLogin incorrect\r\nlogin: ")
                await reader.read()
                return
        writer.write(b"\r\nWelcome to\r\nTANDBERG Codec Release F9.3.1 PAL\r\n\r\nOK\r\n")
        while line := (await reader.readline()).decode().strip():
            self.asked.append(line)
            _, name, *rest = line.split(" ", 2)
            self.do(name, *(one.partition(":")[2] for one in rest))
            if self.result == "OK":
                writer.write(b"*r Result (status=OK):\r\n*r/end\r\n\r\nOK\r\n")
            else:
                writer.write(b"\r\nERROR\r\n")


@asynccontextmanager
async def over_http(
    outside: Outside, unit: Mxp, place: Place = str, **more: Any
) -> AsyncIterator[tandberg.OverHttp]:
    app = web.Application()
    app.add_routes([web.post("/putxml", unit.putxml), web.get("/getxml", unit.getxml)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = place(f"http://127.0.0.1:{runner.addresses[0][1]}")
        options = tandberg.Options(address=address, **more)
        assert not list(options.problems())
        async with tandberg.connect(options, outside) as endpoint:
            assert isinstance(endpoint, tandberg.OverHttp)
            yield endpoint
    finally:
        await runner.cleanup()


@asynccontextmanager
async def over_telnet(
    outside: Outside, unit: Mxp, place: Place = str, **more: Any
) -> AsyncIterator[tandberg.OverTelnet]:
    async with listening(unit.talk) as port:
        address = place(f"127.0.0.1:{port}")
        options = tandberg.Options(address=address, transport="telnet", **more)
        assert not list(options.problems())
        async with tandberg.connect(options, outside) as endpoint:
            assert isinstance(endpoint, tandberg.OverTelnet)
            yield endpoint
